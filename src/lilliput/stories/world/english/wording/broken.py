"""Phrasings of the broken thing. `x` is where the pieces are hidden."""

PHRASES = {
    "broken.owns": """
{A} had {t.a} {p}. It was very old.
There was {t.a} {p}. {A} loved it very much.
{A} had {t.a} that {a.he} loved. It stood {p}.
On the shelf {p} stood {t.a} that belonged to {a}.
""",
    "broken.warns": """
>Be careful with the {t.noun}, {b.call}.
>Please do not run near the {t.noun}, {b.call}. It can break.
{A} told {b.name} not to play near the {t.noun}.
{A} often said that the {t.noun} was easy to break.
""",
    "broken.plays": """
{Day}, {a} was [running|jumping|dancing|playing with a ball|spinning around] {p}.
{Day}, {a} was playing {p}. {a.He} [ran around the table|kicked a ball|jumped off a chair].
{Day}, when it was raining, {a} played catch {p}.
{Day}, {a} pretended to be [an airplane|a horse|a dragon|a pirate] {p}.
""",
    "broken.falls": """
{a.His} [arm|foot|elbow|hand] hit the {t.noun}. Crash! It fell and broke.
Bump! {A} ran into the shelf, and the {t.noun} fell down. It broke into [pieces|three \
pieces|many pieces].
The {t.noun} wobbled, fell on the floor and broke.
Crash! {A} turned around. The {t.noun} lay on the floor in pieces.
{A} did not see the {t.noun}. {a.He} bumped into it, and it broke.
""",
    "broken.tempted": """
{A} wanted to hide the pieces. But that did not feel right.
>What shall I do? I could say that the cat did it. No, that would be a lie.
For a moment, {a} wanted to run away. Then {a.he} took a deep breath.
Nobody had seen it. {A} could say nothing at all. {a.He} thought about it for a long time.
""",
    "broken.tells": """
{A} went to {b}. "I broke your {t.noun}," {a.he} said. "I am so sorry."
>I have to tell you something, {b.call}. I broke the {t.noun}.
{A} told {b} the truth about the {t.noun}.
{A} took {b.poss} hand and showed {b.him} the broken {t.noun}. "I did it," {a.he} said.
{A} said to {b}, "It was me. I broke the {t.noun}."
""",
    "broken.old.crack": """
But {a} had to laugh. The {t.noun} had been broken before, and {a.he} had glued it.
To {b.poss} surprise, {a} laughed. "It was already broken," {a.he} said. "I glued it last year!"
But {a} smiled. "I never liked that {t.noun}," {a.he} said. "I only kept it because it was a gift."
>You told the truth, and I will too. I broke it first, long ago, and put it back together.
""",
    "broken.forgives": """
{A} was a little sad, but {a.he} hugged {b.name}.
>Thank you for telling me the truth, {b.call}.
>It was only a {t.noun}. You are more important to me.
>I am not happy about it, but I am proud that you told me.
{A} looked at the pieces and sighed. Then {a.he} forgave {b.name}.
""",
    "broken.mends": """
{A} and {b} put the pieces together with glue.
{A} helped {b.name} fix the {t.noun}. There was a thin line in it, but it stood on the shelf again.
Piece by piece, {a} and {b.name} glued the {t.noun}.
""",
    "broken.replaces": """
{A} gave {b.name} all {a.his} coins for a new {t.noun}.
{Next}, {a} picked some flowers for {b.name} to say sorry once more.
{A} swept the floor and drew a picture of the {t.noun} for {b.name}.
""",
    "broken.hides": """
Quickly, {a} put the pieces {x}.
{A} hid the broken {t.noun} {x}.
>Nobody must know.
Nobody was looking, so {a} pushed the pieces {x}.
""",
    "broken.asked": """
{Soon}, {a} came in. "Where is my {t.noun}?" {a.he} asked.
{Soon}, {a} saw that the {t.noun} was not there. {a.He} asked {b.name} about it.
"{b.call}, have you seen my {t.noun}?" {a} asked that evening.
""",
    "broken.lies": """
>I do not know.
>The [cat|dog|wind] did it!
>It was not me.
{A} looked away and said that {a.he} did not know.
{A} shook {a.his} head. It was a lie.
""",
    "broken.found": """
But {a} went to clean the room and looked {x}. There were the pieces!
Then {a} saw something shine {x}. It was a piece of the {t.noun}.
But {a} found the broken {t.noun} {x}. {a.He} knew who had put it there.
""",
    "broken.punished": """
>I am sad because you did not tell me, {b.call}.
{A} was not angry about the {t.noun}, but {a.he} was sad about the lie.
{A} told {b.name} to stay in {b.his} room and think.
>Now it is hard for me to believe you.
""",
    "broken.cannot": """
That night, {a} could not sleep. {a.He} thought of the {t.noun} all the time.
The lie felt like a stone in {a.poss} tummy.
At dinner, {a} could not eat. {a.He} could not look at {b.name}.
""",
    "broken.sum.tells": """
{A} breaks the {t.noun} of {b} and tells the truth about it.
""",
    "broken.sum.hides": """
{A} breaks the {t.noun} of {b}, hides it and lies, and is found out.
""",
    "broken.sum.late": """
{A} breaks the {t.noun} of {b} and lies about it, but tells the truth in the end.
""",
}
