"""Rounding weight matrices to 8 or 4 bits, each group of inputs with its own scale."""

import numpy as np
import numpy.typing as npt

from lilliput.formats.integers import Floats, Integers, to_bfloat16, widen_bfloat16

INT4_GROUP = 32
_CLIPS = (1.0, 0.94, 0.88, 0.82, 0.76)
"""Shares of a group's range tried at 4 bits: the few greatest may be cut for the good of the others."""
_ROWS_AT_ONCE = 4096


def to_int8(matrix: Floats, group: int | None = None) -> Integers:
    """(R, C) at 8 bits; `group` inputs share a scale (a multiple of 4), or a whole row does."""
    columns = matrix.shape[1]
    group = group or -(-columns // 4) * 4
    return _by_rows(matrix, group, 8, 127, (1.0,))


def to_int4(matrix: Floats) -> Integers:
    """(R, C) at 4 bits, 32 inputs a scale; of several scales the one with the least squared error."""
    return _by_rows(matrix, INT4_GROUP, 4, 7, _CLIPS)


def _by_rows(matrix: Floats, group: int, bits: int, top: int, clips: tuple[float, ...]) -> Integers:
    rows, columns = matrix.shape
    values = np.empty((rows, columns), np.int8)
    scales = np.empty((rows, -(-columns // group)), np.uint16)
    for first in range(0, rows, _ROWS_AT_ONCE):  # a big vocabulary would need much room at once
        part = slice(first, first + _ROWS_AT_ONCE)
        values[part], scales[part] = _round(matrix[part], group, top, clips)
    return Integers(values, scales, group, bits)


def _round(
    matrix: Floats, group: int, top: int, clips: tuple[float, ...]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint16]]:
    rows, columns = matrix.shape
    padded = np.pad(matrix, ((0, 0), (0, -columns % group))).reshape(rows, -1, group)  # (R, groups, group)
    most = np.abs(padded).max(axis=2, keepdims=True)
    best_error = np.full(most.shape, np.inf, np.float32)
    best_scale = np.zeros(most.shape, np.float32)
    best_values = np.zeros(padded.shape, np.float32)
    for clip in clips:
        scale = widen_bfloat16(to_bfloat16(most * np.float32(clip / top)))
        values = np.rint(np.divide(padded, scale, out=np.zeros_like(padded), where=scale > 0))
        values = values.clip(-top - 1, top)
        error = np.square(values * scale - padded).sum(axis=2, keepdims=True)
        better = error < best_error
        best_error, best_scale = np.where(better, error, best_error), np.where(better, scale, best_scale)
        best_values = np.where(better, values, best_values)
    flat = best_values.reshape(rows, -1)[:, :columns].astype(np.int8)
    return flat, to_bfloat16(best_scale[..., 0])
