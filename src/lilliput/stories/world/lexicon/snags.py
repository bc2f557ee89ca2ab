"""Ways for an animal to be stuck, and how it is freed."""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Snag(NamedTuple):
    """Where an animal is stuck, the ability of animals that can be, what one tries, what frees it."""

    where: str
    ability: str
    tries: str
    frees: str


SNAGS = tuple(
    Snag(*row)
    for row in rows(
        """
        in a net            | small  | pulled at the net           | opened the last knot
        in a fence          | dig    | pushed the boards apart     | lifted the lowest board
        in the mud          | slow   | pulled as hard as possible  | put a board on the mud and pulled
        in a thorn bush     | small  | pulled the branches apart   | cut the longest branch
        in a deep hole      | dig    | reached down into the hole  | put a long branch into the hole
        under a log         | small  | pushed the heavy log        | rolled the log away
        in a hollow tree    | climb  | pulled at the old wood      | made the hole wider
        under a bucket      | small  | pushed the bucket           | lifted the bucket
        in a spider web     | fly    | pulled at the sticky web    | broke the web with a twig
        in an old box       | small  | pulled at the lid           | opened the lid with a stick
        in a tin can        | small  | shook the can               | pulled the can off
        between two rocks   | slow   | pushed one of the rocks     | moved the rock a little
        in a long string    | fly    | pulled at the string        | undid the string, bit by bit
        in a ditch          | run    | pulled as hard as possible  | made steps out of stones
        under a gate        | run    | pushed the gate             | lifted the gate
        in a pipe           | small  | looked into the pipe        | tipped the pipe up
        on a high branch    | climb  | reached up high             | put a ladder against the tree
        on thin ice         | run    | reached out over the ice    | pushed a long branch over the ice
        """
    )
)
