"""Choosing a token with whole numbers only (docs/integer-arithmetic.md, section 4)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lilliput.quantize.fixed import LOG2_STEPS, Ints, XorShift32, exp2_below, make_exp2_table, rescale
from lilliput.quantize.numbers import MOST_SHIFT

_MOST_BELOW = 65535
DRAW_BITS = 14
"""Of the chance of the likeliest token."""


@dataclass(frozen=True)
class DrawPlan:
    """How a token is drawn; what a device holds in place of a temperature and cuts."""

    multiplier: int
    """0: always the likeliest. Else, with `shift`, from logits' distances to exponents of 2."""
    shift: int
    top_k: int
    """0: all."""
    top_p: int
    """In units of 2 ** -16; 65536: all."""
    most_below: int
    """Tokens further below the likeliest, in units of 1/256 of a power of two, are cut (min_p)."""


def plan_draws(temperature: float, top_k: int, top_p: float, min_p: float, logit_bits: int) -> DrawPlan:
    """The plan for settings as people give them."""
    most_below = min(_MOST_BELOW, round(-LOG2_STEPS * math.log2(min_p))) if min_p > 0 else _MOST_BELOW
    shares = min(65536, max(1, round(top_p * 65536)))
    if temperature == 0:
        return DrawPlan(0, 0, top_k, shares, most_below)
    mantissa, exponent = math.frexp(LOG2_STEPS * math.log2(math.e) / (temperature * 2.0**logit_bits))
    multiplier, shift = round(mantissa * 2**15), 15 - exponent
    if multiplier == 2**15:
        multiplier, shift = 2**14, shift - 1
    if shift < 1:  # so cold that only equals of the likeliest have a chance
        multiplier, shift = 2**15 - 1, 1
    if shift > MOST_SHIFT:  # so hot that all have the same
        multiplier, shift = 1, MOST_SHIFT
    return DrawPlan(multiplier, shift, top_k, shares, most_below)


def make_int_sampler(plan: DrawPlan, seed: int) -> Callable[[Ints], int]:
    """From logits (V,) to an id; the draws follow from `seed`, 0 to 2**64 - 1, alone.

    Chances have DRAW_BITS whatever attention's have: with few bits, rare tokens would never be drawn.
    """
    table, random = make_exp2_table(DRAW_BITS).astype(np.int64), XorShift32(seed)

    def sample(logits: Ints) -> int:
        if plan.multiplier == 0:
            return int(logits.argmax())
        chances = cut_chances(logits, plan, table)
        place = random.draw_below(int(chances.sum()))
        return int(np.searchsorted(chances.cumsum(), place, side="right"))

    return sample


def cut_chances(logits: Ints, plan: DrawPlan, table: Ints) -> Ints:
    """(V,) whole chances in proportion; 0 for what the cuts leave out.

    The order of likelihood is by falling logit, equals by rising id. top_k keeps the first k; top_p of these
    each before which less than floor(top_p * their sum / 65536) lies, and the first; min_p what is near.
    No sorting is needed on a device: a threshold on the logit, then on the id among equals, is the same.
    """
    below = np.minimum(rescale(logits.max() - logits, plan.multiplier, plan.shift), _MOST_BELOW)
    chances = exp2_below(below, table)
    if plan.top_k or plan.top_p < 65536:
        order = np.argsort(-logits, kind="stable")
        chances[order[plan.top_k or len(order) :]] = 0
        ordered = chances[order]
        before = ordered.cumsum() - ordered
        cut = before >= max(1, int(ordered.sum()) * plan.top_p >> 16)
        chances[order[cut]] = 0
    near: Ints = np.where(below <= plan.most_below, chances, 0)
    return near
