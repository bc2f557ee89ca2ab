"""The torch step: forward, backward, clipping, Muon and AdamW for any family on any device."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from lilliput.device import choose_device
from lilliput.errors import FormatError
from lilliput.formats.weights import Array, Weights
from lilliput.models import build_model
from lilliput.models.balance import RouterLogits
from lilliput.models.config import ModelConfig
from lilliput.models.decoder import Decoder
from lilliput.models.loss import IGNORED, sum_nats, sum_squared_z
from lilliput.models.weights import set_weights
from lilliput.stories.batches import Batch
from lilliput.training.average import Average
from lilliput.training.distributed import ALONE, Ranks, spread
from lilliput.training.dropout import add_dropout, masks_of
from lilliput.training.init import initial_weights
from lilliput.training.lora import add_adapters, merge_adapters
from lilliput.training.optim_torch import Optimizers
from lilliput.training.plan import LoraPlan, TrainPlan
from lilliput.training.precision import LossScale, half_type
from lilliput.training.sharded import fill, whole_of
from lilliput.training.step import StepResult, refuse_infinite

GROUP_COST = 64
"""What starting one more group costs, in positions computed (measured at 260K parameters on two cores)."""


class TorchStep:
    """A model and its optimizers, on this process or on several."""

    def __init__(
        self,
        config: ModelConfig,
        plan: TrainPlan,
        seed: int,
        *,
        ranks: Ranks = ALONE,
        start: Weights | None = None,
        lora: LoraPlan | None = None,
    ) -> None:
        if plan.threads:
            torch.set_num_threads(plan.threads)
        self._plan, self._seed, self._ranks = plan, seed, ranks
        self._torch_device = choose_device(plan.device)
        self.device = str(self._torch_device)
        self.model = build_model(config)
        set_weights(self.model, start or initial_weights(config, seed))
        self._lora = lora if lora and lora.rank else None
        if self._lora:
            add_adapters(self.model, self._lora, seed)
        self.model.to(self._torch_device).train()
        self._routers = RouterLogits(self.model) if plan.balance_loss else None
        if plan.dropout:
            add_dropout(self.model, plan.dropout)
        if plan.checkpoint_activations:
            _recompute_blocks(self.model)
        self._half = half_type(plan, self._torch_device)
        self._scale = LossScale(self._half == torch.float16)
        self._forward = spread(self.model, plan, ranks)
        if plan.compile:
            _compile(self.model, plan, ranks)
        self._parameters = dict(self.model.named_parameters())
        self._learning = {name: p for name, p in self._parameters.items() if p.requires_grad}
        self._optimizers = Optimizers(self._learning, plan)
        self._average = Average(self._learning, plan.ema) if plan.ema else None
        self._steps = 0

    def learn(self, batch: Batch, factor: float) -> StepResult:
        """See Step.learn. The loss is the mean over the targets of the whole batch of all ranks."""
        result, scale = self._find_gradient(batch), self._scale.scale
        while not result.is_finite and self._scale.lower():
            result = self._find_gradient(batch)
        if not result.is_finite:
            self._scale.scale = scale  # it was not the scale's fault
        refuse_infinite(result, self._plan.learning_rate)
        self._scale.count_step()
        self._optimizers.step(factor)
        self._steps += 1
        if self._average:
            self._average.take_in(self._learning, self._steps)
        return result

    def _find_gradient(self, batch: Batch) -> StepResult:
        """Set every parameter's gradient, clipped."""
        self.model.train()
        for parameter in self._learning.values():
            parameter.grad = None
        groups = list(pad_rows(batch.rows, self._plan.micro_tokens, batch.skips))
        most = int(self._ranks.largest(len(groups)))  # all ranks exchange as often, the idle ones zeros
        groups = [_nothing()] * (most - len(groups)) + groups
        nats = torch.zeros((), device=self._torch_device)
        with self._masks():
            for number, (inputs, targets) in enumerate(groups):
                with self._exchanging(number == most - 1):
                    nats += self._add_gradient(inputs, targets, batch.targets)
        gradients = [p.grad for p in self._learning.values() if p.grad is not None]
        if self._scale.scale != 1:
            torch._foreach_mul_(gradients, 1 / self._scale.scale)
        norm = whole_of(torch.nn.utils.clip_grad_norm_(self._learning.values(), self._plan.clip))
        return StepResult(self._ranks.total(float(nats)), float(norm))

    def _add_gradient(self, inputs: Tensor, targets: Tensor, count: int) -> Tensor:
        """Add one group's share of the gradient; returns its cost in nats."""
        inputs, targets = inputs.to(self._torch_device), targets.to(self._torch_device)
        with torch.autocast(self._torch_device.type, self._half, enabled=self._half is not None):
            logits = self._forward(inputs)
        nats = sum_nats(logits, targets)
        cost = nats
        if self._plan.z_loss:
            cost = cost + self._plan.z_loss * sum_squared_z(logits, targets)
        if self._routers:
            cost = cost + self._plan.balance_loss * self._routers.take_balance(targets != IGNORED)
        # the exchange between ranks takes the mean, and the sum is wanted
        (cost * (self._scale.scale * self._ranks.world / count)).backward()  # type: ignore[no-untyped-call]
        return nats.detach()

    def weights(self) -> Weights:
        """See Step.weights. All ranks ask together; the arrays are whole on the first one, none elsewhere."""
        averages = self._average.named if self._average else {}
        arrays = self._as_arrays((name, averages.get(name, p)) for name, p in self._parameters.items())
        return merge_adapters(arrays, self._lora.scale) if self._lora else arrays

    def state(self) -> dict[str, Array]:
        """See Step.state: `weights.NAME`, the optimizers' arrays, `ema.NAME`, and float16's scale.

        All ranks ask together; the arrays are whole on the first one, none elsewhere.
        """
        arrays = self._as_arrays((f"weights.{name}", p) for name, p in self._parameters.items())
        arrays |= self._as_arrays(self._optimizers.state())
        if self._average:
            arrays |= self._as_arrays((f"ema.{name}", value) for name, value in self._average.named.items())
        if self._half == torch.float16:
            arrays["loss_scale"] = np.array([self._scale.scale, self._scale.steps])
        return arrays

    def load_state(self, state: dict[str, Array]) -> None:
        """See Step.load_state. Raises FormatError for the state of another model."""
        if {key for key in state if key.startswith("weights.")} != {f"weights.{n}" for n in self._parameters}:
            raise FormatError("the checkpoint is of another model; nothing was resumed")
        for name, parameter in self._parameters.items():
            stored = state[f"weights.{name}"]
            if stored.shape != parameter.shape:
                raise FormatError(f"the checkpoint's {name} has shape {stored.shape}")
            if self._average and name in self._learning and f"ema.{name}" not in state:
                raise FormatError("the checkpoint has no average of the weights, and train.ema wants one")
        for name, parameter in self._parameters.items():
            fill(parameter, state[f"weights.{name}"])
            if self._average and name in self._learning:
                fill(self._average.named[name], state[f"ema.{name}"])
        self._optimizers.load(state)
        self._steps = max((int(state[key]) for key in state if key.startswith("step.")), default=0)
        if "loss_scale" in state:
            self._scale.scale, self._scale.steps = float(state["loss_scale"][0]), int(state["loss_scale"][1])

    def _as_arrays(self, named: Iterable[tuple[str, Tensor]]) -> dict[str, Array]:
        gathered = ((name, whole_of(tensor.detach())) for name, tensor in named)
        return {name: t.cpu().numpy().copy() for name, t in gathered if self._ranks.is_first}

    def _masks(self) -> AbstractContextManager[None]:
        if not self._plan.dropout:
            return nullcontext()
        return masks_of(self._seed, self._steps, self._ranks.rank, self._torch_device)

    def _exchanging(self, now: bool) -> AbstractContextManager[None]:
        """Under DDP, ranks exchange gradients only with a step's last group."""
        if now or not isinstance(self._forward, DistributedDataParallel):
            return nullcontext()
        return self._forward.no_sync()


