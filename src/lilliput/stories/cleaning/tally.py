"""What stages did, counted, with samples: by chunk, and the chunks' sums."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

EXCERPT = 240  # characters of a story shown as a sample
REMOVED, MENDED, FLAGGED = "removed", "mended", "flagged"


@dataclass
class Tally:
    """Counts by stage, action and reason; stories and bytes in and out; samples chosen by their hash.

    The samples of a reason are those whose text has the smallest CRC: as good as drawn at random, and the
    same whatever the order, the chunks and the workers.
    """

    most_samples: int
    stories_in: int = 0
    bytes_in: int = 0
    stories_out: int = 0
    bytes_out: int = 0
    counts: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    bytes_removed: dict[str, int] = field(default_factory=dict)
    samples: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    lengths_in: dict[str, int] = field(default_factory=dict)  # stories by bin of words, see `count_lengths`
    lengths_out: dict[str, int] = field(default_factory=dict)

    def add(self, stage: str, action: str, why: str, sample: dict[str, Any] | None, size: int = 0) -> None:
        """Count one finding; `size`: bytes of a story that is removed."""
        reasons = self.counts.setdefault(stage, {}).setdefault(action, {})
        reasons[why] = reasons.get(why, 0) + 1
        if action == REMOVED:
            self.bytes_removed[stage] = self.bytes_removed.get(stage, 0) + size
        if sample is not None:
            self._add_samples(stage, why, [sample])

    def wants(self, stage: str, why: str, text: str) -> int | None:
        """The sample's rank if `text` is among the samples to show of this reason so far."""
        shown = self.samples.get(stage, {}).get(why, [])
        rank = zlib.crc32(text.encode())
        return rank if len(shown) < self.most_samples or (shown and rank < shown[-1]["rank"]) else None

    def _add_samples(self, stage: str, why: str, samples: Iterable[dict[str, Any]]) -> None:
        shown = self.samples.setdefault(stage, {}).setdefault(why, [])
        shown.extend(samples)
        shown.sort(key=lambda sample: (sample["rank"], sample["story"]))
        del shown[self.most_samples :]

    def merge(self, other: "Tally") -> None:
        """Add another tally, of later stories."""
        for name in ("stories_in", "bytes_in", "stories_out", "bytes_out"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for stage, actions in other.counts.items():
            for action, reasons in actions.items():
                _sum_into(self.counts.setdefault(stage, {}).setdefault(action, {}), reasons)
        _sum_into(self.bytes_removed, other.bytes_removed)
        _sum_into(self.lengths_in, other.lengths_in)
        _sum_into(self.lengths_out, other.lengths_out)
        for stage, reasons_shown in other.samples.items():
            for why, samples in reasons_shown.items():
                self._add_samples(stage, why, samples)

    def total(self, stage: str, action: str) -> int:
        """How many stories a stage removed, mended or flagged."""
        return sum(self.counts.get(stage, {}).get(action, {}).values())


def excerpt(text: str) -> str:
    """The beginning and the end of a text, for a sample."""
    if len(text) <= EXCERPT:
        return text
    return f"{text[: EXCERPT * 2 // 3]} … {text[-EXCERPT // 3 :]}"


def excerpt_change(before: str, after: str) -> tuple[str, str]:
    """Both texts around the first place where they differ."""
    pairs = enumerate(zip(before, after, strict=False))
    first = next((at for at, (old, new) in pairs if old != new), min(len(before), len(after)))
    start = max(0, first - EXCERPT // 6)
    lead = "… " if start else ""
    return tuple(lead + text[start : start + EXCERPT // 2] for text in (before, after))  # type: ignore[return-value]


LENGTH_EDGES = (0, 1, 2, 4, *(round(8 * 2 ** (step / 2)) for step in range(22)))  # words; two a doubling


def count_lengths(words: np.ndarray) -> dict[str, int]:
    """How many of the (N,) word counts lie in each bin, named by the bin's lower edge."""
    bins = np.bincount(np.searchsorted(LENGTH_EDGES, words, side="right") - 1)
    return {str(LENGTH_EDGES[place]): count for place, count in enumerate(bins.tolist()) if count}


def _sum_into(sums: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        sums[name] = sums.get(name, 0) + count
