"""Phrasings of the lost thing. `x` is the spot."""

PHRASES = {
    "lost.plays": """
{Day}, {a} took {a.his} {t.noun} {p.to}.
{Day}, {a} went {p.to} with {a.his} {t.noun}.
{Day}, {a} was {p} with {a.his} {t.full}.
{Day}, {a} was having fun {p} with the {t.full}.
{Day}, {a} wanted to {t.use} {a.his} {t.noun} {p}.
""",
    "lost.rolls": """
{T} rolled away and stopped {x}, but {a} did not see it.
When {a} was not looking, the {t.noun} rolled and rolled until it was {x}.
The wind gave {t} a little push, and it rolled until it lay {x}. {A} was looking the other way.
{A} put {t} down for a moment. It rolled away, and soon it was {x}.
""",
    "lost.drops": """
{A} put {t} down {x} and began to [play|run around|look at the clouds|sing].
{T} slipped out of {a.poss} hand and landed {x}, but {a.he} did not hear it fall.
{A} left {t} {x} for just a moment.
There was a hole in {a.poss} pocket. {T} fell out and lay {x}.
{A} was so busy that {a.he} dropped {t} {x} and [never saw it|did not feel it].
""",
    "lost.notices": """
{Soon}, {a} [looked down|turned around|put out {a.his} hand], but the {t.noun} was gone!
When {a} wanted to {t.use} {a.his} {t.noun} again, {a.he} could not find it.
But when it was time to go home, the {t.noun} was [missing|gone|not there].
{A} [looked around|reached into {a.his} bag|stopped]. Where was the {t.noun}?
>Oh no! Where is my {t.noun}?
>My {t.noun} is gone!
>I had my {t.noun} a moment ago. Where can it be?
""",
    "lost.looks": """
{A} looked {x}, but it was not there.
First, {a} looked {x}. No {t.noun}!
{A} [searched|hunted|looked] high and low, even {x}, but [saw nothing|found only dust|there was \
no {t.noun}].
{A} looked to the left and to the right. {a.He} looked {x} too. The {t.noun} was not there.
Was it {x}? No. {A} [only found a leaf|only found an old sock|saw only a spider] there.
""",
    "lost.alone": """
{A} did not give up. {a.He} [thought and thought|looked again|walked back slowly].
{A} sat down to think. Where had {a.he} been before?
"I will look one more time," {a} told {a.self}.
""",
    "lost.asks": """
{A} [went|ran] to {b}. "{b.call}, have you seen my {t.noun}?" {a.he} asked.
{A} asked {b} to help {a.him} look for the {t.noun}.
{A} told {b} about the lost {t.noun}.
Then {b} came by and saw that {a.name} was looking for something. "I lost my {t.noun}," said \
{a.name}.
{B} heard {a.name} and came to see what was wrong. "My {t.noun} is lost," {a.name} told {b.him}.
""",
    "lost.advice": """
>Where did you have it last?
>Let us look together.
>Take a deep breath and think. Where did you go today?
>Things do not walk away. Let us look again.
{A} told {b.name} to think about where {b.he} had been.
{A} said {a.he} would help {b.him} look.
""",
    "lost.found": """
{A} looked {x}, and there [it was|was the {t.noun}]!
{Last}, {a} found the {t.noun}. It was {x}!
And what was that {x}? It was the {t.full}! {A} picked it up.
Something [small|{t.adj}] was lying {x}. {A} looked closer. It was {a.his} {t.noun}!
>Look, here is my {t.noun}! It was {x} all the time!
{A} bent down and looked {x}. {a.His} {t.noun} was right there.
""",
    "lost.taken": """
Then {a} heard a sound {x}. {a.He} looked, and there was {b} with the {t.noun}!
{A} looked {x} and saw a tail. It was {b}, and it had the {t.noun}!
But the {t.noun} was not lost at all. {A} peeked {x}, and there sat {b} with it!
>Look {x}! {B} has my {t.noun}!
""",
    "lost.taker.bed": """
{A} had made a [soft|little|warm] bed and was sleeping next to {t}.
{A} was using it as a [pillow|bed|toy]. {a.He} looked so sleepy that {b.name} had to laugh.
{A} had only wanted to [keep it warm|sleep beside it]. {a.He} gave {t} back.
""",
    "lost.taker.play": """
{A} {a.cry} and looked very proud. {b.Name} had to laugh and took the {t.noun}.
{A} only wanted to play. {a.He} dropped {t} at {b.poss} feet.
{A} pushed {t} back to {b.name} and looked sorry.
{A} thought it was a game. {a.He} let go of {t} and ran in circles.
""",
    "lost.never": """
{A} looked until the sun went down, but the {t.noun} was [nowhere|not there|gone for good].
It grew dark, and {a} still had not found the {t.noun}.
{A} looked and looked, but nobody could find the {t.noun}. It was getting late.
The {t.noun} did not turn up. Not that day, and not the next.
{A} never found {a.his} {t.full} again.
""",
    "lost.sum.found": """
{A} loses {a.his} {t.noun} {p}. In the end it is found {x}.
{A} looks for a lost {t.noun} and finds it {x}.
""",
    "lost.sum.never": """
{A} loses {a.his} {t.noun} and looks everywhere, but does not find it.
The {t.noun} of {a.intro} is lost and never found.
""",
}
