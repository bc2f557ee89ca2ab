"""Leakage: stories of the corpus that are, in whole or in part, in a validation set.

Three levels, each between prints: the whole story, a paragraph, a long run of words. The index of the
validation set is two sorted arrays, small enough to be handed to every worker.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from lilliput.stories.cleaning.block import Block, Finding, Stage, Verdict
from lilliput.stories.cleaning.config import Leaks
from lilliput.stories.cleaning.prints import Among, Hashes, Places, Prints, make_prints
from lilliput.stories.story import Story

LEVELS = ("the whole story", "a paragraph", "a long run of words")
_STORIES_AT_ONCE = 1000
_FEWEST_WORDS = 3  # of a whole story; "The end." alone is no leak


@dataclass(frozen=True)
class LeakIndex:
    """For each level the sorted hashes of a validation set and, beside them, which of its stories."""

    hashes: tuple[Hashes, ...]
    owners: tuple[Places, ...]
    stories: int

    def owners_of(self, level: int, hashes: Hashes) -> list[int]:
        """The validation stories that hold `hashes`, which must be known."""
        at = np.unique(np.searchsorted(self.hashes[level], hashes))
        owners: list[int] = np.unique(self.owners[level][at]).tolist()
        return owners


def make_leak_index(stories: Iterator[Story], config: Leaks) -> LeakIndex:
    """The index of a validation set; reads it to its end."""
    hashes: list[list[Hashes]] = [[], [], []]
    owners: list[list[Places]] = [[], [], []]
    count = 0
    while texts := [story.text for story in islice(stories, _STORIES_AT_ONCE)]:
        prints = make_prints(texts)
        for level, (found, words) in enumerate(_levels(prints, config)):
            hashes[level].append(found)
            owners[level].append(np.searchsorted(prints.stories, words, side="right") - 1 + count)
        count += len(texts)
    merged = [_merge(hashes[level], owners[level]) for level in range(len(LEVELS))]
    return LeakIndex(tuple(pair[0] for pair in merged), tuple(pair[1] for pair in merged), count)


def make_leak(config: Leaks, index: LeakIndex) -> Stage:
    """A story, a paragraph or a long run of words of the validation set."""
    is_known = [Among(hashes) for hashes in index.hashes]

    def stage(block: Block) -> Iterator[Finding]:
        said: set[int] = set()
        for level, (hashes, words) in enumerate(_levels(block.prints, config)):
            hits = words[is_known[level](hashes)]
            if not len(hits):
                continue
            owners = np.searchsorted(block.prints.stories, hits, side="right") - 1
            for place in np.unique(owners).tolist():
                if place not in said:
                    said.add(place)
                    yield place, Verdict(LEVELS[level])

    return stage


def leaked_from(text: str, config: Leaks, index: LeakIndex) -> list[int]:
    """Which validation stories a text holds something of."""
    found: set[int] = set()
    for level, (hashes, _) in enumerate(_levels(make_prints([text]), config)):
        found.update(index.owners_of(level, hashes[np.isin(hashes, index.hashes[level])]))
    return sorted(found)


def _levels(prints: Prints, config: Leaks) -> Sequence[tuple[Hashes, Places]]:
    """For each level the hashes in a block and, beside them, the word at which each begins."""
    stories, lines = prints.stories, prints.paragraphs
    whole = np.flatnonzero(np.diff(stories) >= _FEWEST_WORDS)
    paragraphs = np.flatnonzero(np.diff(lines) >= config.paragraph_words)
    grams, first = prints.grams(config.words)
    return (
        (prints.runs(stories[whole], stories[whole + 1]), stories[whole]),
        (prints.runs(lines[paragraphs], lines[paragraphs + 1]), lines[paragraphs]),
        (grams, first),
    )


def _merge(hashes: list[Hashes], owners: list[Places]) -> tuple[Hashes, Places]:
    if not hashes:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    merged, first = np.unique(np.concatenate(hashes), return_index=True)
    return merged, np.concatenate(owners)[first]
