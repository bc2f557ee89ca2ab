"""What a run will take, from a few of its steps: the arithmetic of `lilliput train --dry-run`."""

from collections.abc import Callable
from dataclasses import dataclass

from lilliput.stories.batches import Batch, Batches
from lilliput.training.diary import next_sample_after
from lilliput.training.plan import TrainPlan
from lilliput.training.step import Step
from lilliput.training.steps import first_rows

_SHORT_S = 0.5
"""A step that takes longer is measured in parts."""


@dataclass(frozen=True)
class StepCost:
    """Seconds of a step: what every step costs, and what each target costs."""

    fixed_s: float
    target_s: float

    def of(self, targets: float) -> float:
        """Seconds of a step of so many targets."""
        return self.fixed_s + self.target_s * targets


def measure_step(
    step: Step, batches: Batches, clock: Callable[[], float], seconds: float, teaching: float = 0.0
) -> StepCost:
    """Learn for about `seconds`, at a rate of zero: as short a measurement as tells what a step costs.

    Whole batches where these are quick. Else one row, and ever larger parts of a batch: the time of a part
    is taken for a straight line, so that what the optimizer does once a step is not counted for each part.
    """

    def timed(batch: Batch) -> float:
        began = clock()
        step.learn(batch, 0.0, teaching)
        return clock() - began

    whole, row = batches.at(0), first_rows(batches.at(0), 1)
    timed(row)  # the first ones make room
    row_s = min(timed(row) for _ in range(3))
    part, part_s, targets = row, row_s, row.targets
    while part.targets < whole.targets and (part is row or part_s < _SHORT_S):
        targets *= 2
        part = first_rows(whole, targets)
        part_s = timed(part)
    if part.targets == whole.targets:
        return _measure_whole(timed, batches, seconds)
    times = [part_s]
    while sum(times) < seconds - part_s:
        times.append(timed(part))
    mean_s = sum(times) / len(times)
    target_s = max(0.0, mean_s - row_s) / (part.targets - row.targets)
    return StepCost(max(0.0, row_s - target_s * row.targets), target_s)


def _measure_whole(timed: Callable[[Batch], float], batches: Batches, seconds: float) -> StepCost:
    timed(batches.at(0))
    passed, targets, number = 0.0, 0, 0
    while passed < seconds or number < 3:
        batch = batches.at(number)
        passed += timed(batch)
        targets += batch.targets
        number += 1
    return StepCost(0.0, passed / targets)


@dataclass(frozen=True)
class LookCost:
    """Seconds of scoring the held-back stories that are looked at, and of telling the diary's story."""

    score_s: float
    tell_s: float


@dataclass(frozen=True)
class Estimate:
    """A run that was not made."""

    tokens: int
    """Targets learnt from, repetitions counted."""
    steps: int
    epochs: float
    """How often the text is gone over."""
    seconds: float
    """Of the loop, with its looks at held-back stories."""
    tokens_per_second: float
    """Of the steps alone."""


def estimate_run(plan: TrainPlan, targets_per_epoch: int, cost: StepCost, look: LookCost) -> Estimate:
    """How far the plan's budget goes, over a text of so many targets."""
    steps_per_epoch = -(-targets_per_epoch // plan.batch_tokens)
    per_step = targets_per_epoch / steps_per_epoch
    step_s = cost.of(per_step)
    checks_s = plan.checks * look.score_s if plan.patience else 0.0
    steps = float("inf")
    if plan.tokens:
        steps = plan.tokens / per_step
    if plan.minutes:
        budget_s, spent_s = 60 * plan.minutes - checks_s, 0.0
        for _ in range(3):  # looks take time from steps, and fewer steps are looked at less often
            found = max(1.0, (budget_s - spent_s) / step_s)
            spent_s = count_looks(round(found * per_step)) * (look.score_s + look.tell_s)
        steps = min(steps, found)
    whole = max(1, -int(-steps // 1))
    tokens = round(whole * per_step)
    seconds = whole * step_s + checks_s + count_looks(tokens) * (look.score_s + look.tell_s)
    return Estimate(tokens, whole, tokens / targets_per_epoch, seconds, per_step / step_s)


def count_looks(tokens: int) -> int:
    """Entries of the diary of a run over so many tokens: at the beginning, on the way, at the end."""
    looks, mark = 2, next_sample_after(0)
    while mark < tokens:
        looks, mark = looks + 1, next_sample_after(mark)
    return looks
