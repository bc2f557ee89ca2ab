"""Phrasings of the quarrel."""

PHRASES = {
    "quarrel.comes": """
{Day}, {a} came {p.to} and saw {b.name} with the {t.noun}.
{Day}, {b.name} was {p}. Then {a} came along.
{Day}, {a} met {b.name} {p}.
{Day}, {b.name} and {a} were {p}.
""",
    "quarrel.asks": """
>Can I play with your {t.noun}, {b.call}?
>What a nice {t.noun}! May I have a turn?
>Please let me {t.use} it too!
{A} wanted to {t.use} the {t.noun} too.
{A} [pointed at|looked at] the {t.full}. {a.He} wanted a turn.
""",
    "quarrel.yes": """
>Yes, of course! Here you are.
>We can take turns.
{A} thought for a moment. Then {a.he} smiled and let {b.name} {t.use} it.
{A} gave the {t.noun} to {b.name}.
""",
    "quarrel.no": """
>No! It is mine!
>No, {b.call}. I want it all for me.
{A} held the {t.noun} tight and shook {a.his} head.
{A} did not want to share. {a.He} hid the {t.noun} behind {a.his} back.
>You will only break it. Go away!
""",
    "quarrel.turns": """
{A} and {b.name} took turns. It was [great fun|so much fun|more fun than before].
First {a} {t.used} it, and then {b.name} {t.used} it.
{A} and {b.name} {t.used} it together and laughed [a lot|out loud|and laughed].
{A} let {b.name} go first this time.
""",
    "quarrel.gift": """
{Next}, {a} came with something too. It was [a bag of marbles|a big drum|a new game|a jar of \
cookies], and they shared it.
Then {a} gave {b.name} half of {a.his} [cookie|apple|sandwich|orange].
>You are a good friend, {b.call}. You can play with my toys too.
""",
    "quarrel.pulls": """
{b.Name} [grabbed|took hold of] the {t.noun}. {A} [pulled|held on]. They pulled and pulled.
{A} pulled on one side, and {b.name} pulled on the other.
"Let go!" shouted {a}. "You let go!" shouted {b.name}. They both pulled.
They began to fight over the {t.noun}. {A} would not let go, and {b.name} would not let go.
""",
    "quarrel.torn": """
Rip! The {t.noun} tore in two.
There was a loud rip. The {t.noun} had a big hole in it.
Then there was a bad sound. The {t.noun} was torn.
""",
    "quarrel.broken": """
Crack! The {t.noun} broke in two.
It fell on the ground and broke.
Snap! A piece of the {t.noun} came off.
""",
    "quarrel.dirty": """
The {t.noun} flew out of their hands and landed in the mud.
They both fell down, and the {t.noun} fell in a dirty puddle. Splash!
Plop! The {t.noun} fell into the mud. Now nobody could {t.use} it.
""",
    "quarrel.elder": """
{A} heard the noise and came. "{b.call}, {c.call}, what did you do?" {a.he} asked.
{A} came to see what was wrong. "A {t.noun} cannot be happy alone," {a.he} said. "You can take \
turns."
{A} looked at the {t.noun} and then at {b.name} and {c.name}. {a.He} told them to be kind to \
each other.
""",
    "quarrel.blames": """
>It is all because of you!
>You did this, {b.call}!
{A} shouted at {b.name} and did not say sorry.
""",
    "quarrel.alone": """
{A} sat alone with the {t.noun}.
Now {a} had no friend and no [game|fun].
{A} had the {t.noun} all for {a.self} now, but it was no fun.
""",
    "quarrel.cleans": """
{A} and {b.name} washed the {t.noun} with water and soap until it was clean.
Together, {a} and {b.name} cleaned the {t.noun}.
{A} got a cloth, {b.name} got some water, and soon the {t.noun} was clean again.
""",
    "quarrel.mends": """
{A} and {b.name} fixed the {t.noun} with [tape|glue|string].
Together, {a} and {b.name} mended the {t.noun}. It was not as good as new, but it was good enough.
{A} held the pieces, {b.name} used the glue, and soon the {t.noun} was whole again.
""",
    "quarrel.goes": """
{A} [turned around|walked away|went home] and did not look back.
>Then I will find another friend.
>I do not want to play with you any more, {b.call}.
{A} went away to play alone.
""",
    "quarrel.dull": """
{A} {t.used} the {t.noun} all alone. It was not [much fun|fun at all].
Now {a} had the {t.noun} all day long, but there was nobody to laugh with.
{A} looked at the {t.noun}. It was [not so nice|boring] without {b.name}.
""",
    "quarrel.advice": """
>Is a {t.noun} better than a friend?
>Two can have more fun with it than one.
{A} asked {b.name} if the {t.noun} could [laugh|talk|hug] like a friend.
""",
    "quarrel.follows": """
{A} ran after {b.name} with the {t.noun}.
{A} took the {t.noun} and went to find {b.name}.
{Next}, {a} went to {b.poss} house with the {t.noun} under {a.his} arm.
""",
    "quarrel.elsewhere": """
But {a} was not sad. {a.He} had a [bigger|better|newer] {t.noun} at home, and all the others \
were there to play with it.
But what {b.name} did not know was that {a} had come to give {b.him} a present that day. {a.He} \
took it home again.
{A} had wanted to ask {b.name} to a party. Now {a.he} asked someone else.
""",
    "quarrel.late": """
{A} waited and waited, but {b.name} did not come back.
When {a} went to say sorry, it was too late. {b.Name} was playing with someone else.
From then on, {b.name} did not ask {a.him} to play again.
""",
    "quarrel.sum.shares": """
{A} shares {a.his} {t.noun} with {b}, and they have fun.
""",
    "quarrel.sum.mends": """
{A} and {b} fight over {t.a}, but they make up and share it.
{A} will not share {a.his} {t.noun} with {b} at first. In the end they take turns.
""",
    "quarrel.sum.breaks": """
{A} and {b} fight over {t.a} until it is spoiled, and {b.name} goes away.
""",
    "quarrel.sum.alone": """
{A} will not share {a.his} {t.noun} with {b} and is left alone.
""",
}
