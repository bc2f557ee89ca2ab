"""A teacher's model by torch, where the C engine was not built."""

import numpy as np
import torch
from numpy.typing import NDArray

from lilliput.errors import LilliputError
from lilliput.formats.folder import ModelFolder
from lilliput.models.weights import model_with_weights
from lilliput.stories.lessons import Lesson


class TorchTeacher:
    """A model that says what comes next."""

    def __init__(self, folder: ModelFolder) -> None:
        self._model = model_with_weights(folder.config, folder.weights)
        self.context: int = folder.config.context

    @torch.inference_mode()
    def expect(self, ids: NDArray[np.int64], top: int, end: int) -> Lesson:
        """The likeliest ids below `end` behind each of ids (T,), and their probabilities. (T, top)"""
        logits = self._model(torch.from_numpy(ids)[None])[0].float()  # (T, V)
        if not logits.isfinite().all():
            raise LilliputError("the teacher's logits are not numbers: its folder is damaged")
        chances, likeliest = logits.softmax(-1)[:, :end].topk(top)
        return Lesson(likeliest.numpy().astype(np.int32), chances.numpy())
