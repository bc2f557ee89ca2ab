"""Straight through: a step whose matrices compute rounded, and learn as if they were not."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from lilliput.errors import LilliputError
from lilliput.formats.weights import Array, Weights
from lilliput.stories.batches import Batch
from lilliput.training.step import Step, StepResult


class OpenStep(Step, Protocol):
    """A step whose numbers lie open, in memory that Python writes to."""

    def places(self) -> dict[str, Array]:
        """The weights themselves, by name: to be written to, and then `refresh` to be called."""

    def slopes(self) -> dict[str, Array]:
        """The gradient of the last batch, by name."""

    def refresh(self) -> None:
        """Take up what was written to the weights."""


class Rounding(Protocol):
    """Where the weights of a matrix may lie."""

    def round(self, matrix: Array) -> Array:
        """The matrix (R, C) as it is to compute."""

    def learn(self, matrix: Array, slopes: Array, factor: float) -> None:
        """Change what may be by the slopes (R, C) of the loss at `round(matrix)`."""


class StraightThrough:
    """See Step. Of the matrices in `grids` the rounded form computes; what a step changes of it is added to
    the weights behind, and these are rounded again.

    So forward, backward and optimizer are those of the step inside, which knows nothing of it.
    """

    def __init__(self, step: OpenStep, grids: Mapping[str, Rounding]) -> None:
        self.device = step.device
        self._step, self._grids = step, grids
        places = step.places()
        self._places = {name: places[name] for name in grids}
        self._behind = {name: place.copy() for name, place in self._places.items()}
        self._rounded: dict[str, Array] = {}
        self._round()

    def learn(self, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
        """See Step.learn."""
        result = self._step.learn(batch, factor, teaching)
        slopes = self._step.slopes()
        for name, grid in self._grids.items():
            self._behind[name] += self._places[name] - self._rounded[name]
            grid.learn(self._behind[name], slopes[name], factor)
        self._round()
        return result

    def weights(self) -> Weights:
        """See Step.weights: the rounded ones."""
        return self._step.weights()

    def state(self) -> dict[str, Array]:
        """The weights as they compute; not enough to go on."""
        return {f"weights.{name}": array for name, array in self.weights().items()}

    def load_state(self, state: dict[str, Array]) -> None:  # noqa: ARG002 (all of them are refused)
        """Raises LilliputError: what rows' steps learnt is not in a state."""
        raise LilliputError("training with rounded weights cannot be resumed: begin it again")

    def _round(self) -> None:
        self._rounded = {name: grid.round(self._behind[name]) for name, grid in self._grids.items()}
        for name, rounded in self._rounded.items():
            np.copyto(self._places[name], rounded)
        self._step.refresh()
