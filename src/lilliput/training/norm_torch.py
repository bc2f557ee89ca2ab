"""RMSNorm of the torch step on a CPU, its slope by hand.

torch has no kernel of its own for it there: it goes through the numbers a dozen times on the way back, where
three do, and at 15 million parameters that is a fiftieth of a step.
"""

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from lilliput.models.decoder import Decoder
from lilliput.models.layers import RMSNorm


def quicken_norms(model: Decoder) -> None:
    """Let every RMSNorm of the model find its slope sooner."""
    for module in model.modules():
        if isinstance(module, RMSNorm):
            module.forward = partial(_normalise, module)  # type: ignore[method-assign]


def _normalise(norm: RMSNorm, x: Tensor) -> Tensor:
    """See RMSNorm; in float32, whatever autocast made of x. Where no slope is wanted torch computes."""
    x = x.to(norm.weight.dtype)
    if not torch.is_grad_enabled():
        return F.rms_norm(x, (x.shape[-1],), norm.weight, norm.eps)
    out: Tensor = _Normalise.apply(x, norm.weight, norm.eps)  # type: ignore[no-untyped-call]
    return out


class _Normalise(torch.autograd.Function):
    """n * weight with n = x / rms(x); x (..., D), weight (D)."""

    @staticmethod
    def forward(context: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        length: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        shrink = length.square_().div_(x.shape[-1]).add_(eps).rsqrt_()  # (..., 1)
        n: Tensor = x * shrink
        context.save_for_backward(n, shrink, weight)
        return n * weight

    @staticmethod
    @once_differentiable
    def backward(context: Any, slope: Tensor) -> tuple[Tensor, Tensor, None]:
        n, shrink, weight = context.saved_tensors
        by_weight = slope * n
        along = (by_weight @ weight).unsqueeze(-1) / n.shape[-1]  # what only lengthens x changes nothing
        into_x = torch.addcmul(slope * weight, n, along, value=-1).mul_(shrink)
        return into_x, by_weight.reshape(-1, len(weight)).sum(0), None
