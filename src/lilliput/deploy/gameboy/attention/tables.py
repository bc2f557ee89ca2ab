"""Numbers that attention looks up: chances, reciprocals of their sums, products."""

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.attention.shape import AttendShape
from lilliput.quantize.fixed import (
    exp2_below,
    make_exp2_table,
    make_reciprocal_table,
    reciprocal,
    round_shift,
)

NO_CHANCE = 1
"""What stands for a chance of 0; a chance c is 2 c - 2."""
VALUE_PAGE = 0x40
"""A value v in battery memory is VALUE_PAGE + value_limit + v: the page of its products."""
LEAST_RECIPROCAL, ROWS_OF_BANK = 128, 32
_EXPONENTS = 9 * 256
"""From here on no chance is above 0."""


def make_chances(score_shift: int, chance_bits: int, down: int = 0) -> NDArray[np.uint8]:
    """(256 * pages,) by how far a score is below the greatest: 2 c - 2 of its chance c, or NO_CHANCE.

    Scores that are shifted right come shifted (score_shift > 0). Chances are halved `down` times. There is
    all that a score whose upper byte is within `reach` may ask for; beyond it every chance is 0.
    """
    right = max(score_shift, 0)
    most = 256 * reach(score_shift, chance_bits) + 255 + (1 << right >> 1) >> right
    far = np.arange(256 * ((most >> 8) + 1), dtype=np.int64)
    chances = _find_chances(far << max(-score_shift, 0), chance_bits) >> down
    coded: NDArray[np.uint8] = np.where(chances > 0, 2 * chances - 2, NO_CHANCE).astype(np.uint8)
    return coded


def reach(score_shift: int, chance_bits: int) -> int:
    """By how much a score's upper byte may be below the greatest one's, its chance above 0; 255 at most."""
    last = int(np.flatnonzero(_find_chances(np.arange(_EXPONENTS), chance_bits))[-1])
    right = max(score_shift, 0)
    far = (last >> max(-score_shift, 0)) if right == 0 else (last + 1 << right) - (1 << right >> 1) - 1
    return min(-(-far // 256), 255)


def _find_chances(exponents: NDArray[np.int64], chance_bits: int) -> NDArray[np.int64]:
    return exp2_below(exponents, make_exp2_table(chance_bits).astype(np.int64))


def make_reciprocals(shape: AttendShape) -> NDArray[np.uint8]:
    """(most_sum + 1,) by the sum of chances: 8 bits of the reciprocal, less LEAST_RECIPROCAL."""
    sums = np.maximum(np.arange(shape.most_sum + 1), 1).astype(np.int64)
    r, _ = reciprocal(sums, make_reciprocal_table().astype(np.int64))
    short: NDArray[np.uint8] = (np.minimum(round_shift(r, 7), 255) - LEAST_RECIPROCAL).astype(np.uint8)
    return short


def make_products(shape: AttendShape) -> bytes:
    """A page for each value from -value_limit on: at 2 c - 2 the word c (v + value_limit)."""
    chances = np.arange(1, 129)
    values = np.arange(2 * shape.value_limit + 1)
    return np.outer(values, chances).astype("<u2").tobytes()


def make_reciprocal_rows(bank: int) -> bytes:
    """Bank 0 to 3 of products with reciprocals from LEAST_RECIPROCAL on: low bytes, then high ones."""
    first = LEAST_RECIPROCAL + ROWS_OF_BANK * bank
    products = np.outer(np.arange(first, first + ROWS_OF_BANK), np.arange(256))
    return np.stack([products & 0xFF, products >> 8], axis=1).astype(np.uint8).tobytes()


def means_fit(shape: AttendShape) -> bool:
    """Whether no mean needs to be saturated to its bits, whatever the sum of chances is."""
    limit = (1 << (shape.value_limit << shape.o_shift).bit_length()) - 1
    least = 1 << shape.chance_bits - shape.most_down  # the greatest chance, halved as often as it can be
    for total, short in enumerate(make_reciprocals(shape).tolist()):
        shift = 7 + total.bit_length() - shape.o_shift
        most = shape.value_limit * total * (short + LEAST_RECIPROCAL)
        if total >= least and (most + (1 << shift >> 1)) >> shift > limit:
            return False
    return True
