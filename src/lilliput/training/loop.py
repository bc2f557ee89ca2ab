"""The loop: batches into a step until the budget is used up. It knows no tensor library.

Everything from outside comes as an argument: the clock, who says when to stop, how the diary's story is
told and scored, who draws the progress.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from lilliput.errors import LilliputError
from lilliput.rundir import remove_leftovers
from lilliput.stories.batches import Batch, Batches
from lilliput.training.checks import check_batch
from lilliput.training.diary import (
    Row,
    append_row,
    next_sample_after,
    read_rows,
    rewind_rows,
    write_diary,
)
from lilliput.training.early import EarlyStop
from lilliput.training.plan import Plan
from lilliput.training.resume import Position, RunFiles, load_checkpoint, save_checkpoint
from lilliput.training.schedule import progress_of, rate_factor_at, teaching_at
from lilliput.training.step import Step


@dataclass(frozen=True)
class Surroundings:
    """What the loop is given by whoever runs it."""

    clock: Callable[[], float]
    """Seconds, never going back."""
    should_stop: Callable[[], bool]
    """True once the person asked to stop; looked at between steps."""
    look: Callable[[Position], Row]
    """What to write down beside a story: told at growing steps, with the score of held-back text."""
    watch: Callable[[Row], None]
    """Called with the row of every step, for a progress bar and trackers."""
    check: Callable[[], Row] = dict
    """The score of held-back text (HELD_BACK_NATS, HELD_BACK_BITS); asked for where a run has patience."""
    gauge: Callable[[Batch, float], Row] = lambda _batch, _seconds: {}
    """What a step's row says of its speed, from its batch and the seconds that it took."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its budget used up, stopped by the person, or early, since held-back loss rose."""

    position: Position
    reason: Literal["finished", "stopped", "early"]
    best_step: int | None = None
    """Where the run kept better weights than the last ones: after how many steps they were."""


def train(plan: Plan, step: Step, batches: Batches, files: RunFiles, around: Surroundings) -> Outcome:
    """Run `plan` from its beginning, or from the checkpoint in `files` if there is one.

    The checkpoint is saved every `checkpoint_s` seconds and at the end, however it comes.
    """
    for folder in (files.folder, files.resume):
        remove_leftovers(folder)
    position = Position()
    if files.state.is_file():
        state, position = load_checkpoint(files)
        step.load_state(state)
    told_here = position.tokens < position.next_sample  # the story at this step is told already
    rewind_rows(files.metrics, position.step, keep_story=told_here)
    early = EarlyStop(plan.train, files)
    reason: Literal["finished", "early"] = "finished"
    start = around.clock() - position.seconds
    saved = around.clock()
    while (progress := progress_of(plan.train, position.tokens, position.seconds)) < 1:
        if around.should_stop():
            save_checkpoint(files, step.state(), position)
            return Outcome(position, "stopped", early.better_step())
        if position.tokens >= position.next_sample:
            _tell(plan, position, files, around)
            position = replace(position, next_sample=next_sample_after(position.tokens))
        try:
            row = _one_step(plan, step, batches, position, around)
        except LilliputError:  # the step left all weights as they were
            save_checkpoint(files, step.state(), position)
            raise
        position = replace(
            position,
            step=position.step + 1,
            tokens=position.tokens + row["targets"],
            seconds=around.clock() - start,
        )
        row |= {"tokens": position.tokens, "seconds": round(position.seconds, 3)}
        around.watch(row)
        if row["step"] % plan.train.log_every == 0:
            append_row(files.metrics, row)
        if early.is_due(progress, progress_of(plan.train, position.tokens, position.seconds)) and early.take(
            _check(position, files, around), step.weights
        ):
            reason = "early"
            break
        if around.clock() - saved >= plan.train.checkpoint_s:
            save_checkpoint(files, step.state(), position)
            saved = around.clock()
    position = replace(position, next_sample=max(position.next_sample, position.tokens + 1))
    save_checkpoint(files, step.state(), position)
    _tell(plan, position, files, around)
    return Outcome(position, reason, early.better_step())


def _one_step(plan: Plan, step: Step, batches: Batches, position: Position, around: Surroundings) -> Row:
    began = around.clock()
    batch = batches.at(position.step)
    check_batch(batch, plan.model.vocab_size, position.step)
    progress = progress_of(plan.train, position.tokens, position.seconds)
    factor = rate_factor_at(plan.train, progress)
    result = step.learn(batch, factor, teaching_at(plan.teacher, progress))
    return {
        "step": position.step,
        "epoch": batch.epoch,
        "targets": batch.targets,
        "nats_per_token": result.nats / batch.targets,
        "gradient_norm": result.gradient_norm,
        "learning_rate": plan.train.learning_rate * factor,
        "progress": progress,
        **around.gauge(batch, around.clock() - began),
    }


def _check(position: Position, files: RunFiles, around: Surroundings) -> Row:
    """Score held-back text, and write it down."""
    row = {
        "step": position.step,
        "tokens": position.tokens,
        "seconds": round(position.seconds, 3),
        **around.check(),
    }
    append_row(files.metrics, row)
    around.watch(row)
    return row


def _tell(plan: Plan, position: Position, files: RunFiles, around: Surroundings) -> None:
    """Write the diary's next entry, unless it is there."""
    if any("story" in row and row["step"] == position.step for row in read_rows(files.metrics)):
        return
    row = {
        "step": position.step,
        "tokens": position.tokens,
        "seconds": round(position.seconds, 3),
        **around.look(position),
    }
    append_row(files.metrics, row)
    write_diary(files.diary, plan.prompt or "", read_rows(files.metrics))
    around.watch(row)
