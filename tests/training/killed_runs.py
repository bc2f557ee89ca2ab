"""Kill runs at 20 random points, resume each, compare with the run that was let be.

A program of its own, started by test_resume.py: it loads torch once and forks a child for every run, so
that 40 runs take seconds. `python killed_runs.py FOLDER SEED` prints one JSON object.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from lilliput import rundir
from lilliput.formats.weights import read_safetensors
from lilliput.models import LlamaConfig
from lilliput.stories.batches import Batches
from lilliput.stories.sources import open_stories
from lilliput.training.diary import read_rows
from lilliput.training.loop import Surroundings, train
from lilliput.training.plan import Plan, TrainPlan
from lilliput.training.prepare import load_prepared, prepare
from lilliput.training.resume import RunFiles
from lilliput.training.step_torch import TorchStep

POINTS = 20
PLAN = Plan(
    name="killed",
    model=LlamaConfig(vocab_size=270, d_model=32, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=48, context=64),
    train=TrainPlan(tokens=2500, batch_tokens=128, checkpoint_s=0, log_every=1, threads=1, device="cpu"),
)


def run(folder: Path, before: Callable[[], None] = lambda: None) -> None:
    """Train in a forked child to the end, or to its violent death."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    before()
    files = RunFiles(folder)
    prepared = load_prepared(files)
    plan = prepared.plan
    step = TorchStep(plan.model, plan.train, plan.seed)
    batches = Batches(
        prepared.train,
        batch_tokens=plan.train.batch_tokens,
        context=plan.model.context,
        seed=plan.seed,
    )
    nothing = {"story": "", "bits_per_byte": 0.0}
    around = Surroundings(time.monotonic, lambda: False, lambda _: nothing, lambda _: None)
    train(plan, step, batches, files, around)
    os._exit(0)


def die_after(seconds: float) -> Callable[[], None]:
    """A child that the kernel kills after a while."""

    def arm() -> None:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, seconds)

    return arm


def die_while_writing(call: int, stage: str) -> Callable[[], None]:
    """A child that dies in its `call`-th atomic write: half written, whole, or just renamed."""

    def arm() -> None:
        real_sync, real_replace = os.fsync, os.replace
        calls = 0

        def sync(descriptor: int) -> None:
            nonlocal calls
            calls += 1
            if calls == call and stage == "half written":
                os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            real_sync(descriptor)

        def replace(source: str, target: str) -> None:
            if calls == call and stage == "whole":
                os.kill(os.getpid(), signal.SIGKILL)
            real_replace(source, target)
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)

        rundir.os.fsync, rundir.os.replace = sync, replace

    return arm


def main(folder: Path, seed: int) -> None:
    """Print how the killed and resumed runs compare."""
    torch.set_num_threads(1)
    text = folder / "stories.txt"
    words = [
        "the",
        "fox",
        "and",
        "box",
        "ran",
        "to",
        "a",
        "big",
        "red",
        "barn",
        "with",
        "his",
        "old",
        "friend",
    ]
    draw = random.Random(0)
    stories = [" ".join(draw.choices(words, k=draw.randint(5, 60))) for _ in range(150)]
    text.write_text("\n\n".join(stories))

    prepare(PLAN, lambda: open_stories([str(text)]), RunFiles(folder / "prepared"), lambda _: None)

    def fresh(name: str) -> Path:
        return Path(shutil.copytree(folder / "prepared", folder / name))

    whole = fresh("whole")
    began = time.monotonic()
    run(whole)
    duration = time.monotonic() - began
    expected = read_safetensors(RunFiles(whole).state)
    steps = [row["step"] for row in read_rows(RunFiles(whole).metrics)]
    report = {"runs": [], "steps": len(expected)}
    choose = random.Random(seed)
    for point in range(POINTS):
        place = fresh(f"killed-{point}")
        if point % 2:
            delay = choose.uniform(0.02, duration)
            told, arm = f"after {delay:.3f} s", die_after(delay)
        else:
            stage = choose.choice(["half written", "whole", "renamed"])
            call = choose.randint(1, 20)
            told, arm = f"write {call}, {stage}", die_while_writing(call, stage)
        run(place, arm)
        files = RunFiles(place)
        reached = [row["step"] for row in read_rows(files.metrics)]
        run(place)
        resumed = read_safetensors(files.state)
        report["runs"].append(
            {
                "killed": told,
                "at_step": reached[-1] if reached else None,
                "finished_before": reached == steps,
                "equal": resumed.keys() == expected.keys()
                and all(np.array_equal(resumed[name], expected[name]) for name in expected),
                "rows_equal": [row["step"] for row in read_rows(files.metrics)] == steps,
                "leftovers": [p.name for p in files.resume.iterdir() if p.name.endswith(".part")],
            }
        )
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
