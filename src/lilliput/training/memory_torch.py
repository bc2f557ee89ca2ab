"""What the torch step keeps of a forward pass, measured."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lilliput.models.decoder import Decoder


def measure_activations(model: Decoder, learn: Callable[[], Any], device: str) -> int:
    """Bytes that `learn` holds at most beside weights, gradients and moments.

    On a CUDA device what its allocator says. Elsewhere the tensors that autograd keeps for the backward pass,
    each storage once, of the group of rows that keeps most.
    """
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        learn()
        torch.cuda.synchronize(device)
        return max(0, torch.cuda.max_memory_allocated(device) - before)
    count = _Kept({parameter.data_ptr() for parameter in model.parameters()})
    with torch.autograd.graph.saved_tensors_hooks(count.pack, count.unpack):
        learn()
    return count.most


class _Kept:
    """Counts storages from the first of a forward pass until its backward pass asks for one."""

    def __init__(self, weights: set[int]) -> None:
        self.most = 0
        self._weights, self._seen, self._bytes, self._backward = weights, set[int](), 0, False

    def pack(self, tensor: Tensor) -> Tensor:
        if self._backward:
            self._seen, self._bytes, self._backward = set(), 0, False
        storage = tensor.untyped_storage()
        place = storage.data_ptr()
        if place not in self._seen and place not in self._weights:
            self._seen.add(place)
            self._bytes += storage.nbytes()
            self.most = max(self.most, self._bytes)
        return tensor

    def unpack(self, tensor: Tensor) -> Tensor:
        self._backward = True
        return tensor
