"""Fears, where one meets them, and what there is to gain by being brave."""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Fear(NamedTuple):
    """A fear: of what, when it comes, what one saw or heard, what it was, what helps, what one does once brave."""

    of: str
    when: str
    sign: str
    was: str
    help: str
    reward: str


FEARS = tuple(
    Fear(*row)
    for row in rows(
        """
        the dark      | the lights went out        | heard a scratching sound by the door | only a kitten that wanted to come in    | a little lamp      | look at the stars
        the dark      | night came                 | saw two shining eyes in the corner | only an old button on a coat            | a flashlight       | make shadow animals on the wall
        the dark      | the candle went out        | heard a tapping sound at the window  | only a branch in the wind               | a small lantern    | listen to the night owls
        thunder       | a storm came               | heard a loud boom in the sky         | only two clouds saying hello            | a warm blanket     | count the flashes in the sky
        deep water    | everyone went to the lake  | saw something long under the water | only a piece of wood                    | a swim ring        | swim with the others
        deep water    | it was time to swim        | saw big waves on the water         | only the ducks splashing about          | a yellow swim ring | float like a duck
        high places   | it was time to climb up    | saw the ground far, far below      | not so far after all                    | a strong rope      | see the whole town
        high places   | everyone climbed the tower | saw the tiny houses far below      | a wonderful sight                       | a hand to hold     | wave at the birds
        dogs          | a big dog moved in nearby  | heard a loud bark behind the fence   | only a friendly dog that wanted to play | a dog biscuit      | pat the big dog
        bees          | the flowers opened         | heard a loud buzz near a flower      | only a bee at work                      | a big hat          | pick flowers again
        loud noises   | the parade came to town    | heard a great bang on the street     | only a boy with a big drum              | warm ear muffs     | march behind the band
        the big slide | it was time to play        | saw how steep it was               | not as steep as it looked               | a soft mat         | slide down again and again
        the old house | a ball flew over the wall  | heard a creak behind the door        | only an old lady with a tray of cookies | a lucky coin       | eat cookies with the old lady
        spiders       | it was time to clean the attic | saw a thin leg on the wall     | only a small spider making a web        | a glass jar        | watch the spider spin its web
        monsters      | it was time for bed        | saw a dark shape on the chair      | only a coat and a hat                   | a night light      | laugh at the funny coat
        monsters      | the house was quiet        | heard a bump under the bed           | only the cat chasing a sock             | a big broom        | play with the cat
        the doctor    | it was time for a visit    | saw a shiny thing in the doctor's hand | only something to hear a heartbeat  | a soft toy       | hear a heart go boom
        the new school | summer was over           | saw a room full of new faces       | only children who wanted to make friends | a lucky stone     | play with the new children
        """
    )
)
