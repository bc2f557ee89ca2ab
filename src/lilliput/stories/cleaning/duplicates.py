"""Duplicates in the whole corpus, found among the parts' prints: memory is a few dozen bytes a story.

Of equal stories the first is kept. Of near-equal ones, a story goes when an earlier story that stays is
similar enough: candidates meet in a band of MinHash values, and are then measured on their texts.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from lilliput.stories.cleaning.chunks import BANDS, part_path
from lilliput.stories.cleaning.config import Near
from lilliput.stories.cleaning.minhash import NO_SHINGLE, measure_similarity, shingle_set
from lilliput.stories.cleaning.prints import Hashes, Places
from lilliput.stories.cleaning.stages import EXACT, NEAR

_SETS_HELD = 4096  # stories' shingles kept for the next pairs
_FILES_HELD = 64
OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class Twin:
    """Why a story goes: which stage found it, which story stays, how similar the two are."""

    stage: str
    kept: int
    similarity: float


class Parts:
    """The parts of a folder as one list of stories, read where they lie."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self.count = count
        sizes = [len(self._array(number, "numbers")) for number in range(count)]
        self._first = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        self._files: OrderedDict[int, tuple[IO[bytes], Places]] = OrderedDict()

    def __len__(self) -> int:
        return int(self._first[-1])

    def places(self, number: int) -> range:
        """Places of a part's stories among all."""
        return range(int(self._first[number]), int(self._first[number + 1]))

    def band(self, row: int) -> np.ndarray:
        """(N,) one band of all stories; only it is read."""
        paths = (part_path(self._folder, number, BANDS) for number in range(self.count))
        return np.concatenate([np.load(path, mmap_mode="r")[row] for path in paths])

    def column(self, name: str) -> np.ndarray:
        """(…, N) the array `name` of all parts."""
        return np.concatenate([self._array(number, name) for number in range(self.count)], axis=-1)

    def text(self, place: int) -> str:
        """The text of the story at `place`."""
        number = int(np.searchsorted(self._first, place, side="right")) - 1
        file, starts = self._open(number)
        inside = place - int(self._first[number])
        file.seek(int(starts[inside]))
        return str(json.loads(file.read(int(starts[inside + 1] - starts[inside])))["text"])

    def close(self) -> None:
        """Close the files that are open."""
        while self._files:
            self._files.popitem()[1][0].close()

    def _open(self, number: int) -> tuple[IO[bytes], Places]:
        if number not in self._files:
            if len(self._files) >= _FILES_HELD:
                self._files.popitem(last=False)[1][0].close()
            file = part_path(self._folder, number, ".jsonl").open("rb")
            self._files[number] = file, self._array(number, "starts")
        self._files.move_to_end(number)
        return self._files[number]

    def _array(self, number: int, name: str) -> np.ndarray:
        with np.load(part_path(self._folder, number, ".npz")) as arrays:
            return np.asarray(arrays[name])


def find_duplicates(
    parts: Parts, names: tuple[str, ...], config: Near, on_progress: OnProgress = lambda _: None
) -> dict[int, Twin]:
    """Which stories go, by their place; `on_progress` is told the share that is done."""
    gone: dict[int, Twin] = {}
    if len(parts) and EXACT in names:
        for place, kept in _equal_pairs(parts.column("exact")):
            gone[place] = Twin(EXACT, kept, 1.0)
    if len(parts) and NEAR in names:
        _find_near(parts, config, gone, on_progress)
    return gone


def _equal_pairs(hashes: Hashes) -> Iterator[tuple[int, int]]:
    """Each place whose two hashes (2, N) an earlier one has, and the earliest such place."""
    first, second = hashes
    order = np.lexsort((first, second))
    same = (first[order[1:]] == first[order[:-1]]) & (second[order[1:]] == second[order[:-1]])
    begins = np.flatnonzero(np.concatenate(([True], ~same)))
    leader = np.repeat(order[begins], np.diff(np.append(begins, len(order))))
    for at in np.flatnonzero(same) + 1:
        yield int(order[at]), int(leader[at])


def _find_near(parts: Parts, config: Near, gone: dict[int, Twin], on_progress: OnProgress) -> None:
    alive = np.ones(len(parts), bool)
    alive[list(gone)] = False
    pairs = np.zeros(0, np.uint64)
    for band in range(config.bands):
        pairs = np.union1d(pairs, _candidates(parts.band(band), alive))
        on_progress(band / config.bands / 2)
    sets = _ShingleSets(parts, config)
    for at, pair in enumerate(map(int, pairs)):  # by the later story: what is earlier is decided
        later, earlier = pair >> 32, pair & 0xFFFFFFFF
        if later in gone or earlier in gone:
            continue
        similarity = measure_similarity(sets[earlier], sets[later])
        if similarity >= config.similarity:
            gone[later] = Twin(NEAR, earlier, similarity)
        if at % 1024 == 0:
            on_progress(0.5 + at / len(pairs) / 2)


def _candidates(band: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """Pairs of stories with an equal value, as later << 32 | earlier: with the first, with the one before."""
    places = np.flatnonzero(alive & (band != NO_SHINGLE))
    order = places[np.argsort(band[places], kind="stable")]
    same = np.concatenate(([False], band[order[1:]] == band[order[:-1]])) if len(order) else np.zeros(0, bool)
    begins = np.flatnonzero(~same)
    leader = np.repeat(order[begins], np.diff(np.append(begins, len(order))))
    at = np.flatnonzero(same)
    later = order[at].astype(np.uint64) << np.uint64(32)
    earlier = np.concatenate((order[at - 1], leader[at])).astype(np.uint64)
    return np.unique(np.concatenate((later, later)) | earlier)


class _ShingleSets:
    """Shingles of stories by place; the latest ones stay in memory."""

    def __init__(self, parts: Parts, config: Near) -> None:
        self._parts = parts
        self._config = config
        self._held: OrderedDict[int, Hashes] = OrderedDict()

    def __getitem__(self, place: int) -> Hashes:
        if place not in self._held:
            if len(self._held) >= _SETS_HELD:
                self._held.popitem(last=False)
            self._held[place] = shingle_set(self._parts.text(place), self._config)
        self._held.move_to_end(place)
        return self._held[place]
