"""What one can watch over, and what can come."""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Alarm(NamedTuple):
    """What is watched, what one calls, what comes (past tense), what is lost, how it is saved."""

    noun: str
    watch: str
    call: str
    comes: str
    loss: str
    saved: str


ALARMS = tuple(
    Alarm(*row)
    for row in rows(
        """
        sheep   | watch the sheep        | The wolf is coming      | a gray wolf came out of the trees     | the sheep ran far away, and it took all night to find them        | chased the wolf away with pots and pans
        pies    | guard the pies         | A bear is at the pies   | a big bear smelled the pies           | the bear ate every pie and left only crumbs                       | carried the pies into the house
        hens    | look after the hens    | A fox is here           | a red fox crept under the fence       | the hens flew up into the trees and would not come down           | shut the fox out and closed the gate
        boats   | watch the boats        | The boats are floating away | a rope came loose                 | the best boat floated away down the river                         | caught the rope and pulled the boat in
        apples  | guard the apples       | The goats are in the apples | ten goats jumped over the wall    | the goats ate all the apples                                      | led the goats out with a bit of bread
        gate    | watch the gate         | The cows are out        | the gate blew open                    | the cows walked all over the flowers                              | closed the gate just in time
        honey   | look after the honey   | The bear wants the honey | a brown bear came up the path        | the bear licked every jar clean                                   | hid the honey and sent the bear home
        tents   | watch the tents        | The tents are flying    | a strong wind pulled at the tents     | the biggest tent flew up and landed in the lake                   | held the tents down with stones
        fish    | watch the fish basket  | A cat took the fish     | a fat cat put its paw in the basket   | there was no fish for dinner, not even a tail                     | put the lid on the basket
        picnic  | guard the picnic       | Ants, there are ants everywhere | a long line of ants came up the hill | the ants were in the cake, in the bread and in the jam    | moved the picnic to another spot
        """
    )
)
