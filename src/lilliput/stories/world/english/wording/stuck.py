"""Phrasings of the animal that is stuck. `x` is the snag."""

PHRASES = {
    "stuck.walks": """
{Day}, {a} went for a walk {p}.
{Day}, {a} was walking {p}.
{Day}, {a} went {p.to} to [play|look at the clouds|pick flowers|be alone].
{Day}, {a} took the long way home. {a.He} came {p.to}.
""",
    "stuck.hears": """
{Sudden}, {a} heard a [small|sad|strange|soft] cry.
>What was that sound?
{A} heard someone [crying|calling] for help.
{A} stopped to listen. Someone was in trouble.
"Help! Help!" called a [small|tiny|sad] voice.
""",
    "stuck.sees": """
It was {a}, stuck {x.where}.
{A} was stuck {x.where} and could not get out.
{A} {a.cry} [sadly|softly]. {a.He} was stuck {x.where}.
There was {a}! {a.He} was stuck {x.where}.
>Please help me! I am stuck {x.where}!
{A} sat {x.where} and [could not move|could not get free].
""",
    "stuck.kind": """
>Do not be afraid. I will help you.
>You poor thing! Wait, I will help you.
{A} [felt sorry for|spoke softly to] {b.name}.
{A} came closer [very|so] slowly, so that {b.name} would not be scared.

""",
    "stuck.tries": """
{A} {x.tries}.
{A} bent down and {x.tries}.
First, {a} {x.tries}.
""",
    "stuck.fails": """
But it was [no use|too hard]. {b.Name} was still stuck.
It did not work. {A} was [too small|not strong enough] to do it alone.
But {b.name} did not come free. {A} needed help.
""",
    "stuck.frees": """
{A} did not give up. {a.He} {x.frees}, and {b.name} was free!
Then {a} had an idea. {a.He} {x.frees}, and out came {b.name}!
{Last}, {a} {x.frees}. {b.Name} was free!
It took a long time, but {a} {x.frees}. {b.Name} [jumped out|was free|came out].
""",
    "stuck.together": """
Together, {a} and {b} {x.frees}. {c.Name} was free!
{A} and {b} worked side by side. They {x.frees}, and {c.name} came out.
{A} and {b} counted to three. Then they {x.frees}, and {c.name} was free at last.
""",
    "stuck.thanks": """
>Thank you! You saved me!
>I will never forget this!
{A} [looked at|danced around] {b.name} to say thank you, and then {a.he} went home.
{A} made a happy little sound and [was gone|went home].
{A} {a.cry} [happily|softly|with joy] and [was gone|went home].
""",
    "stuck.drops": """
{Later}, {a} was by the water with {a.his} {t.full}. Splash! The {t.noun} fell in.
{Later}, {a} lost {a.his} {t.full} in the tall grass. {a.He} looked for it all day.
{Later}, the wind took {a.his} {t.full} and blew it far away. {A} could not reach it.
""",
    "stuck.brings": """
But who came there? It was {a}! {a.He} brought the {t.noun} back to {b.name}.
{A} saw it and came to help. {a.He} found the {t.noun} and gave it back to {b.name}.
Then a small voice said, "Is this yours?" It was {a}, and {a.he} had the {t.noun}.
""",
    "stuck.astray": """
{Later}, {a} [lost the way|got lost] on the way home. It was getting dark.
{Later}, {a} walked too far and did not know the way back.
{Later}, a thick fog came, and {a} could not see the path.
""",
    "stuck.leads": """
Then {a} came out of the bushes. {a.He} knew the way, and {a.he} took {b.name} home.
>You helped me. Now I will help you! Come with me.
But there was {a}! {a.He} went in front and showed {b.name} the way home.
""",
    "stuck.leaves": """
{A} [was in a hurry|did not want to get dirty], so {a.he} walked on.
>I do not have time for you.
{A} looked at {b.name}, but {a.he} did not help {b.him}. {a.He} went away.
>That is not my problem.
""",
    "stuck.trips": """
{Soon}, {a} stepped on a wet stone and fell into a muddy hole.
{Soon}, {a} tripped over a root and rolled into a ditch.
{Soon}, {a} got {a.his} foot stuck between two stones.
{Soon}, {a} climbed over a wall, and {a.his} coat got stuck on a nail.
""",
    "stuck.calls": """
>Help! Is anyone there?
{A} called and called for help.
>Please, somebody help me!
""",
    "stuck.alone": """
But nobody came. Now {a} knew how {b.name} had felt.
It was a long time before {a} got out by {a.self}. {a.He} thought of {b.name}.
{A} had to wait there until it was dark. When {a.he} came back at last, {b.name} was gone.
{b.Name} was long gone. Someone kind had come by. But nobody came for {a.name}.
""",
    "stuck.sum.frees": """
{A} finds {b} stuck {x.where} and sets it free.
{A} helps {b} that is stuck {x.where}.
""",
    "stuck.sum.leaves": """
{A} does not help {b} that is stuck {x.where}. Later nobody helps {a.him}.
""",
}
