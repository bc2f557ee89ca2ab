"""Phrasings of the garden. `x` is the seed."""

PHRASES = {
    "garden.gets": """
{Day}, {a} gave {b.name} {x.a} seed.
{Day}, {a} came home with {x.a} seed. "This is for you, {b.call}," {a.he} said.
{Day}, {a} opened {a.his} hand. In it was a tiny {x.of} seed for {b.name}.
{b.Name} wanted to grow something. So {a} gave {b.him} {x.a} seed.
""",
    "garden.gets.secret": """
{Day}, {a} gave {b.name} a tiny seed and did not say what it was.
{Day}, {a} came with a secret. It was a small gray seed for {b.name}, and nobody knew its name.
{Day}, {a} gave {b.name} a strange little seed. "Wait and see," {a.he} said with a wink.
{Day}, {a} put a small brown seed in {b.poss} hand. {a.He} would not say what it was. "It likes \
the sun, and you will like it," was all {a.he} said.
{Day}, {a} gave {b.name} a seed in a paper bag. "It is a secret," {a.he} said. "It will be the \
best thing in the garden."
""",
    "garden.plants": """
{A} dug a little hole and put the seed in.
{A} planted the seed in the garden, where the sun was warm.
{A} pushed the seed into the soft, dark ground.
{A} put the seed in the ground and gave it some water.
""",
    "garden.advice": """
>Give it water every day, {b.call}, and be patient.
>It needs water, sun and time.
{A} told {b.name} to water it every day.
>If you forget it, it will not grow.
""",
    "garden.waits": """
{Next}, {a} looked. There was nothing but dirt.
{A} looked at the ground every morning. Nothing happened.
One day went by, and then two. {A} saw nothing.
>When will it grow?
""",
    "garden.waters": """
But {a} did not give up. Every day, {a.he} brought a little water.
Every morning, {a} gave it water and sang to it.
{A} watered it, pulled the weeds, and waited.
Day after day, {a} carried water from the well.
""",
    "garden.sprout": """
Then one morning, {a} saw something green. It was so small!
{Last}, a tiny leaf came out of the ground. {A} jumped for joy.
After a week of rain and sun, there was a green tip. "Hello, little one," {a} said.
""",
    "garden.pest": """
But one day, {a} sat right beside the little plant and looked hungry.
But then {a} came and took a bite of a green leaf.
But one morning, {a} {a.cry} in the garden. {a.He} wanted to eat the plant!
One morning, {a} was in the garden. {a.He} was nibbling at the plant!
""",
    "garden.eaten": """
Before {b.name} could do anything, {a} had eaten it all, down to the ground.
{A} took one bite, and then another. In the end there was nothing left.
""",
    "garden.again": """
>I will plant a new one in the spring.
{A} looked at the empty spot. It would be a long time until spring.
{A} put a little fence around the spot for next time.
""",
    "garden.makes.peace": """
{A} was not angry. {a.He} gave {b.name} an old carrot and showed {b.him} the way out.
>Please do not eat my plant. You can have my [apple|bread|lettuce] instead.
{A} built a little fence of sticks, and {b.name} went to look for food somewhere else.
""",
    "garden.grown": """
{Later}, there was {x.grown}!
The days grew warm. {Last}, {a} saw {x.grown}.
And then it was there: {x.grown}. {A} called {b} to come and see.
One summer morning, {a} opened the door and saw {x.grown}.
""",
    "garden.grown.secret": """
And what was it? It was {x.grown}! {A} had not expected that.
{Later}, the secret was out. It was {x.a} seed, and now there was {x.grown}!
{A} had thought it was only a weed. But no! It was {x.grown}. "Now you know," said {b.name}.
""",
    "garden.harvest": """
{A} {x.harvest}.
{Soon}, {a} {x.harvest}. It was the best day of the summer.
With a big smile, {a} {x.harvest}.
""",
    "garden.shares": """
{A} asked {b} to come, and together they {x.harvest}.
{A} and {b} {x.harvest}.
{A} called {b}. The two of them {x.harvest}.
""",
    "garden.bored": """
Soon {a} was bored. {a.He} went to play and forgot the seed.
>This is no fun.
{A} wanted to run and play, so {a.he} did not bring any water. Not that day, and not the next.
The watering can was heavy, and {a} left it in the shed.
""",
    "garden.dry": """
When {a} came back at last, there was only one little leaf, dry and brown.
{Later}, {a} thought of the seed. {a.He} ran to the garden, but the ground was as hard as stone.
{Later}, {a} saw a small brown plant. It hung its head. It was too late for water.
""",
    "garden.told.you": """
>It needed you every day, {b.call}.
{A} put {a.his} arm around {b.name}. "Next time you will know," {a.he} said.
{A} was sad too, but {a.he} kept one more seed for next year.
""",
    "garden.sum.grows": """
{A} plants {x.a} seed, takes care of it, and it grows.
""",
    "garden.sum.eaten": """
{A} plants {x.a} seed, but {b} eats the plant.
""",
    "garden.sum.dries": """
{A} plants {x.a} seed but forgets to water it.
""",
}
