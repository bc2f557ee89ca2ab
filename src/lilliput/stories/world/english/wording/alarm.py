"""Phrasings of the false alarm. `x` is what is watched and what comes."""

PHRASES = {
    "alarm.job": """
{Day}, it was {a.poss} job to {x.watch} {p}.
{Day}, {a} had to {x.watch}. {a.He} sat {p} from morning on.
{Day}, everyone was busy, so {a} was asked to {x.watch} {p}.
{Day}, {a} went {p.to} to {x.watch}.
""",
    "alarm.joke": """
>Help! {x.call}!
So {a} had an idea. "Help! {x.call}!" {a.he} shouted, just for fun.
{A} wanted to play a trick and called for help as loud as {a.he} could.
""",
    "alarm.comes": """
{A} came running as fast as {a.he} could. But nothing was wrong.
{A} dropped everything and ran to help. {a.He} looked around and saw nothing.
At once, {a} came with a big stick. "Where? Where?" {a.he} asked.
""",
    "alarm.laughs": """
>I fooled you! It was only a joke!
{A} laughed until {a.his} tummy hurt.
{A} rolled on the ground and laughed.
""",
    "alarm.twice": """
{Soon}, {a} did it again. Again {b.name} came running, and again it was a joke.
{Next}, {a} called for help once more. {b.Name} ran all the way for nothing.
An hour later, {a} played the same trick. {b.Name} came, and {a} laughed even louder.
""",
    "alarm.warns": """
>One day nobody will come, {b.call}.
>If you trick people, they will not believe you, {b.call}.
{A} told {b.name} that it was not funny at all.
""",
    "alarm.resists": """
{A} could call for help, just for fun. But that would not be nice, {a.he} thought.
{A} sang a song and counted clouds. {a.He} did not leave {a.his} place.
>I will stay awake and do my job.
""",
    "alarm.real": """
Then, without a sound, {x.comes}.
And then {x.comes}. This time, it was real!
{Sudden}, {x.comes}! {A} jumped up.
When the sun was low, {x.comes}.
""",
    "alarm.cries": """
>Help! {x.call}! It is true!
"Help! Help!" {a} shouted. "{x.call}!"
{A} screamed for help with all {a.his} might.
""",
    "alarm.nobody": """
But {a} did not come. {a.He} thought it was a joke again.
{A} heard it and shook {a.his} head. "I will not be fooled again," {a.he} said.
>That is only another trick.
{A} went on with {a.his} work and did not look up.
""",
    "alarm.loss": """
So {x.loss}.
{A} could do nothing alone, and {x.loss}.
Nobody came, and {x.loss}. {A} sat down and cried.
""",
    "alarm.elder": """
But {a} heard that {b.poss} voice was different. {a.He} came running and {x.saved}.
Only {a} came to see. Together they {x.saved}.
Luckily, {a} was near. {a.He} {x.saved}.
""",
    "alarm.believes": """
{A} knew that {b.name} never told a lie. {a.He} came at once.
>I am coming, {b.call}!
{A} ran as fast as the wind to help {b.name}.
""",
    "alarm.saved": """
Together, {a} and {b.name} {x.saved}.
{A} and {b.name} {x.saved}. It was just in time!
""",
    "alarm.sum.nobody": """
{A} has to {x.watch} and calls for help as a joke. When it is real, {b} does not come.
""",
    "alarm.sum.saved": """
{A} has to {x.watch} and plays tricks. When it is real, only {b} comes.
""",
    "alarm.sum.true": """
{A} has to {x.watch} and calls for help when it is needed. {B} comes at once.
""",
}
