"""Phrasings of the storm."""

PHRASES = {
    "storm.out": """
{Day}, {a} took {a.his} {t.noun} {p.to}.
{Day}, {a} was playing {p} with {a.his} {t.full}.
{Day}, {a} went {p.to} to {t.use} {a.his} {t.noun}.
""",
    "storm.out.there": """
{A} had {a.his} {t.full} with {a.him}.
{A} had come to {t.use} {a.his} {t.full}.
{A} was playing with {a.his} {t.full}.
""",
    "storm.sign": """
Far away, there were dark clouds.
The sky turned gray, and the birds stopped singing.
A cold wind began to blow. The leaves danced on the ground.
The air smelled like rain, and it grew very still.
One drop of rain fell on {a.poss} nose.
There was a low sound, far, far away.
""",
    "storm.warns": """
>A storm is coming, {b.call}. Come home!
>Look at the sky, {b.call}! We should go inside.
{A} [called|told] {b.name} to come in before the rain.
{A} pointed at the sky. "We must go home now," {a.he} said.
""",
    "storm.obeys": """
{A} wanted to play more, but {a.he} took the {t.noun} and went inside.
>You are right. Let us go!
{A} looked up at the clouds and ran home with the {t.noun}.
{A} took {a.his} {t.noun} and followed {b.name} to the house.
""",
    "storm.stays": """
But {a} did not listen. {a.He} wanted to {t.use} the {t.noun} a little longer.
>Only a few more minutes!
>I am not afraid of a little rain.
{A} laughed and stayed where {a.he} was.
""",
    "storm.breaks": """
Then the storm came. The rain [fell and fell|came down hard], and the wind [roared|howled|blew \
and blew].
Boom! There was thunder, and the rain came down like a river.
{Soon}, the sky was black. The trees bent low in the wind.
There was a bright flash and a loud crash. Then came the rain.
""",
    "storm.watches": """
But {a} was warm and dry. {a.He} sat at the window with {b.name} and [counted the flashes|drank \
hot milk|watched the rain].
Inside, {a} and {b.name} [lit a candle|sat under a blanket|told stories] and listened to the rain.
{A} and {b.name} were safe at home. They [had hot soup|played a game|sang songs] until it was over.
""",
    "storm.knock": """
Then there was a knock at the door. It was {a}, wet and cold.
There was a scratching sound at the door. {A} wanted to come in.
Outside the window sat {a}. {a.He} was dripping wet.
""",
    "storm.lets.in": """
>Come in, come in! There is room for all of us.
{A} opened the door and dried {b.name} with a towel.
{A} let {b.name} in and made a small bed by the fire.
""",
    "storm.grateful": """
{A} ate a few crumbs and fell asleep.
{A} shook the water off and {a.cry} happily.
>Thank you. It was so cold out there!
""",
    "storm.over": """
When the rain stopped, there was a rainbow in the sky.
{Last}, the sun came out again. Everything was clean and shiny.
Then it was over. {A} ran out and jumped in every puddle.
""",
    "storm.takes": """
The wind took the {t.noun} right out of {a.his} hands. {A} watched it fly away.
Whoosh! The {t.noun} flew up and up, over the trees. {A} could not catch it.
{A} held on as hard as {a.he} could, but the wind was too strong. The {t.noun} was gone.
""",
    "storm.shelter": """
{A} ran and hid under a big tree stump.
{A} crept under an old cart and waited.
{A} found a little cave and sat there, cold and wet.
{A} could not see the way home. {a.He} sat down under a bush.
""",
    "storm.comes.for": """
Then {a} came with a [big umbrella|lantern|warm coat] and took {b.name} home.
{A} went out in the rain to look for {b.name}. {a.He} found {b.him} and [took {b.his} \
hand|brought {b.him} home].
But {a} had not forgotten {b.him}. {a.He} called until {b.name} called back.
""",
    "storm.brought.back": """
{Next}, {a} was at the window. {a.He} had the {t.noun}! {a.He} had found it in a tree.
{Next}, {a} landed in front of {b.name} with something wet. It was the {t.noun}!
""",
    "storm.gone": """
{Next}, {a} looked for the {t.noun}, but it was [gone|nowhere|gone for good].
{A} never saw the {t.full} again.
The {t.noun} did not come back. {A} missed it very much.
""",
    "storm.wet": """
{A} was wet from head to toe and [sneezed|shivered] all evening.
{A} had to sit in a hot bath and drink a big cup of tea.
{A} caught a cold and had to stay in bed [the next day|for two days].
""",
    "storm.sum.inside": """
A storm comes. {A} listens to {b} and stays dry and safe.
""",
    "storm.sum.lost": """
{A} does not come in when {b} warns {a.him}, and the storm takes {a.his} {t.noun}.
""",
    "storm.sum.back": """
The storm takes the {t.noun} of {a.intro}, but {b} brings it back.
""",
    "storm.sum.wet": """
{A} does not listen when {b} warns {a.him} of a storm, and gets very wet.
""",
}
