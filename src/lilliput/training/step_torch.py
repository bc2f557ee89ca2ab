"""The torch step: forward, backward, clipping and AdamW for any family on any device."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor

from lilliput.device import choose_device
from lilliput.errors import FormatError, LilliputError
from lilliput.formats.weights import Array, Weights
from lilliput.models import build_model
from lilliput.models.config import ModelConfig
from lilliput.models.loss import IGNORED, sum_nats
from lilliput.models.weights import get_weights
from lilliput.stories.batches import Batch
from lilliput.training.init import initialise
from lilliput.training.plan import TrainPlan
from lilliput.training.step import StepResult

GROUP_COST = 64
"""What starting one more group costs, in positions computed (measured at 260K parameters on two cores)."""


class TorchStep:
    """A model and its optimizer."""

    def __init__(self, config: ModelConfig, plan: TrainPlan, seed: int) -> None:
        if plan.threads:
            torch.set_num_threads(plan.threads)
        self._plan = plan
        self._torch_device = choose_device(plan.device)
        self.device = str(self._torch_device)
        self.model = build_model(config)
        initialise(self.model, seed)
        self.model.to(self._torch_device)
        self._names = [name for name, _ in self.model.named_parameters()]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": self._parameters(matrices=True), "weight_decay": plan.weight_decay},
                {"params": self._parameters(matrices=False), "weight_decay": 0.0},
            ],
            lr=plan.learning_rate,
            betas=(plan.beta1, plan.beta2),
            fused=self._torch_device.type != "mps",
        )

    def learn(self, batch: Batch, learning_rate: float) -> StepResult:
        """See Step.learn. The loss is the mean over the targets of the whole batch of all ranks."""
        self.model.train()
        self._optimizer.zero_grad(set_to_none=True)
        nats = torch.zeros((), device=self._torch_device)
        for inputs, targets in pad_rows(batch.rows, self._plan.micro_tokens):
            with self._autocast():
                logits = self.model(inputs.to(self._torch_device))
            cost = sum_nats(logits, targets.to(self._torch_device))
            (cost / batch.targets).backward()  # type: ignore[no-untyped-call]
            nats += cost.detach()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._plan.clip)
        result = StepResult(float(nats), float(norm))
        if not (np.isfinite(result.nats) and np.isfinite(result.gradient_norm)):
            raise LilliputError(
                f"training stopped: loss {result.nats:g}, gradient norm {result.gradient_norm:g}. "
                "The weights before it are saved: go on with --resume --set train.learning_rate=X, X lower "
                f"than {self._plan.learning_rate:g}"
            )
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()
        return result

    def weights(self) -> Weights:
        """See Step.weights."""
        return get_weights(self.model)

    def state(self) -> dict[str, Array]:
        """See Step.state: `weights.NAME`, and AdamW's `exp_avg.NAME`, `exp_avg_sq.NAME`, `step.NAME`."""
        arrays: dict[str, Array] = {}
        for name, parameter in self.model.named_parameters():
            arrays[f"weights.{name}"] = parameter.detach().cpu().numpy().copy()
            for key, value in self._optimizer.state[parameter].items():
                arrays[f"{key}.{name}"] = value.detach().cpu().numpy().copy()
        return arrays

    @torch.no_grad()
    def load_state(self, state: dict[str, Array]) -> None:
        """See Step.load_state. Raises FormatError for the state of another model."""
        expected = {f"weights.{name}" for name in self._names}
        if not expected <= state.keys():
            raise FormatError("the checkpoint is of another model; nothing was resumed")
        for name, parameter in self.model.named_parameters():
            stored = torch.from_numpy(np.array(state[f"weights.{name}"]))
            if stored.shape != parameter.shape:
                raise FormatError(f"the checkpoint's {name} has shape {tuple(stored.shape)}")
            parameter.copy_(stored)
            parts = {key.partition(".")[0]: state[key] for key in state if _owner(key) == name}
            self._optimizer.state[parameter] = {
                part: torch.from_numpy(np.array(array)).to(parameter.device)
                for part, array in parts.items()
                if part != "weights"
            }

    def _parameters(self, *, matrices: bool) -> list[Tensor]:
        return [p for p in self.model.parameters() if (p.dim() > 1) == matrices]

    def _autocast(self) -> AbstractContextManager[object]:
        on_gpu = self._torch_device.type == "cuda" and torch.cuda.is_bf16_supported()
        if self._plan.precision == "bfloat16" or (self._plan.precision == "auto" and on_gpu):
            return torch.autocast(self._torch_device.type, dtype=torch.bfloat16)
        return nullcontext()


def _owner(key: str) -> str:
    """The parameter that an array of the state belongs to: exp_avg.blocks.0.norm1.weight -> blocks..."""
    return key.partition(".")[2]


def pad_rows(rows: Sequence[Array], micro_tokens: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs and targets (B, T) of ragged rows, similar lengths together, padding marked IGNORED.

    A row of n ids gives n - 1 targets. Padding stands at the right, where causal attention never sees it.
    """
    for group in group_rows(rows, micro_tokens):
        width = len(group[-1]) - 1
        inputs = torch.zeros((len(group), width), dtype=torch.int64)
        targets = torch.full((len(group), width), IGNORED, dtype=torch.int64)
        for number, row in enumerate(group):
            ids = torch.from_numpy(np.asarray(row, dtype=np.int64))
            inputs[number, : len(row) - 1] = ids[:-1]
            targets[number, : len(row) - 1] = ids[1:]
        yield inputs, targets


def group_rows(rows: Sequence[Array], micro_tokens: int) -> Iterator[list[Array]]:
    """Rows by length in groups of at most `micro_tokens` padded positions.

    A row that would widen its group opens a new one once the padding costs more than a group does.
    """
    group: list[Array] = []
    for row in sorted(rows, key=len):
        if group:
            too_large = (len(group) + 1) * (len(row) - 1) > micro_tokens
            padding = (len(row) - len(group[-1])) * len(group)
            if too_large or padding > GROUP_COST:
                yield group
                group = []
        group.append(row)
    if group:
        yield group
