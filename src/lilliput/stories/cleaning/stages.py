"""The table of stages, in the order in which they go over a block, and the choice among them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lilliput.config import near_miss
from lilliput.errors import ConfigError
from lilliput.stories.cleaning.block import Stage, each, each_odd
from lilliput.stories.cleaning.config import Cleaning
from lilliput.stories.cleaning.corpus import Corpus
from lilliput.stories.cleaning.judging import (
    make_empty,
    make_fragment,
    make_graphic,
    make_language,
    make_long,
    make_script,
)
from lilliput.stories.cleaning.leaks import LeakIndex, make_leak
from lilliput.stories.cleaning.mending import make_markup, make_repair, tidy_whitespace


@dataclass(frozen=True)
class Known:
    """What stages may know besides the story: the settings, the corpus, the validation set."""

    config: Cleaning
    corpus: Corpus
    leaks: LeakIndex | None = None


STAGES: dict[str, Callable[[Known], Stage]] = {
    "repair": lambda known: each_odd(make_repair(known.config.repair), only_odd=True),
    "markup": lambda known: each_odd(make_markup(known.config.markup)),
    "whitespace": lambda _: each_odd(tidy_whitespace),
    "empty": lambda known: make_empty(known.config.length),
    "long": lambda known: make_long(known.config.length),
    "script": lambda known: each(make_script(known.config.language, known.corpus)),
    "language": lambda known: make_language(known.config.language, known.corpus),
    "fragment": lambda known: each(make_fragment(known.config.fragments, known.corpus)),
    "leak": lambda known: make_leak(known.config.leaks, _need(known.leaks)),
    "graphic": lambda known: make_graphic(known.config.graphic),
}
EXACT, NEAR = "exact", "near"  # found in the whole corpus, afterwards
NAMES = (*STAGES, EXACT, NEAR)
SAYS = {
    "repair": "broken encoding",
    "markup": "markup",
    "whitespace": "whitespace",
    "empty": "empty",
    "long": "too long",
    "script": "another script",
    "language": "another language",
    "fragment": "cut off",
    "leak": "in the validation set",
    "graphic": "graphic content",
    EXACT: "exact duplicates",
    NEAR: "near-duplicates",
}


def choose_stages(only: Sequence[str], skip: Sequence[str], against: bool) -> tuple[str, ...]:
    """The names of the stages to run, in their order; `against`: whether there is a validation set.

    Raises ConfigError for an unknown stage, for both lists, for leaks without a validation set, and when
    nothing is left.
    """
    for name in (*only, *skip):
        if name not in NAMES:
            raise ConfigError(f"no stage is called {name}: {near_miss(name, NAMES)}")
    if only and skip:
        raise ConfigError("--only and --skip contradict each other: give one of them")
    if "leak" in only and not against:
        raise ConfigError("the stage leak needs a validation set: name it with --against")
    chosen = tuple(
        name for name in NAMES if (name in only if only else name not in skip) and (against or name != "leak")
    )
    if not chosen:
        raise ConfigError("no stage is left: skip fewer")
    if against and "leak" not in chosen:
        raise ConfigError("--against is for the stage leak, which is left out: choose it, or leave --against")
    return chosen


def _need(index: LeakIndex | None) -> LeakIndex:
    if index is None:
        raise ValueError("the stage leak needs the index of a validation set")
    return index
