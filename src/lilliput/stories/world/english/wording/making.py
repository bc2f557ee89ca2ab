"""Phrasings of making something. `x` is the project."""

PHRASES = {
    "making.idea": """
{Day}, {a} had a [good|great|big|wonderful] idea. {a.He} wanted to {x.verb} a {x.noun}.
{Day}, {a} said, "I want to {x.verb} a {x.noun}!"
{Day}, {a} thought about it for a long time. {a.He} wanted to {x.verb} a {x.noun}, the best one \
ever.
{Day}, {a} saw a picture of a {x.noun} in a book. {a.He} wanted to {x.verb} one too.
""",
    "making.asks": """
{A} asked {b} to help.
But it was too much work for one. So {a} asked {b}.
{A} ran to {b}. "Do you want to {x.verb} a {x.noun} with me?" {a.he} asked.
>Let us {x.verb} a {x.noun}, {b.call}!
""",
    "making.needs": """
They needed {x.need} and {x.other}.
>We need {x.need} and {x.other}.
{A} made a list with {x.need} and {x.other} on it.
{A} already had {x.need}. Now they needed {x.other}.
""",
    "making.lends": """
{A} gave them {x.other}. "Have fun," {a.he} said.
{A} smiled and brought them {x.other} [at once|from the shelf|in a bag].
They asked {a} for {x.other}. {a.He} was happy to help.
""",
    "making.finds": """
{A} looked around and found {x.other} at home.
{A} ran home and came back with {x.other}.
>I know where to find {x.other}!
""",
    "making.first": """
The work began {x.at}. {A} {x.first}.
First, {a} and {b.name} {x.first}.
{A} {x.first}, and {b.name} sang a [song|happy song|working song].
{A} and {b.name} worked {x.at}. First, they {x.first}.
""",
    "making.second": """
Then {a} {x.second}.
Next, {a} {x.second}, very carefully.
After that, {a} {x.second} while {b.name} watched.
""",
    "making.mishap": """
But then {x.mishap}!
And then, oh no, {x.mishap}!
{Sudden}, {x.mishap}. {A} stared at it.
When {a} turned around, {x.mishap}.
""",
    "making.cheers": """
>Do not worry, {b.call}. We can fix it.
{A} did not get mad. {a.He} began to laugh, and soon {b.name} laughed too.
>Let us try again. It will be even better!
{A} patted {b.name} on the back.
""",
    "making.again": """
So they tried again, slowly this time.
{A} and {b.name} cleaned up and started over.
Together, {a} and {b.name} fixed it, bit by bit.
{A} held it still, and {b.name} made it right.
""",
    "making.blames": """
>That was because of you, {b.call}!
{A} shouted at {b.name}, "You did it all wrong!"
{A} was so cross that {a.he} would not look at {b.name}.
""",
    "making.leaves": """
{A} took {a.his} hat and went home.
>Then make it without me.
{A} ran away and did not come back.
""",
    "making.unfinished": """
{A} tried to finish the {x.noun} alone, but it was too hard. There was no {x.noun} that day.
Alone, {a} could not do it. The {x.noun} was never finished.
{A} sat there with half a {x.noun} and no friend.
""",
    "making.done": """
{Last}, the {x.noun} was ready!
{Last}, {a} and {b.name} stood back and looked. It was the best {x.noun} in the [world|town]!
And then it was done. What a [fine|lovely|beautiful] {x.noun}!
>Look, {b.call}! We made a {x.noun}!
""",
    "making.use": """
{A} and {b.name} could not wait to {x.use}.
Now it was time to {x.use}.
{A} and {b.name} asked a friend to come and {x.use}.
{A} and {b.name} were tired, but they still had time to {x.use}.
""",
    "making.sum.done": """
{A} and {b} {x.verb} a {x.noun} together.
""",
    "making.sum.undone": """
{A} and {b} want to {x.verb} a {x.noun}, but there is a quarrel and they do not finish.
""",
}
