"""Phrasings of the trickster. `x` is the food."""

PHRASES = {
    "trick.has": """
{Day}, {a} sat {p} with {x.some}.
{Day}, {a} took {x.some} {p.to} to eat in the sun.
{Day}, {a} went {p.to} with {x.some} for lunch.
""",
    "trick.has.there": """
{A} had {x.some} with {a.him}.
It was time to eat. {A} took out {x.some}.
{A} sat down to eat {x.some}.
""",
    "trick.comes": """
{A} smelled the {x.noun} and came closer.
Behind a bush sat {a}. {a.He} wanted the {x.noun}.
{A} saw the {x.noun} and had a plan.
Along came {a}. {a.He} had not had lunch yet.
""",
    "trick.sings": """
>What a lovely voice you have! Please put that down and sing and dance for me.
>Everyone says you dance so well! Will you close your eyes and dance for me?
{A} told {b.name} that {b.he} had the best voice in the world, and asked {b.him} to close \
{b.his} eyes and sing.
""",
    "trick.falling.star": """
>Oh look, behind you! A flying cow!
>Quick, look up! There is a star falling from the sky!
{A} pointed up at the sky and cried out that something big was falling down.
""",
    "trick.magic": """
>I can do magic. Put your food in this hat, and it will be twice as much!
>Close your eyes and count to ten, and your lunch will be twice as big!
{A} said that {a.he} could do magic and make one lunch into two. {b.Name} only had to look away.
""",
    "trick.race": """
{A} wanted to see how fast {b.name} could run, and said that {a.he} would hold the lunch.
>I bet you cannot run to that tree and back. I will hold your lunch for you.
{A} asked {b.name} to show how fast {b.he} could run. "I will look after your lunch," {a.he} said.
>You look so fast! Run around that rock for me, and leave your heavy bag here.
""",
    "trick.guard": """
>There are ants here! Give me your lunch, and I will keep it safe.
>It will rain soon. Let me carry your food to a dry spot.
{A} said that a big bear was coming, and that the food would be safe with {a.him}.
""",
    "trick.thinks": """
{A} thought for a moment. Something was not right.
But {a} saw how {b.name} licked {b.his} lips.
{A} was not so easy to fool. {a.He} looked at {b.name} and smiled.
>Hm, that is strange. Why are you so nice to me?
""",
    "trick.turns": """
{A} held the {x.noun} tight. "I can do that with my hands full," {a.he} said.
>You go first, and then I will do it too.
{A} ate the last bite of the {x.noun} first. "Now I am ready," {a.he} said.
{A} put the {x.noun} in {a.his} bag and closed it well.
""",
    "trick.admits": """
>You are too smart for me. I was only hungry.
{A} {a.cry} and hung {a.his} head. {a.He} had not eaten all day.
{A} was ashamed and told {b.name} the truth. {a.His} tummy was empty.
""",
    "trick.shares": """
>You only had to ask. Here, take some.
{A} laughed and gave {b.name} a [bite|piece|share] of the {x.noun}.
{A} shared the {x.noun} with {b.name}, and they sat in the sun together.
""",
    "trick.slinks": """
{A} knew that the game was over and [walked away|ran off] with an empty tummy.
{A} turned red and went away without a word.
{A} went back into the bushes. There was no lunch for {a.him} that day.
""",
    "trick.falls": """
{A} believed every word and did just that.
{A} was so pleased that {a.he} did it at once.
{A} wanted to be polite, so {a.he} did it.
""",
    "trick.takes": """
When {b.name} looked again, the food was gone, and so was {a}!
In a flash, {a} took the {x.noun} and ran away.
{A} laughed, took everything and ran off. "Thank you for lunch!" {a.he} called.
Quick as the wind, {a} was up and away with {b.poss} lunch.
""",
    "trick.friend": """
{Soon}, {a} came by and gave {b.name} half of {a.his} own lunch.
{A} heard {b.name} crying and came to sit with {b.him}.
""",
    "trick.hungry.fox": """
But {a} had eaten too fast. {a.He} had a bad tummy ache all night.
Far away, {a} sat all alone with a full tummy and no friend.
""",
    "trick.sum.seen": """
{A} sees through the trick of {b} and keeps the {x.noun}.
""",
    "trick.sum.fooled": """
{A} believes {b} and loses the {x.noun}.
""",
}
