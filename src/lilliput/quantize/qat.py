"""Training with rounded weights: what is rounded how, and how rows' steps learn. Numpy only, no torch.

A step of training computes with weights on their grid, steps[r] * (whole number), and what it would change
of them it changes of the weights behind, which are not rounded (straight through: Bengio et al. 2013). Rows'
steps learn too, by the slope of the loss at the grid's points (LSQ: Esser et al. 2020).
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lilliput.quantize.intmodel import KIND_LIMITS, IntConfig, Kind
from lilliput.quantize.rounding import Floats, round_rows
from lilliput.quantize.settings import QuantizeSettings

Weights = Mapping[str, npt.NDArray[np.float32]]
Matrix = npt.NDArray[np.float32]
STEP_RATES: dict[Kind, float] = {"int8": 1e-3, "int4": 1e-3, "ternary": 1e-2}
"""Share of itself by which a row's step changes in one step of training, at the peak of the rates: fine grids
bear less, since all of a row's weights change with it."""
_BETA1, _BETA2 = 0.9, 0.99


class Grid:
    """Where the weights of one matrix (R, C) may lie: whole numbers up to a limit times a step a row."""

    def __init__(self, matrix: Matrix, kind: Kind) -> None:
        self._limit, self._rate = KIND_LIMITS[kind], STEP_RATES[kind]
        steps = round_rows(matrix.astype(np.float64), kind, method="nearest").steps
        self.steps: Matrix = steps.astype(np.float32)[:, np.newaxis]  # (R, 1)
        self._first, self._second = np.zeros_like(self.steps), np.zeros_like(self.steps)  # Adam's moments
        self._times = 0

    def round(self, matrix: Matrix) -> Matrix:
        """(R, C) the nearest point of the grid for each weight."""
        return self._whole(matrix) * self.steps

    def learn(self, matrix: Matrix, slopes: Matrix, factor: float) -> None:
        """Move the steps against slopes (R, C) of the loss at `round(matrix)`; `factor` is the schedule's.

        Logarithms of steps move, by Adam: so a step stays above zero, and the rate fits any size.
        """
        scaled = matrix / self.steps
        inside = np.where(
            np.abs(scaled) <= self._limit, scaled, 0
        )  # those beyond move with the greatest point
        slope = (slopes * (self._whole(matrix) - inside)).sum(axis=1, keepdims=True)
        self._times += 1
        self._first += (1 - _BETA1) * (slope - self._first)
        self._second += (1 - _BETA2) * (slope**2 - self._second)
        first = self._first / (1 - _BETA1**self._times)
        second = self._second / (1 - _BETA2**self._times)
        self.steps *= np.exp(-self._rate * factor * first / (np.sqrt(second) + 1e-12))

    def _whole(self, matrix: Matrix) -> Matrix:
        whole: Matrix = np.rint(matrix / self.steps)
        return whole.clip(-self._limit, self._limit)


def make_grids(weights: Weights, settings: QuantizeSettings) -> dict[str, Grid]:
    """A grid for each matrix coarser than int8, which is fine enough to be rounded at the end."""
    grids = {}
    for name, matrix in weights.items():
        part = name.removesuffix(".weight").rpartition(".")[2]
        if matrix.ndim == 2 and (kind := settings.kind(part)) != "int8":
            grids[name] = Grid(matrix, kind)
    return grids


def even_out(config: IntConfig, weights: Weights, units: Mapping[str, Floats]) -> dict[str, Matrix]:
    """Weights of the same function, but with inputs of matrices that have about one range in all channels.

    `units` are what rounding found (Quantized.units). What makes an input is divided by its unit, the columns
    that read it are multiplied: so one unit for all channels will do, and weights are rounded as they stand.
    """
    found = {name: matrix.astype(np.float64) for name, matrix in weights.items()}
    groups = config.n_heads // config.n_kv_heads
    for number in range(config.n_layers):
        at = f"blocks.{number}"
        readers = {
            "norm1": ("attn.q", "attn.k", "attn.v"),
            "norm2": ("mlp.gate", "mlp.up"),
            "attn.v": ("attn.o",),
            "mlp.up": ("mlp.down",),
        }
        for maker, read_by in readers.items():
            unit = units[f"{at}.{maker}"]
            unit = unit / np.exp(np.log(unit).mean())
            found[f"{at}.{maker}.weight"] /= unit if maker.startswith("norm") else unit[:, np.newaxis]
            if maker == "attn.v":  # several heads read each head of values
                unit = unit.reshape(config.n_kv_heads, 1, -1).repeat(groups, axis=1).reshape(-1)
            for reader in read_by:
                found[f"{at}.{reader}.weight"] *= unit
    return {name: matrix.astype(np.float32) for name, matrix in found.items()}
