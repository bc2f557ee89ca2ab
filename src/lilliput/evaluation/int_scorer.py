"""What tokens cost by the integer reference: the quality that is reported is the device's."""

import numpy as np
import numpy.typing as npt

from lilliput.evaluation.loss import IGNORED, Ids, Window, lay_out
from lilliput.generation.engines import IntEngine


class IntScorer:
    """See Scorer. Only the cost of logits is a float; logits are the device's own whole numbers."""

    def __init__(self, engine: IntEngine) -> None:
        self._engine = engine
        self.context, self.vocab_size = engine.context, engine.vocab_size

    def costs(self, batch: list[Window]) -> tuple[npt.NDArray[np.float64], Ids, int]:
        """See Scorer.costs."""
        _, targets = lay_out(batch)
        costs, hits = np.zeros(targets.shape), 0
        for row, window in enumerate(batch):
            self._engine.start()
            logits = self._engine.read_all(window.inputs).astype(np.float64)
            counted = np.flatnonzero(window.targets != IGNORED)
            wanted, logits = window.targets[counted], logits[counted]
            below = logits - logits.max(axis=-1, keepdims=True)
            own = below[np.arange(len(wanted)), wanted]
            costs[row, counted] = np.log(np.exp(below).sum(axis=-1)) - own
            hits += int((logits.argmax(axis=-1) == wanted).sum())
        return costs, targets, hits
