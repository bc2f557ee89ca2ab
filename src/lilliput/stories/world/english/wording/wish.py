"""Phrasings of the wish. `x` is the shop, the chore or the food."""

PHRASES = {
    "wish.sees": """
{Day}, {a} saw {t.a} in the window of the {x}.
{Day}, {a} walked past the {x} and stopped. There was {t.a} in the window!
There was {t.a} in the {x}, and {a} wanted it [so|very] much.
{Day}, in the {x}, {a} found {t.a}. [How {a.he} wanted it!|It was just what {a.he} wanted.|It \
was the best {t.noun} in the world.]
{A} wished for {t.a}. There was one in the {x}, and {a.he} looked at it every day.
""",
    "wish.poor": """
But {a} had no money.
But it cost five coins, and {a} had only [one|two|three].
{A} counted {a.his} coins. [There were not enough.|It was not enough for the {t.noun}.]
{A} [put {a.his} hand in {a.his} pocket|looked in {a.his} purse]. It was empty.
>I wish I could buy it.
>If only I had some money!
""",
    "wish.asks": """
{A} asked {b}, "Can I have {t.a}, please?" {b.Name} said, "You can work for it."
{A} told {b} about the {t.noun}. "If you help me, I will give you some coins," said {b.name}.
{A} went to {b} and asked how to get some money.
{A} asked {b} for some work to do.
""",
    "wish.hint": """
{A} [smiled a secret smile|smiled to {a.self}] and [put something behind {a.his} back|closed the \
closet door|said nothing].
{A} had a [big|strange|closed] bag in {a.his} hand, and {a.he} hid it [quickly|behind a \
chair|under the table].
There was a funny look on {a.poss} face, as if {a.he} knew something.
""",
    "wish.works": """
So {a} worked hard. {a.He} {x.did}.
{A} {x.did} [all day|all morning|every day for a week].
First, {a} {x.did}. It was hard work.
{A} {x.did} for {b}, and {a.he} did not [stop|complain] once.
""",
    "wish.works.more": """
Then {a} {x.did}.
{Next}, {a} {x.did} too.
After that, {a} {x.did}, even when {a.he} was tired.
{A} {x.did} and sang a little song.
""",
    "wish.coins": """
{A} gave {b.name} [five|six|seven|some] [shiny|bright|new] coins.
>You worked so hard, {b.call}. Here are your coins.
{A} was [pleased|very pleased] and put some coins in {b.poss} hand.
{Last}, {a} gave {b.name} enough coins.
""",
    "wish.walks": """
{A} ran to the {x} as fast as {a.he} could.
{Next}, {a} went to the {x} with the coins.
With the coins in {a.his} [hand|pocket|bag], {a} [walked|skipped|hurried] to the {x}.
{A} took the coins and set off for the {x}.
""",
    "wish.buys": """
{A} put the coins on the table and got the {t.noun}.
{A} paid for the {t.noun} and carried it out of the door.
>I would like the {t.full}, please.
{A} bought the {t.full} at last.
The {t.noun} was still there! {A} bought it [at once|right away].
""",
    "wish.uses": """
{A} {t.used} it [all the way home|every day|until dinner].
{A} [hurried home|ran home] to {t.use} it.
{A} took such good care of the {t.noun}.
It was even better because {a} had worked for it.
""",
    "wish.gone": """
But the window was empty. The {t.noun} was gone!
But when {a} came in, the {t.noun} was not there. Someone had bought it.
>Where is the {t.noun}? It is gone!
{A} looked and looked, but the {t.noun} was not in the window any more. It had been sold.
""",
    "wish.secret": """
But at home {a} had a surprise. {a.He} had bought the {t.noun} for {b.name} [long ago|the day \
before]!
Then {a} came in with a box. In it was the {t.full}! {a.He} had bought it for {b.name}.
"Close your eyes, {b.call}," said {a}. When {b.he} opened them, the {t.full} was there. {A} had \
bought it first!
When {b.name} came home, {a} opened the secret bag. There was the {t.noun}!
""",
    "wish.meets.hungry": """
On the way, {a} saw {b} sitting by the road. {b.He} had nothing to eat.
On the way, {a} met {b}. {b.He} looked cold and hungry.
Near the corner sat {b}. "I am so hungry," {b.he} said.
But by the road there was {b}, thin and hungry.
""",
    "wish.passes": """
{A} looked away and [walked on|hurried past {b.him}].
{A} thought only of [the shop|what {a.he} wanted] and did not stop.
>I have no time, {b.call}.
""",
    "wish.joyless": """
{A} {t.used} it, but it was no fun. {a.He} kept thinking of {b.name}.
All night, {a} thought of the hungry face of {b.name}.
{Next}, {a} went back to look for {b.name}, but {b.he} was gone.
The {t.noun} did not make {a.him} happy. {A} wished {a.he} had helped {b.name}.
""",
    "wish.feeds": """
{A} thought for a moment. Then {a.he} spent the coins on {x.some} for {b.name}.
{A} looked at the coins and looked at {b.name}. {a.He} bought {x.some} and gave {x.them} to \
{b.him}.
>You need this more than I do.
"Wait here," {a} said. {a.He} used the coins to buy {x.some} for {b.name}.
""",
    "wish.keeper": """
{A} saw it all. {a.He} came out and gave the {t.full} to {b.name} for free!
{A} had seen what {b.name} did. "You have a kind heart," {a.he} said, and {a.he} gave {b.him} \
the {t.noun}.
Then {a} came to the door. {a.He} had watched from the shop. "This is for you," {a.he} said, and \
put the {t.noun} in {b.poss} arms.
""",
    "wish.no.coins": """
Now {a} had no coins left for the {t.noun}.
The coins were gone, and so {a} could not buy the {t.noun}.
""",
    "wish.glad.anyway": """
But when {a} saw {b.name} eat, {a.he} was not sorry.
But {b.name} smiled, and {a.name} felt warm inside.
{A} did not get {t.a}, but {a.he} made a new friend that day.
""",
    "wish.sum.buys": """
{A} works hard to get {t.a} and buys it.
{A} wants {t.a}, earns some coins and gets it.
""",
    "wish.sum.secret": """
{A} works for {t.a}, but it is gone. {B} has bought it for {a.him}.
""",
    "wish.sum.sold": """
{A} works for {t.a}, but it is sold before {a.he} comes.
""",
    "wish.sum.passes": """
{A} buys {t.a} and does not help {b}. {a.He} is sorry about it.
""",
    "wish.sum.keeper": """
{A} spends {a.his} coins on {b} and gets {t.a} as a gift.
""",
    "wish.sum.given": """
{A} wants {t.a} but spends the coins to feed {b}.
""",
}
