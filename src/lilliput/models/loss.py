"""Cross entropy in nats over targets that count."""

import torch.nn.functional as F
from torch import Tensor

IGNORED = -100
"""A target with this value is padding: it costs nothing and is never counted."""


def sum_nats(logits: Tensor, targets: Tensor) -> Tensor:
    """Sum of -log p(target) over targets that are not IGNORED. logits (B, T, V), targets (B, T)."""
    return F.cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )


def sum_squared_z(logits: Tensor, targets: Tensor) -> Tensor:
    """Sum of logsumexp(logits)^2 over targets that are not IGNORED. logits (B, T, V), targets (B, T)."""
    z = logits.float().logsumexp(-1)  # (B, T)
    return z.square().masked_fill(targets == IGNORED, 0.0).sum()


def count_correct(logits: Tensor, targets: Tensor) -> int:
    """How many targets that are not IGNORED are the most likely token."""
    return int((logits.argmax(-1) == targets).sum())  # no token has the id IGNORED


def sum_lessons(logits: Tensor, targets: Tensor, ids: Tensor, shares: Tensor) -> Tensor:
    """What is to be added to `sum_nats` for the cross entropy with targets of which `shares` are other ids'.

    logits (B, T, V), targets (B, T), ids and shares (B, T, K); nothing is added where a target is IGNORED.
    """
    counts = targets != IGNORED
    own = logits.gather(-1, targets.clamp(min=0)[..., None]).float()  # (B, T, 1)
    others = logits.gather(-1, ids).float()  # (B, T, K)
    return (shares * (own - others)).sum(-1)[counts].sum()
