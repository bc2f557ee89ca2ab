"""Records from stories: for each a random subset of what is known of it, in random order, then the story.

The protocol of TinyStories-Instruct (Eldan and Li 2023), with its variant for generalisation: a training set
in which Words and Summary never meet in one record, to be tested by records in which they do.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations

from lilliput.errors import DataError
from lilliput.stories.instruct.known import read_known
from lilliput.stories.instruct.record import LEARN_AFTER, Kind, write_record
from lilliput.stories.portrait.counting import hash_text
from lilliput.stories.story import Story
from lilliput.stories.world.draw import MASK, Draw, mix


class Meeting(StrEnum):
    """Whether Words and Summary meet in one record."""

    maybe = "maybe"
    apart = "apart"
    together = "together"


@dataclass
class Built:
    """What became of the stories."""

    stories: int = 0
    records: int = 0
    kinds: dict[Kind, int] = field(
        default_factory=lambda: {"words": 0, "features": 0, "summary": 0, "sentence": 0}
    )
    """Records that ask for each."""
    met: int = 0
    """Records that ask for Words and Summary."""

    @property
    def left_out(self) -> int:
        """Stories of which nothing, or not what is wanted, is known."""
        return self.stories - self.records


def build_records(
    stories: Iterable[Story], *, seed: int, meeting: Meeting = Meeting.maybe, built: Built
) -> Iterator[Story]:
    """Yield a record for each story; what became of them is counted in `built`.

    A record depends on (seed, story) alone, not on its place. Every subset that can be asked for is as likely
    as the others, but the empty one, which is never drawn. The record keeps the story's labels; `asked` tells
    the instructions in their order, and `learn_after` where training begins to learn. Raises DataError where
    not one story can be asked for.
    """
    for story in stories:
        built.stories += 1
        draw = Draw(mix(seed & MASK) ^ hash_text(story.text))
        known = read_known(story, draw)
        subsets = [subset for subset in _subsets(list(known)) if _may_ask(subset, meeting)]
        if not subsets:
            continue
        asked = {kind: known[kind] for kind in _shuffled(draw.pick(subsets), draw)}
        built.records += 1
        for kind in asked:
            built.kinds[kind] += 1
        built.met += {"words", "summary"} <= asked.keys()
        text = write_record(list(asked.items()), story.text)
        yield Story(text, {**story.labels, "asked": asked, "learn_after": LEARN_AFTER})
    if not built.records:
        raise DataError(_why_none(built, meeting))


def _subsets(kinds: list[Kind]) -> list[tuple[Kind, ...]]:
    return [subset for size in range(1, len(kinds) + 1) for subset in combinations(kinds, size)]


def _may_ask(subset: tuple[Kind, ...], meeting: Meeting) -> bool:
    meet = "words" in subset and "summary" in subset
    return meeting is Meeting.maybe or meet == (meeting is Meeting.together)


def _shuffled(kinds: tuple[Kind, ...], draw: Draw) -> list[Kind]:
    left = list(kinds)
    return [left.pop(draw.below(len(left))) for _ in kinds]


def _why_none(built: Built, meeting: Meeting) -> str:
    if meeting is Meeting.together:
        return (
            f"none of the {built.stories:,} stories has a summary, which is to meet its words: give stories "
            "with the label summary, such as those of lilliput data make"
        )
    return f"none of the {built.stories:,} stories has anything to ask for: they are too short"
