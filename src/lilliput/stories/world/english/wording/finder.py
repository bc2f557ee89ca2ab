"""Phrasings of the found thing. `x` is the spot."""

PHRASES = {
    "finder.finds": """
{Day}, {a} was {p}. There, {x}, lay {t.a}.
{Day}, {a} went {p.to} and found {t.a} {x}.
{Day}, {a} saw something {x} {p}. It was {t.a}!
""",
    "finder.finds.there": """
{Sudden}, {a} saw something {x}. It was {t.a}!
There, {x}, {a} found {t.a}.
{A} looked {x}. What was that? It was {t.a}!
""",
    "finder.likes": """
{A} had always wanted {t.a}.
>What a beautiful {t.noun}! It is mine now.
{A} picked it up and began to {t.use} it.
Nobody was there. {A} put the {t.noun} under {a.his} coat and took it home.
{A} {t.used} it at once. It was just right!
""",
    "finder.sees.owner": """
{Next}, {a} saw {b}, who was looking for something.
On the way home, {a} met {b}, who looked very sad.
{Soon}, {a} saw {b} walking up and down with {b.his} eyes on the ground.
""",
    "finder.owner": """
>Have you seen my {t.noun}? I lost it.
>I lost my {t.noun}, and I cannot find it anywhere.
{A} told {b.name} about {a.his} lost {t.noun}.
{A} had lost {t.a}. {a.He} had looked for it all day.
""",
    "finder.thinks": """
{A} wanted to keep the {t.noun} so much. But it was not right.
{A} thought about it for a moment. How would {a.he} feel?
It was a very nice {t.noun}, and {a} held it tight. Then {a.he} looked up.
""",
    "finder.gives": """
{A} gave the {t.noun} to {b.name}. "I found it," {a.he} said.
{A} held out the {t.full}. "Is this yours, {b.call}?" {a.he} asked.
>Here is your {t.noun}, {b.call}.
{A} brought {b.name} the {t.noun}.
""",
    "finder.may.keep": """
But then {a} gave the {t.noun} back to {b.name}, as a present.
{A} was so pleased that {a.he} let {b.name} keep the {t.noun}.
But then {a} gave it back. "You are so honest," {a.he} said. "You can have it."
>I have another one at home. You may keep this one, {b.call}!
{A} looked at the {t.noun} and at {b.name}. "I am too old for it," {a.he} said. "It is yours now."
""",
    "finder.reward": """
{A} wanted to say thank you and gave {b.name} {t.a}.
{Next}, {a} came with a present for {b.name}. It was {t.a}!
{A} had {t.a} at home. {a.He} gave it to {b.name}.
""",
    "finder.empty.hands": """
{A} went home with empty hands, but with a light heart.
Now {a} had no {t.noun}. But {b.poss} smile was worth it.
{A} watched {b.name} walk away with the {t.noun} and a smile. It was better like that.
""",
    "finder.hides": """
{A} hid the {t.noun} behind {a.his} back and said nothing.
>No, I have not seen it.
{A} shook {a.his} head and went home fast with the {t.noun}.
""",
    "finder.no.joy": """
{A} took out the {t.noun}, but it was no fun. {a.He} had to think of {b.name}.
At night, the {t.noun} lay under the bed, and {a} could not sleep.
{A} could only {t.use} it when nobody was looking. It was not nice at all.
""",
    "finder.elder": """
{A} saw the {t.noun}, and {b.name} had to tell {a.him} everything.
{A} saw the {t.noun}. "Whose is that?" {a.he} asked. {b.Name} told {a.him} everything.
{A} found the {t.noun} under the bed. "I think you know what to do, {b.call}," {a.he} said.
>Think how you would feel if it was yours, {b.call}.
""",
    "finder.seen": """
Then {a} came by and saw {b.name} with the {t.noun}. "That is mine!" {a.he} said and took it back.
But {a} looked through the fence and saw the {t.noun}. {a.He} knew it at once and took it home.
>You had it all the time, {b.call}! Give it back!
""",
    "finder.sum.gives": """
{A} finds {t.a} that belongs to {b} and gives it back.
""",
    "finder.sum.late": """
{A} finds {t.a} that belongs to {b} and keeps it at first, but gives it back in the end.
""",
    "finder.sum.keeps": """
{A} finds {t.a} and does not give it back to {b}, who finds out.
""",
}
