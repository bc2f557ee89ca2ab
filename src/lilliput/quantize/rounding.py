"""Choosing whole numbers for weights and their inputs: which scale, and which way to round."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lilliput.quantize.fixed import INT16, Ints, narrow
from lilliput.quantize.intmodel import KIND_LIMITS, Kind

Floats = npt.NDArray[np.float64]
Method = Literal["gptq", "nearest"]
_CLIPS = {
    "int8": (1.0, 0.95, 0.9),
    "int4": tuple(np.linspace(1, 0.55, 16)),
    "ternary": tuple(np.linspace(1, 0.2, 33)),
}
"""Shares of a row's greatest weight that are tried as the greatest that can be said."""
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of channels' ranges, tried as their units; at 0 all channels have one unit."""
_DAMPING = 0.01
_ROOM = 1.5
"""How much greater than all that calibration saw an input may be before it is cut: costs next to nothing."""


@dataclass(frozen=True)
class RoundedRows:
    """steps[:, None] * values stand for a matrix (R, C)."""

    values: npt.NDArray[np.int8]
    steps: Floats
    """(R,)"""

    def restored(self) -> Floats:
        """The matrix that is meant."""
        return self.values * self.steps[:, np.newaxis]


def round_rows(
    matrix: Floats,
    kind: Kind,
    inputs: Floats | None = None,
    method: Method = "gptq",
    unit: Floats | None = None,
) -> RoundedRows:
    """(R, C) in whole numbers, a step a row, so that products with `inputs` (N, C) change little.

    With `unit` (R,), steps are powers of two times it: a device then only shifts. `gptq` rounds column by
    column and lets those behind make good what one lost (Frantar et al. 2023); `nearest` rounds each alone.
    """
    limit = KIND_LIMITS[kind]
    gram = np.eye(matrix.shape[1]) if inputs is None else inputs.T @ inputs / len(inputs)
    importance = np.diag(gram) + 1e-12
    steps = _choose_steps(matrix, kind, limit, importance, unit)
    if method == "nearest" or inputs is None:
        return RoundedRows(_nearest(matrix, steps, limit).astype(np.int8), steps)
    return RoundedRows(_gptq(matrix, steps, limit, gram), steps)


def _choose_steps(matrix: Floats, kind: Kind, limit: int, importance: Floats, unit: Floats | None) -> Floats:
    """(R,) of some steps, each row's with the least squared error, columns weighted by `importance`."""
    most = np.abs(matrix).max(axis=1)
    most = np.where(most > 0, most, 1.0)
    candidates = [most * clip / limit for clip in _CLIPS[kind]]
    if kind == "int4":  # of a row that is rounded already its step is found, whatever its greatest is
        candidates += [most / greatest for greatest in range(1, limit)]
    if unit is not None:
        exponents = np.ceil(np.log2(most / limit / unit))
        candidates = [unit * 2.0 ** (exponents - down) for down in range(4 if kind == "ternary" else 2)]
    best: Floats = candidates[0]
    best_error = np.full(len(matrix), np.inf)
    for steps in candidates:
        restored = _nearest(matrix, steps, limit) * steps[:, np.newaxis]
        error = (np.square(restored - matrix) * importance).sum(axis=1)
        best = np.where(error < best_error, steps, best)
        best_error = np.minimum(error, best_error)
    return best


def _nearest(matrix: Floats, steps: Floats, limit: int) -> Floats:
    scaled: Floats = np.rint(matrix / steps[:, np.newaxis]).clip(-limit, limit)
    return scaled


def _gptq(matrix: Floats, steps: Floats, limit: int, gram: Floats) -> npt.NDArray[np.int8]:
    """Columns by falling importance; the inverse's Cholesky factor says what the others make good."""
    order = np.argsort(-np.diag(gram), kind="stable")
    damped = gram[np.ix_(order, order)] + np.eye(len(gram)) * (_DAMPING * np.diag(gram).mean() + 1e-9)
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T  # rows: what a column's error does to those behind
    left, values = matrix[:, order].copy(), np.empty(matrix.shape, np.int8)
    for column in range(matrix.shape[1]):
        rounded = np.rint(left[:, column] / steps).clip(-limit, limit)
        error = (left[:, column] - rounded * steps) / upper[column, column]
        left[:, column + 1 :] -= error[:, np.newaxis] * upper[column, column + 1 :]
        values[:, order[column]] = rounded
    return values


@dataclass(frozen=True)
class Form:
    """How matrices read their inputs: as whole numbers up to `limit`, in a unit of each channel.

    With `block`, inputs first go up to `most`, and a position's are shifted down together until they fit.
    """

    limit: int
    block: bool
    most: int = INT16

    @property
    def made_limit(self) -> int:
        """Greatest magnitude of an input as the step before makes it."""
        return self.most if self.block else self.limit

    @property
    def most_down(self) -> int:
        """The greatest exponent of a position's inputs."""
        return self.made_limit.bit_length() - self.limit.bit_length()

    def made(self, x: Floats, scales: Floats) -> Ints:
        """x (N, C) in units of `scales` (C,), rounded and saturated, before an exponent is taken out."""
        return np.rint(x / scales).clip(-self.made_limit, self.made_limit).astype(np.int64)

    def whole(self, x: Floats, scales: Floats) -> Floats:
        """x (N, C) in units of `scales` (C,), as matrices compute with it."""
        narrowed, down = narrow(self.made(x, scales), self.limit)
        return (narrowed << down).astype(np.float64)

    def rounded(self, x: Floats, scales: Floats) -> Floats:
        """What x (N, C) is after rounding."""
        return self.whole(x, scales) * scales


def ranges_of(x: Floats) -> Floats:
    """(C,) the greatest magnitude of each column of x (N, C).

    At least a thousandth of all columns' greatest, so that a silent column's unit is of the others' size;
    where all are silent, 1.
    """
    most: Floats = np.abs(x).max(axis=0)
    return np.maximum(most, float(most.max()) / 1000 or 1.0)


def choose_input_scales(
    x: Floats, matrices: Sequence[Floats], form: Form, kinds: Sequence[Kind], *, uneven: bool, cut: bool
) -> Floats:
    """(C,) the unit of each input of `matrices` (R, C), which the matrices' columns will be multiplied by.

    Tried: units by the inputs' ranges to a power between 0 (one unit; the only one unless `uneven`) and 1
    (each channel its own), as in SmoothQuant (Xiao et al. 2023); and with `cut` and no blocks, ranges cut at
    several places. The least error of the products wins.
    """
    ranges = ranges_of(x)
    wanted = [x @ matrix.T for matrix in matrices]
    sizes = [float(np.square(product).sum()) + 1e-12 for product in wanted]
    shares = (_ROOM,) if form.block else (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3) if cut else (1.0,)
    best: Floats = ranges / form.limit
    best_error = np.inf
    for power in POWERS if uneven else POWERS[:1]:
        shape = ranges**power
        for share in shares:
            scales = shape * ((ranges / shape).max() * share / form.made_limit)
            rounded = form.rounded(x, scales)
            error = 0.0
            for matrix, kind, product, size in zip(matrices, kinds, wanted, sizes, strict=True):
                restored = round_rows(matrix * scales, kind, method="nearest").restored() / scales
                error += float(np.square(rounded @ restored.T - product).sum()) / size
            if error < best_error:
                best, best_error = scales, error
    return best
