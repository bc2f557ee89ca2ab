"""A step whose batches come with all that a teacher expects, asked as they come."""

from dataclasses import replace

from lilliput.formats.weights import Array, Weights
from lilliput.stories.batches import Batch
from lilliput.training.step import StepResult
from lilliput.training.straight import OpenStep
from lilliput.training.teaching import Teacher


class Taught:
    """See OpenStep. A lesson of all ids leaves nothing to the text: where the teacher is what the weights
    began as, slopes are those of the distance from it alone, and do not jump with every token."""

    def __init__(self, step: OpenStep, teacher: Teacher) -> None:
        self.device = step.device
        self._step, self._teacher = step, teacher

    def learn(self, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
        """See Step.learn."""
        if teaching:
            batch = replace(batch, lessons=tuple(self._teacher.expect(row) for row in batch.rows))
        return self._step.learn(batch, factor, teaching)

    def weights(self) -> Weights:
        """See Step.weights."""
        return self._step.weights()

    def state(self) -> dict[str, Array]:
        """See Step.state."""
        return self._step.state()

    def load_state(self, state: dict[str, Array]) -> None:
        """See Step.load_state."""
        self._step.load_state(state)

    def places(self) -> dict[str, Array]:
        """See OpenStep.places."""
        return self._step.places()

    def slopes(self) -> dict[str, Array]:
        """See OpenStep.slopes."""
        return self._step.slopes()

    def refresh(self) -> None:
        """See OpenStep.refresh."""
        self._step.refresh()
