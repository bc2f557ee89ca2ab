"""Engines: whatever reads token ids and answers with the logits of the next one."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from lilliput.generation.sample import Logits

if TYPE_CHECKING:
    from lilliput.models.decoder import Decoder
    from lilliput.quantize.intmodel import IntModel


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


class IntReader(Protocol):
    """Computes with an integer model: quantize.reference.Reference, or the same bits in C."""

    model: "IntModel"

    def start(self) -> Any:
        """The cache of a new story."""

    def read(self, ids: npt.NDArray[np.int64], cache: Any, *, last_only: bool = False) -> npt.NDArray[Any]:
        """Whole logits (T, V) behind each of ids (T,), or (1, V) behind the last; `cache` grows by them."""


class IntEngine:
    """An integer model. Its logits are multiples of 2 ** -logit_bits, exact in float32."""

    def __init__(self, reader: IntReader) -> None:
        self._reader = reader
        self.context: int = reader.model.config.context
        self.vocab_size: int = reader.model.config.vocab_size
        self.start()

    def start(self) -> None:
        """See Engine.start."""
        self._cache = self._reader.start()

    def read(self, ids: list[int]) -> Logits:
        """See Engine.read."""
        logits: Logits = self._in_nats(np.asarray(ids), last_only=True)[0]
        return logits

    def read_all(self, ids: npt.NDArray[np.int64]) -> Logits:
        """Logits (T, V) behind each of ids (T,)."""
        return self._in_nats(ids, last_only=False)

    def _in_nats(self, ids: npt.NDArray[np.int64], *, last_only: bool) -> Logits:
        logits = self._reader.read(ids, self._cache, last_only=last_only)
        nats: Logits = np.ldexp(logits.astype(np.float32), -self._reader.model.logit_bits)
        return nats
