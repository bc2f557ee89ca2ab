"""Engines: whatever reads token ids and answers with the logits of the next one."""

from typing import TYPE_CHECKING, Protocol

import numpy as np

from lilliput.generation.sample import Logits

if TYPE_CHECKING:
    from lilliput.models.decoder import Decoder


class Engine(Protocol):
    """One story at a time."""

    context: int

    def start(self) -> None:
        """Forget everything read."""

    def read(self, ids: list[int]) -> Logits:
        """Read ids behind what was read before; logits (V,) of what comes next."""


class TorchEngine:
    """Any torch model, with a cache of keys and values."""

    def __init__(self, model: "Decoder") -> None:
        self._model = model
        self.context = model.config.context
        self.start()

    def start(self) -> None:
        """See Engine.start."""
        from lilliput.models.cache import Cache

        device = next(self._model.parameters()).device
        self._cache = Cache(self._model.config, device=device)

    def read(self, ids: list[int]) -> Logits:
        """See Engine.read."""
        import torch

        with torch.inference_mode():
            batch = torch.tensor([ids], device=next(self._model.parameters()).device)
            logits = self._model(batch, self._cache)[0, -1].float().cpu().numpy()
        return np.asarray(logits, dtype=np.float32)
