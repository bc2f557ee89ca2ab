"""Batches: pure in the step, every target once an epoch, the same whatever the number of ranks."""

import math
import time
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lilliput.errors import ConfigError, DataError
from lilliput.stories.batches import Batch, Batches

QUICK = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
LENGTHS = st.lists(st.integers(0, 30), min_size=1, max_size=25)
CONTEXTS = st.integers(1, 12)


def numbered(lengths: list[int]) -> list[list[int]]:
    """Stories whose every token is another, so that a token says where it comes from."""
    ids = iter(range(3, 5000))
    return [[next(ids) for _ in range(length)] for length in lengths]


def same(one: Batch, other: Batch) -> bool:
    rows = [row.tolist() for row in one.rows] == [row.tolist() for row in other.rows]
    return rows and (one.targets, one.epoch) == (other.targets, other.epoch)


@QUICK
@given(LENGTHS, CONTEXTS, st.integers(0, 20), st.integers(0, 2**40))
def test_every_token_is_a_target_once_an_epoch_behind_its_own_story(
    make_shard, lengths, context, extra, seed
) -> None:
    shard = make_shard(numbered(lengths))
    batches = Batches(shard, batch_tokens=context + extra, context=context, seed=seed)
    wanted: Counter[tuple[int, int]] = Counter()
    for index in range(len(shard)):
        story = shard.story(index).tolist()
        wanted.update(pairwise(story))
    for epoch in (0, 1):
        seen: Counter[tuple[int, int]] = Counter()
        for index in range(batches.steps_per_epoch):
            batch = batches.at(epoch * batches.steps_per_epoch + index)
            assert batch.epoch == epoch
            assert batch.rows
            assert batch.targets == sum(len(row) - 1 for row in batch.rows)
            for row in batch.rows:
                assert row.dtype == np.int64
                assert 2 <= len(row) <= context + 1
                seen.update(pairwise(row.tolist()))
        assert seen == wanted
    assert batches.targets_per_epoch == sum(wanted.values())
    assert batches.steps_per_epoch == math.ceil(batches.targets_per_epoch / (context + extra))


def test_rows_begin_with_their_story_or_go_on_where_it_was_cut(make_shard) -> None:
    shard = make_shard([[10, 11, 12, 13, 14, 15], [20, 21], [30, 31, 32, 33]])
    batch = Batches(shard, batch_tokens=100, context=3, seed=0).at(0)
    assert sorted(row.tolist() for row in batch.rows) == [
        [1, 10, 11, 12], [1, 20, 21, 2], [1, 30, 31, 32],
        [12, 13, 14, 15], [15, 2], [32, 33, 2],
    ]  # fmt: skip


@QUICK
@given(LENGTHS, CONTEXTS, st.integers(0, 30), st.data())
def test_a_batch_depends_on_seed_and_step_alone(make_shard, lengths, context, extra, data) -> None:
    shard = make_shard(numbered(lengths))

    def fresh() -> Batches:
        return Batches(shard, batch_tokens=context + extra, context=context, seed=9)

    used = fresh()
    steps = st.integers(0, 3 * used.steps_per_epoch)
    for step in data.draw(st.lists(steps, min_size=1, max_size=8)):
        assert same(used.at(step), fresh().at(step))


@QUICK
@given(LENGTHS, CONTEXTS, st.integers(0, 60), st.integers(1, 9))
def test_the_ranks_together_have_the_batch_of_one_process(make_shard, lengths, context, extra, world) -> None:
    shard = make_shard(numbered(lengths))
    options = {"batch_tokens": context + extra, "context": context, "seed": 7}
    alone = Batches(shard, **options)
    ranks = [Batches(shard, **options, rank=rank, world=world) for rank in range(world)]
    for step in range(2 * alone.steps_per_epoch):
        whole, parts = alone.at(step), [batches.at(step) for batches in ranks]
        assert {part.targets for part in parts} == {whole.targets}
        rows = [row.tolist() for part in parts for row in part.rows]
        assert sorted(rows) == sorted(row.tolist() for row in whole.rows)
        loads = [sum(len(row) - 1 for row in part.rows) for part in parts]
        assert max(loads) - min(loads) <= max(len(row) - 1 for row in whole.rows)


