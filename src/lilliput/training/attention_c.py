"""Attention of the torch step by the C step's kernels, on a CPU in float32.

torch's own spends most of a small model's step there: it is made for heads of 64 and more. What is computed
is the same, and whatever the kernels do not do (a window, dropout, another type or device) is left to torch.
"""

import ctypes as ct
import math
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lilliput.models.decoder import Decoder
from lilliput.models.layers import Attention, causal_attention
from lilliput.runtime.native import available_threads, library_path
from lilliput.runtime.native_train import Attend, load_train_library

_SLACK = 16
"""Numbers behind an array that a kernel may read."""
_LANES = 16
_SMALL = 1 << 15
"""Below so many scores one thread is sooner done than two."""


def quicken_attention(model: Decoder) -> None:
    """Let the model's attention be computed in C where it can be, if the engine was built."""
    if library_path() is None:
        return
    for module in model.modules():
        if isinstance(module, Attention):
            module.attend = attend


def attend(
    q: Tensor, k: Tensor, v: Tensor, scale: float, window: int | None = None, dropout: float = 0.0
) -> Tensor:
    """See causal_attention."""
    tokens = q.shape[-2]
    ours = (
        all(part.device.type == "cpu" and part.dtype == torch.float32 for part in (q, k, v)) and not dropout
    )
    if not ours or tokens != k.shape[-2] or tokens < 2 or (window is not None and window < tokens):
        return causal_attention(q, k, v, scale, window, dropout)
    z: Tensor = _InC.apply(q, k, v, scale)  # type: ignore[no-untyped-call]
    return z


class _InC(torch.autograd.Function):
    """q (B, H, T, K); k, v (B, G, T, K); returns (B, H, T, K)."""

    @staticmethod
    def forward(context: Any, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        B, H, T, K = q.shape
        G = k.shape[1]
        packed = _room(B, T, (H + 2 * G) * K)  # of each token its queries, keys and values
        by_head = packed.view(B, T, H + 2 * G, K)
        torch.mul(q.transpose(1, 2), scale * math.log2(math.e), out=by_head[:, :, :H])
        by_head[:, :, H : H + G] = k.transpose(1, 2)
        by_head[:, :, H + G :] = v.transpose(1, 2)
        z = _room(B, T, H * K)
        stats = _empty(2, B, H, -(-T // _LANES) * _LANES)
        _run(_places(packed, z, stats, H, G, K, scale), B, G, back=False)
        context.save_for_backward(packed, z, stats)
        context.shape, context.scale = (H, G, K), scale
        return z.view(B, T, H, K).transpose(1, 2)

    @staticmethod
    @once_differentiable
    def backward(context: Any, dz: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        packed, z, stats = context.saved_tensors
        H, G, K = context.shape
        B, T = z.shape[:2]
        slope_z, slopes = _room(B, T, H * K), _room(B, T, (H + 2 * G) * K)
        slope_z.view(B, T, H, K).copy_(dz.transpose(1, 2))
        all_rows = _places(packed, z, stats, H, G, K, context.scale)
        all_rows.dz = slope_z.data_ptr()
        all_rows.dq = slopes.data_ptr()
        all_rows.dk, all_rows.dv = all_rows.dq + 4 * H * K, all_rows.dq + 4 * (H + G) * K
        _run(all_rows, B, G, back=True)
        by_head = slopes.view(B, T, H + 2 * G, K).transpose(1, 2)
        return by_head[:, :H], by_head[:, H : H + G], by_head[:, H + G :], None


def _room(B: int, T: int, wide: int) -> Tensor:
    """(B, T, wide) with something behind it."""
    return _empty(B * T * wide + _SLACK)[: B * T * wide].view(B, T, wide)


def _empty(*shape: int) -> Tensor:
    """Room in memory for C, whatever torch makes by default."""
    return torch.empty(shape, dtype=torch.float32, device="cpu")


def _places(packed: Tensor, z: Tensor, stats: Tensor, H: int, G: int, K: int, scale: float) -> Attend:
    q = packed.data_ptr()
    return Attend(
        tokens=packed.shape[1],
        d_head=K,
        heads=H // G,
        q=q,
        k=q + 4 * H * K,
        v=q + 4 * (H + G) * K,
        row=packed.shape[2],
        d_row=packed.shape[2],
        z_row=H * K,
        z=z.data_ptr(),
        tops=stats[0].data_ptr(),
        shares=stats[1].data_ptr(),
        stat_row=stats.shape[-1],
        scale=scale,
    )


def _run(all_rows: Attend, rows: int, kv_heads: int, *, back: bool) -> None:
    """All rows and heads of keys, shared among as many threads as torch has."""
    library = load_train_library()
    kernels, items = library.lp_train_kernels_at(0), rows * kv_heads
    threads = min(torch.get_num_threads(), items)
    if items * all_rows.heads * all_rows.tokens**2 < _SMALL:
        threads = 1

    def run(thread: int) -> None:
        mine = Attend.from_buffer_copy(all_rows)
        room = _empty(library.lp_attend_room(all_rows.tokens, all_rows.d_head))
        mine.room = room.data_ptr()
        first, last = (items * part // threads for part in (thread, thread + 1))
        library.lp_attend_items(kernels, ct.byref(mine), kv_heads, first, last, back)

    others = [_helpers().submit(run, thread) for thread in range(1, threads)]
    try:
        run(0)
    finally:
        wait(others)  # they write into what the caller holds
    for other in others:
        other.result()


@cache
def _helpers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(available_threads(), thread_name_prefix="attention")
