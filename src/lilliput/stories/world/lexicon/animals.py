"""Animals: what they can do, where they live, what they eat, how they sound, how they look.

Abilities: fly, swim, climb, dig, run, strong, small, slow, pet (lives with people), big, zoo (lives far away).
"""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Animal(NamedTuple):
    """A kind of animal; `sound` is a verb in the past tense, `food` a food's noun."""

    noun: str
    can: frozenset[str]
    homes: tuple[str, ...]
    food: str
    sound: str
    looks: tuple[str, ...]


ANIMALS = tuple(
    Animal(noun, frozenset(can.split()), tuple(homes.split()), food, sound, tuple(looks.split()))
    for noun, can, homes, food, sound, looks in rows(
        """
        cat       | climb run pet              | house barn         | fish       | meowed   | gray fluffy black fat
        dog       | run dig swim pet           | house farm yard    | meat       | barked   | brown big spotted friendly
        puppy     | run dig pet small          | house yard         | biscuits   | barked   | brown tiny spotted playful
        kitten    | climb small pet            | house barn         | milk       | meowed   | white tiny gray fluffy
        rabbit    | run dig small              | garden meadow      | carrots    | squeaked | white brown gray fluffy
        bunny     | run dig small              | garden meadow      | carrots    | squeaked | white brown little soft
        mouse     | small dig climb            | house barn field   | cheese     | squeaked | tiny gray brown little
        squirrel  | climb run small            | park forest woods  | nuts       | squeaked | red gray quick little
        bird      | fly small                  | garden forest park | seeds      | chirped  | blue yellow little tiny
        robin     | fly small                  | garden yard        | seeds      | chirped  | little red tiny cheerful
        duck      | fly swim                   | pond lake river    | bread      | quacked  | white yellow little brown
        goose     | fly swim                   | farm pond          | corn       | honked   | white big gray noisy
        hen       | slow                       | farm yard          | corn       | clucked  | red brown fat white
        chick     | small slow                 | farm yard          | seeds      | peeped   | yellow tiny fluffy little
        owl       | fly                        | forest woods barn  | berries    | hooted   | old wise gray brown
        parrot    | fly                        | forest zoo         | nuts       | squawked | green red funny bright
        crow      | fly                        | field woods        | corn       | cawed    | black old clever big
        frog      | swim small                 | pond river         | flies      | croaked  | green little tiny funny
        turtle    | swim slow                  | pond lake river    | leaves     | mumbled  | old green little slow
        fish      | swim small                 | lake pond river    | bread      | bubbled  | orange silver little golden
        otter     | swim                       | river lake         | fish       | squeaked | brown playful sleek little
        beaver    | swim strong                | river lake         | leaves     | grunted  | brown busy big strong
        fox       | run dig                    | forest woods       | berries    | yipped   | red clever young quick
        bear      | strong big climb           | forest woods       | honey      | growled  | brown big old gentle
        deer      | run                        | forest meadow      | grass      | snorted  | brown gentle young shy
        hedgehog  | small slow dig             | garden woods       | apples     | snuffled | tiny brown little sleepy
        mole      | dig small                  | garden field       | worms      | squeaked | black tiny little sleepy
        badger    | dig strong                 | woods forest       | berries    | grunted  | old gray big gentle
        raccoon   | climb                      | woods forest       | apples     | chattered | gray clever young fat
        cow       | strong big slow            | farm field         | grass      | mooed    | brown spotted big gentle
        pig       | dig                        | farm               | apples     | oinked   | pink fat muddy little
        sheep     | slow                       | farm hill          | grass      | bleated  | white woolly gentle shy
        lamb      | small                      | farm meadow        | grass      | bleated  | white woolly tiny little
        goat      | climb                      | farm hill          | grass      | bleated  | white brown old funny
        horse     | run strong big             | farm field         | hay        | neighed  | brown white tall black
        pony      | run strong                 | farm field         | carrots    | neighed  | brown white little gentle
        donkey    | strong slow                | farm village       | hay        | brayed   | gray old stubborn little
        monkey    | climb zoo                  | zoo forest         | bananas    | chattered | brown funny little naughty
        elephant  | strong big slow zoo        | zoo                | bananas    | trumpeted | gray big gentle old
        lion      | run strong big zoo         | zoo                | meat       | roared   | big golden proud old
        penguin   | swim zoo                   | zoo                | fish       | honked   | black little funny round
        bee       | fly small                  | garden meadow      | honey      | buzzed   | busy tiny yellow little
        butterfly | fly small                  | garden meadow      | honey      | whispered | blue yellow pretty orange
        ladybug   | fly small                  | garden meadow      | leaves     | whispered | red tiny spotted little
        snail     | small slow                 | garden             | leaves     | whispered | tiny brown slow little
        ant       | small strong               | garden field       | crumbs     | whispered | tiny black busy little
        crab      | small swim                 | beach              | fish       | mumbled   | red little funny grumpy
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
