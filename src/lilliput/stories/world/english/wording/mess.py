"""Phrasings of the mess. `x` is a spot."""

PHRASES = {
    "mess.is": """
There was a big mess {p}. There were toys, socks and crumbs on the floor, and {t.a} on top.
{Day}, {a} played {p} all morning. Now there was stuff everywhere, even {t.a} on the lamp.
Nobody could walk {p} any more. {A} had thrown everything on the floor.
{A} had left paper, blocks and {t.a} on the floor {p}.
""",
    "mess.told": """
>Please clean up this mess, {b.call}.
>{b.call}, it is time to put things away.
{A} looked at the floor and sighed. "Please tidy up before dinner," {a.he} told {b.name}.
{A} asked {b.name} to clean up.
""",
    "mess.later": """
>Later! I am playing.
{A} did not want to. {a.He} pushed everything into a corner and ran outside.
>It is not so bad.
But {a} [hid under the blanket|looked out of the window|went on playing].
""",
    "mess.needs": """
{Next}, {a} wanted to {t.use} {a.his} {t.noun}.
{Later}, {a} needed {a.his} {t.full}. A friend was waiting outside.
{Soon}, {a} wanted to show {a.his} {t.noun} to a friend.
""",
    "mess.cannot.find": """
But in all that mess, {a} could not find it!
{A} dug through the pile. There were old socks and half a cookie, but no {t.noun}.
>Where is my {t.noun}? I cannot see it anywhere!
""",
    "mess.trips": """
That night, {a} got up to drink some water. In the dark, {a.he} tripped over the {t.noun}. Bump!
{Next}, {a} ran across the room and slipped on the {t.noun}. Ouch! {a.His} knee hurt.
When {a} wanted to run to the door, {a.he} fell over the {t.noun} and got a scratch.
""",
    "mess.too.late": """
{A} looked for the {t.noun} so long that {a.he} missed the party.
When {a} began to clean at last, it was dark, and {b} had to start the story without {a.him}.
{A} had to stay inside all day to clean, and the others went to the beach.
""",
    "mess.starts": """
So {a} began to clean up {p}.
{A} rolled up {a.his} sleeves.
>I will clean up now.
{A} got a broom and a big box.
""",
    "mess.works": """
{A} put the books on the shelf and the socks in the drawer.
One by one, {a} put the toys in the box.
{A} swept the floor and sang a cleaning song.
First, {a} picked up everything that was red. Then everything that was blue.
""",
    "mess.friend": """
Then {a} came by. "Can I help?" {a.he} asked.
{A} came to play and saw {b.name} at work. {a.He} helped at once.
>That looks like fun! Let me help.
""",
    "mess.game": """
{A} and {b.name} made it a game. Who could be faster?
{A} threw the socks, and {b.name} caught them in a basket.
{A} and {b.name} pretended that the broom was a horse.
""",
    "mess.finds": """
And look what {a} found {x}! It was {a.his} {t.full}!
There, {x}, was {a.his} {t.full}. {A} had not seen it for so long.
>My {t.noun}! It was {x} all the time!
Under all that stuff, {x}, lay {a.his} {t.full}. {A} picked it up.
""",
    "mess.done": """
Soon everything was clean. {A} called {b}.
{Last}, {a} could see the floor again. {a.He} called {b} to come and look.
Now it was all done. {A} showed it to {b}.
""",
    "mess.praise": """
>How nice it looks here, {b.call}!
{A} could not believe {a.his} eyes. {a.He} gave {b.name} a cookie.
>Well done, {b.call}! Now we have time for a story.
{A} clapped and hugged {b.name}.
""",
    "mess.sum.tidies": """
{A} tidies up a big mess and finds {a.his} {t.noun}.
""",
    "mess.sum.late": """
{A} does not tidy up when {b} asks {a.him} to, and is sorry later.
""",
}
