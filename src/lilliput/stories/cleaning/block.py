"""A block of stories on its way through the stages, and what a stage says of one of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lilliput.stories.cleaning.prints import Prints, make_prints

_ORDINARY = bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123)) + b" \n.,!?\"'-:;()"


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

    def mend(self, place: int, text: str) -> None:
        """Put a mended text in a story's place."""
        self.texts[place] = text
        self.odd[place] = find_odd([text])[0]

    @cached_property
    def odd(self) -> list[str]:
        """The characters of each text that are not ordinary; most stories have none."""
        return find_odd(self.texts)

    @cached_property
    def prints(self) -> Prints:
        """Hashes of the words; asked for only after the last stage that changes a text."""
        return make_prints(self.texts)


Finding = tuple[int, Verdict]
Stage = Callable[[Block], Iterable[Finding]]


def find_odd(texts: Sequence[str]) -> list[str]:
    """What is left of each text without letters, figures and marks of ASCII, spaces and line feeds.

    A pattern takes some ten nanoseconds a character to find that it matches nowhere, this takes one.
    """
    return "\0".join(texts).encode().translate(None, _ORDINARY).decode().split("\0")


def each(look: Callable[[str], Verdict | None]) -> Stage:
    """A stage out of a function that looks at one text."""
    return each_odd(lambda text, _: look(text))


def each_odd(look: Callable[[str, str], Verdict | None], only_odd: bool = False) -> Stage:
    """A stage out of a function that looks at one text and at its odd characters (see `find_odd`).

    `only_odd`: a story without odd characters is left alone unseen.
    """

    def stage(block: Block) -> Iterator[Finding]:
        texts, odd, removed = block.texts, block.odd, block.removed
        for place, signs in enumerate(odd):
            if (only_odd and not signs) or place in removed:
                continue
            verdict = look(texts[place], signs)
            if verdict is not None:
                yield place, verdict

    return stage
