"""Phrasings of the birthday."""

PHRASES = {
    "birthday.is": """
It was {a.poss} birthday. {a.He} was [four|five|six] years old now.
{Day}, {a} woke up and smiled. It was {a.his} birthday!
{A} had waited for this day all year. It was {a.his} birthday.
>Today is my birthday!
""",
    "birthday.hopes": """
{A} hoped for {t.a} and a big cake.
{A} thought of a cake with candles. And maybe there would be {t.a}!
What {a} wished for most was {t.a}.
""",
    "birthday.elder": """
But {a} only said, "Good morning, {b.call}. Please [eat your toast|brush your teeth|feed the cat]."
But {a} was busy and hardly looked up.
But {a} did not say a word about it.
When {b.name} came into the kitchen, {a} only yawned and looked out of the window.
""",
    "birthday.friend": """
>I cannot play today, {b.call}. I have no time.
{A} ran past {b.name} with a big bag and did not stop.
{A} shut the door quickly when {b.name} came.
Then {b.name} went to see {a}, but {a.he} was not at home.
""",
    "birthday.hint.whisper": """
Behind a door, {a} heard somebody whisper and giggle. Then it was quiet again.
There was a red balloon behind a chair. {A} did not think about it.
{A} saw {b.name} hide something behind {b.his} back.
""",
    "birthday.hint.smell": """
There was a sweet smell in the air, but {a} was too sad to notice.
Something smelled like cake, but there was no cake on the table.
{A} found a bit of colored paper on the floor and put it in the bin.
""",
    "birthday.called": """
When the sun was low, {c.name} called {a.name}. {A} walked slowly to the door.
In the evening, {a} heard {c.name} call. {A} opened the door.
"{a.call}, can you come here?" called {c.name}. {A} wiped {a.his} eyes and went.
""",
    "birthday.surprise": """
"Surprise!" shouted {a} and all the others. "Happy birthday, {b.call}!"
Out jumped {a} and all their friends! They sang and clapped for {b.name}.
"Surprise!" There was {a} with all the friends in the world, and they sang a birthday song.
""",
    "birthday.cake": """
{A} came in with a cake. There were {x.noun} on top, and candles too.
{A} had baked a cake with {x.noun} in it.
{A} carried a big cake. "Blow out the candles, {b.call}!" {a.he} said.
""",
    "birthday.gift": """
{A} gave {b.name} a box with a bow. In it was {t.a}!
>We did not forget you, {b.call}. Open this!
{A} had worked all day on the party. {a.He} gave {b.name} {t.a}.
""",
    "birthday.place": """
They danced {p} until the moon was up.
There were lights and songs {p}, and {a} danced with everyone.
{A} and all the guests played games {p}.
""",
    "birthday.tells": """
{A} went to {b}. "Today is my birthday," {a.he} said in a small voice.
In the evening, {a} asked {b}, "Do you know what day it is?"
{A} could not keep it in any more. {a.He} told {b} that it was {a.his} birthday.
""",
    "birthday.elder.sorry": """
>Oh no! I mixed up the days! I am so sorry, {b.call}.
{A} put {a.his} hand over {a.his} mouth. {a.He} had really forgotten it.
{A} turned red. "I thought it was tomorrow," {a.he} said.
""",
    "birthday.late.gift": """
Quickly, {a} baked a small cake, {c} came over, and there was {t.a} for {b.name} after all.
That evening, {a} and {c} sang for {b.name}, and {b.he} got {t.a}.
{A} ran to the shop before it closed and came back with {t.a}. {c.Name} came too.
""",
    "birthday.says.nothing": """
{A} did not tell anyone. {a.He} sat in {a.his} room and waited.
{A} was too proud to say anything.
>If they do not know it, I will not tell them.
""",
    "birthday.alone": """
{A} put one candle on a piece of bread and sang for {a.self}.
The day went by, and nobody sang for {a.name}. {A} went to bed without cake.
{A} blew out a candle all alone.
""",
    "birthday.next.day": """
{Next}, {a} looked at the calendar. "Oh, {b.call}! Why did you not say a word?" {a.he} asked.
{Next}, {a} saw the date and ran to {b.name}. But the day was over.
""",
    "birthday.sum.party": """
It looks as if everyone has forgotten the birthday of {a.intro}, but {b} and the others give \
{a.him} a surprise party.
""",
    "birthday.sum.late": """
Everyone forgets the birthday of {a.intro} until {a.he} tells {b}.
""",
    "birthday.sum.forgotten": """
Everyone forgets the birthday of {a.intro}, and {a.he} does not say a word.
""",
}
