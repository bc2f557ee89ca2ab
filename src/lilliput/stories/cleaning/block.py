"""A block of stories on its way through the stages, and what a stage says of one of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lilliput.stories.cleaning.prints import Prints, make_prints


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stage says of a story it does not leave alone: `why`, and one of three consequences.

    `text` is the mended text; else `labels` are added to the story; else the story is removed.
    """

    why: str
    text: str | None = None
    labels: dict[str, Any] | None = None

    @property
    def removes(self) -> bool:
        return self.text is None and self.labels is None


@dataclass
class Block:
    """Stories that are judged together; `removed` holds the fate of those that are out."""

    texts: list[str]
    labels: list[dict[str, Any]]
    removed: dict[int, tuple[str, Verdict]] = field(default_factory=dict)

    def left(self) -> Iterator[int]:
        """Places of the stories that are still in."""
        removed = self.removed
        return (place for place in range(len(self.texts)) if place not in removed)

    @cached_property
    def prints(self) -> Prints:
        """Hashes of the words; asked for only after the last stage that changes a text."""
        return make_prints(self.texts)


Finding = tuple[int, Verdict]
Stage = Callable[[Block], Iterable[Finding]]


def each(look: Callable[[str], Verdict | None]) -> Stage:
    """A stage out of a function that looks at one text."""

    def stage(block: Block) -> Iterator[Finding]:
        texts = block.texts
        for place in block.left():
            verdict = look(texts[place])
            if verdict is not None:
                yield place, verdict

    return stage
