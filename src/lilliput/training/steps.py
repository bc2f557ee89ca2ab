"""Which step computes a plan. Torch is imported only where its step is the one, or to ask it for a GPU."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from lilliput.device import auto_is_cpu, choose_device, has_torch
from lilliput.errors import ConfigError, MissingExtraError
from lilliput.formats.folder import load_folder
from lilliput.formats.weights import Weights
from lilliput.runtime.native import available_threads, library_path
from lilliput.runtime.native_train import has_bfloat16
from lilliput.stories.batches import Batch
from lilliput.training.distributed import ALONE, Ranks
from lilliput.training.plan import Plan
from lilliput.training.rounded_activations import RoundedActivations
from lilliput.training.step_c import CStep, why_not_c
from lilliput.training.straight import OpenStep
from lilliput.training.taught import Taught
from lilliput.training.teaching import Teacher

StepName = Literal["c", "torch"]

_TRIAL_TOKENS, _FIRST_TOKENS, _TRIAL_S = 4096, 1024, 1.0
"""Of a batch, about so many targets at most are tried, and before that fewer; and nothing for longer."""


def choose_step(plan: Plan) -> StepName:
    """The step asked for; of "auto" the C step where it can do all that the plan wants, else torch.

    Raises ConfigError for `train.step = "c"` that cannot be honoured, and for a device that is not here,
    MissingExtraError where torch is needed and not installed.
    """
    wanted = plan.train.step
    reason = "" if wanted == "torch" else _why_not_c(plan)
    if wanted != "torch" and not reason:
        return "c"
    if wanted == "c":
        raise ConfigError(f"train.step=c: {reason}; leave it at auto, or set it to torch")
    if not has_torch():
        raise MissingExtraError(
            f"training ({reason})" if reason else "training with train.step=torch", "torch"
        )
    choose_device(plan.train.device)
    return "torch"


def decide_step(plan: Plan) -> Plan:
    """The plan with its step chosen, and of the C step the precision where the plan leaves it open.

    bfloat16 where the processor multiplies it: a third quicker, and no worse a model (LOG.md).
    """
    step = choose_step(plan)
    half = step == "c" and plan.train.precision == "auto" and has_bfloat16()
    return plan.with_settings([f"train.step={step}", *(["train.precision=bfloat16"] if half else [])])


def make_step(
    plan: Plan,
    ranks: Ranks = ALONE,
    start: Weights | None = None,
    activations: RoundedActivations | None = None,
) -> OpenStep:
    """The plan's step at its beginning: with the weights of `start`, or the plan's own; no momentum.

    The C step computes with rounded `activations`, where they are given.
    """
    step = _make_step(plan, ranks, start or _weights_to_start(plan), activations)
    asks = plan.teacher.teaches and not plan.teacher.writes
    return Taught(step, Teacher(plan)) if asks else step


def _make_step(
    plan: Plan, ranks: Ranks, start: Weights | None, activations: RoundedActivations | None
) -> OpenStep:
    if choose_step(plan) == "c":
        step = CStep(plan.model, plan.train, plan.seed, start=start)
        if activations:
            step.round_activations(activations)
        return step
    from lilliput.training.step_torch import TorchStep

    return TorchStep(plan.model, plan.train, plan.seed, ranks=ranks, start=start, lora=plan.lora)


def _weights_to_start(plan: Plan) -> Weights | None:
    return load_folder(Path(plan.start)).weights if plan.start else None


def computes_on_cpu(plan: Plan) -> bool:
    """Whether the plan's step computes on the CPU."""
    return choose_step(plan) == "c" or choose_device(plan.train.device).type == "cpu"


def try_threads(plan: Plan, batches: Sequence[Batch]) -> tuple[int, float]:
    """The plan's number of threads, or where it has none the quicker of one and all cores, here and now.

    And how many tokens a second it learns from `batches`, of which it takes a part where they are large.
    Two threads wait for each other hundreds of times a step: where another program holds a core, or the host
    takes it away, one thread is several times as fast (LOG.md).
    """
    batches = [first_rows(batch, _TRIAL_TOKENS) for batch in batches]
    rates: dict[int, float] = {}
    for threads in [plan.train.threads] if plan.train.threads else _thread_choices(plan):
        step = make_step(plan.with_settings([f"train.threads={threads}"]))
        step.learn(first_rows(batches[0], _FIRST_TOKENS), 0.0)  # the first one allocates
        began, targets = time.perf_counter(), 0
        for batch in batches:
            step.learn(batch, 0.0)
            targets += batch.targets
            passed = time.perf_counter() - began
            if passed > _TRIAL_S:
                break
        rates[threads] = targets / passed
    best = max(rates, key=lambda threads: rates[threads])
    return best, rates[best]


def _thread_choices(plan: Plan) -> list[int]:
    if choose_step(plan) == "c":
        return sorted({1, available_threads()}, reverse=True)
    import torch

    return sorted({1, torch.get_num_threads()}, reverse=True)


def first_rows(batch: Batch, least: int) -> Batch:
    """The first rows of a batch that have `least` targets together, or the whole batch."""
    skips = batch.skips or (0,) * len(batch.rows)
    rows, targets = [], 0
    for row, skip in zip(batch.rows, skips, strict=True):
        rows.append(row)
        targets += len(row) - 1 - skip
        if targets >= least:
            break
    few = len(rows)
    return replace(batch, rows=rows, targets=targets, skips=batch.skips[:few], lessons=batch.lessons[:few])


def why_torch(plan: Plan) -> str:
    """Why a plan that leaves the step open is computed by torch; empty where C computes it."""
    return _why_not_c(plan) if plan.train.step == "auto" else ""


def _why_not_c(plan: Plan) -> str:
    """What of the plan the C step cannot do here; empty where it can do all."""
    if plan.lora.rank:
        return "the C step knows no lora.rank"
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return "the C step is one process, and torchrun started several"
    if library_path() is None:
        return "the C engine was not built: install a C compiler, then install lilliput again"
    if reason := why_not_c(plan.model, plan.train):
        return f"the C step cannot do this: {reason}"
    if plan.train.device == "auto" and not auto_is_cpu():
        return "there is a GPU, and the C step computes on the CPU"
    return ""
