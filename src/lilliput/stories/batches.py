"""Batches: which tokens are seen at which step, as a pure function of the step.

A *piece* is a whole story, BOS to END, or, where that is longer than the context, one of the parts
it is cut into; the last token of a part is the first input of the next. So every token but the BOS
is the target exactly once in an epoch, nothing is padded, and no row holds two stories.

An epoch is a permutation of all pieces. It is drawn from PCG64's raw numbers, which numpy promises
to keep as they are (its `permutation` may change between versions), and from (seed, epoch) alone.
Batch k of an epoch has the pieces whose last target is number k·B to (k+1)·B - 1 of the epoch, B
being `batch_tokens`. Since no piece has more than B targets no batch is empty, and every epoch has
ceil(targets / B) steps; a batch has more than B - L and less than B + L targets, L being those of
the longest piece.

Where the first targets of a story do not count (a prompt that is given), they are none in all of this.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lilliput.errors import ConfigError, DataError
from lilliput.stories.lessons import Lesson, Lessons
from lilliput.stories.shard_files import Shard


@dataclass(frozen=True)
class Batch:
    """The rows of one rank for one step.

    rows: int64 token ids, each of its own length; a row of n ids has n - 1 inputs and n - 1
    targets.
        There may be none where there are more ranks than pieces in a batch.
    targets: how many targets all ranks have together in this step: what losses are divided by.
    epoch: how often the data were seen before.
    step: which step's batch it is.
    skips: for each row, how many of its first targets do not count; empty where all do.
    lessons: for each row, what a teacher expects at its targets; empty where there is no teacher.
    """

    rows: list[NDArray[np.int64]]
    targets: int
    epoch: int
    step: int = 0
    skips: tuple[int, ...] = ()
    lessons: tuple[Lesson, ...] = ()


@dataclass(frozen=True)
class _Epoch:
    number: int
    order: NDArray[np.int64]  # (pieces,) piece at each place
    bounds: NDArray[np.int64]  # (steps + 1,) places where the batches begin


class Batches:
    """Steps to batches over one shard.

    `unlearnt` has for each story how many of its first targets do not count, `lessons` what a teacher expects
    at each token. Raises ConfigError if
    `batch_tokens` is smaller than `context` or another number is out of
    range, DataError for a shard without stories.
    """

    def __init__(
        self,
        shard: Shard,
        *,
        batch_tokens: int,
        context: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        unlearnt: NDArray[np.uint32] | None = None,
        lessons: Lessons | None = None,
    ) -> None:
        if context < 1 or batch_tokens < context:
            raise ConfigError(
                f"batch_tokens is {batch_tokens} and context {context}: a batch holds at least one "
                "row of a whole context"
            )
        if not 0 <= rank < world:
            raise ConfigError(f"rank {rank} of {world}: ranks count from 0")
        if seed < 0:
            raise ConfigError(f"seed {seed}: a seed is not negative")
        if len(shard) == 0:
            raise DataError(f"{shard.path} holds no story")
        self._tokens, self._lessons = shard.tokens, lessons
        self._batch_tokens, self._seed, self._rank, self._world = batch_tokens, seed, rank, world
        starts, sizes, parts = _cut(shard.offsets, context)
        skips = np.zeros_like(sizes) if unlearnt is None else _spread_skips(unlearnt, sizes, parts, context)
        learnt = skips < sizes  # a piece without targets that count teaches nothing
        if not learnt.any():
            raise DataError(f"{shard.path}: no target of any story counts")
        self._masked = unlearnt is not None
        self._starts, self._sizes, self._skips = starts[learnt], sizes[learnt], skips[learnt]
        self._targets = self._sizes - self._skips
        total = int(self._targets.sum(dtype=np.int64))
        self.targets_per_epoch = total
        self.steps_per_epoch = -(-total // batch_tokens)
        self._epoch = self._plan(0)

    def at(self, step: int) -> Batch:
        """The batch of step 0, 1, 2, …; the same whenever and in whatever order it is asked for."""
        if step < 0:
            raise ValueError(f"step {step}")
        number, index = divmod(step, self.steps_per_epoch)
        if self._epoch.number != number:
            self._epoch = self._plan(number)
        begin, end = self._epoch.bounds[index : index + 2]
        pieces = self._epoch.order[begin:end]
        targets = self._targets[pieces]
        mine = pieces if self._world == 1 else pieces[self._deal(targets)]
        places = list(zip(self._starts[mine].tolist(), self._sizes[mine].tolist(), strict=True))
        rows = [self._tokens[start : start + size + 1].astype(np.int64) for start, size in places]
        skips = tuple(self._skips[mine].tolist()) if self._masked else ()
        taught = self._lessons
        lessons = tuple(taught.at(start + 1, start + 1 + size) for start, size in places) if taught else ()
        return Batch(rows, int(targets.sum(dtype=np.int64)), number, step, skips, lessons)

    def _plan(self, number: int) -> _Epoch:
        keys = np.random.PCG64(np.random.SeedSequence([self._seed, number])).random_raw(len(self._starts))
        order = np.argsort(keys, kind="stable")
        seen = np.cumsum(self._targets[order], dtype=np.int64)  # targets up to and with each piece
        marks = np.arange(self.steps_per_epoch + 1, dtype=np.int64) * self._batch_tokens
        bounds = np.searchsorted(seen, marks, side="right")  # the first place with seen > mark
        return _Epoch(number, order, bounds)

    def _deal(self, targets: NDArray[np.int32]) -> NDArray[np.intp]:
        """Places in the batch that this rank takes: longest first, dealt there and back."""
        by_size = np.argsort(-targets, kind="stable")
        place = np.arange(len(targets))
        turn, seat = np.divmod(place, self._world)
        owner = np.where(turn % 2 == 0, seat, self._world - 1 - seat)
        return np.sort(by_size[owner == self._rank])


def _spread_skips(
    unlearnt: NDArray[np.uint32], sizes: NDArray[np.int32], parts: NDArray[np.int64], context: int
) -> NDArray[np.int32]:
    """How many of each piece's first targets do not count, from those of each story. (pieces,)"""
    first = np.cumsum(parts) - parts
    part = np.arange(len(sizes)) - np.repeat(first, parts)
    left = np.repeat(unlearnt.astype(np.int64), parts) - part * context
    skips: NDArray[np.int32] = np.minimum(np.maximum(left, 0), sizes).astype(np.int32)
    return skips


def _cut(
    offsets: NDArray[np.uint64], context: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """The first token and the number of targets of each piece (pieces,), and the pieces of each story."""
    begins = offsets[:-1].astype(np.int64)
    targets = offsets[1:].astype(np.int64) - begins - 1  # per story; its BOS is none
    parts = -(-targets // context)
    story = np.repeat(np.arange(len(begins)), parts)
    first_part = np.cumsum(parts) - parts
    part = np.arange(len(story)) - first_part[story]  # 0, 1, … within its story
    starts = begins[story] + part * context
    sizes = np.minimum(targets[story] - part * context, context)
    return starts, sizes.astype(np.int32), parts
