"""Phrasings of hide and seek. `x` is a spot."""

PHRASES = {
    "hideseek.begins": """
{Day}, they were {p}. "Let us play hide and seek!" said {a}.
{Day}, {a} wanted to play hide and seek {p}.
{Day}, {b.name} and {a} played hide and seek {p}.
""",
    "hideseek.counts": """
{A} closed {a.his} eyes and counted to [ten|twenty].
"One, two, three," {a} counted.
{A} stood by the wall and began to count.
{A} had to seek first. {a.He} counted very slowly.
""",
    "hideseek.hides": """
{A} hid {x}.
Quick as a mouse, {a} hid {x}.
{A} looked around and crawled to a good spot {x}.
{A} found a spot {x} and made {a.self} very small.
""",
    "hideseek.tickle": """
It was dusty there. Something tickled {a.poss} nose.
A [feather|leaf|hair] tickled {a.poss} nose. {a.He} held it with two fingers.
{A} felt something funny in {a.his} nose, but {a.he} kept still.
""",
    "hideseek.looks": """
{A} looked {x}. Nobody there!
"Are you there?" {a} called and looked {x}. But it was only a shadow.
First, {a} looked {x}. No, {b.name} was not there.
{A} tiptoed around and looked {x}, but {a.he} could not find {b.name}.
""",
    "hideseek.sneeze": """
{Sudden}, {a} could not hold it any more. Achoo!
"Achoo!" There was a loud sneeze.
Then came a very loud sneeze. {A} could not stop it.
""",
    "hideseek.clue": """
Then {a} saw the tip of a shoe.
Then {a} heard a tiny giggle.
{A} saw that something moved, just a little.
A funny little sound made {a} turn around.
""",
    "hideseek.found": """
>I see you, {b.call}! You are {x}!
{A} ran and looked {x}. There was {b.name}!
{A} laughed and pointed. {b.Name} was {x}!
There, {x}, {a} found {b.name}.
""",
    "hideseek.gives.up": """
{A} looked and looked, but {b.name} was nowhere.
>I give up, {b.call}! Come out!
{A} called {b.poss} name, but there was no answer.
""",
    "hideseek.search": """
{A} and {b.name} looked for {c.name} everywhere.
{A} took {b.poss} hand and called out for {c.name}.
{A} listened very quietly. Was that someone breathing?
""",
    "hideseek.sleeps": """
And then they found {a}, {x}. {a.He} had fallen asleep!
There lay {a}, {x}, fast asleep. {a.He} had been snoring all the time.
{A} was sleeping {x} like a baby. "Is the game over?" {a.he} asked and yawned.
""",
    "hideseek.again": """
>Now it is your turn to hide, {b.call}!
>Again! Let us play again!
{A} laughed and wanted to play one more time.
""",
    "hideseek.quits": """
{A} did not want to look any more. {a.He} went home and did not say a word.
>I will go and eat something.
{A} saw a butterfly and ran after it. {a.He} forgot the game.
""",
    "hideseek.waits": """
But {a} was still hiding. {a.He} waited and waited. It grew cold.
{A} waited for a long, long time. Nobody came.
In the dark, {a} still sat in {a.his} spot and waited.
""",
    "hideseek.complains": """
>You went home without me, {b.call}! That was not nice.
{Next}, {a} told {b.name} how long {a.he} had waited.
>I waited for hours, {b.call}!
""",
    "hideseek.sum.found": """
{A} plays hide and seek with {b} and finds {b.him} {x}.
""",
    "hideseek.sum.quits": """
{A} plays hide and seek with {b} but goes away and lets {b.him} wait.
""",
}
