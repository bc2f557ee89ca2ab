"""The C step: forward, backward, clipping, Muon and AdamW for Llama and Qwen3 on a CPU. No torch."""

import ctypes as ct
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from lilliput.errors import FormatError, LilliputError
from lilliput.formats.weights import Array, Weights
from lilliput.models.angles import rotary_table
from lilliput.models.config import LlamaConfig, ModelConfig, Qwen3Config
from lilliput.models.shapes import weight_shapes
from lilliput.runtime.native import MAX_THREADS, available_threads
from lilliput.runtime.native_train import (
    AVERAGE,
    FIRST,
    GRADIENTS,
    SECOND,
    WEIGHTS,
    NativeTrainer,
    Rates,
    Tensor,
    TrainShape,
    has_bfloat16,
)
from lilliput.stories.batches import Batch
from lilliput.stories.lessons import Lesson
from lilliput.training.init import initial_weights
from lilliput.training.plan import TrainPlan
from lilliput.training.rounded_activations import RoundedActivations
from lilliput.training.step import StepResult, average_decay, refuse_infinite

_EPS = 1e-8  # AdamW's, torch's default
_ROW_TOKENS = 16
"""Room is made for rows of this many tokens on the average; more rows are computed in several groups."""


def why_not_c(config: ModelConfig, plan: TrainPlan) -> str | None:
    """What of a plan the C step cannot do, in a few words; None where it can do all."""
    if not isinstance(config, LlamaConfig | Qwen3Config):
        return f"it trains the families llama and qwen3, not {config.family}"
    unknown = [name for name in ("dropout", "checkpoint_activations", "compile") if getattr(plan, name)]
    wants = {
        f"it has silu in gates, not {config.gate}": config.gate != "silu",
        f"it runs on the CPU, not on {plan.device}": plan.device not in ("auto", "cpu"),
        "it does not compute in float16": plan.precision == "float16",
        "this processor has no products of bfloat16: --set train.precision=float32": (
            plan.precision == "bfloat16" and not has_bfloat16()
        ),
        f"it runs on {MAX_THREADS} threads at most": (plan.threads or 1) > MAX_THREADS,
        "it takes a matrix of one row for a vector": min(config.d_model, config.d_ff, config.vocab_size) < 2,
        f"it has no train.{''.join(unknown[:1])}": bool(unknown),
    }
    return next((reason for reason, is_wanted in wants.items() if is_wanted), None)


