"""Which step computes a plan. Torch is imported only where its step is the one, or to ask it for a GPU."""

import os
import time
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Literal

from lilliput.device import auto_is_cpu, choose_device, count_processors, has_torch
from lilliput.errors import ConfigError, MissingExtraError
from lilliput.runtime.native import MAX_THREADS, library_path
from lilliput.stories.batches import Batch
from lilliput.training.plan import Plan
from lilliput.training.step import Step

StepName = Literal["c", "torch"]

_FAMILIES_IN_C = ("llama", "qwen3")


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


def make_step(plan: Plan) -> Step:
    """The plan's step at its beginning: first weights from the seed, no momentum."""
    if choose_step(plan) == "c":
        from lilliput.training.step_c import CStep  # type: ignore[import-not-found, unused-ignore]

        step: Step = CStep(plan.model, plan.train, plan.seed)
        return step
    from lilliput.training.step_torch import torch_step

    return torch_step(plan)


def computes_on_cpu(plan: Plan) -> bool:
    """Whether the plan's step computes on the CPU."""
    return choose_step(plan) == "c" or choose_device(plan.train.device).type == "cpu"


def _thread_choices(plan: Plan) -> list[int]:
    """Numbers of threads worth a trial: all processors, and one."""
    if choose_step(plan) == "c":
        return sorted({1, min(count_processors(), MAX_THREADS)}, reverse=True)
    import torch

    return sorted({1, torch.get_num_threads()}, reverse=True)


def fastest_threads(plan: Plan, batches: Sequence[Batch]) -> int:
    """One thread or all cores, whichever learns `batches` faster here and now.

    Two threads wait for each other hundreds of times a step: where another program holds a core, or the
    host takes it away, one thread is several times as fast (LOG.md).
    """
    seconds: dict[int, float] = {}
    for threads in _thread_choices(plan):
        step = make_step(plan.with_settings([f"train.threads={threads}"]))
        step.learn(batches[0], 0.0)  # the first one allocates
        began = time.perf_counter()
        for batch in batches:
            step.learn(batch, 0.0)
        seconds[threads] = time.perf_counter() - began
    return min(seconds, key=lambda threads: seconds[threads])


def _why_not_c(plan: Plan) -> str:
    """What of the plan the C step cannot do; empty where it can do all."""
    train = plan.train
    if wants := _wants_of_torch(plan):
        return wants[0]
    if train.device not in ("auto", "cpu"):
        return f"the C step computes on the CPU, and train.device is {train.device}"
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return "the C step is one process, and torchrun started several"
    if library_path() is None or find_spec("lilliput.training.step_c") is None:
        return "the C engine was not built: install a C compiler, then install lilliput again"
    if train.device == "auto" and not auto_is_cpu():
        return "there is a GPU, and the C step computes on the CPU"
    return ""


def _wants_of_torch(plan: Plan) -> list[str]:
    """What a plan wants that the C step does not know, in words."""
    train = plan.train
    settings = {
        "start": plan.start,
        "lora.rank": plan.lora.rank,
        "data.learn_after": plan.data.learn_after,
        "train.dropout": train.dropout,
        "train.checkpoint_activations": train.checkpoint_activations,
        "train.compile": train.compile,
        f"train.precision={train.precision}": train.precision not in ("auto", "float32"),
    }
    wants = [f"the C step knows no {name}" for name, is_wanted in settings.items() if is_wanted]
    if plan.model.family not in _FAMILIES_IN_C:
        wants.append(f"the C step trains {' and '.join(_FAMILIES_IN_C)} models, not {plan.model.family}")
    return wants
