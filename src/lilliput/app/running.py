"""Running a plan: the loop with its surroundings, and the model folder at the end."""

import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import Any

from filelock import FileLock, Timeout

from lilliput.app.looking import Look
from lilliput.app.output import command_name, say
from lilliput.app.progress import TrainingBar, counted
from lilliput.errors import ConfigError, LilliputError, MissingExtraError
from lilliput.formats.folder import save_folder
from lilliput.stories.batches import Batches
from lilliput.stories.sources import fingerprint_stories
from lilliput.stories.story import Story
from lilliput.training.diary import Row
from lilliput.training.leading import open_batches, step_of_run
from lilliput.training.loop import Outcome, Surroundings, train
from lilliput.training.plan import Plan
from lilliput.training.prepare import Prepared
from lilliput.training.resume import Position, RunFiles, save_plan
from lilliput.training.step import Step
from lilliput.training.steps import choose_step, computes_on_cpu, fastest_threads, make_step
from lilliput.training.trackers import tensorboard_writer

_LOOK_STORIES = 64
"""Held-back stories scored beside each diary entry."""
_SCORE_STORIES = 1000
"""Held-back stories scored at the end."""
_PROMPT_TOKENS = 10
"""Tokens of a held-back story that the diary's stories begin with."""
_TRIAL_STEPS = 5
"""Steps by which the number of threads is chosen."""


def run_plan(files: RunFiles, prepared: Prepared) -> Outcome:
    """Train until the budget is used up or the person stops it; writes the model folder either way.

    Raises LilliputError while another process trains in the same folder; the lock goes with its process.
    """
    try:
        with FileLock(files.resume / "lock", timeout=0):
            return _run_alone(files, prepared)
    except Timeout:
        raise LilliputError(
            f"{files.folder} is being trained by another process: wait for it, or stop it"
        ) from None


def _run_alone(files: RunFiles, prepared: Prepared) -> Outcome:
    plan = _decided(files, prepared)
    with step_of_run(plan, prepared.train, make_step) as (step, ranks):
        return _run(plan, step, open_batches(plan, prepared.train, ranks), files, prepared)


def _run(plan: Plan, step: Step, batches: Batches, files: RunFiles, prepared: Prepared) -> Outcome:
    held_back = held_back_texts(prepared, _SCORE_STORIES)

    def look_now() -> Look:
        return Look(plan.model, step.weights(), prepared.tokenizer, plan.train.threads, step.device)

    def look(_: Position) -> Row:
        now = look_now()
        scored = now.score(held_back[:_LOOK_STORIES])
        return {
            "story": now.tell(plan.prompt or "", plan.seed),
            "nats_per_token": scored["nats_per_token"],
            "bits_per_byte": scored["bits_per_byte"],
        }

    targets = prepared.data.train_tokens - prepared.data.train_stories  # a BOS is never predicted
    with stop_on_signal() as should_stop:
        with ExitStack() as stack:
            bar = stack.enter_context(TrainingBar(prepared.data.train_bytes / targets))
            track = stack.enter_context(tensorboard_writer(files.folder, plan.train.tensorboard))

            def watch(row: Row) -> None:
                bar.show(row)
                track(row)

            around = Surroundings(time.monotonic, should_stop, look, watch)
            outcome = train(plan, step, batches, files, around)
        final = look_now().score(counted(held_back, "scoring", "held-back stories", len(held_back)))
        details = describe_run(plan, prepared, outcome, step.device, final, held_back)
        save_folder(files.folder, plan.model, step.weights(), prepared.tokenizer, details)
    say(
        f"{files.folder}: {final['bits_per_byte']:.3f} bits per byte, {final['nats_per_token']:.3f} "
        f"nats per token on {len(held_back):,} held-back stories"
    )
    if outcome.reason == "stopped":
        say(
            f"stopped and saved; go on with: {command_name()} train --resume --out {quote(str(files.folder))}"
        )
    return outcome


def check_can_train(plan: Plan) -> None:
    """Raise LilliputError for what would stop a run only after its stories were prepared."""
    choose_step(plan)
    if plan.train.tensorboard and find_spec("tensorboard") is None:
        raise MissingExtraError("TensorBoard", "track")


@contextmanager
def discarded_unless_begun(files: RunFiles) -> Iterator[None]:
    """On any error before the first checkpoint, leave the run's folder as it was: not there, or empty."""
    fresh = not files.folder.exists()
    try:
        yield
    except BaseException:
        if not files.state.is_file():
            for part in [files.folder] if fresh else list(files.folder.iterdir()):
                shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
        raise


def _decided(files: RunFiles, prepared: Prepared) -> Plan:
    """The plan with the diary's beginning, the step and the number of threads decided, kept for --resume."""
    plan, tokenizer = prepared.plan, prepared.tokenizer
    most = plan.model.context // 4
    if plan.prompt is None:
        opening = prepared.valid.story(0)[1:-1][: min(_PROMPT_TOKENS, most)]
        words = tokenizer.decode(opening.tolist()).strip("\ufffd")
        plan = plan.model_copy(update={"prompt": words.rpartition(" ")[0] or words})  # no half word
    elif len(tokenizer.encode(plan.prompt)) > most:
        raise ConfigError(f"prompt: more than {most} tokens, a quarter of the context: shorten it")
    plan = plan.with_settings([f"train.step={choose_step(plan)}"])
    if plan.train.threads is None and computes_on_cpu(plan):
        batches = open_batches(plan, prepared.train)
        trial = [batches.at(step) for step in range(_TRIAL_STEPS)]
        plan = plan.with_settings([f"train.threads={fastest_threads(plan, trial)}"])
    save_plan(files, plan)
    return plan


def held_back_texts(prepared: Prepared, most: int) -> list[str]:
    """The texts of held-back stories (a shard's tokens decode to the text exactly)."""
    count = min(most, len(prepared.valid))
    return [prepared.tokenizer.decode(prepared.valid.story(i).tolist()) for i in range(count)]


def describe_run(
    plan: Plan, prepared: Prepared, outcome: Outcome, device: str, final: Row, held_back: list[str]
) -> dict[str, Any]:
    """lilliput.json of a trained model."""
    command = shlex.join(["lilliput", *sys.argv[1:]])
    final_score = {
        "suite": "loss",
        "data": "held-back stories",
        "data_fingerprint": fingerprint_stories(map(Story, held_back)),
        "cut": "story",
        "context": plan.model.context,
        "tokenizer_fingerprint": prepared.tokenizer.fingerprint,
        **final,
        "command": command,
    }
    position = asdict(outcome.position)
    return {
        "plan": plan.model_dump(),
        "data": prepared.data.model_dump(),
        "training": {
            "steps": position["step"],
            "tokens": position["tokens"],
            "seconds": position["seconds"],
            "device": device,
            "ended": outcome.reason,
            "command": command,
        },
        "scores": [final_score],
    }


@contextmanager
def stop_on_signal(tell: bool = True) -> Iterator[Callable[[], bool]]:
    """Ctrl-C or a polite kill asks to stop at the next step; a second one stops at once."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        if tell:
            say("stopping after this step; once more stops at once")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def free_run_folder(parent: Path = Path("runs"), stem: str = "story") -> Path:
    """The first of runs/story, runs/story-2, runs/story-3, ... that is not there."""
    for number in range(1, 10_000):
        path = parent / (stem if number == 1 else f"{stem}-{number}")
        if not path.exists():
            return path
    raise LilliputError(f"{parent} is full of runs; remove some")
