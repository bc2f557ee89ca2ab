"""Weights as devices hold them: a byte each (int8), two a byte (int4), or five (ternary)."""

import numpy as np
import numpy.typing as npt

from lilliput.quantize.intmodel import IntMatrix, IntModel

MULTIPLIER_BITS, SHIFT_BITS = 12, 4
"""Of a row's scale where its two parts lie together."""
PER_BYTE = {"int8": 1, "int4": 2, "ternary": 5}

VALUES_TOGETHER = 8
"""How many positions' values some processors keep side by side (LP_BLOCK of integer_arm_attend.inc)."""


def row_bytes(matrix: IntMatrix) -> int:
    """Bytes of a row; no byte holds weights of two rows."""
    columns: int = matrix.values.shape[1]
    return -(-columns // PER_BYTE[matrix.kind])


def pack_rows(matrix: IntMatrix) -> npt.NDArray[np.int8]:
    """(R, row_bytes) of a matrix (R, C).

    int4: the first of two in the lower half, plus 8. ternary: five digits to the base of 3, plus 1, the
    first the greatest, as a fraction of 256 rounded up: three times it, five times over, gives them back.
    """
    values = matrix.values.astype(np.int32)
    if matrix.kind == "int8":
        return matrix.values
    size = PER_BYTE[matrix.kind]
    padded = np.pad(values, ((0, 0), (0, -values.shape[1] % size)))
    groups = padded.reshape(len(values), -1, size)  # (R, row_bytes, size)
    if matrix.kind == "int4":
        packed = groups[..., 0] + 8 | groups[..., 1] + 8 << 4
    else:
        number = (groups + 1) @ (3 ** np.arange(size - 1, -1, -1))  # 0..242
        packed = -(-number * 256 // 3**size)
    return packed.astype(np.uint8).view(np.int8)


def scales_fit(model: IntModel) -> bool:
    """Whether every row's multiplier and shift fit 16 bits, as those that the quantizer makes do."""
    matrices = [*(matrix for _, matrix in model.iter_matrices()), model.head]
    return all(
        matrix.multipliers.max() < 2**MULTIPLIER_BITS and int(np.ptp(matrix.shifts)) < 2**SHIFT_BITS
        for matrix in matrices
    )


def pack_scales(matrix: IntMatrix) -> npt.NDArray[np.uint16]:
    """(R,) multipliers, and behind them how far a shift is below the matrix's greatest; see `scales_fit`."""
    below = (matrix.shifts.max() - matrix.shifts).astype(np.uint16)
    packed: npt.NDArray[np.uint16] = matrix.multipliers.astype(np.uint16) << SHIFT_BITS | below
    return packed


def joinable(model: IntModel) -> bool:
    """Whether a processor that multiplies pairs of 16 bits may join each two weights in one such number.

    Inputs are then made 256 times as great, and so are sums: they must fit 16 and 32 bits. And a row's
    multiplier, shifted up by what its shift is less than 24, must fit 32 bits.
    """
    named = model.iter_matrices()
    read = [matrix for name, matrix in named if name != "embed"]
    bytes_only = all(matrix.kind == "int8" for _, matrix in named)
    return (
        bytes_only
        and scales_fit(model)
        and all(
            len(matrix.values) >= 4
            and matrix.input_limit < 2**7
            and int(matrix.row_bounds.max()) < 2**23
            and int(matrix.shifts.max()) <= 32
            and int(matrix.shifts.min()) >= 5 + matrix.most_down
            for matrix in [*read, model.head]
        )
    )
