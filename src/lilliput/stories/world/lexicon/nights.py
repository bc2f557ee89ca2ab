"""What helps one to sleep, and what makes a noise at night."""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Cure(NamedTuple):
    """What helps (a noun), and what was done with it (past tense)."""

    noun: str
    did: str


class Noise(NamedTuple):
    """The noise, and what made it."""

    noun: str
    by: str


CURES = tuple(
    Cure(*row)
    for row in rows(
        """
        milk     | brought a cup of warm milk
        song     | sang a soft old song
        story    | read a story about a sleepy bear
        blanket  | got one more blanket
        lamp     | left a small light on
        pillow   | shook the pillow until it was soft
        water    | brought a glass of water
        sheep    | counted sheep in a low voice
        window   | opened the window a little
        curtain  | pulled the curtain shut
        stars    | counted the stars out loud
        feet     | rubbed two cold feet until they were warm
        poem     | said a poem about the moon
        tea      | made some sweet tea
        teddy    | tucked an old teddy under the blanket
        """
    )
)
NOISES = tuple(
    Noise(*row)
    for row in rows(
        """
        tap, tap, tap        | only a branch at the window
        drip, drop, drip     | only the water in the kitchen
        scratch, scratch     | only a mouse with a nut
        whoo, whoo           | only an owl in the old tree
        bump, bump           | only a loose door in the wind
        creak, creak         | only the old stairs
        hum, hum             | only the refrigerator
        rattle, rattle       | only the lid of a pot
        purr, purr           | only the cat under the bed
        swish, swish         | only the curtain
        snore, snore         | only the dog on the mat
        """
    )
)
