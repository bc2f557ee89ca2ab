"""What one can promise, and what comes of it."""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Duty(NamedTuple):
    """What is to be done (infinitive), its past tense, what is so if it is done, and if it is not."""

    do: str
    did: str
    good: str
    bad: str


DUTIES = tuple(
    Duty(*row)
    for row in rows(
        """
        water the flowers        | watered the flowers        | the flowers stood tall and bright      | the flowers hung their heads and were dry
        feed the fish            | fed the fish               | the fish swam in happy circles         | the fish was hungry and would not swim
        feed the hens            | fed the hens               | there were six eggs in the nest        | there was not one egg in the nest
        close the gate           | closed the gate            | all the sheep were safe inside         | the gate was open and the sheep were gone
        watch the soup           | watched the soup           | the soup was hot and good              | the soup was black and smelled bad
        mind the baby chick      | minded the baby chick      | the chick was asleep in its warm box   | the chick was cold and wet in the rain
        bring in the wash        | brought in the wash        | all the clothes were dry               | all the clothes were wet from the rain
        look after the kitten    | looked after the kitten    | the kitten was asleep on the chair     | the kitten was stuck high up in a tree
        take out the bread       | took out the bread         | the bread was brown and soft           | the bread was hard as a stone
        shut the window          | shut the window            | the room was dry and warm              | the rain had come in and the books were wet
        put the cookies away     | put the cookies away       | every cookie was still there           | the dog had eaten all the cookies
        walk the old dog         | walked the old dog         | the dog wagged its tail                | the dog had chewed up a shoe
        keep the fire going      | kept the fire going        | the house was warm                     | the fire was out and the house was cold
        save a seat at the show  | saved a seat at the show   | there was a good seat in the front row | there was no seat left at all
        pick the ripe berries    | picked the ripe berries    | there was a full bowl for the pie      | the birds had eaten every berry
        guard the sand castle    | guarded the sand castle    | the castle stood as high as before     | the castle was only a pile of sand
        cover the young plants   | covered the young plants   | the plants were green and strong       | the cold had turned the plants brown
        """
    )
)
