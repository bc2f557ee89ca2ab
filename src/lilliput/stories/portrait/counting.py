"""Counts over a stream that never take more than a bounded memory, and say how wrong they may be."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b


def hash_text(text: str) -> int:
    """64 bits of a text's BLAKE2b: the same on every machine and in every run."""
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "little")


class BoundedCounter:
    """How often things occur, for the common ones: exact until there are more than `most` different ones.

    Then the count of one is taken from all, and those that are left with none are forgotten: so much that
    half of the room is free (Misra and Gries, Finding repeated elements, 1982, many at a time). A count that
    is told is never too high, and too low by at most `undercount`, which is at most 2/`most` of all that was
    counted.
    """

    def __init__(self, most: int) -> None:
        if most < 2:
            raise ValueError(f"most {most}")
        self._most = most
        self.counts: Counter[str] = Counter()
        self.undercount = 0
        self.total = 0

    def add(self, things: list[str]) -> None:
        """Count each of `things` once more."""
        self.counts.update(things)
        self.total += len(things)
        if len(self.counts) > self._most:
            self._forget()

    def common(self, number: int) -> list[tuple[str, float]]:
        """The most common things with their shares of all, the commonest first; equal ones by name."""
        best = heapq.nsmallest(number, self.counts.items(), key=lambda item: (-item[1], item[0]))
        return [(thing, count / self.total) for thing, count in best]

    def _forget(self) -> None:
        cut = sorted(self.counts.values())[-self._most // 2 - 1]  # at most half of the room has more
        self.undercount += cut
        self.counts = Counter({thing: count - cut for thing, count in self.counts.items() if count > cut})


class Repeats:
    """The share of texts that occurred before: exact for up to `most` different texts, else of a sample.

    When there are more, only texts whose hash is divisible by 2, 4, 8 … are looked at, all of their copies
    (distinct sampling, Gibbons 2001), so that what is kept is a fair sample of the different texts. Two
    texts count as one where 64 bits of their hashes agree, which no corpus is likely to see.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: dict[int, int] = {}
        self._mask = 0

    @property
    def is_exact(self) -> bool:
        """Whether all texts were looked at."""
        return self._mask == 0

    @property
    def share(self) -> float:
        """Copies, all but the first of each text, as a share of texts; 0 without any."""
        looked_at = sum(self._seen.values())
        return (looked_at - len(self._seen)) / looked_at if looked_at else 0.0

    def add(self, key: int) -> None:
        """Take in one text by its hash."""
        if key & self._mask:
            return
        self._seen[key] = self._seen.get(key, 0) + 1
        while len(self._seen) > self._most:
            self._mask = self._mask * 2 + 1
            self._seen = {key: count for key, count in self._seen.items() if not key & self._mask}


class Sample:
    """The `most` texts with the smallest hashes: the same whatever their order, and each only once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, str]] = []  # of negative hashes: the largest hash on top
        self._keys: set[int] = set()

    def add(self, key: int, text: str) -> None:
        """Take in one text and its hash."""
        full = len(self._heap) >= self._most
        if key in self._keys or (full and -key <= self._heap[0][0]):
            return
        self._keys.add(key)
        if full:
            gone, _ = heapq.heapreplace(self._heap, (-key, text))
            self._keys.discard(-gone)
        else:
            heapq.heappush(self._heap, (-key, text))

    def texts(self) -> list[str]:
        """What was kept, by their hashes."""
        return [text for _, text in sorted(self._heap, reverse=True)]


def quantiles(counts: Mapping[int, int], at: Iterable[float]) -> list[int]:
    """The smallest value that at least so great a share of values does not exceed, for each share in `at`.

    `counts` tells how often each value occurs. (Hyndman and Fan 1996, definition 1: numpy's
    `inverted_cdf`.) Raises ValueError for no values.
    """
    total = sum(counts.values())
    if total == 0:
        raise ValueError("no values")
    found = []
    for share in at:
        seen = 0
        for value in sorted(counts):
            seen += counts[value]
            if seen >= share * total:
                break
        found.append(value)
    return found
