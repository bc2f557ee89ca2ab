"""Feelings, said after what caused them."""

PHRASES = {
    "feel.happy": """
{A} was [very|so|really] happy.
{A} [smiled|laughed|giggled] and [clapped {a.his} hands|jumped for joy|danced around].
{A} felt [warm and happy|glad|full of joy] inside.
{A} had a big smile on {a.his} face.
{A} could not stop smiling.
>I am so happy!
""",
    "feel.sad": """
{A} was [very|so|really] sad.
{A} felt [sad|very sad|unhappy] and wanted to cry.
A [big|small|little] tear rolled down {a.poss} cheek.
{A} began to cry.
{A} sat down and [cried|hung {a.his} head|put {a.his} face in {a.his} hands].
>I am so sad.
""",
    "feel.scared": """
{A} was [very|so|a little] scared.
{a.poss} heart [beat|went] very fast.
{A} [shook|shivered] with fear.
{A} felt [afraid|scared] and [held {a.his} breath|closed {a.his} eyes|did not move].
>I am scared!
""",
    "feel.angry": """
{A} was [very|so] [angry|mad|cross].
{A} [stamped {a.his} foot|made an angry face|frowned].
{A} felt hot and angry.
""",
    "feel.proud": """
{A} was [very|so] proud.
{A} felt [proud|very proud] of {a.self}.
{A} stood up tall and smiled.
{A} felt as [big as a bear|tall as a tree|strong as a lion].
>I did it!
""",
    "feel.sorry": """
{A} felt [very|so] sorry.
{A} felt bad [inside|about it].
{A} looked at the ground and felt [bad|sorry|ashamed].
{A} wished {a.he} had not done it.
""",
    "feel.worried": """
{A} was [very|so|a little] worried.
{A} felt worried and [could not sit still|bit {a.his} lip|walked up and down].
{A} did not know what to do.
{a.poss} tummy felt [funny|tight|cold] with worry.
""",
    "feel.excited": """
{A} was [very|so] excited.
{A} [hopped|jumped] up and down.
{A} could not wait.
{A} was too excited to [sit still|stand still|sleep].
>I cannot wait!
""",
    "feel.tired": """
{A} was [very|so] tired.
{A} [yawned|rubbed {a.his} eyes].
{A} felt tired and slow.
""",
    "feel.lonely": """
{A} felt [very|so] lonely.
{A} was all alone.
{A} wished for someone to [talk to|play with].
{A} felt lonely and [sad|small].
""",
    "feel.bored": """
{A} was [very|so] bored.
{A} had nothing to do.
There was nothing fun to do, and {a} was bored.
""",
    "feel.jealous": """
{A} felt [jealous|a little jealous|a bit jealous].
{A} was [a little|very] jealous.
{A} looked on and felt a sting of envy.
""",
    "feel.surprised": """
{A} was [very|so] surprised.
{A} could not believe {a.his} eyes.
{a.poss} eyes grew [big|wide|round].
{A} stared with {a.his} mouth open.
>Wow!
>Oh my!
""",
    "feel.shy": """
{A} felt [very|so|too] shy.
{A} looked down at {a.his} feet.
{a.poss} face turned red.
""",
    "feel.glad": """
{A} was glad.
{A} felt much better.
{A} smiled [again|at last].
""",
}
