"""LoRA (Hu et al. 2022): a model stays as it is, and small matrices beside its own learn.

Of a matrix W (outputs, inputs) the model sees W + scale * B A, with A (rank, inputs) and B (outputs, rank),
and scale = alpha / rank. A begins small and B at zero, so that the model begins as it was. Saved, told and
scored is the sum, a matrix like any other.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from lilliput.errors import ConfigError
from lilliput.formats.weights import Array
from lilliput.models.decoder import Decoder
from lilliput.training.plan import LoraPlan


class Adapted(nn.Module):
    """A linear layer that stays, and two matrices beside it that learn: (B, T, inputs) -> (B, T, outputs)."""

    def __init__(self, base: nn.Linear, rank: int, scale: float, generator: torch.Generator) -> None:
        super().__init__()
        self.base, self.scale = base, scale
        first = torch.randn(rank, base.in_features, generator=generator) * base.in_features**-0.5
        self.a = nn.Parameter(first)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.base(x) + self.scale * nn.functional.linear(
            nn.functional.linear(x, self.a), self.b
        )
        return out


def add_adapters(model: Decoder, plan: LoraPlan, seed: int) -> None:
    """Let every parameter of `model` stay, and adapters of the plan's targets learn.

    Raises ConfigError for a target that no layer has.
    """
    model.requires_grad_(False)
    layers = {
        name: module
        for name, module in model.blocks.named_modules(prefix="blocks")
        if isinstance(module, nn.Linear)
    }
    there = {name.rpartition(".")[2] for name in layers}
    if unknown := sorted(set(plan.targets) - there):
        raise ConfigError(f"lora.targets: no linear layer {unknown[0]}; there are {', '.join(sorted(there))}")
    generator = torch.Generator().manual_seed(seed)
    for name, layer in layers.items():
        parent, _, last = name.rpartition(".")
        if last in plan.targets:
            adapted = Adapted(layer, plan.rank, plan.scale, generator)
            setattr(model.get_submodule(parent), last, adapted)


def merge_adapters(arrays: Mapping[str, Array], scale: float) -> dict[str, Array]:
    """The weights of the plain model, from those of one with adapters by name."""
    merged: dict[str, Array] = {}
    for name, array in arrays.items():
        layer, is_base, part = name.rpartition(".base.")
        if is_base:
            added = scale * arrays[f"{layer}.b"] @ arrays[f"{layer}.a"] if part == "weight" else np.float32(0)
            merged[f"{layer}.{part}"] = array + added
        elif not name.endswith((".a", ".b")):
            merged[name] = array
    return merged
