"""Phrasings of learning a skill. `x` is the skill."""

PHRASES = {
    "learning.sees": """
{Day}, {a} saw that {b} could {x.base}.
{Day}, {a} watched {b}, who knew how to {x.base}. It looked so easy!
{Day}, {b} showed everyone how to {x.base}. {A} could not do it.
All the others could {x.base}, even {b}. Only {a} could not.
""",
    "learning.tries": """
>I want to {x.base} too!
{A} wanted to {x.base} too. {a.He} tried at once.
{A} tried to {x.base}, all by {a.self}.
{Soon}, {a} went to a quiet spot to try it.
""",
    "learning.fails": """
But it went wrong. {A} [fell on {a.his} bottom|fell over|landed in a bush].
Oops! It did not work at all.
The first time, {a} could not do it. The second time was not better.
{A} tried once, twice, three times. It was much too hard.
Bump! {A} was sitting on the ground.
""",
    "learning.laughs": """
{A} laughed. "You will never learn it, {b.call}!" {a.he} said.
>Ha, ha! Look at {b.call}!
{A} laughed so loud that everyone looked at {b.name}.
""",
    "learning.teaches": """
>I could not do it either when I was small, {b.call}.
{A} saw it and came to {b.name}. "Slowly," {a.he} said. "One thing at a time."
{A} showed {b.name} how to begin.
>Everyone has to start somewhere, {b.call}. Let us do it together.
""",
    "learning.shows": """
>I fell a hundred times before I could do it, {b.call}.
{A} was a good friend. {a.He} showed {b.name} how to do it, step by step.
{A} helped {b.name} up. "Try it like this," {a.he} said.
""",
    "learning.practice": """
Every day, {a} tried again. {b.Name} was always there.
{A} tried in the morning and in the evening. {a.He} got a little better each time.
{A} fell and got up, fell and got up. {b.Name} clapped every time.
{A} practiced for a whole week, in the sun and in the rain.
""",
    "learning.can": """
And then, one day, {a} did it! {a.He} could {x.base}!
{Last}, {a} {x.did}, just like that!
{Last}, it worked. {A} {x.did} and did not fall once.
>Look at me! I can {x.base}!
""",
    "learning.asks": """
{A} came to {b.name} with a red face. "Can you teach me your best trick?" {a.he} asked.
Now {a} did not laugh any more. {b.Name} was even better than {a.he} was!
The next day, {a} wanted to show off and fell down. Now it was {b.name} who could do it best.
""",
    "learning.helps": """
{A} could laugh now, but {a.he} did not. {a.He} helped {b.name}.
>Come, {b.call}, I will show you.
{A} gave {b.name} {a.his} hand, and they did it together.
""",
    "learning.quits": """
>I will never try again!
{A} threw {a.his} hat on the ground and went home.
{A} did not try again. It was too hard, {a.he} thought.
""",
    "learning.others": """
The others had fun without {a.him}. {A} could only watch.
All summer long, {a} sat on the steps and watched {b.name}.
{Later}, everyone went along with {b.name}, and {a} stayed at home.
""",
    "learning.sum.learns": """
{A} wants to {x.base}, tries again and again, and learns it with the help of {b}.
""",
    "learning.sum.quits": """
{A} wants to {x} like {b}, but gives up.
""",
}
