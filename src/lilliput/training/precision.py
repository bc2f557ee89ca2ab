"""Computing in halves: which type a plan means on a device, and the scale that float16 needs."""

import torch

from lilliput.training.plan import TrainPlan

FIRST_SCALE, GROWS_AFTER = 2.0**16, 2000


def half_type(plan: TrainPlan, device: torch.device) -> torch.dtype | None:
    """The type that products are computed in under autocast; None for float32."""
    if plan.precision == "auto":
        has_bfloat16 = device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if has_bfloat16 else None
    return {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[plan.precision]


class LossScale:
    """A power of two that the loss is multiplied with, so that float16's gradients do not vanish.

    It halves until the gradients are finite, and doubles after GROWS_AFTER steps in which they were
    (Micikevicius et al. 2018). Without `on` it is 1 for good.
    """

    def __init__(self, on: bool) -> None:
        self.scale = FIRST_SCALE if on else 1.0
        self.steps = 0
        """Finite ones since it last changed."""
        self._on = on

    def lower(self) -> bool:
        """Halve it; False where that would not help any more."""
        if not self._on or self.scale < 2:
            return False
        self.scale, self.steps = self.scale / 2, 0
        return True

    def count_step(self) -> None:
        """Say that the gradients were finite."""
        self.steps += 1
        if self._on and self.steps >= GROWS_AFTER:
            self.scale, self.steps = self.scale * 2, 0
