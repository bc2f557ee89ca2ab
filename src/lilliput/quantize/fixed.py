"""The primitive operations of docs/integer-arithmetic.md, section 2, on whole arrays. No float decides any.

Arrays are int64 here so that nothing can overflow unseen; `require_width` holds them to the widths that
devices have. A shift right is arithmetic: it rounds toward minus infinity.
"""

from math import isqrt

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

INT16 = 32767
"""Greatest magnitude of a saturated 16-bit value; -32768 does not occur."""
INT32 = 2**31 - 1
LOG2_STEPS = 256
"""Steps of exponents: an exponent z stands for 2 ** (-z / 256)."""
COSINE_BITS = 14
SPLIT_SHIFT = 17
"""From this shift on, a product of 32 by 15 bits is formed from two of 16 by 16 (section 2.3)."""
UNIT_BITS = 15
"""A vector of norm 1 has elements in units of 2 ** -15."""


def round_shift(value: Ints, shift: int | Ints) -> Ints:
    """floor(value / 2**shift + 1/2), shift >= 0."""
    half = (np.int64(1) << shift) >> 1
    return (value + half) >> shift


def rescale(value: Ints, multiplier: int | Ints, shift: int | Ints) -> Ints:
    """floor(value * multiplier / 2**shift + 1/2): 0 <= multiplier <= 2**15, shift >= 1.

    A device with 32 bits forms it from two products of 16 by 16 bits where shift >= 17 (section 2.3).
    """
    return round_shift(value * multiplier, shift)


def saturate(value: Ints, limit: int) -> Ints:
    """The nearest of -limit..limit."""
    return np.clip(value, -limit, limit)


def bit_length(value: Ints) -> Ints:
    """Bits of each value >= 0; 0 has none."""
    return np.frexp(value.astype(np.float64))[1].astype(np.int64)


def shift_either(value: Ints, shift: Ints) -> Ints:
    """value >> shift, or value << -shift where shift is negative; value >= 0."""
    return (value >> np.maximum(shift, 0)) << np.maximum(-shift, 0)


def make_rsqrt_table() -> npt.NDArray[np.uint16]:
    """(193,) entry j is 2**18 / sqrt(64 + j), rounded: 1 / sqrt(m) for m = (64 + j) * 256, times 2**22."""
    return np.array([(isqrt(2**38 // (64 + j)) + 1) >> 1 for j in range(193)], np.uint16)


def make_reciprocal_table() -> npt.NDArray[np.uint16]:
    """(129,) entry j is 2**22 / (128 + j), rounded: 1 / m for m = (128 + j) * 256, times 2**30."""
    return np.array([(2**23 // (128 + j) + 1) >> 1 for j in range(129)], np.uint16)


def make_exp2_table(bits: int) -> npt.NDArray[np.uint16]:
    """(256,) entry f is 2**(bits + 1 - f / 256), rounded; bits <= 14.

    Eight integer square roots of 2**(256 * (bits + 2) - f) are its 256th root, rounded down, without a float.
    """
    entries = []
    for f in range(LOG2_STEPS):
        root = 1 << (LOG2_STEPS * (bits + 2) - f)
        for _ in range(8):
            root = isqrt(root)
        entries.append((root + 1) >> 1)
    return np.array(entries, np.uint16)


def _interpolate(table: Ints, mantissa: Ints, first: int) -> Ints:
    """A falling table, entry j for mantissa (first + j) * 256, between its entries; mantissa < 2**16."""
    at, part = (mantissa >> 8) - first, mantissa & 255
    left, right = table[at], table[at + 1]
    between: Ints = left - (((left - right) * part + 128) >> 8)
    return between


def rsqrt(value: Ints, table: Ints) -> tuple[Ints, Ints]:
    """(r, k) with 1 / sqrt(value) = r * 2**(-22 - k), 2**14 <= r <= 2**15; value >= 1."""
    k = (bit_length(value) - 15) >> 1
    return _interpolate(table, shift_either(value, 2 * k), 64), k


def reciprocal(value: Ints, table: Ints) -> tuple[Ints, Ints]:
    """(r, k) with 1 / value = r * 2**(-30 - k), 2**14 <= r <= 2**15; value >= 1."""
    k = bit_length(value) - 16
    return _interpolate(table, shift_either(value, k), 128), k


def exp2_below(exponent: Ints, table: Ints) -> Ints:
    """2 ** (bits - exponent / 256), rounded: 2**bits at 0, falling to 0; exponent >= 0."""
    chances: Ints = ((table[exponent & (LOG2_STEPS - 1)] >> np.minimum(exponent >> 8, 31)) + 1) >> 1
    return chances


def narrow(value: Ints, limit: int) -> tuple[Ints, Ints]:
    """(x, e) with value (..., n) about x * 2**e and |x| <= limit: one e >= 0 for the n, 0 where they fit.

    `limit` is a power of two less one.
    """
    most = np.abs(value).max(axis=-1, keepdims=True)
    down = np.maximum(bit_length(most) - limit.bit_length(), 0)
    return saturate(round_shift(value, down), limit), down


def halvings(size: Ints, limit: int, power: int) -> Ints:
    """The least e >= 0 for which size >> (power * e) <= limit: how often a vector is halved.

    `size` is its sum of magnitudes (power 1) or of squares (power 2).
    """
    down = np.zeros_like(size)
    while (over := size >> (power * down) > limit).any():
        down += over
    return down


def exact_floats(values: npt.NDArray[np.int8], most: int) -> npt.NDArray[np.floating]:
    """Whole numbers as floats in which sums up to `most`, and all parts of them, are exact."""
    return values.astype(np.float32 if most <= 2**24 else np.float64)


def exact_product(x: Ints, weights: npt.NDArray[np.floating]) -> Ints:
    """(..., R) sums of x (..., C) times weights (..., R, C), whole numbers in floats wide enough to be exact.

    Floats serve only because numpy multiplies them quickly: every partial sum is a whole number that they
    hold (up to 2**24 or 2**53), whatever the order of adding.
    """
    sums: Ints = (x.astype(weights.dtype) @ weights.swapaxes(-1, -2)).astype(np.int64)
    return sums


def require_width(value: Ints, limit: int, name: str) -> None:
    """Raise AssertionError where a magnitude is above `limit`: the proof of a bound does not hold."""
    most = int(np.abs(value).max(initial=0))
    assert most <= limit, f"{name} reaches {most}, above its bound {limit}"


class XorShift32:
    """Marsaglia's xorshift generator (2003), 13-17-5: 32 bits of state, shifts and exclusive ors only."""

    START = 0x9E3779B9
    WARM_UP = 16

    def __init__(self, seed: int) -> None:
        """`seed` is 0 to 2**64 - 1; its halves are folded, and the first numbers thrown away."""
        self._state = ((seed ^ (seed >> 32) ^ self.START) & 0xFFFFFFFF) or self.START
        for _ in range(self.WARM_UP):
            self.draw()

    def draw(self) -> int:
        """The next of 2**32 - 1 numbers, 1 to 2**32 - 1."""
        x = self._state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._state = x
        return x

    def draw_below(self, end: int) -> int:
        """One of 0..end - 1, each as likely: upper bits, drawn again until they are below."""
        bits = (end - 1).bit_length()
        while True:
            drawn = self.draw() >> (32 - bits)
            if drawn < end:
                return drawn
