"""Tokens a second of the C engine, beside what this machine could do at best, measured in turn in one run.

Everything is measured once a round, so that a machine that others use too is as busy for one as for another.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from lilliput.evaluation.limits import (
    Ceilings,
    Limit,
    TokenWork,
    count_token_work,
    find_limit,
    first_byte_read,
)
from lilliput.formats.image_table import read_image_table
from lilliput.generation.c_batch import CBatch, Precision, engine_image, open_c_batches
from lilliput.generation.sample import BrokenModelError
from lilliput.models.config import ModelConfig
from lilliput.runtime.ceilings import Loops
from lilliput.runtime.native import CRequest, Memory, NativeEngine

ROUNDS = 5
_OF_SPEED = 0.75
"""The share of the time that goes to writing; the ceilings need less."""
_WARMING = 0.25
"""Before each measurement its work is done for this part of its time: the caches hold what came before."""
_LOOKS = 4
"""How often a ceiling is measured in a round; the best counts, since other programs can only lower it."""
_SHORTEST_S = 1e-3
"""Of a look, however little time there is: to wake a thread takes a part of it."""
_COUNTED_STEPS = 1000
"""So few that the registers can count the products."""
_LONGEST = 1024
"""Tokens of a story: a model may read more than any story has."""


@dataclass(frozen=True)
class Spread:
    """What was measured round by round."""

    median: float
    min: float
    max: float


@dataclass(frozen=True)
class Ceiling:
    """What the machine did in a second: bytes read, or operations."""

    what: str
    """"reading" or "arithmetic"."""
    kind: str
    """Of reading, the precision of the weights; of arithmetic, "f32" or "int8"."""
    threads: int
    per_second: Spread


@dataclass(frozen=True)
class Speed:
    """How quick one way of writing is, and what would be the limit."""

    precision: Precision
    stories: int
    """Side by side, by all threads together."""
    threads: int
    tokens_per_second: Spread
    work: TokenWork
    ceilings: Ceilings
    limit: Limit
    stories_together: int
    """Side by side by one thread: these share what is read."""

    @property
    def share_of_limit(self) -> float:
        """1 is the limit. Of the medians; above 1 by as much as they are uncertain, where they are."""
        return self.tokens_per_second.median / self.limit.tokens_per_second


class SpeedTest:
    """One model at some precisions, with one thread and with `threads`; `measure_round` as often as ROUNDS.

    `seconds` is about how long all rounds take together. Raises LilliputError where the C engine was not
    built or cannot compute the model.
    """

    def __init__(
        self,
        config: ModelConfig,
        weights: Mapping[str, npt.NDArray[np.float32]],
        bos: int,
        precisions: Sequence[Precision],
        threads: int,
        seconds: float,
    ) -> None:
        self._images: dict[Precision, Memory] = {p: engine_image(config, weights, p) for p in precisions}
        self._work = {p: _work_of(image)[0] for p, image in self._images.items()}
        self._loops = {n: Loops(n) for n in sorted({1, threads})}
        self._writers = {
            (p, writer.stories, n): writer
            for p, image in self._images.items()
            for n, writer in _open_writers(image, p, bos, sorted({1, threads}))
        }
        self._gauges = self._make_gauges(seconds / ROUNDS)

    def measure_round(self) -> None:
        """Measure everything once more."""
        for gauge in self._gauges.values():
            gauge.measure()

    def ceilings(self) -> list[Ceiling]:
        """What the machine could do, in the order in which it was measured."""
        found = [(key, gauge) for key, gauge in self._gauges.items() if key[0] != "writing"]
        return [Ceiling(what, kind, n, gauge.spread()) for (what, kind, _, n), gauge in found]

    def speeds(self) -> list[Speed]:
        """What the engine did."""
        rows = []
        for (precision, stories, n), writer in self._writers.items():
            ceilings = Ceilings(
                self._per_second("reading", precision, n),
                self._per_second("arithmetic", "f32", n),
                self._per_second("arithmetic", "int8", n),
            )
            work, rate = self._work[precision], self._gauges["writing", precision, stories, n].spread()
            limit = find_limit(work, ceilings, writer.stories_together)
            rows.append(Speed(precision, stories, n, rate, work, ceilings, limit, writer.stories_together))
        return rows

    def _per_second(self, what: str, kind: str, threads: int) -> float:
        gauge = self._gauges.get((what, kind, 0, threads))
        return gauge.spread().max if gauge else inf  # what no token needs is never waited for

    def _make_gauges(self, round_s: float) -> "dict[tuple[str, str, int, int], _Gauge]":
        works: dict[tuple[str, str, int, int], Callable[[int], float]] = {}
        for n, loops in self._loops.items():
            if any(work.float_operations for work in self._work.values()):
                works["arithmetic", "f32", 0, n] = _multiplying(loops, integers=False)
            if any(work.integer_operations for work in self._work.values()):
                works["arithmetic", "int8", 0, n] = _multiplying(loops, integers=True)
        for precision, image in self._images.items():
            for n, loops in self._loops.items():
                works["reading", precision, 0, n] = _reading(loops, image)
            for (p, stories, n), writer in self._writers.items():
                if p == precision:
                    works["writing", precision, stories, n] = writer.write
        speeds = len(self._writers)
        writing_s = round_s * _OF_SPEED / speeds
        ceiling_s = round_s * (1 - _OF_SPEED) / (len(works) - speeds)
        return {
            key: _Gauge(work, writing_s, 1) if key[0] == "writing" else _Gauge(work, ceiling_s, _LOOKS)
            for key, work in works.items()
        }


class _Gauge:
    """Does a piece of work again and again, and keeps how much of it was done a second.

    A measurement takes about `seconds`, and is the best of so many `looks`.
    """

    def __init__(self, work: Callable[[int], float], seconds: float, looks: int) -> None:
        self._work, self._looks, self._rates = work, looks, list[float]()
        self._amount = 1
        seconds = max(_SHORTEST_S, seconds / (looks + _WARMING))
        while (passed := self._time(self._amount)[0]) < seconds / 8:
            self._amount *= 2
        self._amount = max(1, round(self._amount * seconds / passed))

    def measure(self) -> None:
        self._time(max(1, round(self._amount * _WARMING)))
        looks = [self._time(self._amount) for _ in range(self._looks)]
        self._rates.append(max(done / passed for passed, done in looks))

    def spread(self) -> Spread:
        return Spread(statistics.median(self._rates), min(self._rates), max(self._rates))

    def _time(self, amount: int) -> tuple[float, float]:
        began = time.perf_counter()
        done = self._work(amount)
        return time.perf_counter() - began, done


def _multiplying(loops: Loops, *, integers: bool) -> Callable[[int], float]:
    per_step = 2 * loops.multiply(integers, _COUNTED_STEPS) / _COUNTED_STEPS

    def work(thousands: int) -> float:
        loops.multiply(integers, thousands * 1000)
        return thousands * 1000 * per_step

    return work


def _reading(loops: Loops, image: Memory) -> Callable[[int], float]:
    first = _work_of(image)[1]
    return lambda rounds: loops.read(image, first, rounds)[0]


def _work_of(image: Memory) -> tuple[TokenWork, int]:
    with memoryview(image.map) as whole, whole[image.offset : image.offset + image.size] as view:
        table = read_image_table(view)
    return count_token_work(table), first_byte_read(table)


def _open_writers(
    image: Memory, precision: Precision, bos: int, threads: Sequence[int]
) -> "list[tuple[int, _Writer]]":
    """One story by each number of threads, then as many stories as are quickest by the most threads."""
    found = [(n, _Writer([CBatch(image, 1, n, precision=precision)], bos)) for n in threads]
    most = threads[-1]
    return [*found, (most, _Writer(open_c_batches(image, most, precision), bos))]


class _Writer:
    """Greedy stories that fill the context, one after another, on every slot of its engines."""

    def __init__(self, engines: Sequence[CBatch], bos: int) -> None:
        self._stories = [_Stories(engine.native, bos) for engine in engines]
        self._pool = ThreadPoolExecutor(len(engines))
        self.stories_together = engines[0].slots
        self.stories = sum(engine.slots for engine in engines)

    def write(self, steps: int) -> int:
        """So many tokens in each slot; how many that was in all. A call goes on where the last one ended."""
        if len(self._stories) == 1:
            return self._stories[0].write(steps)
        return sum(self._pool.map(lambda stories: stories.write(steps), self._stories))


class _Stories:
    """The slots of one engine. They begin at places spread over a story: late tokens cost more than early
    ones, and a measurement may be too short to see both. A story ends at _LONGEST or a full context."""

    def __init__(self, native: NativeEngine, bos: int) -> None:
        self._native, self._bos = native, bos
        self._length = min(native.context, _LONGEST)
        ids = [bos, *((bos + 1 + 7 * i) % native.vocab_size for i in range(self._length - 1))]
        self._left = [0] * native.slots
        for slot in range(native.slots):  # the longest first: the others copy what they share with it
            read = max(1, round(self._length * (native.slots - slot - 0.5) / native.slots))
            self._begin(slot, ids[:read])
            if slot == 0:
                self._run(1)

    def write(self, steps: int) -> int:
        """See _Writer.write."""
        wanted = steps
        while steps > 0:
            for slot, left in enumerate(self._left):
                if left == 0:
                    self._begin(slot, [self._bos])
            now = min(steps, *self._left)
            self._run(now)
            steps -= now
        return wanted * self._native.slots

    def _begin(self, slot: int, ids: list[int]) -> None:
        self._left[slot] = self._length + 1 - len(ids)
        self._native.begin(slot, ids, CRequest(0, 0, 1, 0, 1, 0, self._left[slot]))

    def _run(self, steps: int) -> None:
        self._left = [max(0, left - steps) for left in self._left]
        if self._native.run(steps) != sum(left > 0 for left in self._left):
            raise BrokenModelError
