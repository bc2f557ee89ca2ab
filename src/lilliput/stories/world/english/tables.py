"""Every table of phrasings, in one dict: kind of event to its phrasings."""

from lilliput.stories.world.english.phrases import Phrasings, compile_table
from lilliput.stories.world.english.wording import (
    broken, endings, fear, feelings, garden, hideseek, journey, learning, lost, making, morals,
    newcomer, openings, promise, quarrel, race, sick, storm, stuck, trick, wish,
)  # fmt: skip

TABLES = (
    broken, endings, fear, feelings, garden, hideseek, journey, learning, lost, making, morals,
    newcomer, openings, promise, quarrel, race, sick, storm, stuck, trick, wish,
)  # fmt: skip
PHRASES: dict[str, Phrasings] = {}
for _module in TABLES:
    PHRASES.update(compile_table(_module.PHRASES))
