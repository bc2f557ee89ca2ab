"""Odd whole numbers for weights: sums of powers of two, each added or taken away (the kind `planes`).

A device of 8 bits looks up sums of some inputs with signs, one look for each plane of a row's weights, so
what a matrix costs is the number of its planes. Weights of a row that one table serves need as many as the
greatest of them: columns are put in order of their weights' size, so that small ones are together.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lilliput.errors import ConfigError
from lilliput.quantize.fixed import INT16, Ints, make_rsqrt_table, round_shift
from lilliput.quantize.intmodel import KIND_LIMITS

Floats = npt.NDArray[np.float64]
MOST_PLANE_SHIFT = 14
"""Of a row's sum."""
_LIMIT = KIND_LIMITS["planes"]
_DAMPING = 0.01
LOOK_CYCLES = 8
"""Of one table of one row and plane, on a Game Boy: to fetch the address, the sum, and to add."""
_BUILD_CYCLES = {4: 200, 5: 370, 6: 665, 7: 1200, 8: 2247}
"""Of a table of the signed sums of so many inputs."""


@dataclass(frozen=True)
class Tables:
    """How inputs are told off to tables."""

    order: npt.NDArray[np.uint16]
    """(C,)"""
    size: int

    @property
    def count(self) -> int:
        """Of tables."""
        return -(-len(self.order) // self.size)


def arrange_tables(matrices: list[Floats], planes: float) -> Tables:
    """Tables of the inputs of matrices (R, C) that read the same: columns by falling size of weights, as many
    a table as take the fewest cycles at so many planes."""
    energies = sum(np.square(matrix).mean(axis=0) / (np.square(matrix).mean() + 1e-30) for matrix in matrices)
    order = np.argsort(-np.asarray(energies), kind="stable").astype(np.uint16)
    rows = sum(len(matrix) for matrix in matrices)

    def cycles(size: int) -> float:
        return -(-len(order) // size) * (rows * planes * LOOK_CYCLES + _BUILD_CYCLES[size])

    return Tables(order, min(_BUILD_CYCLES, key=cycles))


def count_build_cycles(tables: int, size: int) -> int:
    """Cycles to make so many tables of so many inputs each."""
    return tables * _BUILD_CYCLES[size]


def round_odd(scaled: Floats) -> Floats:
    """The nearest odd number to each, within the limit of weights."""
    odd: Floats = (2 * np.floor(scaled / 2) + 1).clip(-_LIMIT, _LIMIT)
    return odd


def count_bits(values: Floats, tables: Tables) -> float:
    """Mean bits a weight of odd values (R, C): planes of the tables, by the columns they serve."""
    ordered = np.abs(values[:, tables.order])
    parts = [ordered[:, first : first + tables.size] for first in range(0, ordered.shape[1], tables.size)]
    planes = [np.frexp(part.max(axis=1))[1].sum() * part.shape[1] for part in parts]
    return float(sum(planes)) / ordered.size


def choose_shift(matrix: Floats, tables: Tables, bits: float) -> int:
    """The shift at which `matrix` (R, C), in units of its results, comes nearest to so many bits
    a weight."""
    shifts = range(MOST_PLANE_SHIFT + 1)
    return min(shifts, key=lambda s: abs(count_bits(round_odd(matrix * 2.0**s), tables) - bits))


def choose_coarser(matrix: Floats, tables: Tables, bits: float, most: int) -> int:
    """How many times, `most` at most, the unit of results must be doubled so that `matrix` (R, C), in these
    units, comes nearest to so many bits a weight with no shift: 0 where a shift does it."""
    return min(range(most + 1), key=lambda s: abs(count_bits(round_odd(matrix * 2.0**-s), tables) - bits))


def round_planes(
    name: str, matrix: Floats, inputs: Floats, tables: Tables, square_limit: int, shift: int
) -> tuple[npt.NDArray[np.int8], Ints]:
    """Odd values (R, C) of `matrix`, in units of its results, for whole inputs (N, C); and the rows' shifts.

    value * 2**-shift stands for a weight. A row whose sum could leave 16 bits, or whose weights the limit,
    has a step twice as great, and so on. GPTQ (see rounding.py), columns in the tables' order.
    Raises ConfigError that names the matrix where a row's sum would not fit at any shift.
    """
    order = tables.order.astype(np.int64)
    gram = inputs.T @ inputs / len(inputs)
    damped = gram[np.ix_(order, order)] + np.eye(len(gram)) * (_DAMPING * np.diag(gram).mean() + 1e-9)
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T
    shifts, values = np.full(len(matrix), shift, np.int64), np.zeros(matrix.shape, np.int8)
    rows = np.arange(len(matrix))
    while len(rows):
        if shifts.min() < 0:
            raise ConfigError(
                f"{name}: a row's sum could leave 16 bits, its weights are so great for their unit: set "
                "residual_bits or gate_bits lower"
            )
        left = matrix[np.ix_(rows, order)] * 2.0 ** shifts[rows, np.newaxis]
        too_great = np.abs(left).max(axis=1) > _LIMIT + 1
        for column in range(left.shape[1]):
            rounded = round_odd(left[:, column])
            error = (left[:, column] - rounded) / upper[column, column]
            left[:, column + 1 :] -= error[:, np.newaxis] * upper[column, column + 1 :]
            values[rows, order[column]] = rounded
        squares = np.square(values[rows].astype(np.int64)).sum(axis=1)
        length = (square_limit + 1) ** 0.5 + matrix.shape[1] ** 0.5 / 2  # halving rounds
        rows = rows[too_great | (np.sqrt(squares) * length + 1 >= INT16)]
        shifts[rows] -= 1
    return values, shifts


def norm_square_limit(size: int, shift: int) -> int:
    """Greatest sum of squares of what a narrow norm of `size` elements makes (integer-arithmetic.md, 9.2).

    |x_i| <= |w_i| r8 / 2**(shift + k) + 1/2, and |w| <= sqrt(q): so |x| is within r8 sqrt(q) / 2**(shift + k)
    and half a unit of each element. The first is greatest for one of the mantissas m of q, just before the
    next.
    """
    mantissas = np.arange(2**14, 2**16)
    table = make_rsqrt_table().astype(np.int64)
    at, part = (mantissas >> 8) - 64, mantissas & 255
    r = table[at] - (((table[at] - table[at + 1]) * part + 128) >> 8)
    factors = np.minimum(round_shift(r, 7), 255) * np.sqrt(mantissas + 1.0)
    length = float(factors.max()) * 2.0**-shift + size**0.5 / 2
    return int(length**2) + 1
