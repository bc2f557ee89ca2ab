"""How much of the machine's arithmetic a run uses: MFU, the share of the measured peak (PaLM, 2022)."""

import time
from collections.abc import Iterable
from functools import cache

import numpy as np

from lilliput.models.config import ModelConfig
from lilliput.models.count import flops_of_story
from lilliput.runtime.ceilings import measure_float_peak
from lilliput.runtime.native import available_threads, library_path
from lilliput.stories.batches import Batch
from lilliput.training.diary import Row

_LOOK_S = 0.1
_SQUARE = 1024
"""Rows of the matrices that are multiplied where the C engine was not built."""
_GPU_SQUARE = 4096


class Efficiency:
    """Tokens a second and MFU of steps.

    `peak` is in operations a second; a multiply-add counts two. Norms, look-ups and softmax count as
    nothing, as in `flops_per_token`.
    """

    def __init__(self, config: ModelConfig, peak: float) -> None:
        self.peak = peak
        self._cost = cache(lambda length: flops_of_story(config, length, training=True))

    def flops(self, lengths: Iterable[int]) -> int:
        """Operations of learning from rows of so many targets each."""
        return sum(map(self._cost, lengths))

    def __call__(self, batch: Batch, seconds: float) -> Row:
        """`tokens_per_second` and `mfu` of a step that took so long, as this process sees it."""
        if seconds <= 0:
            return {}
        lengths = [len(row) - 1 for row in batch.rows]
        rate = self.flops(lengths) / seconds
        return {"tokens_per_second": round(batch.targets / seconds, 1), "mfu": round(rate / self.peak, 5)}


@cache
def measure_peak(device: str) -> float:
    """Operations a second that `device` can do at best, measured in about a tenth of a second.

    A CPU: float32 multiply-adds in registers, on all processors; a matrix product in numpy where the C engine
    was not built. A GPU: a product of bfloat16 matrices (float32 on one that has none).
    """
    if device != "cpu":
        return _measure_gpu(device)
    if library_path() is not None:
        return measure_float_peak(available_threads(), _LOOK_S)
    ones = np.ones((_SQUARE, _SQUARE), np.float32)
    best, until = 0.0, time.perf_counter() + _LOOK_S
    while (began := time.perf_counter()) < until or not best:
        ones @ ones
        best = max(best, 2 * _SQUARE**3 / (time.perf_counter() - began))
    return best


def _measure_gpu(device: str) -> float:
    import torch

    halves = device.startswith("mps") or torch.cuda.is_bf16_supported()
    ones = torch.ones(
        _GPU_SQUARE, _GPU_SQUARE, device=device, dtype=torch.bfloat16 if halves else torch.float32
    )
    float((ones @ ones)[0, 0])  # the first one sets up
    best, until = 0.0, time.perf_counter() + _LOOK_S
    while (began := time.perf_counter()) < until or not best:
        products = [ones @ ones for _ in range(4)]  # queued, so that the GPU waits for nothing
        float(products[-1][0, 0])
        best = max(best, len(products) * 2 * _GPU_SQUARE**3 / (time.perf_counter() - began))
    return best
