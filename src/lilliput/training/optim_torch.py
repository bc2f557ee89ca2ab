"""Muon and AdamW over named parameters, which may be parts of matrices that several processes hold.

Muon (K. Jordan 2024) moves every matrix of the blocks along an orthogonal matrix: its smoothed gradient with
all singular values made about equal. AdamW (Loshchilov and Hutter 2019) moves the rest: embeddings, output
matrix, norms, biases.
"""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from lilliput.errors import FormatError
from lilliput.formats.weights import Array
from lilliput.training.plan import TrainPlan
from lilliput.training.sharded import fill, own_rows, part_of, whole_of

A, B, C = 3.4445, -4.7750, 2.0315
"""x -> A x + B x^3 + C x^5, five times over, brings every singular value in (0, 1] to about 1."""
ITERATIONS = 5
MOST_AT_ONCE = 1 << 24
"""Numbers of matrices of one shape that are made orthogonal at once: it bounds the memory for it."""

Named = dict[str, nn.Parameter]


def orthogonalise(updates: Tensor) -> Tensor:
    """U V^T of each matrix U S V^T of `updates` (N, rows, columns), singular values of 0.7 to 1.2.

    Newton-Schulz iterations on the side with the fewer rows; float32, on CUDA bfloat16. A matrix of zeros
    stays one.
    """
    tall = updates.shape[-2] > updates.shape[-1]
    x: Tensor = updates.mT if tall else updates
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    if x.device.type == "cuda":
        x = x.bfloat16()
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = A * x + (B * gram + C * gram @ gram) @ x
    x = x.mT if tall else x
    return x.float()


class Muon:
    """Momentum, orthogonalised; experts' stacked matrices (E, rows, columns) each on its own."""

    def __init__(self, parameters: Named, momentum: float, weight_decay: float) -> None:
        self.parameters = parameters
        self.momentum: dict[str, Tensor] = {}
        """The smoothed gradient of each parameter, once there was a step."""
        self._keep, self._decay = momentum, weight_decay

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move all parameters by their gradients at `rate`."""
        for names in self._groups():
            updates = [whole_of(self._smoothed(name)) for name in names]
            orthogonal = orthogonalise(torch.stack(updates).flatten(0, -3)).view(
                len(names), *updates[0].shape
            )
            rows, columns = updates[0].shape[-2:]
            reach = rate * max(1.0, rows / columns) ** 0.5
            for name, update in zip(names, orthogonal, strict=True):
                mine = part_of(self.parameters[name])
                mine.mul_(1 - rate * self._decay)
                mine.sub_(own_rows(update, self.parameters[name]), alpha=reach)

    def _smoothed(self, name: str) -> Tensor:
        """Nesterov's look ahead of the momentum, which this updates."""
        gradient = self.parameters[name].grad
        if gradient is None:
            raise RuntimeError(f"{name} has no gradient")
        if name not in self.momentum:
            self.momentum[name] = torch.zeros_like(gradient)
        smooth, keep = self.momentum[name], self._keep
        smooth.mul_(keep).add_(gradient, alpha=1 - keep)
        return smooth * keep + gradient * (1 - keep)

    def _groups(self) -> Iterator[Sequence[str]]:
        """Names of matrices of one shape, as many as may be computed at once."""
        by_shape: dict[torch.Size, list[str]] = {}
        for name, parameter in self.parameters.items():
            by_shape.setdefault(parameter.shape, []).append(name)
        for shape, names in by_shape.items():
            most = max(1, MOST_AT_ONCE // shape.numel())
            for first in range(0, len(names), most):
                yield names[first : first + most]


class Optimizers:
    """The plan's optimizers over all parameters that learn. Their state has whole arrays by name."""

    def __init__(self, parameters: Named, plan: TrainPlan) -> None:
        self._plan = plan
        is_muon = plan.optimizer == "muon"
        by_muon = {name: p for name, p in parameters.items() if is_muon and _is_matrix_of_a_block(name, p)}
        self._muon = Muon(by_muon, plan.muon_momentum, plan.weight_decay)
        self._by_adamw = {name: p for name, p in parameters.items() if name not in by_muon}
        matrices = [p for p in self._by_adamw.values() if p.dim() > 1]
        others = [p for p in self._by_adamw.values() if p.dim() <= 1]
        groups = [
            {"params": matrices, "weight_decay": plan.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self._adamw = torch.optim.AdamW(
            [group for group in groups if group["params"]],
            lr=plan.learning_rate,
            betas=(plan.beta1, plan.beta2),
            fused=all(p.device.type != "mps" for p in parameters.values()),
        )

    def step(self, factor: float) -> None:
        """Move all parameters by their gradients, at `factor` times the plan's rates."""
        for group in self._adamw.param_groups:
            group["lr"] = self._plan.learning_rate * factor
        self._adamw.step()
        self._muon.step(self._plan.muon_rate * factor)

    def state(self) -> Iterator[tuple[str, Tensor]]:
        """`exp_avg.NAME`, `exp_avg_sq.NAME`, `step.NAME` of AdamW and `momentum.NAME` of Muon, whole.

        All ranks go through it together.
        """
        for name, parameter in self._by_adamw.items():
            for part, value in self._adamw.state[parameter].items():
                yield f"{part}.{name}", whole_of(value)
        for name, value in self._muon.momentum.items():
            yield f"momentum.{name}", whole_of(value)

    def load(self, state: Mapping[str, Array]) -> None:
        """Go on from what `state` gave."""
        for name, parameter in self._by_adamw.items():
            parts = ("step", "exp_avg", "exp_avg_sq")
            arrays = {part: state[f"{part}.{name}"] for part in parts if f"{part}.{name}" in state}
            if "step" not in arrays:
                continue  # there was no step yet
            if len(arrays) < len(parts):
                raise FormatError(f"the checkpoint lacks a moment of {name}; nothing was resumed")
            self._adamw.state[parameter] = {
                part: torch.tensor(array, device=parameter.device)
                if part == "step"
                else fill(torch.zeros_like(parameter), array)
                for part, array in arrays.items()
            }
        self._muon.momentum = {
            name: fill(torch.zeros_like(parameter), state[f"momentum.{name}"])
            for name, parameter in self._muon.parameters.items()
            if f"momentum.{name}" in state
        }


def _is_matrix_of_a_block(name: str, parameter: nn.Parameter) -> bool:
    return name.startswith("blocks.") and parameter.dim() > 1