def _nothing() -> tuple[Tensor, Tensor]:
    """A group for a rank that has none left: it costs nothing."""
    return torch.zeros((1, 1), dtype=torch.int64), torch.full((1, 1), IGNORED, dtype=torch.int64)


def _recompute_blocks(model: Decoder) -> None:
    """Let each block keep its input alone for the backward pass, and compute itself again there."""
    for block in model.blocks:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)


def _compile(model: Decoder, plan: TrainPlan, ranks: Ranks) -> None:
    """Compile in place: the whole model, or where its parameters come and go with each block, the blocks."""
    parts = model.blocks if ranks.world > 1 and plan.sharding == "fsdp" else [model]
    for part in parts:
        part.compile(dynamic=True)


def pad_rows(
    rows: Sequence[Array], micro_tokens: int, skips: Sequence[int] = ()
) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs and targets (B, T) of ragged rows, similar lengths together, padding marked IGNORED.

    A row of n ids gives n - 1 targets, of which the first are IGNORED too where `skips` has their number.
    Padding stands at the right, where causal attention never sees it.
    """
    for group in group_rows([len(row) for row in rows], micro_tokens):
        width = len(rows[group[-1]]) - 1
        inputs = torch.zeros((len(group), width), dtype=torch.int64)
        targets = torch.full((len(group), width), IGNORED, dtype=torch.int64)
        for line, number in enumerate(group):
            ids = torch.from_numpy(np.asarray(rows[number], dtype=np.int64))
            skip = skips[number] if skips else 0
            inputs[line, : len(ids) - 1] = ids[:-1]
            targets[line, skip : len(ids) - 1] = ids[1 + skip :]
        yield inputs, targets


def group_rows(lengths: Sequence[int], micro_tokens: int) -> Iterator[list[int]]:
    """Numbers of rows, by length, in groups of at most `micro_tokens` padded positions.

    A row that would widen its group opens a new one once the padding costs more than a group does.
    """
    group: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda number: lengths[number]):
        if group:
            too_large = (len(group) + 1) * (lengths[number] - 1) > micro_tokens
            padding = (lengths[number] - lengths[group[-1]]) * len(group)
            if too_large or padding > GROUP_COST:
                yield group
                group = []
        group.append(number)
    if group:
        yield group
