"""Matrices of whole numbers: what quantization makes, and what engine images hold. No torch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Integers:
    """A matrix (R, C) as small integers and a scale for each `group` inputs of a row."""

    values: npt.NDArray[np.int8]
    """(R, C); -128..127 at 8 bits, -8..7 at 4."""
    scales: npt.NDArray[np.uint16]
    """(R, groups), bfloat16: the upper half of a float32's bits."""
    group: int
    """A multiple of 4; the last group of a row may be short."""
    bits: int

    def restored(self) -> Floats:
        """The matrix (R, C) that these integers stand for: value * scale."""
        scales = widen_bfloat16(self.scales).repeat(self.group, axis=1)[:, : self.values.shape[1]]
        return self.values * scales


def to_bfloat16(values: Floats) -> npt.NDArray[np.uint16]:
    """The bfloat16 nearest to each finite value, halves to even, as bits."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def widen_bfloat16(halves: npt.NDArray[np.uint16]) -> Floats:
    """float32 of the same value."""
    return (halves.astype(np.uint32) << 16).view(np.float32)
