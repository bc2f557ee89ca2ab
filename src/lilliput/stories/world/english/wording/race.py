"""Phrasings of the race. `p` is its start, `x` its goal."""

PHRASES = {
    "race.news": """
{Day}, {a} called everyone together. "There will be a race from here to the {x.noun}!" {a.he} \
said. "The prize is {t.a}."
{Day}, there was a big race to the {x.noun}. {A} held up the prize. It was {t.a}.
{Day}, {a} put up a sign. It said: Big race to the {x.noun}! The winner gets {t.a}!
In the summer, there was always a race to the {x.noun}. This time, {a} had {t.a} for the winner.
""",
    "race.wants": """
{A} wanted to win more than anything. {B} wanted to win too.
{A} looked at {b}. "I want to win the {t.noun}!" {a.he} said.
{A} lined up next to {b}.
{A} and {b} both wanted the {t.noun}.
""",
    "race.boasts": """
>You will never win, {b.call}. I am the fastest!
>You are as slow as a snail, {b.call}!
{A} laughed at {b.name}. "I can win with my eyes closed," {a.he} said.
{A} told everyone that nobody could beat {a.him}.
""",
    "race.starts": """
"One, two, three, go!" shouted {c.name}. {A} and {b.name} ran.
{c.Name} blew a whistle, and off they went.
{A} took a deep breath. "Ready, set, go!" called {c.name}.
The drum went boom, and {a} and {b.name} were off.
""",
    "race.ahead": """
{A} was [very fast|as fast as the wind]. Soon {a.he} was far ahead.
{A} ran so fast that {b.name} could only see {a.his} dust.
At first, {a} was in front. {a.He} looked back and laughed.
""",
    "race.naps": """
>I have lots of time. I will take a nap.
{A} sat down under a tree to eat [a cookie|an apple|some nuts]. Soon {a.he} was asleep.
{A} stopped to [look at {a.self} in the water|talk to a bird|pick some berries]. There was no \
hurry, {a.he} thought.
""",
    "race.steady": """
But {a} did not stop. Step by step, {a.he} went on.
{A} was slow, but {a.he} never stopped.
{A} was hot and tired, but {a.he} kept going.
""",
    "race.passes": """
{A} passed {b.name} without a sound and came in first!
When {b.name} looked up, {a.name} was already there. {A} had won!
{b.Name} ran as fast as {b.he} could, but it was too late. {A} won the race!
""",
    "race.prize": """
{A} gave {b.name} the {t.full}.
Everyone clapped, and {a} put the {t.full} in {b.poss} hands.
>Well done, {b.call}! The {t.noun} is yours.
""",
    "race.good.loser": """
>You ran so well, {b.call}.
{A} shook {b.poss} hand. "Next time I will not be so proud," {a.he} said.
{A} was sad for a moment. Then {a.he} clapped for {b.name} too.
>I should not have laughed, {b.call}.
""",
    "race.falls": """
Halfway there, {a} tripped over a stone and fell. {a.His} knee hurt.
{Sudden}, {a} slipped on the wet grass and fell down.
{A} stepped into a hole and could not get up.
""",
    "race.stops": """
{A} could win now! But {a.he} stopped and helped {b.name} up.
{A} turned around and ran back. "Are you hurt?" {a.he} asked.
>Take my hand, {b.call}. We will walk together.
""",
    "race.last": """
Arm in arm, {a} and {b.name} came in last.
{A} let {b.name} lean on {a.him}. The others ran past them, one by one.
Slowly, {a} and {b.name} walked to the end. All the others were already there.
""",
    "race.kind.prize": """
But {a} gave the {t.full} to {b.name}. "The best one is not always the fastest one," {a.he} said.
Then {a} spoke. "The {t.noun} goes to {b.name}, for a kind heart!" Everyone cheered.
{A} had seen it all. {a.He} walked past the winner and gave the {t.noun} to {b.name}.
""",
    "race.no.prize": """
Someone else got the {t.noun}. But {a} was not sorry.
The {t.noun} went to another runner.
{A} did not win the {t.noun} that day.
""",
    "race.cheats": """
{A} wanted to win so much that {a.he} took a short cut through the bushes.
When nobody was looking, {a} left the path and ran across the garden.
{A} pushed {b.name} into the bushes and ran on.
""",
    "race.mud": """
But there was mud behind the bushes. {A} stuck in it up to {a.his} knees, and {b.name} ran past.
But {a} got lost. When {a.he} found the way, {b.name} had already won.
But {a} stepped on a thin branch and fell into the ditch. {b.Name} came in first.
""",
    "race.seen": """
{b.Name} came in first. But {a} had seen everything from the hill. "That was not fair," {a.he} \
said.
>I saw what you did, {b.call}. The prize is not for you.
{A} shook {a.his} head at {b.name}. {a.He} had seen it.
""",
    "race.side": """
{A} and {b.name} ran side by side.
First {a} was ahead, and then {b.name} was ahead.
{A} could hear {b.name} right behind {a.him}.
""",
    "race.sprint": """
Near the end, {a} ran faster than ever before. {a.He} won by one step!
With one last jump, {a} was over the line. {a.He} had won!
{A} thought of all the mornings when {a.he} had run up the hill. {a.He} did not stop, and {a.he} \
won!
""",
    "race.trips": """
{A} looked back to see where {b.name} was, and fell over a root. {b.Name} won the race.
{A} waved at the people and did not see the stone. {a.He} fell, and {b.name} ran on and won.
At the last corner, {a} ran the wrong way. {b.Name} won.
""",
    "race.lets.share": """
>We can share the {t.noun}, {b.call}.
{A} let {b.name} {t.use} the {t.noun} too.
{A} put an arm around {b.name}. "You were very fast," {a.he} said.
""",
    "race.sum.rests": """
{A} wins a race for {t.a} because {b} stops to rest.
""",
    "race.sum.kind": """
{A} stops in a race to help {b} and still gets the prize.
""",
    "race.sum.lost.kind": """
{A} stops in a race to help {b}. They do not win, but they are friends.
""",
    "race.sum.cheats": """
{A} wins a race in which {b} does not play fair.
""",
    "race.sum.wins": """
{A} races {b} and wins {t.a}.
""",
    "race.sum.loses": """
{A} loses a race to {b}.
""",
}
