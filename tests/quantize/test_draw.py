"""Choosing tokens with whole numbers: as the float sampler does, up to rounding."""

import numpy as np
import pytest

from lilliput.generation.sample import Sampling, kept_chances
from lilliput.quantize.draw import cut_chances, make_int_sampler, plan_draws
from lilliput.quantize.fixed import make_exp2_table

BITS = 10
GOLDEN_DRAWS = [11, 10, 9, 10, 10, 6, 10, 11, 10, 10, 10, 11]
TABLE = make_exp2_table(14).astype(np.int64)


def draw_logits(seed: int, size: int = 50) -> np.ndarray:
    return np.rint(np.random.default_rng(seed).normal(0, 2.5, size) * 2**BITS).astype(np.int64)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
@pytest.mark.parametrize(
    "cuts", [{}, {"top_k": 5}, {"top_p": 0.7}, {"min_p": 0.1}, {"top_k": 9, "top_p": 0.8}]
)
def test_chances_are_the_float_samplers(temperature, cuts):
    for seed in range(20):
        logits = draw_logits(seed)
        plan = plan_draws(
            temperature, cuts.get("top_k", 0), cuts.get("top_p", 1.0), cuts.get("min_p", 0.0), BITS
        )
        whole = cut_chances(logits, plan, TABLE)
        ids, chances = kept_chances(
            (logits / 2**BITS).astype(np.float32), Sampling(temperature=temperature, **cuts)
        )
        wanted = np.zeros(len(logits))
        wanted[ids] = chances
        assert np.abs(whole / whole.sum() - wanted).sum() / 2 < 0.02  # a token at a cut's edge may differ


def test_cuts_keep_the_lowest_of_equal_ids_and_at_least_one():
    logits = np.array([3, 5, 5, 5, 1], np.int64) << BITS
    assert np.flatnonzero(cut_chances(logits, plan_draws(1.0, 2, 1.0, 0.0, BITS), TABLE)).tolist() == [1, 2]
    assert np.flatnonzero(cut_chances(logits, plan_draws(1.0, 0, 1e-9, 0.0, BITS), TABLE)).tolist() == [1]
    assert np.flatnonzero(cut_chances(logits, plan_draws(1.0, 0, 1.0, 1.0, BITS), TABLE)).tolist() == [
        1,
        2,
        3,
    ]


def test_draws_are_as_frequent_as_their_chances_and_follow_from_the_seed():
    logits = (np.array([2.0, 1.0, 0.0, -1.0]) * 2**BITS).astype(np.int64)
    plan = plan_draws(1.0, 0, 1.0, 0.0, BITS)
    sample = make_int_sampler(plan, 3)
    drawn = [sample(logits) for _ in range(1500)]
    expected = np.exp([2.0, 1, 0, -1])
    assert np.abs(np.bincount(drawn, minlength=4) / 1500 - expected / expected.sum()).max() < 0.05
    again, other = make_int_sampler(plan, 3), make_int_sampler(plan, 4)
    assert [again(logits) for _ in range(50)] == drawn[:50]
    assert [other(logits) for _ in range(50)] != drawn[:50]


def test_cold_draws_are_greedy_ones():
    for temperature in (0, 1e-9, 1e-4):
        plan = plan_draws(temperature, 0, 1.0, 0.0, BITS)
        assert plan.multiplier < 2**15
        logits = draw_logits(1)
        if plan.multiplier:
            assert np.flatnonzero(cut_chances(logits, plan, TABLE)).tolist() == [int(logits.argmax())]


def test_the_widest_distance_stays_within_32_bits():
    for temperature in (1e-30, 1e-9, 0.01, 1, 100, 1e9, 1e30):
        plan = plan_draws(temperature, 0, 1.0, 0.0, BITS)
        assert 1 <= plan.multiplier < 2**15
        assert 1 <= plan.shift <= 46
        if plan.shift < 17:
            assert 65534 * plan.multiplier + 2 ** (plan.shift - 1) < 2**31


def test_draws_are_the_same_everywhere():
    """A golden: what a port must draw."""
    sample = make_int_sampler(plan_draws(1.0, 0, 1.0, 0.0, BITS), 7)
    logits = np.arange(12) * 300
    assert [sample(logits) for _ in range(12)] == GOLDEN_DRAWS


def test_a_rare_token_is_drawn_whatever_bits_attention_has():
    """About one in 2,000: with chances of 6 bits it never were."""
    logits = np.array([0, -7.6 * 2**BITS], np.int64)
    sample = make_int_sampler(plan_draws(1.0, 0, 1.0, 0.0, BITS), 1)
    drawn = sum(sample(logits) for _ in range(20_000))
    assert 4 <= drawn <= 20
