"""`lilliput train --dry-run`: what a run will take, from a part of its text and some of its steps."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lilliput.app.looking import Look
from lilliput.app.output import print_facts, say
from lilliput.app.run_details import held_back_texts
from lilliput.app.running import LOOK_STORIES, SCORE_STORIES, TRIAL_STEPS, decide_computing
from lilliput.models.count import count_parameters
from lilliput.stories.batches import Batches
from lilliput.stories.sources import Opened
from lilliput.stories.split import is_valid
from lilliput.stories.story import Story
from lilliput.training.efficiency import Efficiency, measure_peak
from lilliput.training.estimate import LookCost, estimate_run, measure_step
from lilliput.training.leading import open_batches
from lilliput.training.memory import measure_memory
from lilliput.training.plan import Plan
from lilliput.training.prepare import Prepared, held_back_share, prepare
from lilliput.training.resume import RunFiles
from lilliput.training.schedule import teaching_at
from lilliput.training.step import Step
from lilliput.training.steps import make_step

_SAMPLE_CHARACTERS = 4_000_000
_MEASURE_S = 4.0
"""For so long a step is measured."""


@dataclass
class _Sample:
    """A part of the stories, spread evenly over all of them, and what is known of the whole."""

    share: float
    """Of stories that are held back."""
    stories: list[Story]
    train_stories: int = 0
    valid_stories: int = 0
    train_bytes: int = 0

    @property
    def is_whole(self) -> bool:
        return len(self.stories) == self.train_stories + self.valid_stories

    def open(self) -> Opened:
        return Opened((), iter(self.stories))


def tell_dry_run(plan: Plan, open_again: Callable[[], Opened]) -> dict[str, Any]:
    """Everything a person wants to know before a run, as one row. Writes nothing.

    Reads all stories once to count them, and learns from a part of them for some seconds.
    """
    started_s = time.process_time()  # modules: a run pays for them too
    share = plan.data.valid_share or held_back_share(open_again())
    sample = _take_sample(open_again(), share)
    plan = plan.with_settings([f"data.valid_share={share}"])
    with TemporaryDirectory() as folder:
        files = RunFiles(Path(folder))
        began = time.perf_counter()
        prepared = prepare(
            plan,
            sample.open,
            files,
            lambda _: None,
            fit_vocabulary=not sample.is_whole,
        )
        scale = sample.train_bytes / prepared.data.train_bytes
        preparing_s = started_s + (time.perf_counter() - began) * scale
        return _measure(plan, prepared, sample, scale, preparing_s)


def _take_sample(opened: Opened, share: float) -> _Sample:
    sample, every, kept = _Sample(share, []), 1, 0
    for number, story in enumerate(opened.stories):
        if is_valid(story.text, share):
            sample.valid_stories += 1
        else:
            sample.train_stories += 1
            sample.train_bytes += len(story.text.encode())
        if number % every:
            continue
        sample.stories.append(story)
        kept += len(story.text)
        if kept > _SAMPLE_CHARACTERS and len(sample.stories) > 1:
            sample.stories, every = sample.stories[::2], every * 2
            kept = sum(len(story.text) for story in sample.stories)
    return sample


def _measure(
    plan: Plan, prepared: Prepared, sample: _Sample, scale: float, preparing_s: float
) -> dict[str, Any]:
    say(f"measuring for some seconds, on {len(sample.stories):,} stories")
    began = time.perf_counter()
    plan, _ = decide_computing(plan, prepared)
    deciding_s = time.perf_counter() - began
    batches = open_batches(plan, prepared.train)
    step = make_step(plan)
    held_back = held_back_texts(prepared, SCORE_STORIES)
    look = _measure_look(plan, step, prepared, held_back[:LOOK_STORIES])
    midway = teaching_at(plan.teacher, 0.5)
    cost = measure_step(step, batches, time.perf_counter, _MEASURE_S, midway)
    gauge = Efficiency(plan.model, measure_peak(step.device))
    flops_per_token = _flops_per_token(gauge, batches)
    targets = round(batches.targets_per_epoch * scale)
    run = estimate_run(plan.train, targets, cost, look)
    memory = measure_memory(plan, step)
    count = count_parameters(plan.model)
    scored = min(SCORE_STORIES, sample.valid_stories)
    return {
        "name": plan.name,
        "parameters": count.parameters,
        "parameters_without_embeddings": count.parameters_without_embeddings,
        "step": plan.train.step,
        "device": step.device,
        "threads": plan.train.threads,
        "memory_mb": {
            name: round(getattr(memory, name) / 1e6, 1)
            for name in ("weights", "gradients", "optimizer", "activations", "total")
        },
        "flops_per_token": round(flops_per_token),
        "flops": round(flops_per_token * run.tokens),
        "tokens_per_second": round(run.tokens_per_second, 1),
        "mfu": round(flops_per_token * run.tokens_per_second / gauge.peak, 4),
        "stories": sample.train_stories + sample.valid_stories,
        "tokens_per_epoch": targets,
        "tokens_per_parameter": targets / count.parameters,
        "tokens": run.tokens,
        "epochs": run.epochs,
        "steps": run.steps,
        "preparing_seconds": preparing_s + deciding_s,
        "seconds": run.seconds,
        "scoring_seconds": look.score_s * scored / max(1, min(LOOK_STORIES, len(held_back))),
    }


def _measure_look(plan: Plan, step: Step, prepared: Prepared, held_back: list[str]) -> LookCost:
    began = time.perf_counter()
    look = Look(plan.model, step.weights(), prepared.tokenizer, plan.train.threads, step.device)
    look.score(held_back)
    scored = time.perf_counter()
    look.tell("", plan.seed)
    return LookCost(scored - began, time.perf_counter() - scored)


def _flops_per_token(gauge: Efficiency, batches: Batches) -> float:
    lengths = [len(row) - 1 for number in range(TRIAL_STEPS) for row in batches.at(number).rows]
    return gauge.flops(lengths) / sum(lengths)


def show_dry_run(row: dict[str, Any]) -> None:
    """The row for people."""
    memory = row["memory_mb"]
    parts = ", ".join(f"{name} {size:,}" for name, size in memory.items() if name != "total")
    who = "C" if row["step"] == "c" else "torch"
    threads = f", threads {row['threads']}" if row["device"] == "cpu" else ""
    print_facts(
        {
            "plan": row["name"],
            "parameters": row["parameters"],
            "parameters without embeddings": row["parameters_without_embeddings"],
            "computed by": f"{who} on {row['device']}{threads}",
            "memory, MB": f"{memory['total']:,} ({parts})",
            "FLOPs per token": row["flops_per_token"],
            "FLOPs in all": f"{row['flops']:.3g}",
            "tokens/s": f"{row['tokens_per_second']:,.0f} (MFU {row['mfu']:.1%})",
            "text": f"{row['stories']:,} stories, {row['tokens_per_epoch']:,} tokens to learn from "
            f"({row['tokens_per_parameter']:.2g} a parameter)",
            "tokens": row["tokens"],
            "times over the text": f"{row['epochs']:.2f}",
            "steps": row["steps"],
            "time": f"{_clock(row['seconds'])}, behind {_clock(row['preparing_seconds'])} of preparing "
            f"and before {_clock(row['scoring_seconds'])} of scoring",
        }
    )


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
