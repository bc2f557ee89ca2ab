"""Every table of phrasings, in one dict: kind of event to its phrasings."""

from lilliput.stories.world.english.phrases import Phrasings, compile_table
from lilliput.stories.world.english.wording import (
    alarm,
    bedtime,
    birthday,
    broken,
    endings,
    fear,
    feelings,
    finder,
    garden,
    hideseek,
    journey,
    learning,
    lost,
    making,
    mess,
    morals,
    newcomer,
    openings,
    promise,
    quarrel,
    race,
    sick,
    storm,
    stray,
    stuck,
    trick,
    wish,
)  # fmt: skip
from lilliput.stories.world.state import UNTOLD

TABLES = (
    alarm, bedtime, birthday, broken, endings, fear, feelings, finder, garden, hideseek, journey,
    learning, lost, making, mess, morals, newcomer, openings, promise, quarrel, race, sick,
    storm, stray, stuck, trick, wish,
)  # fmt: skip
PHRASES: dict[str, Phrasings] = {UNTOLD: Phrasings((), ())}  # nothing is said of it
for _module in TABLES:
    PHRASES.update(compile_table(_module.PHRASES))
