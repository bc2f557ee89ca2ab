"""The torch step: forward, backward, clipping, Muon and AdamW for any family on any device."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from lilliput.device import choose_device
from lilliput.errors import FormatError, LilliputError
from lilliput.formats.weights import Array, Weights
from lilliput.models import build_model
from lilliput.models.balance import RouterLogits
from lilliput.models.config import ModelConfig
from lilliput.models.decoder import Decoder
from lilliput.models.loss import IGNORED, sum_lessons, sum_nats, sum_squared_z
from lilliput.models.weights import set_weights
from lilliput.stories.batches import Batch
from lilliput.training.attention_c import quicken_attention
from lilliput.training.average import Average
from lilliput.training.distributed import ALONE, Ranks, spread
from lilliput.training.dropout import add_dropout, masks_of
from lilliput.training.groups import Group, empty_group, pad_rows
from lilliput.training.heap import keep_freed_memory
from lilliput.training.init import initial_weights
from lilliput.training.lora import add_adapters, merge_adapters
from lilliput.training.norm_torch import quicken_norms
from lilliput.training.optim_torch import Optimizers
from lilliput.training.plan import LoraPlan, TrainPlan
from lilliput.training.precision import LossScale, half_type
from lilliput.training.sharded import fill, whole_of
from lilliput.training.step import StepResult, refuse_infinite


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
        if self._torch_device.type == "cpu":
            keep_freed_memory()
            if not plan.compile:
                quicken_attention(self.model)
                quicken_norms(self.model)
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

    def learn(self, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
        """See Step.learn. The loss is the mean over the targets of the whole batch of all ranks."""
        batch = batch if teaching else replace(batch, lessons=())
        result, scale = self._find_gradient(batch, teaching), self._scale.scale
        while not result.is_finite and self._scale.lower():
            result = self._find_gradient(batch, teaching)
        if not result.is_finite:
            self._scale.scale = scale  # it was not the scale's fault
        refuse_infinite(result, self._plan.learning_rate)
        self._scale.count_step()
        self._optimizers.step(factor)
        self._steps += 1
        if self._average:
            self._average.take_in(self._learning, self._steps)
        return result

    def _find_gradient(self, batch: Batch, teaching: float) -> StepResult:
        """Set every parameter's gradient, clipped."""
        self.model.train()
        for parameter in self._learning.values():
            parameter.grad = None
        groups = list(pad_rows(batch, self._plan.micro_tokens))
        most = int(self._ranks.largest(len(groups)))  # all ranks exchange as often, the idle ones zeros
        groups = [empty_group()] * (most - len(groups)) + groups
        nats = torch.zeros((), device=self._torch_device)
        with self._masks():
            for number, group in enumerate(groups):
                with self._exchanging(number == most - 1):
                    nats += self._add_gradient(group.to(self._torch_device), batch.targets, teaching)
        gradients = [p.grad for p in self._learning.values() if p.grad is not None]
        if self._scale.scale != 1:
            torch._foreach_mul_(gradients, 1 / self._scale.scale)
        norm = whole_of(torch.nn.utils.clip_grad_norm_(self._learning.values(), self._plan.clip))
        return StepResult(self._ranks.total(float(nats)), float(norm))

    def _add_gradient(self, group: Group, count: int, teaching: float) -> Tensor:
        """Add one group's share of the gradient; returns its cost in nats."""
        with torch.autocast(self._torch_device.type, self._half, enabled=self._half is not None):
            logits = self._forward(group.inputs)
        nats = sum_nats(logits, group.targets)
        cost = nats
        if group.lessons:
            ids, chances = group.lessons
            cost = cost + sum_lessons(logits, group.targets, ids, teaching * chances)
        if self._plan.z_loss:
            cost = cost + self._plan.z_loss * sum_squared_z(logits, group.targets)
        if self._routers:
            cost = cost + self._plan.balance_loss * self._routers.take_balance(group.targets != IGNORED)
        # the exchange between ranks takes the mean, and the sum is wanted
        (cost * (self._scale.scale * self._ranks.world / count)).backward()  # type: ignore[no-untyped-call]
        return nats.detach()

    def places(self) -> Weights:
        """See OpenStep.places. Raises LilliputError where the weights are not in this processor's memory."""
        if self._torch_device.type != "cpu" or self._ranks.world > 1:
            raise LilliputError("rounded weights learn in one process on the CPU: --set train.device=cpu")
        return {name: parameter.detach().numpy() for name, parameter in self._parameters.items()}

    def slopes(self) -> Weights:
        """See OpenStep.slopes: clipped."""
        return {name: p.grad.numpy() for name, p in self._learning.items() if p.grad is not None}

    def refresh(self) -> None:
        """See OpenStep.refresh: the places are what computes."""

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


def _recompute_blocks(model: Decoder) -> None:
    """Let each block keep its input alone for the backward pass, and compute itself again there."""
    for block in model.blocks:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)


def _compile(model: Decoder, plan: TrainPlan, ranks: Ranks) -> None:
    """Compile in place: the whole model, or where its parameters come and go with each block, the blocks."""
    parts = model.blocks if ranks.world > 1 and plan.sharding == "fsdp" else [model]
    for part in parts:
        part.compile(dynamic=True)
