"""Things one can own, want, lose, break or share.

Columns: noun; what one does with it (a verb that takes the thing as its object); what is true of it;
kinds of adjectives that fit it. True of a thing may be: small (carried, lost, found), roll, fly (the
wind takes it), float, break (falls to pieces), tear, share (two can play with it), gift (a child wishes
for it), dirty (can be washed), wear, home (stands in a room and belongs to a grown-up), light, build (can be made by hand).
"""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows

ADJECTIVES = {
    "c": tuple(
        [
            "red",
            "blue",
            "green",
            "yellow",
            "orange",
            "purple",
            "pink",
            "brown",
            "white",
            "black",
            "golden",
            "silver",
            "gray",
        ]
    ),
    "t": tuple(["new", "old", "big", "little", "shiny", "special", "funny", "round"]),
    "s": tuple(["soft", "fluffy", "fuzzy", "warm", "cozy", "woolly"]),
    "p": tuple(["pretty", "lovely", "beautiful", "sparkly", "shiny", "fancy", "bright"]),
    "m": tuple(["wooden", "strong", "heavy", "fast", "noisy", "shiny"]),
    "n": tuple(["smooth", "round", "tiny", "flat", "bright", "strange"]),
    "b": tuple(["thick", "thin", "old", "interesting", "colorful", "magic"]),
}


class ThingKind(NamedTuple):
    """A kind of thing: its noun, the verb phrase of its use, what is true of it, what it can look like."""

    noun: str
    use: str
    marks: frozenset[str]
    looks: tuple[str, ...]


def _kind(noun: str, use: str, marks: str, looks: str) -> ThingKind:
    adjectives = tuple(word for code in looks for word in ADJECTIVES[code])
    return ThingKind(noun, use, frozenset(marks.split()), adjectives)


THINGS = tuple(
    _kind(*row)
    for row in rows(
        """
        ball       | play with   | small roll float share gift dirty        | ct
        marble     | play with   | small roll                               | cn
        hoop       | play with   | roll share gift                          | ct
        top        | spin        | small roll share gift                    | ct
        coin       | look at     | small roll                               | n
        button     | play with   | small roll                               | cn
        bead       | play with   | small roll                               | cnp
        kite       | fly         | fly tear share gift build                | ct
        balloon    | play with   | fly share gift                           | c
        hat        | wear        | small fly wear gift dirty                | cts
        cap        | wear        | small fly wear dirty gift                | ct
        scarf      | wear        | small fly wear tear dirty gift           | cs
        ribbon     | wear        | small fly wear tear                      | cp
        cape       | wear        | fly wear tear share gift build           | ct
        mask       | wear        | small wear tear share build              | ct
        crown      | wear        | small wear share gift build              | p
        necklace   | wear        | small wear gift                          | p
        bracelet   | wear        | small wear gift                          | p
        ring       | wear        | small roll wear                          | p
        mitten     | wear        | small wear dirty                         | cs
        sweater    | wear        | wear tear dirty gift                     | cs
        coat       | wear        | wear tear dirty gift                     | cs
        dress      | wear        | wear tear dirty                          | cp
        doll       | play with   | small share gift dirty                   | tp
        teddy      | hug         | small tear share gift dirty              | cs
        puppet     | play with   | small tear share gift build              | ct
        robot      | play with   | break share gift build                   | cm
        truck      | play with   | small roll share gift dirty              | cm
        car        | play with   | small roll share gift                    | cm
        train      | play with   | share gift                               | cm
        boat       | play with   | small float share gift build             | cm
        plane      | play with   | small fly break share gift build         | cm
        rocket     | play with   | break share gift build                   | cm
        bike       | ride        | share gift                               | ct
        scooter    | ride        | share gift                               | ct
        wagon      | pull        | share gift                               | cm
        sled       | ride        | share gift                               | cm
        swing      | sit on      | share build                              | ct
        drum       | play        | tear share gift                          | cm
        flute      | play        | small share gift                         | tp
        whistle    | blow        | small share gift                         | ct
        bell       | ring        | small roll gift                          | cm
        guitar     | play        | share gift                               | ct
        horn       | blow        | small share gift                         | mt
        puzzle     | play with   | share gift                               | t
        book       | read        | small tear share gift dirty              | b
        map        | look at     | small fly tear                           | b
        crayon     | draw with   | small roll share                         | c
        pencil     | draw with   | small roll share                         | ct
        brush      | paint with  | small share                              | ct
        shovel     | dig with    | small share dirty                        | cm
        bucket     | play with   | share float dirty                        | cm
        rope       | play with   | share dirty                              | tm
        net        | play with   | tear share                               | t
        key        | play with   | small                                    | nm
        watch      | wear        | small wear gift                          | p
        lantern    | carry       | break light gift                         | ct
        flashlight | carry       | small light gift                         | ct
        umbrella   | carry       | fly tear share gift                      | ct
        basket     | carry       | float                                    | ct
        bag        | carry       | small tear dirty                         | ct
        backpack   | carry       | gift dirty                               | ct
        box        | play with   | share                                    | ct
        blanket    | sleep with  | tear dirty share                         | cs
        pillow     | sleep with  | tear dirty                               | cs
        shell      | look at     | small break                              | np
        stone      | look at     | small roll                               | n
        feather    | look at     | small fly                                | cs
        stick      | play with   | small float share                        | t
        card       | look at     | small fly tear build                     | cp
        letter     | read        | small fly tear                           | p
        picture    | look at     | fly tear home build                      | bp
        vase       | look at     | break home                               | cp
        cup        | drink from  | break home                               | cp
        mug        | drink from  | break home                               | cp
        plate      | eat from    | break home                               | cp
        bowl       | eat from    | break home                               | cp
        teapot     | look at     | break home                               | cp
        jar        | look at     | break home                               | ct
        lamp       | look at     | break home light                         | cp
        mirror     | look at     | break home                               | p
        clock      | look at     | break home                               | t
        """
    )
)
BY_MARK: dict[str, tuple[ThingKind, ...]] = {
    mark: tuple(kind for kind in THINGS if mark in kind.marks)
    for mark in (
        [
            "small",
            "roll",
            "fly",
            "float",
            "break",
            "tear",
            "share",
            "gift",
            "dirty",
            "wear",
            "home",
            "light",
            "build",
        ]
    )
}
