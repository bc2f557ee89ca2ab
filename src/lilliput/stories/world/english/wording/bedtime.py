"""Phrasings of the sleepless night. `x` is what helps, or the noise."""

PHRASES = {
    "bedtime.evening": """
One night, it was time for bed. {A} put on {a.his} pajamas.
One evening, {b} kissed {a.name} good night and closed the door.
The day had been long. {B} said good night, and {a} lay down in bed.
The moon was up, and everyone was going to bed. {A} lay under {a.his} blanket.
""",
    "bedtime.awake": """
But {a} could not sleep.
{A} turned to the left and to the right, but sleep did not come.
{A} closed {a.his} eyes. {a.He} opened them again. {a.He} was wide awake.
{A} looked at the ceiling. {a.He} was not tired at all.
""",
    "bedtime.calls": """
>{b.call}, I cannot sleep!
{A} called for {b}.
{A} got up and walked to {b} on bare feet.
>{b.call}, are you awake?
""",
    "bedtime.cure": """
{A} came and {x.did}.
{A} smiled and {x.did} for {b.name}.
Then {a} {x.did}.
{A} sat down on the bed. Then {a.he} {x.did}.
""",
    "bedtime.still": """
It was nice, but {a} was still awake.
That helped for a while. Then {a} sat up again.
{A} lay down again, but {a.his} eyes would not stay shut.
{A} said good night once more. It was very quiet in the house.
""",
    "bedtime.noise": """
Then there was a noise. It went {x.noun}! {A} pulled the blanket over {a.his} head.
In the dark, {a} heard something. It went {x.noun}.
What was that? It went {x.noun}! {A} sat up in bed.
""",
    "bedtime.source": """
{A} took a light and went to look with {b.name}. It was {x.by}!
>Let us see what it is. Look, it is {x.by}!
{A} listened too. Then {a.he} laughed. It was {x.by}.
""",
    "bedtime.laugh": """
Now {a} had to laugh too.
{A} was not afraid of the noise any more.
{A} waved at it and went back to bed.
""",
    "bedtime.missing": """
>My {t.noun} is not here! I cannot sleep without it.
Then {a} knew what was wrong. {a.His} {t.noun} was not in the bed.
{A} felt around in the dark. Where was {a.his} {t.full}? {a.He} could not sleep without it.
""",
    "bedtime.found": """
{A} looked under the bed. There was the {t.noun}! {b.Name} hugged it tight.
{A} got down on the floor and found the {t.noun} under the bed, next to a sock.
{A} reached under the bed. "Here it is," {a.he} said and gave {b.name} the {t.noun}.
""",
    "bedtime.window": """
{A} went to the window. Outside, in the moonlight, sat {b}.
There was a small sound at the window. It was {b}!
{A} looked out and saw {b}. Somebody else was awake too!
""",
    "bedtime.alone.too": """
>I cannot sleep. It is so quiet out here.
{A} looked up at {b.name} and [blinked|{a.cry} softly].
{A} did not want to be alone in the dark.
""",
    "bedtime.together": """
{A} whispered a story through the window, and {b.name} listened.
{A} and {b.name} looked at the moon together and were not lonely any more.
{A} hummed a song for {b.name}, slower and slower.
""",
    "bedtime.up.all.night": """
But {a} did not sleep that night. {a.He} [played|sang|jumped] on the bed until the sun came up.
But {a} stayed awake to count all the stars, every one of them.
But {a} got up and played, and {b} was too tired to see it.
""",
    "bedtime.nods.off": """
{Next}, {a} was so tired that {a.he} fell asleep in {a.his} soup.
{Next}, everyone went to the fair, but {a} was asleep on the stairs.
All the next day, {a} yawned and could not play.
""",
    "bedtime.sleeps": """
{a.His} eyes grew heavy, and soon {a} was fast asleep.
{A} closed {a.his} eyes and dreamed of [a boat|flying|the sea|a big cake|a kind bear].
Before {b} could say good night, {a} was asleep.
{A} rolled up like a cat and slept until morning.
""",
    "bedtime.last": """
>Good night, {b.call}.
{A} kissed {b.name} and closed the door very softly.
{A} sat down on the chair beside the bed, and then {a} was asleep too.
""",
    "bedtime.sum.sleeps": """
{A} cannot sleep. {B} helps, and in the end {a.he} falls asleep.
""",
    "bedtime.sum.awake": """
{A} cannot sleep, though {b} tries to help, and is tired all the next day.
""",
}
