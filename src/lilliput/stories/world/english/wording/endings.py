"""How stories end, and small talk that many plots share."""

PHRASES = {
    "end.together": """
{A} and {b} played together [until the sun went down|until it was time for dinner|all \
afternoon|until the stars came out].
{A} and {b} [laughed|smiled] and [hugged|held hands|danced in a circle].
{A} and {b} were best friends from then on.
From that day on, {a} and {b} [did everything together|were always good friends|played together \
every day].
{A} and {b} had the best day ever.
{A} and {b} went home together, [laughing|singing|talking] all the way.
{A} and {b} sat side by side and watched the [sun go down|clouds|stars].
""",
    "end.home": """
{A} went home with a [big|warm|happy] smile.
{A} ran home to tell {a.his} family [all about it|everything].
{A} walked home [under the stars|in the evening sun|as the moon came up], \
[humming|whistling|singing] a little song.
{A} skipped all the way home.
When it grew dark, {a} went home, tired and [happy|glad].
""",
    "end.night": """
That night, {a} [slept well|had sweet dreams|fell asleep with a smile].
When {a} went to bed that night, {a.he} was [still smiling|tired but happy].
It was a day that {a} would [never forget|always remember].
At dinner, {a} told {a.his} family [all about it|everything].
{A} drew a picture of it and hung it on the wall.
""",
    "end.home.sad": """
{A} went home [with a heavy heart|slowly and sadly|without a word].
{A} walked home alone and kicked a stone [down the road|all the way].
It was a long way home for {a.name}.
""",
    "end.sad": """
That night, {a} [could not sleep|cried a little in bed|lay in bed and thought about it].
It was a [sad|long|gray] day for {a.name}.
{A} [sat by the window|looked out of the window] and [sighed|said nothing|watched the rain].
Nothing could make {a.him} [smile|laugh] that day.
{A} went to bed early that night.
""",
    "end.after": """
And they all lived happily [ever after|together].
Everyone was happy [again|in the end].
The sun [went down|set], and everyone was happy.
What a [good|lovely|wonderful|fine] day it was!
And that was the [end of a good day|best part of all].
""",
    "thanks": """
>Thank you, {b.call}!
>Thank you so much, {b.call}!
>Thank you for helping me, {b.call}.
{A} thanked {b} [again and again|with a big hug|with all {a.his} heart].
{A} hugged {b} [tight|and said thank you].
{A} gave {b} a [big|warm] hug.
>You are [so kind|wonderful|the best], {b.call}!
""",
    "thanks.animal": """
>Thank you, {b.call}!
>Thank you so much, {b.call}!
>You are so kind, {b.call}!
{A} thanked {b} [again and again|with a happy sound|many times].
{A} [jumped|hopped|danced] around {b} with joy.
""",
    "comfort": """
>Do not cry, {b.call}. It will be all right.
>It is all right, {b.call}. I am here.
{A} gave {b} a [big|warm|soft] hug.
{A} sat down next to {b} and held {b.his} hand.
>Come here, {b.call}. Tell me what is wrong.
{A} put an arm around {b.name}.
""",
    "ask.help": """
>Can you help me, {b.call}?
>Please help me, {b.call}!
>{b.call}, I need help!
{A} ran to {b} and asked for help.
{A} [went|ran] to find {b}.
""",
    "agree": """
>Of course I will help you.
>Yes, I will help!
>Do not worry. I can help.
{A} nodded [right away|and smiled|at once].
{A} was glad to help.
""",
    "welcome": """
>You are welcome.
>Any time, {b.call}.
>I am always here for you.
{A} [smiled|nodded|waved].
""",
    "sorry": """
>I am sorry, {b.call}.
>I am so sorry. I was not nice.
>Please forgive me, {b.call}.
>I was wrong, {b.call}. I am sorry.
{A} said sorry to {b}.
{A} told {b} that {a.he} was sorry.
""",
    "forgive": """
>It is all right. I forgive you.
>I am not mad any more.
>Thank you for saying sorry.
{A} forgave {b} with a [hug|smile].
{A} smiled at {b}. Everything was all right again.
""",
    "sorry.refused": """
>I do not want to talk to you, {b.call}.
{A} turned away and did not look at {b}.
{A} shook {a.his} head and went away.
""",
    "meet.animal": """
{Sudden}, {a} saw {b} [near the path|under a tree|in the grass|by a big stone].
On the way, {a} met {b}.
There was {b} near the path. {b.He} {b.cry} [softly|at {a.name}|and came closer].
{A} heard a [small|soft|funny] sound. It was {b}.
Along came {b}. {b.He} [looked up at|looked at|stopped in front of] {a.name}.
{Soon}, {a} met {b}.
""",
    "weather": """
The sun was [warm|bright|high in the sky].
A [soft|cool|gentle] wind blew.
The [birds|bees] were [busy|happy] in the trees.
There was not a cloud in the sky.
Small white clouds sailed by.
""",
}
