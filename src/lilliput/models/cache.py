"""Keys and values of the tokens already read, so that a new token costs one step and not a whole story."""

import torch
from torch import Tensor

from lilliput.models.config import ModelConfig


class LayerCache:
    """Room for one layer's keys and values: (B, G, context, K) each."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        self.keys, self.values = keys, values
        self.length = 0

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Store k, v (B, G, T, K) behind what is there; returns all of it, (B, G, length, K)."""
        end = self.length + k.shape[-2]
        self.keys[:, :, self.length : end] = k
        self.values[:, :, self.length : end] = v
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]


class Cache:
    """One LayerCache a layer, for `batch` stories of equal length."""

    def __init__(
        self,
        config: ModelConfig,
        batch: int = 1,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        shape = (batch, config.n_kv_heads, config.context, config.d_head)
        self.layers = [
            LayerCache(
                torch.zeros(shape, device=device, dtype=dtype),
                torch.zeros(shape, device=device, dtype=dtype),
            )
            for _ in range(config.n_layers)
        ]

    @property
    def length(self) -> int:
        """Tokens read so far."""
        return self.layers[0].length
