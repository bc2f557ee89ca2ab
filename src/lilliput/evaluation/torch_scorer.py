"""What tokens cost by a torch model."""

import numpy as np
import numpy.typing as npt
import torch

from lilliput.evaluation.loss import IGNORED, Ids, Window, lay_out
from lilliput.models.decoder import Decoder
from lilliput.models.loss import count_correct


class TorchScorer:
    """See Scorer."""

    def __init__(self, model: Decoder) -> None:
        self._model = model
        self.context: int = model.config.context
        self.vocab_size: int = model.config.vocab_size

    @torch.inference_mode()
    def costs(self, batch: list[Window]) -> tuple[npt.NDArray[np.float64], Ids, int]:
        """See Scorer.costs."""
        inputs, targets = lay_out(batch)
        device = next(self._model.parameters()).device
        logits = self._model(torch.from_numpy(inputs).to(device)).float()
        wanted = torch.from_numpy(targets).to(device)
        costs = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, reduction="none"
        )
        return costs.cpu().double().numpy().reshape(targets.shape), targets, count_correct(logits, wanted)