def test_the_longest_rows_are_dealt_first_and_back(make_shard) -> None:
    shard = make_shard(numbered([0, 1, 2, 3, 4, 5, 6, 7]))
    found = []
    for rank in (0, 1, 2):
        batches = Batches(shard, batch_tokens=36, context=8, seed=0, rank=rank, world=3)
        found.append(sorted(len(row) - 1 for row in batches.at(0).rows))
    assert found == [[2, 3, 8], [1, 4, 7], [5, 6]]


def test_epochs_and_seeds_give_other_orders(make_shard) -> None:
    shard = make_shard(numbered([3] * 60))

    def order(seed: int, epoch: int) -> list[int]:
        batches = Batches(shard, batch_tokens=4, context=4, seed=seed)
        steps = range(epoch * batches.steps_per_epoch, (epoch + 1) * batches.steps_per_epoch)
        return [int(row[1]) for step in steps for row in batches.at(step).rows]

    orders = [order(seed, epoch) for seed in (0, 1) for epoch in (0, 1, 2)]
    assert all(sorted(one) == sorted(orders[0]) for one in orders)
    assert len({tuple(one) for one in orders}) == 6
    assert all(one != sorted(one) for one in orders)


def test_the_order_is_the_one_written_down(make_shard) -> None:
    """A resumed run must meet the same batches under any version of numpy."""
    shard = make_shard(numbered([0, 1, 2, 3, 4, 5, 6, 7]))
    batches = Batches(shard, batch_tokens=12, context=8, seed=42)
    found = [[len(row) - 1 for row in batches.at(step).rows] for step in range(6)]
    assert found == [[5, 2, 4], [7, 1], [8, 3, 6], [2, 3, 6], [4, 7, 1], [5, 8]]


def test_settings_that_cannot_be_are_refused(make_shard) -> None:
    shard = make_shard([[5, 6]])
    good = {"batch_tokens": 8, "context": 4, "seed": 0}
    for change in ({"batch_tokens": 3}, {"context": 0}, {"seed": -1}, {"rank": 1}, {"world": 0}):
        with pytest.raises(ConfigError):
            Batches(shard, **{**good, **change})
    with pytest.raises(DataError, match="holds no story"):
        Batches(make_shard([]), **good)
    with pytest.raises(ValueError, match="step -1"):
        Batches(make_shard([[5]]), **good).at(-1)


def test_a_hundred_thousand_stories_are_planned_in_a_blink(make_shard) -> None:
    rows = np.full(200, 7)
    shard = make_shard([rows[: 40 + index % 150] for index in range(100_000)])
    begin = time.perf_counter()
    batches = Batches(shard, batch_tokens=16_384, context=256, seed=0)
    planned = time.perf_counter()
    for step in range(100):
        batches.at(step)
    assert planned - begin < 1.0  # measured 0.03 s; two million take 0.5 s
    assert (time.perf_counter() - planned) / 100 < 0.005  # measured 0.3 ms


@QUICK
@given(LENGTHS, CONTEXTS, st.integers(0, 20), st.integers(1, 3), st.data())
def test_targets_that_do_not_count_are_read_and_no_batch_is_without_others(
    make_shard, lengths, context, extra, world, data
) -> None:
    shard = make_shard(numbered(lengths))
    skips = [data.draw(st.integers(0, length + 2)) for length in lengths]
    skips[0] = 0
    options = {"batch_tokens": context + extra, "context": context, "seed": 1, "world": world}
    unlearnt = np.array(skips, dtype=np.uint32)
    ranks = [Batches(shard, **options, rank=rank, unlearnt=unlearnt) for rank in range(world)]
    seen = []
    for step in range(ranks[0].steps_per_epoch):
        parts = [batches.at(step) for batches in ranks]
        learnt = [row[1 + skip :] for part in parts for row, skip in zip(part.rows, part.skips, strict=True)]
        assert all(len(targets) for targets in learnt)
        assert {part.targets for part in parts} == {sum(map(len, learnt))}
        assert sum(map(len, learnt)) > 0
        seen += [int(target) for targets in learnt for target in targets]
    wanted = [shard.story(i)[1 + skip :].tolist() for i, skip in enumerate(skips)]
    assert sorted(seen) == sorted(target for targets in wanted for target in targets)
