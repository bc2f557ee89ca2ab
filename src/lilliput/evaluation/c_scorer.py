"""What tokens cost by the C engine: what is evaluated is what tells the stories."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from lilliput.evaluation.loss import IGNORED, Ids, Window, lay_out
from lilliput.runtime.native import MAX_WIDTH, Memory, NativeEngine


class CScorer:
    """See Scorer. Each thread has an engine of its own over the shared image."""

    def __init__(self, image: Memory, threads: int = 1, *, small_cache: bool = False) -> None:
        self._engines = [
            NativeEngine(image, width=MAX_WIDTH, small_cache=small_cache) for _ in range(threads)
        ]
        self._pool = ThreadPoolExecutor(threads)
        self.context, self.vocab_size = self._engines[0].context, self._engines[0].vocab_size

    def costs(self, batch: list[Window]) -> tuple[npt.NDArray[np.float64], Ids, int]:
        """See Scorer.costs."""
        _, targets = lay_out(batch)
        costs = np.zeros(targets.shape)

        def score(engine: NativeEngine, first: int) -> int:
            hits = 0
            for row in range(first, len(batch), len(self._engines)):
                window = batch[row]
                wanted = np.where(window.targets == IGNORED, -1, window.targets)
                costs[row, : len(wanted)], right = engine.cost(
                    window.inputs.astype(np.int32), wanted.astype(np.int32)
                )
                hits += int(right.sum())
            return hits

        return costs, targets, sum(self._pool.map(score, self._engines, range(len(self._engines))))
