"""How stories begin. `p` is where the actor lives or is; `x` an activity."""

PHRASES = {
    "open.who": """
Once upon a time, there was {a.intro}.
There was once {a.intro}.
Once there was {a.intro}.
This is a story about {a.intro}.
In a [small|quiet|little|pretty] [town|village|house] [far away|by the sea|near the hills|on a \
hill], there lived {a.intro}.
[Far away|Long ago|Not far from here|Not so long ago], there lived {a.intro}.
{a.Name} was {a.atrait} {a.kind}.
{a.Name} was {a.atrait} {a.kind} [with a big smile|with bright eyes|who had many friends|who was \
always busy|with a loud laugh].
Everyone in town knew {a.name}, {a.atrait} {a.kind}.
[Let me tell you|Here is a story] about {a.intro}.
Have you heard about {a.name}? {a.He} was {a.atrait} {a.kind}.
The {a.kind} {a.name} was known for being {a.trait}.
Of all the [children|little ones] in the village, none was as {a.trait} as {a.name} the {a.kind}.
My [grandma|mother|friend|teacher] once told me about {a.intro}.
""",
    "open.love": """
Once upon a time, {a.intro} loved to {x.base}.
{a.Name} was {a.atrait} {a.kind} who loved to {x.base}.
There was {a.intro} who loved to {x.base} all day long.
Every [day|morning|afternoon|weekend], {a.intro} liked to {x.base}.
More than anything, {a.intro} loved to {x.base}.
Nobody loved to {x.base} more than {a.name}, {a.atrait} {a.kind}.
{a.Name} was {a.atrait} {a.kind}. {a.He} loved to {x.base}.
{a.Name} the {a.kind} loved to {x.base}. {a.He} was [always|often|sometimes] very {a.trait}.
When the sun was [up|out|high], {a.intro} [loved|liked] to {x.base}.
There lived {a.intro}. What {a.he} liked best was to {x.base}.
{a.Name}, {a.atrait} {a.kind}, was always {x.ing}.
{a.Name} was {a.atrait} {a.kind} who {x.did} [every day|in the rain and in the sun|all summer long].
""",
    "open.where": """
{a.Name} was {a.atrait} {a.kind} who lived near {p.a}.
Near {p.a}, there [lived|was] {a.intro}.
{a.Name}, {a.atrait} {a.kind}, lived [close to|next to|not far from] {p.a}.
In a [tiny|little|yellow|white|blue] house near {p.the} lived {a.intro}.
There was a [little|small|quiet|pretty] house near {p.a}, and in it lived {a.intro}.
Down the road from {p.a} lived {a.intro}.
{a.Name} lived with {a.his} family in a [cozy|small|little] house near {p.a}. {a.He} was \
{a.atrait} {a.kind}.
Not far from {p.a}, {a.intro} had a [warm|cozy|little] home.
""",
    "open.scene": """
It was a [sunny|warm|bright|windy|cool|lovely] [day|morning|afternoon], and {a.intro} was {p}.
The sun was shining, and {a.intro} was {p}.
One [sunny|cloudy|windy|cool|warm] [morning|afternoon|day], {a.intro} went {p.to}.
It was [Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday], and {a.intro} was {p}.
{A} was [alone|happy to be|having fun|all by {a.self}] {p}.
The birds were singing when {a.intro} [came|went|ran] {p.to}.
One day, {a.intro} was {p}.
The sky was [blue|clear|bright] [over|above] {p.the}. {A} was there.
After [breakfast|lunch], {a.intro} went {p.to}.
On a [sunny|warm|cold|quiet|bright] [day|morning|afternoon], {a.intro} was {p}.
""",
    "open.speech": """
"What a [lovely|fine|beautiful|wonderful] [day|morning]!" said {a.name}, {a.atrait} {a.kind}.
"[Good morning|Hello], [sun|world|birds]!" said {a.intro}.
"What can I do today?" [wondered|thought|asked] {a.name}, {a.atrait} {a.kind}.
"Today will be a good day," said {a.intro}.
"Wake up, {a.name}!" sang the birds. {a.Name} was {a.atrait} {a.kind}, and {a.he} jumped out of \
bed.
{a.Name} was {a.atrait} {a.kind}. "I like [mornings|this day|today]," {a.he} said.
{a.Name} the {a.kind} woke up early. {a.He} was {a.trait} and ready for the day.
{a.Name}, {a.atrait} {a.kind}, opened the window and looked out at the [sun|sky|trees].
The sun woke {a.name} up. {a.He} was {a.atrait} {a.kind} who never [slept late|liked to stay in \
bed].
""",
    "love": """
{A} loved to {x.base}.
{A} liked to {x.base} [every day|all day long|more than anything|with {a.his} friends|in the sun].
Every day, {a} would {x.base}.
{A} was happiest when {a.he} could {x.base}.
What {a} liked best was to {x.base}.
{A} was always {x.ing}.
{A} was never tired of {x.ing}.
Most days, {a} would {x.base} until it was time for [lunch|dinner|bed].
""",
    "own": """
{A} had {t.a}.
{A} had {t.a} that {a.he} [loved|liked] very much.
{A} had {t.a}. It was {a.his} favorite [toy|thing] in the [whole|wide] world.
{a.His} favorite thing was {t.a}.
For {a.his} birthday, {a} [got|was given] {t.a}.
{A} took {a.his} {t.full} everywhere.
{A} loved {a.his} {t.full} [so|very] much.
{a.His} grandma had given {a.him} {t.a}.
""",
    "own.use": """
{A} loved to {t.use} it.
Every day, {a} liked to {t.use} it.
{A} would {t.use} it [all day|every morning|for hours].
{A} always wanted to {t.use} it.
""",
    "friendship": """
{B} [lived next door|lived nearby|was always with {a.him}].
{A} and {b} [did everything together|played together every day|were always together].
{A} often played with {b}.
{A} had a good time with {b} every day.
""",
}