class CStep:
    """A model and its optimizers in C; see Step. The numbers of a run do not depend on the threads."""

    device = "cpu"

    def __init__(
        self, config: ModelConfig, plan: TrainPlan, seed: int, *, start: Weights | None = None
    ) -> None:
        if reason := why_not_c(config, plan):
            raise LilliputError(f"the C step cannot train this: {reason}; --set train.step=torch")
        assert isinstance(config, LlamaConfig | Qwen3Config)
        self._plan = plan
        self._turns = rotary_table(config.d_head, config.context, config.rope_theta).copy()
        tokens = max(plan.micro_tokens, config.context)
        self._trainer = NativeTrainer(
            self._shape_of(config),
            tokens=min(tokens, plan.batch_tokens + config.context),
            rows=max(1, tokens // _ROW_TOKENS),
            threads=plan.threads or available_threads(),
        )
        self._tensors = dict(zip(weight_shapes(config), self._trainer.tensors(), strict=True))
        self._shapes = weight_shapes(config)
        self._steps = 0
        self.set_weights(start or initial_weights(config, seed))

    def _shape_of(self, config: ModelConfig) -> TrainShape:
        plan = self._plan
        return TrainShape(
            *(getattr(config, name) for name in ("vocab_size", "d_model", "n_layers", "n_heads")),
            *(getattr(config, name) for name in ("n_kv_heads", "d_head", "d_ff", "context", "tied")),
            qk_norm=isinstance(config, Qwen3Config),
            pairs=plan.precision == "bfloat16",
            muon=plan.optimizer == "muon",
            ema=plan.ema > 0,
            norm_eps=config.norm_eps,
            attention_scale=config.d_head**-0.5,
            turns=self._turns.ctypes.data_as(ct.POINTER(ct.c_float)),
        )

    def learn(self, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
        """See Step.learn. The loss is the mean over the batch's targets."""
        nats, fresh = 0.0, True
        share, z_loss = 1 / batch.targets, self._plan.z_loss
        for some in _groups(batch, self._trainer.tokens, self._trainer.rows):
            rows, skips = batch.rows[some], batch.skips[some] or (0,) * len(batch.rows[some])
            lessons = _join(batch.lessons[some], teaching) if teaching and batch.lessons else None
            ids = np.concatenate([row[:-1] for row in rows]).astype(np.int32)
            targets = np.concatenate([_targets(row, skip) for row, skip in zip(rows, skips, strict=True)])
            starts = np.cumsum([0, *(len(row) - 1 for row in rows)]).astype(np.int32)
            nats += self._trainer.gradient(
                ids, targets, starts, share=share, z_loss=z_loss, fresh=fresh, lessons=lessons
            )
            fresh = False
        result = StepResult(nats, self._trainer.norm())
        refuse_infinite(result, self._plan.learning_rate)
        self._steps += 1
        self._trainer.update(self._rates(factor), result.gradient_norm)
        return result

    def _rates(self, factor: float) -> Rates:
        plan, steps = self._plan, self._steps
        return Rates(
            adam_rate=plan.learning_rate * factor,
            beta1=plan.beta1,
            beta2=plan.beta2,
            eps=_EPS,
            correction1=1 - plan.beta1**steps,
            correction2=1 - plan.beta2**steps,
            muon_rate=plan.muon_rate * factor,
            momentum=plan.muon_momentum,
            weight_decay=plan.weight_decay,
            clip=plan.clip,
            ema=average_decay(plan.ema, steps),
        )

    def set_weights(self, weights: Weights) -> None:
        """Begin from these weights."""
        for name, tensor in self._tensors.items():
            view = self._trainer.array(WEIGHTS, tensor)
            view[:] = weights[name].reshape(view.shape)
            if self._plan.ema:
                self._trainer.array(AVERAGE, tensor)[:] = view
        self._trainer.refresh()

    def round_activations(self, activations: RoundedActivations) -> None:
        """Compute as an integer model does, from now on; slopes go back as if nothing were rounded."""
        turns = self._turns
        turns[:] = np.rint(turns * activations.cosine_units) / activations.cosine_units
        self._activations = activations  # C points into it
        self._trainer.round(activations.as_c())

    @property
    def bytes(self) -> int:
        """All memory of the step: weights, gradients, moments, and what a pass keeps."""
        return int(self._trainer.bytes)

    def places(self) -> Weights:
        """See OpenStep.places."""
        return dict(self._views(WEIGHTS))

    def slopes(self) -> Weights:
        """See OpenStep.slopes: not clipped."""
        return dict(self._views(GRADIENTS))

    def refresh(self) -> None:
        """See OpenStep.refresh."""
        self._trainer.refresh()

    def weights(self) -> Weights:
        """See Step.weights: the average, where the plan keeps one."""
        return dict(self._copies(AVERAGE if self._plan.ema else WEIGHTS))

    def state(self) -> dict[str, Array]:
        """See Step.state: the names are the torch step's, so that either goes on from the other's."""
        state: dict[str, Array] = {}
        for part, which, wanted in self._parts():
            if which in (FIRST, SECOND) and not self._steps:
                continue  # nothing was smoothed yet
            state |= {f"{part}.{name}": array for name, array in self._copies(which, wanted)}
        steps = np.array(self._steps, np.float32)
        names = [name for name, tensor in self._tensors.items() if not tensor.muon]
        return state | {f"step.{name}": steps for name in names if self._steps}

    def load_state(self, state: dict[str, Array]) -> None:
        """See Step.load_state. Raises FormatError for the state of another model."""
        if {key for key in state if key.startswith("weights.")} != {f"weights.{n}" for n in self._shapes}:
            raise FormatError("the checkpoint is of another model; nothing was resumed")
        steps = max((int(state[key]) for key in state if key.startswith("step.")), default=0)
        for part, _, wanted in self._parts():
            for name, tensor in self._tensors.items():
                array = state.get(f"{part}.{name}")
                if array is None and wanted(tensor) and (steps or part in ("weights", "ema")):
                    raise FormatError(f"the checkpoint has no {part}.{name}; nothing was resumed")
                if wanted(tensor) and array is not None and array.shape != self._shapes[name]:
                    raise FormatError(f"the checkpoint's {part}.{name} has shape {array.shape}")
        for part, which, wanted in self._parts():
            for name, tensor in self._tensors.items():
                if wanted(tensor):
                    view = self._trainer.array(which, tensor)
                    array = state.get(f"{part}.{name}")
                    view[:] = 0 if array is None else array.reshape(view.shape)
        self._steps = steps
        self._trainer.refresh()

    def _parts(self) -> Iterator[tuple[str, int, Callable[[Tensor], bool]]]:
        """The name of each array in a state, its number in the trainer, and which tensors have it."""
        yield "weights", WEIGHTS, lambda _: True
        yield "momentum", FIRST, lambda tensor: bool(tensor.muon)
        yield "exp_avg", FIRST, lambda tensor: not tensor.muon
        yield "exp_avg_sq", SECOND, lambda tensor: not tensor.muon
        if self._plan.ema:
            yield "ema", AVERAGE, lambda _: True

    def _copies(
        self, which: int, wanted: Callable[[Tensor], bool] = lambda _: True
    ) -> Iterator[tuple[str, Array]]:
        for name, view in self._views(which, wanted):
            yield name, view.copy()

    def _views(
        self, which: int, wanted: Callable[[Tensor], bool] = lambda _: True
    ) -> Iterator[tuple[str, Array]]:
        for name, tensor in self._tensors.items():
            if wanted(tensor):
                view = self._trainer.array(which, tensor)
                yield name, view if view.ndim == len(self._shapes[name]) else view[0]


def _targets(row: Array, skip: int) -> Array:
    """A row's targets, of which the first `skip` do not count."""
    targets = row[1:].astype(np.int32)
    targets[:skip] = -1
    return targets


def _join(lessons: Sequence[Lesson], teaching: float) -> tuple[Array, Array]:
    """The ids that a teacher expects at each token of some rows, and its say in each. (T, top)"""
    ids = np.concatenate([lesson.ids for lesson in lessons])
    return ids, np.concatenate([lesson.chances for lesson in lessons]) * np.float32(teaching)


def _groups(batch: Batch, tokens: int, most_rows: int) -> Iterator[slice]:
    """The rows in groups of at most so many tokens and rows."""
    first = size = 0
    for number, row in enumerate(batch.rows):
        if number > first and (size + len(row) - 1 > tokens or number - first == most_rows):
            yield slice(first, number)
            first, size = number, 0
        size += len(row) - 1
    if len(batch.rows) > first:
        yield slice(first, len(batch.rows))
