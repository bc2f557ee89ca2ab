"""Tensors of which every process may hold some rows only, as FSDP2 lays them out; plain ones pass through."""

from typing import TYPE_CHECKING, TypeGuard, TypeVar

import torch
from torch import Tensor

from lilliput.formats.weights import Array

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor

AnyTensor = TypeVar("AnyTensor", bound=Tensor)


def part_of(tensor: Tensor) -> Tensor:
    """The rows that lie here; writing to them writes to `tensor`."""
    return tensor.to_local() if _is_sharded(tensor) else tensor


def whole_of(tensor: Tensor) -> Tensor:
    """All rows, gathered from all processes, which must ask for them together."""
    return tensor.full_tensor() if _is_sharded(tensor) else tensor


def own_rows(whole: Tensor, like: Tensor) -> Tensor:
    """Of a whole tensor those rows that lie here, divided as `like` is."""
    if not _is_sharded(like):
        return whole
    parts = whole.chunk(like.device_mesh.size())  # there may be fewer parts than processes
    rank = like.device_mesh.get_local_rank()
    return parts[rank] if rank < len(parts) else whole[:0]


@torch.no_grad()
def fill(tensor: AnyTensor, array: Array) -> AnyTensor:
    """`tensor` with its rows copied from a whole array of the same shape."""
    part_of(tensor).copy_(own_rows(torch.tensor(array), tensor))
    return tensor


def _is_sharded(tensor: Tensor) -> "TypeGuard[DTensor]":
    return hasattr(tensor, "full_tensor")  # importing the class takes a second, which few runs need
