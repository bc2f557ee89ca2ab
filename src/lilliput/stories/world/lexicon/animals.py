"""Animals: what they can do, where they live, how they sound, how they look.

Abilities: fly, swim, climb, dig, run, strong, small, slow, pet (lives with people), big, zoo (lives far away).
"""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Animal(NamedTuple):
    """A kind of animal; `sound` is a verb in the past tense."""

    noun: str
    can: frozenset[str]
    homes: tuple[str, ...]
    sound: str
    looks: tuple[str, ...]


ANIMALS = tuple(
    Animal(noun, frozenset(can.split()), tuple(homes.split()), sound, tuple(looks.split()))
    for noun, can, homes, sound, looks in rows(
        """
        cat       | climb run pet              | house barn         | meowed   | gray fluffy black fat
        dog       | run dig swim pet           | house farm yard    | barked   | brown big spotted friendly
        puppy     | run dig pet small          | house yard         | barked   | brown tiny spotted playful
        kitten    | climb small pet            | house barn         | meowed   | white tiny gray fluffy
        rabbit    | run dig small              | garden meadow      | squeaked | white brown gray fluffy
        bunny     | run dig small              | garden meadow      | squeaked | white brown little soft
        mouse     | small dig climb            | house barn field   | squeaked | tiny gray brown little
        squirrel  | climb run small            | park forest woods  | squeaked | red gray quick little
        bird      | fly small                  | garden forest park | chirped  | blue yellow little tiny
        robin     | fly small                  | garden yard        | chirped  | little red tiny cheerful
        duck      | fly swim                   | pond lake river    | quacked  | white yellow little brown
        goose     | fly swim                   | farm pond          | honked   | white big gray noisy
        hen       | slow                       | farm yard          | chirped  | red brown fat white
        chick     | small slow                 | farm yard          | peeped   | yellow tiny fluffy little
        owl       | fly                        | forest woods barn  | hooted   | old wise gray brown
        parrot    | fly                        | forest zoo         | chattered | green red funny bright
        crow      | fly                        | field woods        | cawed    | black old clever big
        frog      | swim small                 | pond river         | croaked  | green little tiny funny
        turtle    | swim slow                  | pond lake river    | mumbled  | old green little slow
        fish      | swim small                 | lake pond river    | squeaked | orange silver little golden
        otter     | swim                       | river lake         | squeaked | brown playful sleek little
        beaver    | swim strong                | river lake         | grunted  | brown busy big strong
        fox       | run dig                    | forest woods       | barked   | red clever young quick
        bear      | strong big climb           | forest woods       | growled  | brown big old gentle
        deer      | run                        | forest meadow      | snorted  | brown gentle young shy
        hedgehog  | small slow dig             | garden woods       | squeaked | tiny brown little sleepy
        mole      | dig small                  | garden field       | squeaked | black tiny little sleepy
        badger    | dig strong                 | woods forest       | grunted  | old gray big gentle
        raccoon   | climb                      | woods forest       | chattered | gray clever young fat
        cow       | strong big slow            | farm field         | mooed    | brown spotted big gentle
        pig       | dig                        | farm               | grunted  | pink fat muddy little
        sheep     | slow                       | farm hill          | bleated  | white woolly gentle shy
        lamb      | small                      | farm meadow        | bleated  | white woolly tiny little
        goat      | climb                      | farm hill          | bleated  | white brown old funny
        horse     | run strong big             | farm field         | neighed  | brown white tall black
        pony      | run strong                 | farm field         | neighed  | brown white little gentle
        donkey    | strong slow                | farm village       | snorted  | gray old stubborn little
        monkey    | climb zoo                  | zoo forest         | chattered | brown funny little naughty
        elephant  | strong big slow zoo        | zoo                | snorted | gray big gentle old
        lion      | run strong big zoo         | zoo                | roared   | big golden proud old
        penguin   | swim zoo                   | zoo                | squeaked | black little funny round
        bee       | fly small                  | garden meadow      | buzzed   | busy tiny yellow little
        butterfly | fly small                  | garden meadow      | whispered | blue yellow pretty orange
        ladybug   | fly small                  | garden meadow      | whispered | red tiny spotted little
        snail     | small slow                 | garden             | whispered | tiny brown slow little
        ant       | small strong               | garden field       | whispered | tiny black busy little
        crab      | small swim                 | beach              | mumbled   | red little funny grumpy
        """
    )
)
BY_NOUN: dict[str, Animal] = {animal.noun: animal for animal in ANIMALS}
BY_ABILITY: dict[str, tuple[Animal, ...]] = {
    ability: tuple(animal for animal in ANIMALS if ability in animal.can)
    for ability in ["fly", "swim", "climb", "dig", "run", "strong", "small", "slow", "pet", "big"]
}
BY_HOME: dict[str, tuple[Animal, ...]] = {
    home: tuple(animal for animal in ANIMALS if home in animal.homes)
    for home in sorted({home for animal in ANIMALS for home in animal.homes})
}
# Who can be the one a story is about: walks, and is neither an insect nor a fish.
HEROES = tuple(
    BY_NOUN[noun]
    for noun in [
        "cat",
        "dog",
        "puppy",
        "kitten",
        "rabbit",
        "bunny",
        "mouse",
        "squirrel",
        "duck",
        "frog",
        "turtle",
        "otter",
        "beaver",
        "fox",
        "bear",
        "hedgehog",
        "mole",
        "badger",
        "raccoon",
        "pig",
        "lamb",
        "goat",
        "pony",
        "donkey",
        "monkey",
        "elephant",
        "lion",
        "penguin",
        "hen",
        "chick",
    ]
)
