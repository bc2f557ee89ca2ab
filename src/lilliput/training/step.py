"""What the loop asks of a training step, whichever engine computes it. No torch."""

import math
from dataclasses import dataclass
from typing import Protocol

from lilliput.errors import LilliputError
from lilliput.formats.weights import Array, Weights
from lilliput.stories.batches import Batch


@dataclass(frozen=True)
class StepResult:
    """`nats` is summed over the targets of all ranks; `gradient_norm` is taken before clipping."""

    nats: float
    gradient_norm: float

    @property
    def is_finite(self) -> bool:
        """Whether a step can be taken by it."""
        return math.isfinite(self.nats) and math.isfinite(self.gradient_norm)


def refuse_infinite(result: StepResult, learning_rate: float) -> None:
    """Raise LilliputError, which says how to go on, for a loss or gradient that is not finite."""
    if not result.is_finite:
        raise LilliputError(
            f"training stopped: loss {result.nats:g}, gradient norm {result.gradient_norm:g}. "
            "The weights before it are saved: go on with --resume --set train.learning_rate=X, X lower than "
            f"{learning_rate:g}"
        )


def average_decay(decay: float, steps: int) -> float:
    """The decay of the weights' average at step number `steps`, counted from 1.

    In the beginning less than `decay`: the first weights, which know nothing, are soon forgotten.
    """
    return min(decay, (1 + steps) / (10 + steps))


class Step(Protocol):
    """One optimizer step after another."""

    device: str

    def learn(self, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
        """Learn from one batch at `factor` (0 to 1) times the plan's peak rates.

        Of each target `teaching` (0 to 1) is what the batch's lessons expect, and the rest the text's.
                Raises LilliputError, with all weights as they were, when loss or gradient is not finite.
        """

    def weights(self) -> Weights:
        """A copy of the weights to tell, score and save: their average where the plan wants one."""

    def state(self) -> dict[str, Array]:
        """All that a later process needs to go on bit for bit: weights and optimizer."""

    def load_state(self, state: dict[str, Array]) -> None:
        """Go on from `state`."""
