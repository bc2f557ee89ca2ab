"""Training with weights in planes: on the grid that rounding afterwards chose, its points are chosen anew.

What a matrix costs is settled by the grid: its step, and how many planes the weights of a row have that one
table serves. So training neither adds to the cost nor moves a unit, and the integer model is the one that was
made first, with other weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lilliput.errors import ConfigError
from lilliput.quantize.bounds import check_bounds
from lilliput.quantize.fixed import INT16
from lilliput.quantize.grain import Grain, LayerGrain
from lilliput.quantize.intmodel import IntConfig, IntMatrix, IntModel
from lilliput.quantize.narrow import fold_gains
from lilliput.quantize.ptq import Quantized
from lilliput.quantize.rounding import round_rows
from lilliput.quantize.scaling import split_ratios

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Weights = Mapping[str, Matrix]
_NEARLY = 1 - 2**-12
"""Of the way to the next whole number: where a weight begins that is to be rounded to this one."""


class Grid(Protocol):
    """Where the weights of a parameter may lie."""

    def round(self, matrix: Matrix) -> Matrix:
        """The weights as they are to compute."""

    def learn(self, matrix: Matrix, slopes: Matrix, factor: float) -> None:
        """Change what may be by the slopes of the loss at `round(matrix)`."""


class PlaneGrid:
    """Where the weights of one matrix (R, C) may lie: odd numbers, as many planes as they were given."""

    def __init__(self, matrix: IntMatrix, steps: Floats) -> None:
        assert matrix.planes is not None
        order, size = matrix.planes.order.astype(np.int64), matrix.planes.table_size
        limits = np.empty(matrix.values.shape)
        limits[:, order] = (2.0**matrix.count_planes - 1).repeat(size, axis=1)[:, : len(order)]
        self._limits: Matrix = limits.astype(np.float32)
        self.steps: Matrix = steps.astype(np.float32)
        # as in IntMatrix.row_bounds, and a little room for what rounding adds
        length = (matrix.planes.square_limit + 1) ** 0.5 + len(order) ** 0.5 / 2
        self._most_squares = ((INT16 - 2) / length) ** 2

    def whole(self, matrix: Matrix) -> Matrix:
        """(R, C) the odd number nearest to each weight, in rows whose sums fit 16 bits."""
        scaled = matrix / self.steps
        while True:
            odd: Matrix = (2 * np.floor(scaled / 2) + 1).clip(-self._limits, self._limits)
            squares = np.square(odd, dtype=np.float64).sum(axis=1)
            beyond = squares > self._most_squares
            if not beyond.any():
                return odd
            scaled[beyond] *= np.float32(0.99)

    def round(self, matrix: Matrix) -> Matrix:
        """(R, C) the nearest point of the grid for each weight."""
        return self.whole(matrix) * self.steps

    def learn(self, matrix: Matrix, slopes: Matrix, factor: float) -> None:  # noqa: ARG002 (a grid that is fixed)
        """Hold the weights behind near the grid: from far beyond they would take long to come back."""
        most = (self._limits + 1) * self.steps
        np.clip(matrix, -most, most, out=matrix)

    def near(self, matrix: Matrix, values: npt.NDArray[np.int8]) -> Matrix:
        """`matrix` (R, C), moved no further than it takes to be rounded to `values`."""
        least, most = (values - _NEARLY) * self.steps, (values + _NEARLY) * self.steps
        moved: Matrix = matrix.clip(least, most).astype(np.float32)
        return moved


class Held:
    """A vector that does not learn: gains are in the matrices behind them."""

    def __init__(self, values: Matrix) -> None:
        self._values = values

    def round(self, matrix: Matrix) -> Matrix:  # noqa: ARG002 (whatever it became)
        """The vector as it was."""
        return self._values

    def learn(self, matrix: Matrix, slopes: Matrix, factor: float) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Rounded:
    """A float model that computes as `model` does but for its activations, and what of it learns how."""

    config: IntConfig
    weights: dict[str, Matrix]
    """To begin with: rounded, these are the model's own."""
    grids: dict[str, PlaneGrid]
    held: dict[str, Grid]
    """Gains, all of them 1."""
    grain: Grain
    """Of the activations; queries, keys, values and hidden values have one unit in all channels."""
    model: IntModel

    def integers(self, weights: Weights) -> IntModel:
        """The integer model of weights that learnt. Raises ConfigError where it would not fit its numbers."""
        found = {
            name: replace(matrix, values=self._whole(name, weights))
            for name, matrix in self.model.iter_matrices()
            if name != "embed"
        }
        layers = []
        for number, layer in enumerate(self.model.layers):
            parts: dict[str, Any] = {
                part: found[f"blocks.{number}.{place}"] for part, place in _PLACES.items()
            }
            layers.append(replace(layer, **parts))
        embed = self._embed(weights["embed.weight"].astype(np.float64))
        model = replace(self.model, layers=tuple(layers), head=found["head"], embed=embed)
        check_bounds(model)
        return model

    def _whole(self, name: str, weights: Weights) -> npt.NDArray[np.int8]:
        weight = f"{name}.weight"
        return self.grids[weight].whole(weights[weight]).astype(np.int8)

    def _embed(self, matrix: Floats) -> IntMatrix:
        rows = round_rows(matrix, self.model.embed.kind, method="nearest")
        bounds = np.abs(rows.values.astype(np.int64)).max(axis=1)
        multipliers, shifts = split_ratios(rows.steps / self.grain.residual[0], bounds, "embed")
        return replace(self.model.embed, values=rows.values, multipliers=multipliers, shifts=shifts)


