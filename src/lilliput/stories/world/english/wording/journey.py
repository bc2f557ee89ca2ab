"""Phrasings of the journey. `x` is the food."""

PHRASES = {
    "journey.sets.out": """
{Day}, {a} put {x.some} in a basket and went to visit {b}.
{Day}, {a} wanted to bring {x.some} to {b}, who lived far away.
{Day}, {b} was not well. {A} packed {x.some} and set out to see {b.him}.
{Day}, {a} set out to see {b}. In {a.his} bag {a.he} had {x.some}.
""",
    "journey.through": """
The way went [through|past|along] the {p.noun}.
{A} walked and walked. {a.He} came {p.to}.
First, {a} had to cross the {p.noun}.
{A} sang as {a.he} walked past the {p.noun}.
""",
    "journey.hungry": """
>I am so hungry. Do you have something to eat?
{A} sniffed at the bag. {a.He} had not eaten all day.
{A} looked thin. "Please, may I have a bite?" {a.he} asked.
>I have not eaten since yesterday. Please help me!
""",
    "journey.shares": """
{A} opened the bag and gave {b.name} some of the {x.noun}.
>Of course. Take half of the {x.noun}!
There was not much, but {a} shared the {x.noun} with {b.name}.
{A} sat down and ate a little of the {x.noun} with {b.name}.
""",
    "journey.refuses": """
>No. It is not for you.
{A} held the bag tight and walked on.
{A} did not want to share the {x.noun}. {a.He} ran away.
>Go and find your own food!
""",
    "journey.on": """
Then {a} went on, up and down, until {a.he} came {p.to}.
{A} went on and on. Now {a.he} was {p}.
{Soon}, {a} came {p.to}.
{A} waved goodbye and went on {p.to}.
""",
    "journey.bridge": """
There had been a bridge over the stream, but now it was broken.
The water was high, and the old bridge was gone.
{A} stood in front of a deep stream. There was no bridge any more.
""",
    "journey.fork": """
There, the path split in two. {A} did not know which way to go.
There were two paths, and no sign. Left or right?
{A} looked at the two paths. Which was the right one?
""",
    "journey.dark": """
The sun went down, and {a} could not see the path any more.
It was getting late. The trees looked big and black.
Soon it was dark. {A} could only see the moon.
""",
    "journey.fog": """
A thick fog came down. {A} could not see {a.his} own feet.
Everything turned white. It was fog, and {a} was lost.
The fog was like milk. {A} walked in a circle and came back to the same stone.
""",
    "journey.guide": """
Then {a} came running. {a.He} had followed {b.name} all the way!
>You were kind to me. Now I will help you!
But who was there? It was {a}!
{A} had not forgotten {b.name}. {a.He} came out of the bushes.
""",
    "journey.way.bridge": """
{A} showed {b.name} some flat stones in the water, and {b.name} hopped across.
{A} knew a place where the water was low, and there they crossed.
""",
    "journey.way.fork": """
{A} knew the way. "Go left, by the white stones," {a.he} said.
{A} took the path on the right, and {b.name} followed.
""",
    "journey.way.dark": """
{A} could see in the dark and walked in front.
{A} stayed close to {b.name}, and together they were not afraid.
""",
    "journey.way.fog": """
{A} made a sound at every turn, and {b.name} followed it.
{A} could smell the way. Step by step, {b.name} walked behind.
""",
    "journey.alone.way": """
{A} had to find the way alone. It took a very long time.
{A} cried a little. Then {a.he} went on alone, slowly, step by step.
Nobody was there to help. {A} tried this way and that way until the path was right.
""",
    "journey.turns.back": """
Nobody was there to help. So {a} had to turn back, and {b} waited in vain.
{A} could not go on. {a.He} went all the way home and did not see {b} that day.
There was nobody to ask. In the end, {a} went home, and {b} sat alone at the table.
""",
    "journey.arrives": """
{Last}, {a} knocked on the door. "It is me!" {a.he} called.
{Last}, there was the little house, with a light in the window. {A} ran to the door.
{b.Name} was at the gate. {A} ran into {b.his} arms.
{Last}, {a} came to {b.poss} house with the {x.noun}.
""",
    "journey.glad": """
>How nice that you came, {b.call}!
{A} gave {b.name} a big hug and put the kettle on.
{A} was so happy to see {b.name}. They ate the {x.noun} by the [fire|window] and told stories.
{A} made [hot chocolate|tea|a warm bed] for {b.name}.
""",
    "journey.tells": """
{A} told {b.name} about {c.name}. "Next time I will share," {a.he} said.
{A} thought of {c.name} in the cold. The food did not taste so good.
""",
    "journey.sum.helped": """
{A} feeds {b} on the way to {a.his} {x}, and it helps {a.him} to get there.
""",
    "journey.sum.back": """
{A} wants to visit {a.his} {x}. {a.He} does not share with {b} and has to turn back.
""",
    "journey.sum.alone": """
{A} goes to see {a.his} {x} and does not share with {b} on the way.
""",
}
