"""Phrasings of the sick friend. `x` is what they do together, or the food."""

PHRASES = {
    "sick.waits": """
{Day}, {a} wanted to {x.base} with {b}, but {b.name} did not come.
{Day}, {a} waited for {b} under the tree. They wanted to {x.base}. But nobody came.
{Day}, {a} knocked on {b.poss} door to ask {b.him} to come out and {x.base}. It was very quiet \
inside.
""",
    "sick.hears": """
>Where is {b.name}?
{A} looked in at the window. {B} was in bed with a [red nose|sore throat|hot head|bad cough].
{b.Name} was sick and had to stay in bed.
"{b.Name} is sick," said {b.his} mother. "{b.He} must stay in bed."
{A} heard {b.name} cough. {b.He} was sick.
""",
    "sick.plan": """
{A} went home and asked {b} for {x.some} to take to {c.name}.
{A} wanted to help {c.name} get well. {B} gave {a.him} {x.some}.
"What can I do for {c.name}?" {a} asked {b}. "Bring {c.him} {x.some}," said {b.name}.
{A} and {b} packed {x.some} for {c.name}.
""",
    "sick.gives": """
{A} brought {b.name} {x.some}.
{A} tiptoed in. "I brought you {x.some}," {a.he} said.
>Look, {b.call}, I have {x.some} for you.
{A} put {x.some} next to the bed. {b.Name} tasted {x.them} and smiled.
""",
    "sick.gift": """
{A} gave {b.name} {a.his} own {t.noun} too.
{A} also had {t.a}. "You can keep it," {a.he} said.
And then {a} put {t.a} on the pillow.
""",
    "sick.cheers": """
{A} made funny faces until {b.name} laughed.
{A} sang a silly song about a cow in a hat.
{A} drew a picture of the two of them and hung it over the bed.
{A} did a funny dance in the middle of the room.
""",
    "sick.reads": """
{A} read {b.name} a story about a [brave knight|small bear|pirate ship|flying fish].
{A} sat by the bed and told {b.name} all the news.
{A} and {b.name} played a quiet game on the blanket.
{A} held {b.poss} hand until {b.he} fell asleep.
""",
    "sick.well": """
{Later}, {a} was well again.
Day by day, {a} got better. Soon {a.he} could {x.base} again with {b.name}.
{Later}, {a} jumped out of bed. {a.He} was strong enough to {x.base}.
{Later}, there was a knock at the door. It was {a}, well and happy. "Let us {x.base}!" {a.he} said.
""",
    "sick.turn": """
But then {a} began to cough. Now {a.he} was the one in bed!
But the next week, {a} woke up with a hot head. Now {a.he} was sick.
Soon after that, {a} had to stay in bed too.
""",
    "sick.returns": """
{A} came every day and brought {b.name} {x.some}.
And who came to see {b.him}? It was {a}, with {x.some} in {a.his} hands.
>You took care of me. Now I will take care of you.
""",
    "sick.elsewhere": """
>Then I will play with someone else.
{A} did not want to sit by a bed. {a.He} went to the park to play.
{A} went away and thought no more about {b.name}.
""",
    "sick.days": """
For many days, {a} lay in bed and waited for {b.name}.
{A} looked at the door every day, but {b.name} did not come.
It was a long week for {a}. Nobody came to see {a.him}.
""",
    "sick.hurt": """
When {a} was well again, {a.he} said, "I waited for you, {b.call}."
{Later}, {a} was up again. "You did not come," {a.he} told {b.name}.
When they met again, {a} did not smile at {b.name}.
""",
    "sick.sum.cares": """
{A} brings {x.some} to {b}, who is sick, and cheers {b.him} up.
""",
    "sick.sum.forgets": """
{A} does not visit {b}, who is sick, and is sorry later.
""",
}