_PLACES = {part: f"attn.{part}" for part in "qkvo"} | {part: f"mlp.{part}" for part in ("gate", "up", "down")}


def begin_rounded(config: Any, weights: Weights, first: Quantized) -> Rounded:
    """What is to learn, from the float model and what rounding afterwards made of it.

    Raises ConfigError for matrices that have no planes.
    """
    config, folded = fold_gains(config, weights)
    learning = {
        name: matrix.astype(np.float32) for name, matrix in _even_out(config, folded, first.grain).items()
    }
    steps = _even_out(
        config, {f"{name}.weight": each for name, each in first.grain.steps.items()}, first.grain
    )
    grids = {}
    for name, matrix in first.model.iter_matrices():
        if name == "embed":
            continue
        if matrix.planes is None:
            raise ConfigError(f"{name} is {matrix.kind}: to learn for a cartridge, all matrices have planes")
        weight = f"{name}.weight"
        grids[weight] = PlaneGrid(matrix, steps[weight])
        learning[weight] = grids[weight].near(learning[weight], matrix.values)
    held: dict[str, Grid] = {name: Held(array) for name, array in learning.items() if array.ndim == 1}
    return Rounded(config, learning, grids, held, _even_grain(first.grain), first.model)


def _even_out(config: IntConfig, matrices: Mapping[str, npt.NDArray[Any]], grain: Grain) -> dict[str, Floats]:
    """Matrices of the same function; keys, values and hidden values each have one unit in all channels."""
    found = {name: matrix.astype(np.float64) for name, matrix in matrices.items()}
    groups = config.n_heads // config.n_kv_heads

    def by_heads(each: Floats) -> Floats:
        return each.reshape(config.n_kv_heads, 1, -1).repeat(groups, axis=1).reshape(-1)

    for number, layer in enumerate(grain.layers):
        at, keys, values, hidden = (
            f"blocks.{number}",
            *(_shape(each) for each in (layer.k, layer.v, layer.hidden)),
        )
        found[f"{at}.attn.k.weight"] /= keys[:, np.newaxis]
        found[f"{at}.attn.q.weight"] *= by_heads(keys)[:, np.newaxis]
        found[f"{at}.attn.v.weight"] /= values[:, np.newaxis]
        found[f"{at}.attn.o.weight"] *= by_heads(values)
        found[f"{at}.mlp.up.weight"] /= hidden[:, np.newaxis]
        found[f"{at}.mlp.down.weight"] *= hidden
    return found


def _even_grain(grain: Grain) -> Grain:
    layers = [
        LayerGrain(*(np.exp(np.log(each).mean()) for each in vars(layer).values())) for layer in grain.layers
    ]
    return replace(grain, layers=layers)


def _shape(units: Floats) -> Floats:
    """Units beside their geometric mean."""
    beside: Floats = units / np.exp(np.log(units).mean())
    return beside
