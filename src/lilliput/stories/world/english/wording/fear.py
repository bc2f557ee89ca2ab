"""Phrasings of the fear. `x` is the fear."""

PHRASES = {
    "fear.has": """
But {a} was afraid of {x.of}.
There was only one thing that {a} did not like. It was {x.of}.
{A} was scared of {x.of}, but {a.he} never told anyone.
Nothing scared {a} more than {x.of}.
{A} did not like {x.of} at all.
""",
    "fear.comes": """
{Day}, {x.when}.
{Day}, {x.when}, and {a} felt cold.
Then {x.when}. {A} did not feel well.
{Day}, {x.when}. {A} held on to {a.his} [sleeve|hat].
""",
    "fear.sign": """
{A} {x.sign}.
{Sudden}, {a} {x.sign}!
And then {a} {x.sign}. [Oh no!|What could it be?]
{A} {x.sign}. It was [awful|terrible|too much]!
Then it was even worse. {A} {x.sign}!
""",
    "fear.hides": """
{A} [covered {a.his} eyes|took three steps back|made {a.self} very small|turned away].
>I want to go home!
{A} wanted to run away.
{A} could not move. {a.His} legs felt like [jelly|stones].
""",
    "fear.notices": """
{B} did not say a word, but {a} saw that something was wrong.
{A} came and sat down beside {b.name}.
>What is the matter, {b.call}?
>Are you afraid of {x.of}, {b.call}? I was afraid of it too, once.
{A} saw that {b.name} was afraid.
""",
    "fear.brings": """
{A} gave {b.name} {x.help}.
{A} came back with {x.help}. "This will help," {a.he} said.
>Here is {x.help}. Let us look together.
{A} offered {b.name} {x.help} and said they could go step by step.
""",
    "fear.tries": """
{A} took a deep breath. Step by step, {a.he} went closer.
{A} counted to three. Then {a.he} was brave and looked.
{A} held {b.poss} hand and took one small step. Then {a.he} took another.
>I will try.
{a.poss} knees shook, but {a.he} went on.
""",
    "fear.was": """
And what was it? It was {x.was}!
It was {x.was}! {A} [laughed|had to laugh|shook {a.his} head].
>Oh! It is {x.was}!
{A} looked again. It was {x.was}.
""",
    "fear.reward": """
Now {a} could {x.reward}.
After that, {a} and {b.name} went to {x.reward}.
Soon {a} was ready to {x.reward}.
The best part was to {x.reward}. {A} wanted to do it every day.
""",
    "fear.refuses": """
But {a} shook {a.his} head. {a.He} did not dare.
>No, I cannot do it.
{A} took one step, and then {a.he} ran away.
""",
    "fear.without": """
So {a} went to {x.reward} alone, and {b.name} stayed behind.
{A} went to {x.reward}, but {b.name} could only watch from far away.
The others went to {x.reward}. {A} was sorry that {b.name} was not there.
""",
    "fear.another.day": """
>We can try again another day, {b.call}.
{A} told {b.name} that there was always another day.
>It is all right to be afraid, {b.call}.
""",
    "fear.sum.brave": """
{A} is afraid of {x.of}. With the help of {b}, {a.he} finds that it is not so bad.
""",
    "fear.sum.afraid": """
{A} is afraid of {x.of} and does not dare to try, though {b} wants to help.
""",
}
