"""A story of the world from a seed."""

from collections.abc import Iterator
from typing import Any

from lilliput.stories.story import Story
from lilliput.stories.world.draw import GOLDEN, Draw, mix
from lilliput.stories.world.english.labels import required_words
from lilliput.stories.world.english.realise import Teller
from lilliput.stories.world.plots.families import FAMILIES
from lilliput.stories.world.state import World

SEEDS = 1 << 63
TALK_PERCENT = 88  # stories in which somebody speaks, where the plot has anything to say
LEAST_SPACES = 60  # a story has 60 words or more
FEATURES = ("Dialogue", "BadEnding", "MoralValue", "Twist", "Foreshadowing", "Conflict")


def tell(seed: int) -> Story:
    """The story of `seed`, 0 .. 2**63-1: the same on every machine and Python.

    Labels: `words` (a verb, a noun, an adjective, as base forms, that occur in the text), `features`
    (those of FEATURES that are true of it), `summary`, `truth` (what is so at the end).
    Raises ValueError for a seed out of range.
    """
    if not 0 <= seed < SEEDS:
        raise ValueError(f"seed {seed}: a world seed lies in 0 .. 2**63-1")
    draw = Draw(seed)
    text = ""
    while text.count(" ") < LEAST_SPACES:  # once in ten thousand stories everything is left out
        plot = draw.pick(FAMILIES)
        world = World(draw, plot.__name__)
        plot(world)
        teller = Teller(world, draw, draw.chance(TALK_PERCENT))
        text = teller.tell(world.events)
    if '"' in text:
        world.has("Dialogue")
    labels: dict[str, Any] = {
        "words": required_words(world, text),
        "features": [feature for feature in FEATURES if feature in world.features],
        "summary": teller.summarise(world.summary),
        "truth": world.truth(),
    }
    return Story(text, labels)


def iter_world(seed: int, count: int, start: int = 0) -> Iterator[Story]:
    """Stories start .. start+count-1 of the range that `seed` opens.

    Story i depends on (seed, i) alone: a range can be cut into parts and told in any order. Its story
    seeds are all different. Raises ValueError for a seed out of range or a negative count or start.
    """
    if not 0 <= seed < SEEDS:
        raise ValueError(f"seed {seed}: a world seed lies in 0 .. 2**63-1")
    if count < 0 or start < 0:
        raise ValueError(f"count {count}, start {start}: neither can be negative")
    first = mix(seed)
    for index in range(start, start + count):
        yield tell((first + index * GOLDEN) % SEEDS)
