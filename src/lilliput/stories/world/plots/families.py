"""Every plot family, each as likely as the others."""

from collections.abc import Callable

from lilliput.stories.world.plots.alarm import alarm
from lilliput.stories.world.plots.bedtime import bedtime
from lilliput.stories.world.plots.birthday import birthday
from lilliput.stories.world.plots.broken import broken
from lilliput.stories.world.plots.fear import fear
from lilliput.stories.world.plots.finder import finder
from lilliput.stories.world.plots.garden import garden
from lilliput.stories.world.plots.hideseek import hideseek
from lilliput.stories.world.plots.journey import journey
from lilliput.stories.world.plots.learning import learning
from lilliput.stories.world.plots.lost import lost
from lilliput.stories.world.plots.making import making
from lilliput.stories.world.plots.mess import mess
from lilliput.stories.world.plots.newcomer import newcomer
from lilliput.stories.world.plots.promise import promise
from lilliput.stories.world.plots.quarrel import quarrel
from lilliput.stories.world.plots.race import race
from lilliput.stories.world.plots.sick import sick
from lilliput.stories.world.plots.storm import storm
from lilliput.stories.world.plots.stray import stray
from lilliput.stories.world.plots.stuck import stuck
from lilliput.stories.world.plots.trick import trick
from lilliput.stories.world.plots.wish import wish
from lilliput.stories.world.state import World

FAMILIES: tuple[Callable[[World], None], ...] = (
    alarm, bedtime, birthday, broken, fear, finder, garden, hideseek, journey, learning, lost,
    making, mess, newcomer, promise, quarrel, race, sick, storm, stray, stuck, trick, wish,
)  # fmt: skip
