"""Weights as integers: how far off they may be, and where they may not be off at all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.formats.integers import widen_bfloat16
from lilliput.quantize.rows import INT4_GROUP, to_int4, to_int8


def draw(rows, columns, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, (rows, columns)).astype(np.float32)


@pytest.mark.parametrize("group", [None, 4, 16, 32, 64])
@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (33, 172), (16, 64)])
def test_no_int8_weight_is_off_by_more_than_half_a_step(shape, group):
    matrix = draw(*shape)
    rounded = to_int8(matrix, group)
    each = group or -(-shape[1] // 4) * 4
    assert rounded.group == each
    assert rounded.scales.shape == (shape[0], -(-shape[1] // each))
    steps = np.repeat(widen_bfloat16(rounded.scales), each, axis=1)[:, : shape[1]]
    error = np.abs(rounded.restored() - matrix)
    assert (error <= steps * 0.5 + steps * 127 / 512).all()  # a scale's own rounding may cut the greatest
    assert np.sqrt((error**2).mean()) < 0.4 * steps.mean()


def test_smaller_groups_are_closer():
    matrix = draw(64, 256) * np.logspace(0, -2, 256).astype(np.float32)
    errors = [np.square(to_int8(matrix, group).restored() - matrix).sum() for group in (None, 64, 16)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


@settings(deadline=None, max_examples=50)
@given(
    rows=st.integers(1, 20),
    columns=st.integers(1, 100),
    exponent=st.integers(-20, 20),
    seed=st.integers(0, 99),
)
def test_what_integers_can_say_exactly_they_do(rows, columns, exponent, seed):
    random = np.random.default_rng(seed)
    for round_, most in ((to_int8, 127), (to_int4, 7)):
        whole = random.integers(-most, most + 1, (rows, columns))
        whole[:, ::INT4_GROUP] = most  # every group spans the range, so its scale is the step
        matrix = (whole * 2.0**exponent).astype(np.float32)
        np.testing.assert_array_equal(round_(matrix).restored(), matrix)


def test_int4_cuts_a_range_where_that_lessens_the_error():
    matrix = draw(200, 64)
    kept = matrix.copy()
    most = np.abs(kept.reshape(200, 2, 32)).max(axis=2, keepdims=True)
    scale = most / 7
    simple = (np.rint(kept.reshape(200, 2, 32) / scale) * scale).reshape(200, 64)
    ours = to_int4(matrix).restored()
    assert np.square(ours - matrix).sum() < 0.95 * np.square(simple - matrix).sum()


@pytest.mark.parametrize("round_", [to_int8, to_int4])
def test_zeros_stay_zeros(round_):
    matrix = draw(20, 40)
    matrix[3] = 0
    rounded = round_(matrix)
    assert (rounded.restored()[3] == 0).all()
    assert np.abs(rounded.values).max() <= (127 if round_ is to_int8 else 8)


def test_a_big_matrix_is_rounded_as_its_rows_are():
    matrix = draw(5000, 8)
    np.testing.assert_array_equal(to_int8(matrix).restored()[4090:], to_int8(matrix[4090:]).restored())
