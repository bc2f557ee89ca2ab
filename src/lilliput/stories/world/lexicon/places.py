"""Places: how one is there and gets there, what is true of them, and spots in them where things hide.

True of a place may be: out (the sky is above), home (rooms of a house), town, wild (animals live there), water, shop,
play (children play there), path (one walks through it), high.
"""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Place(NamedTuple):
    """A place: noun, preposition of being there, marks, spots."""

    noun: str
    preposition: str
    marks: frozenset[str]
    spots: tuple[str, ...]


PLACES = tuple(
    Place(noun, preposition, frozenset(marks.split()), tuple(spot.strip() for spot in spots.split(",")))
    for noun, preposition, marks, spots in rows(
        """
        park       | at  | out play town | under a bench, behind the slide, in the tall grass, under the old oak tree, next to the swings, in the bushes
        playground | at  | out play town | under the slide, behind the swings, in the sandbox, under a bench, beside the fence, under the ladder
        garden     | in  | out play path | under a rose bush, behind the shed, in the flowers, under a big leaf, beside the gate, in an old flower pot
        yard       | in  | out play path | under the steps, behind a bucket, in the long grass, near the fence, under the wheelbarrow, beside the dog house
        beach      | on  | out play water wild | behind a rock, in the sand, under a towel, in a tide pool, beside the sand castle, under an old boat
        forest     | in  | out wild path | under a pile of leaves, behind a tree, in a hollow log, under a fern, beside the path, in a berry bush
        woods      | in  | out wild path | under the leaves, behind a stump, in a hollow tree, under a pine tree, beside a mushroom, between two rocks
        meadow     | in  | out wild play path | in the tall grass, behind a bush, under the daisies, beside a stone, near the stream, in the clover
        field      | in  | out wild play path | in the hay, behind the fence, in the corn, beside the ditch, under a haystack, in the weeds
        hill       | on  | out wild play path high | behind a big rock, in the grass, under the lonely tree, beside the path, in a rabbit hole, at the bottom of the hill
        farm       | on  | out wild path | in the hay, behind the barn, under the cart, next to the pig pen, beside the tractor, in the hen house
        lake       | by  | out wild water path | behind a log, in the reeds, under a bush, beside the dock, in a little boat, near the water
        pond       | by  | out wild water | in the reeds, on a lily pad, behind a rock, under a bush, in the mud, near the water
        river      | by  | out wild water path | behind a stone, in the reeds, under the bridge, in the mud, beside a log, near the water
        zoo        | at  | out play town | under a bench, behind the gate, beside the monkey house, near the duck pond, in the grass, under a sign
        market     | at  | out town shop path | under a table, behind the apples, in a basket, beside a cart, under a bench, next to the flowers
        village    | in  | out town path | behind the well, under a cart, beside a gate, near the bakery, on a doorstep, under a bench
        street     | on  | out town path | under a parked car, behind a mailbox, beside a lamp post, in a puddle, under a bench, near the corner
        orchard    | in  | out wild path | under an apple tree, behind a basket, in the grass, beside the ladder, in a pile of leaves, by the wall
        house      | in  | home | under the bed, behind the sofa, in the toy box, under the kitchen table, behind the door, in the closet
        bedroom    | in  | home | under the bed, behind the curtain, in the toy box, under the pillow, behind the shelf, in a drawer
        kitchen    | in  | home | under the table, behind the stove, in the bread box, under a chair, in the cupboard, behind the bin
        living room | in | home | under the sofa, behind the curtain, under a cushion, beside the lamp, under the rug, behind the big chair
        attic      | in  | home high dark | in an old chest, behind a pile of books, under a sheet, beside the window, in a dusty box, behind a trunk
        barn       | in  | home dark | in the hay, behind the ladder, under a bucket, beside the cow, in the cart, behind a door
        basement   | in  | home dark | behind the stairs, in an old box, under a shelf, beside the broom, in a corner, under the workbench
        school     | at  | play town | under a desk, behind the bookshelf, in the coat room, beside the door, under a chair, in the art corner
        library    | at  | town quiet | under a table, behind the books, on a low shelf, beside the big chair, under a cushion, between two books
        """
    )
)
BY_MARK: dict[str, tuple[Place, ...]] = {
    mark: tuple(place for place in PLACES if mark in place.marks)
    for mark in ["out", "home", "town", "wild", "water", "shop", "play", "path", "high", "dark", "quiet"]
}
BY_NOUN: dict[str, Place] = {place.noun: place for place in PLACES}
SHOPS = tuple(["toy shop", "book store", "market", "little store", "corner shop", "gift shop"])
