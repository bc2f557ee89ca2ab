"""Phrasings of the stray. `x` is the spot, or the food."""

PHRASES = {
    "stray.goes": """
{Day}, {a} went {p.to}.
{Day}, {a} was walking home. {a.He} came {p.to}.
{Day}, {a} was playing {p}.
""",
    "stray.finds": """
{A} heard a small sound. There, {x}, was {b}, cold and alone.
Something moved {x}. It was {b}! {b.He} looked up at {a.name} with big eyes.
{A} looked {x} and found {b}. {b.He} was shaking.
Who was that, {x}? {A} bent down. It was {b}, all alone.
""",
    "stray.mark": """
There was a [red|blue|green] ribbon around {a.his} neck.
{A} had a tiny bell on.
{A} was very clean and not afraid of people.
""",
    "stray.feeds": """
{A} gave {b.name} {x.some}.
{A} wrapped {b.name} in a scarf and gave {b.him} {x.some}.
{A} ran home to get {x.some}. {b.Name} ate and ate.
>You must be hungry. Here is {x.some} for you.
""",
    "stray.loves": """
{A} held {b.name} close. {b.He} was so soft and warm.
{b.Name} {b.cry} happily when {a} sat down beside it.
{b.Name} put {b.his} head on {a.poss} knee. {A} never wanted to let go.
{A} played with {b.name} all [day|afternoon].
>You and I will be friends forever, {b.call}.
""",
    "stray.asks": """
{A} took {c.name} home. "Can we keep {c.him}?" {a.he} asked {b}.
{A} showed {c.name} to {b}. "Please, may I keep {c.him}?" {a.he} asked.
At home, {a} hid {c.name} under {a.his} coat, but {b} saw {c.him} at once.
""",
    "stray.answer": """
>First we must find out who is missing {c.him}.
>Maybe somebody is looking for {c.him}, {b.call}.
{A} said that they had to ask around first.
""",
    "stray.no.owner": """
{A} and {b.name} asked [everyone|at every door], but nobody was missing {c.him}.
{A} and {b.name} put up a sign and waited for a week. Nobody came.
They asked and asked. Then {a} heard that {c.name} had no home at all.
""",
    "stray.stays": """
So {a} stayed. {a.He} slept at the end of {b.poss} bed every night.
From then on, {a} lived with {b.name} and followed {b.him} everywhere.
>It has found a home.
{A} seemed to know that {a.he} could stay. {a.He} jumped into {b.poss} arms.
""",
    "stray.owner": """
{Next}, {a} knocked at the door. "I have lost my {c.kind}," {a.he} said.
Then {b.name} saw a sign on a tree. It said that {a} was looking for a {c.kind}.
On the street, {a} was calling and looking under every bush for a {c.kind}.
""",
    "stray.hides.it": """
{A} hid {c.name} in the shed and did not say a word to {b.name}.
"I have not seen one," {a} told {b.name}. It was a lie.
{A} wanted to keep {c.name} and shut the door.
""",
    "stray.cries": """
But that night, {a} cried for {a.his} home. {b.Name} could not sleep.
But {a} sat by the door and would not eat.
""",
    "stray.gives": """
{A} gave {c.name} one last hug and took {c.him} to {b.name}.
It was hard, but {a} put {c.name} in {b.poss} arms.
>Here is your {c.kind}, {b.call}. I took good care of {c.him}.
""",
    "stray.glad": """
{A} had tears of joy in {a.his} eyes. "Thank you, {b.call}!" {a.he} said.
{A} hugged {c.name} and thanked {b.name} many times.
>You have a good heart, {b.call}!
""",
    "stray.visits": """
>Come and play with {c.him} every day, {b.call}!
{A} smiled. "We need someone to play with {c.him} after lunch," {a.he} said. "Will you come?"
And then {a} told {b.name} a secret. Soon there would be more little ones, and one was for \
{b.name}!
""",
    "stray.misses": """
{A} missed {b.name} very much, but {a.he} knew it was at home.
{A} looked at the empty spot where {b.name} had slept.
The house was very quiet without {b.name}. {A} sighed.
""",
    "stray.sum.keeps": """
{A} finds {b} that has no home, and keeps it.
""",
    "stray.sum.gives": """
{A} finds {b} and wants to keep it, but gives it back to its owner.
""",
}
