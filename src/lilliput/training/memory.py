"""What a run holds in memory: counted where it is known, measured where it is not."""

from dataclasses import dataclass
from math import prod

import numpy as np

from lilliput.models.config import ModelConfig
from lilliput.models.shapes import weight_shapes
from lilliput.stories.batches import Batch
from lilliput.training.plan import Plan, TrainPlan
from lilliput.training.step import Step
from lilliput.training.step_c import CStep
from lilliput.training.steps import make_step

_NUMBER = 4
"""Bytes of a float32, in which every step keeps weights, gradients and moments."""
_MEASURED_TOKENS = 2048
"""On a CPU, what so many tokens keep is measured, and more tokens keep as much more."""


@dataclass(frozen=True)
class Memory:
    """Bytes."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


def count_memory(config: ModelConfig, plan: TrainPlan, activations: int = 0) -> Memory:
    """What weights, gradients and the optimizer's moments need, as every step lays them out.

    AdamW has two moments for a weight, Muon one; an average of the weights counts as the optimizer's.
    """
    shapes = weight_shapes(config)
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    whole = sum(sizes.values())
    by_muon = 0
    if plan.optimizer == "muon":
        by_muon = sum(
            sizes[name] for name, shape in shapes.items() if name.startswith("blocks.") and len(shape) > 1
        )
    moments = 2 * whole - by_muon + (whole if plan.ema else 0)
    return Memory(_NUMBER * whole, _NUMBER * whole, _NUMBER * moments, activations)


def measure_memory(plan: Plan, step: Step) -> Memory:
    """What the plan's step holds at most; `step` is one that was made of the plan.

    The C step knows. Torch is asked what it keeps of a pass over as many rows of the whole context as are
    computed at once.
    """
    known = count_memory(plan.model, plan.train)
    if isinstance(step, CStep):
        return count_memory(plan.model, plan.train, max(0, step.bytes - known.total))
    context = plan.model.context
    together = max(context, min(plan.train.micro_tokens, plan.train.batch_tokens + context))
    on_gpu = step.device.startswith("cuda")
    rows = max(1, (together if on_gpu else min(together, _MEASURED_TOKENS)) // context)
    batch = Batch([np.ones(context + 1, np.int64)] * rows, rows * context, 0)
    kept = _measure_torch(plan, step, batch, on_gpu) * together / batch.targets
    return count_memory(plan.model, plan.train, round(kept))


def _measure_torch(plan: Plan, step: Step, batch: Batch, on_gpu: bool) -> float:
    from lilliput.training.memory_torch import measure_activations
    from lilliput.training.step_torch import TorchStep

    again = plan.train.checkpoint_activations and not on_gpu
    if again:  # what is computed a second time is hidden from the count: measure without, and divide
        step = make_step(plan.with_settings(["train.checkpoint_activations=false"]))
    if not isinstance(step, TorchStep):
        raise TypeError(f"neither C nor torch: {step!r}")
    kept = float(measure_activations(step.model, lambda: step.learn(batch, 0.0), step.device))
    if not again:
        return kept
    head = 2 * _NUMBER * plan.model.vocab_size * batch.targets  # logits, and their logarithms
    inputs = _NUMBER * plan.model.n_layers * plan.model.d_model * batch.targets
    return head + inputs + max(0.0, kept - head) / plan.model.n_layers
