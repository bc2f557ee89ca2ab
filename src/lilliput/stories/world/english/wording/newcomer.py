"""Phrasings of the new friend. `x` is what both like to do."""

PHRASES = {
    "newcomer.sees": """
{Day}, {a} went {p.to} and saw someone new. It was {b}.
{Day}, there was {b} {p}. {A} had never seen {b.him} before.
{Day}, {b} moved into the house next door. {A} saw {b.him} {p}.
{Day}, {a} saw {b}, who sat alone {p}.
""",
    "newcomer.sees.there": """
Then {a} saw someone new. It was {b}.
Not far away sat {b}. {A} had never seen {b.him} before.
Someone else was there too. {A} saw {b}, who was all alone.
""",
    "newcomer.quiet": """
{A} did not speak to anyone.
{A} looked at the ground and played with a [leaf|string|stone].
{A} watched the others play, but {a.he} did not ask to join.
""",
    "newcomer.cross": """
{A} did not smile at all. Was {a.he} angry?
{A} looked a little [cross|grumpy], with {a.his} arms around {a.his} knees.
{A} had a frown on {a.his} face.
""",
    "newcomer.advice": """
>Go and say hello, {b.call}. One word is enough.
>Maybe {c.name} needs a friend, {b.call}.
{A} told {b.name} that it is hard to be new.
""",
    "newcomer.hello": """
{A} took a deep breath and walked over to {b.name}. "Hello," {a.he} said.
>Hi! I am {a.call}. What is your name?
>Hello! Do you want to play with me?
{A} sat down next to {b.name} and smiled.
{A} waved at {b.name} and came closer.
""",
    "newcomer.offers": """
{A} held out {a.his} {t.noun}. "We can {t.use} it together," {a.he} said.
{A} let {b.name} {t.use} {a.his} {t.full}.
>Look, this is my {t.noun}. Do you want to try it?
""",
    "newcomer.answers": """
{A} looked up, and then {a.he} smiled too.
>My name is {a.call}. I have no friends here yet.
>I was afraid that nobody would like me.
{A} nodded. There was a tiny smile on {a.his} face.
""",
    "newcomer.secret": """
And then came a surprise. {A} was not grumpy at all. {a.He} loved to {x.base} more than anyone \
in town!
And what {b.name} did not know was that {a.name} was the best of all. {a.He} could {x.base} like \
no one else.
>Do you like to {x.base}? I do it every day!
""",
    "newcomer.same": """
{A} liked to {x.base}, and {b.name} liked to {x.base} too!
{A} found out that {b.name} loved to {x.base} just as much as {a.he} did.
>You like to {x.base}? So do I!
""",
    "newcomer.play": """
Soon {a} and {b.name} were {x.ing} side by side.
{A} and {b.name} {x.did} until it was time to go home.
{A} and {b.name} went off to {x.base}.
""",
    "newcomer.passes": """
But {a} [was too shy|did not dare|did not want to], and {a.he} went away without a word.
{A} looked at {b.name} and walked on.
>I do not know {b.him}.
""",
    "newcomer.others": """
{Later}, {a} had many friends. They laughed and played all day.
{Soon}, some other children came and asked {a} to play. They became good friends.
{Later}, everyone wanted to play with {a}, who knew the best games.
""",
    "newcomer.watches": """
{A} watched {b.name} from far away. {a.He} wished {a.he} had said hello.
{A} stood behind a tree and watched. Now {a.he} was the one who was alone.
Only {a} had nobody to play with.
""",
    "newcomer.sum.friends": """
{A} says hello to {b}, who is new, and they become friends.
""",
    "newcomer.sum.passes": """
{A} does not talk to {b}, who is new, and stays alone.
""",
}
