"""Early stop: the held-back score is looked at again and again, and the best weights are kept."""

from collections.abc import Callable

import safetensors

from lilliput.errors import FormatError
from lilliput.formats.weights import Weights, read_safetensors, write_safetensors
from lilliput.training.diary import HELD_BACK_NATS, Row, read_rows
from lilliput.training.plan import TrainPlan
from lilliput.training.resume import RunFiles


class EarlyStop:
    """Keeps the best weights of a run in its `resume` folder; counts the checks since they were the best.

    What is counted follows from the rows of metrics.jsonl, so that a resumed run goes on as if there had been
    no break. Without `patience` nothing is ever due.
    """

    def __init__(self, plan: TrainPlan, files: RunFiles) -> None:
        self._patience, self._checks, self._file = plan.patience, plan.checks, files.best
        self._best_step, self._best_nats = -1, float("inf")
        self._stale = 0
        """Checks since the best."""
        if self._patience is not None and files.best.is_file():
            self._best_step, self._best_nats = _read_best(files)
            checked = [row["step"] for row in read_rows(files.metrics) if HELD_BACK_NATS in row]
            self._stale = sum(step > self._best_step for step in checked)

    def better_step(self) -> int | None:
        """After which step the kept weights were, if a later check found the weights to be worse."""
        return self._best_step if self._stale else None

    def is_due(self, before: float, after: float) -> bool:
        """Whether a check falls between two moments of progress (0 to 1)."""
        return self._patience is not None and int(after * self._checks) > int(before * self._checks)

    def take(self, row: Row, weights: Callable[[], Weights]) -> bool:
        """Take in a check; True if the run should stop, since the score did not get better for too long."""
        if row[HELD_BACK_NATS] < self._best_nats:
            self._best_step, self._best_nats, self._stale = row["step"], row[HELD_BACK_NATS], 0
            told = {"lilliput": "best 1", "step": str(row["step"]), "nats": repr(row[HELD_BACK_NATS])}
            write_safetensors(self._file, weights(), told)
        elif row["step"] > self._best_step:
            self._stale += 1
        return self._patience is not None and self._stale >= self._patience


def load_best(files: RunFiles) -> tuple[Weights, int]:
    """The best weights that were kept, and after which step they were."""
    return read_safetensors(files.best), _read_best(files)[0]


def _read_best(files: RunFiles) -> tuple[int, float]:
    read_safetensors(files.best)  # refuses a damaged file in our words
    with safetensors.safe_open(files.best, framework="numpy") as file:
        told = file.metadata() or {}
    try:
        return int(told["step"]), float(told["nats"])
    except (KeyError, ValueError):
        raise FormatError(f"{files.best} does not say how good its weights are; remove it") from None
