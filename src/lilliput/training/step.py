"""What the loop asks of a training step, whichever engine computes it. No torch."""

from dataclasses import dataclass
from typing import Protocol

from lilliput.formats.weights import Array, Weights
from lilliput.stories.batches import Batch


@dataclass(frozen=True)
class StepResult:
    """`nats` is summed over the targets of all ranks; `gradient_norm` is taken before clipping."""

    nats: float
    gradient_norm: float


class Step(Protocol):
    """One optimizer step after another."""

    device: str

    def learn(self, batch: Batch, factor: float) -> StepResult:
        """Learn from one batch at `factor` (0 to 1) times the plan's peak rates.

        Raises LilliputError, with all weights as they were, when loss or gradient is not finite.
        """

    def weights(self) -> Weights:
        """A copy of the weights to tell, score and save: their average where the plan wants one."""

    def state(self) -> dict[str, Array]:
        """All that a later process needs to go on bit for bit: weights and optimizer."""

    def load_state(self, state: dict[str, Array]) -> None:
        """Go on from `state`."""
