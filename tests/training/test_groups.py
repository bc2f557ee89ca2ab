"""Ragged rows in padded groups: every target once, little padding, each lesson with its token."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.models.loss import IGNORED
from lilliput.stories.batches import Batch
from lilliput.stories.lessons import Lesson
from lilliput.training.groups import group_rows, pad_rows


@settings(deadline=None)
@given(lengths=st.lists(st.integers(2, 300), min_size=1, max_size=40), micro=st.integers(1, 5000))
def test_padding_keeps_every_target_once_and_groups_within_their_limit(
    lengths: list[int], micro: int
) -> None:
    starts = np.cumsum([0, *lengths])
    rows = [np.arange(a, a + n) for a, n in zip(starts, lengths, strict=False)]
    seen = []
    for group in pad_rows(Batch(rows, 0, 0), micro):
        inputs, targets = group.inputs, group.targets
        assert inputs.shape == targets.shape
        assert inputs.numel() <= micro or len(inputs) == 1
        counted = targets != IGNORED
        assert torch.equal(targets[counted], inputs[counted] + 1)
        seen += targets[counted].tolist()
    assert sorted(seen) == sorted(token for row in rows for token in row[1:])


def test_grouping_wastes_little_on_rows_of_real_lengths() -> None:
    lengths = np.random.default_rng(0).integers(60, 400, size=12)
    groups = list(group_rows(lengths.tolist(), 8192))
    padded = sum(len(group) * lengths[group[-1]] for group in groups)
    assert 1 < len(groups) < 12
    assert padded < 1.25 * lengths.sum()


def test_a_lesson_lies_beside_the_target_that_it_is_about() -> None:
    rows = [np.arange(a, a + n) for a, n in ((0, 5), (100, 9), (200, 3))]
    lessons = tuple(
        Lesson(
            np.stack((row[1:], row[1:] + 1), 1).astype(np.int32), np.full((len(row) - 1, 2), 0.25, np.float32)
        )
        for row in rows
    )
    for group in pad_rows(Batch(rows, 0, 0, lessons=lessons), 8192):
        ids, chances = group.lessons
        counted = group.targets != IGNORED
        assert torch.equal(ids[..., 0][counted], group.targets[counted])
        assert torch.equal(ids[..., 1][counted], group.targets[counted] + 1)
        assert (chances[counted] == 0.25).all()
        assert (chances[~counted] == 0).all()
