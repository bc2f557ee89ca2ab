"""Phrasings of the promise. `x` is the duty, or what is more fun."""

PHRASES = {
    "promise.asks": """
{Day}, {a} had to go away for a [day|while|few hours]. "Can you {x.do}, {b.call}?" {a.he} asked.
{Day}, {a} asked {b.name} to {x.do}.
{Day}, {a} said, "I must go out, {b.call}. Please {x.do}."
"Will you {x.do} for me today, {b.call}?" asked {a}.
""",
    "promise.says": """
>Yes, I promise!
>I will {x.do}. I promise.
>You can count on me, {b.call}.
{A} promised to {x.do}.
{A} put {a.his} hand on {a.his} heart and promised.
""",
    "promise.leaves": """
{A} smiled and waved goodbye.
{A} [went off|left] with a [basket|bag|light heart].
>Thank you, {b.call}. I will be back soon.
So {a} went on {a.his} way.
""",
    "promise.tempts": """
{Soon}, {a} came by. "Come with me and {x.base}, {b.call}!" {a.he} said.
Then {a} knocked on the door. {a.He} wanted to {x.base} with {b.name}.
>Let us {x.base} all day, {b.call}!
Outside, {a} was waiting. {a.He} was on the way to {x.base} and asked {b.name} to come too.
""",
    "promise.remembers": """
{A} wanted to go. But then {a.he} thought of the promise.
>I cannot come, {b.call}. I promised to {x.do}.
>Not now. First I must {x.do}.
It sounded like fun, but {a} shook {a.his} head. A promise was a promise.
""",
    "promise.does": """
So {a} stayed and {x.did}, just as {a.he} had said.
{A} {x.did}. It [took a long time|was not fun], but {a.he} did it well.
{A} went back to work and {x.did}.
""",
    "promise.joins": """
{A} thought about it. Then {a.he} stayed to help {b.name}.
>Then I will help you. Two are faster than one!
{A} waited for {b.name}, and later they played [together|until dark].
""",
    "promise.back": """
In the evening, {a} came home.
{Soon}, {a} came back.
When the sun was low, {a} came back to {b.name}.
{Last}, {a} came back and opened the door.
""",
    "promise.good": """
{A} looked around, and {x.good}.
{A} could see that {x.good}.
And look, {x.good}!
""",
    "promise.pleased": """
>You kept your promise, {b.call}! Thank you.
>I knew I could trust you.
{A} hugged {b.name} and gave {b.him} [a sweet apple|a little gift|a big smile].
{A} was so glad that {a.he} danced around the room with {b.name}.
""",
    "promise.goes": """
{A} forgot all about the promise and went along.
>I can do it later.
{A} thought there was lots of time. {a.He} ran off with {b.name}.
>All right, but only for a moment!
""",
    "promise.plays": """
{A} and {b.name} had so much fun that the time flew by.
One hour went by, and then another. {A} did not think of going home.
{A} and {b.name} laughed and ran about all [day|afternoon].
""",
    "promise.too.late": """
Then {a} remembered. {a.He} [ran home|ran back] as fast as {a.he} could.
{Sudden}, {a} stopped. The promise! {a.He} ran and ran.
>Oh no! I forgot to {x.do}!
""",
    "promise.bad": """
But it was too late. {A} saw that {x.bad}.
When {a} came in, {x.bad}.
But {x.bad}. {A} did not know what to say.
""",
    "promise.sad": """
>You promised me, {b.call}.
>I thought I could count on you.
{A} saw that {x.bad}. {a.He} did not say a word.
{A} looked at {b.name} with sad eyes.
""",
    "promise.again": """
>Next time I will keep my promise.
{A} worked hard the whole week to make it up to {b.name}.
After that, {a} tied a [red|blue|white] string around {a.his} finger when {a.he} made a promise.
""",
    "promise.sum.kept": """
{A} promises {b} to {x.do} and keeps the promise, though others want to play.
""",
    "promise.sum.broken": """
{A} promises {b} to {x.do} but forgets it and is sorry.
""",
}
