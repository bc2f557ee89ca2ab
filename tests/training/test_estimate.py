"""A dry run's arithmetic: what it says of a run is what the loop then takes, by one and the same clock."""

from pathlib import Path

import numpy as np
import pytest

from lilliput.models import LlamaConfig
from lilliput.stories.batches import Batch
from lilliput.training.estimate import LookCost, StepCost, count_looks, estimate_run, measure_step
from lilliput.training.loop import Surroundings, train
from lilliput.training.plan import Plan, TrainPlan
from lilliput.training.resume import RunFiles
from lilliput.training.step import StepResult

MODEL = LlamaConfig(vocab_size=300, d_model=8, n_layers=1, n_heads=1, n_kv_heads=1, d_ff=8, context=64)
LENGTHS = [64, 9, 30, 51, 17, 40, 64, 22, 33, 48]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TimedStep:
    """Takes as long by the clock as it is said to."""

    device = "none"

    def __init__(self, clock: Clock, fixed_s: float, target_s: float) -> None:
        self.clock, self.cost, self.learnt = clock, StepCost(fixed_s, target_s), 0

    def learn(self, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
        self.clock.now += self.cost.of(sum(len(row) - 1 for row in batch.rows))
        self.learnt += 1
        return StepResult(1.0, 1.0)

    def state(self) -> dict[str, np.ndarray]:
        return {}

    weights = state

    def load_state(self, state: dict[str, np.ndarray]) -> None:
        raise NotImplementedError


class SomeBatches:
    """Ten rows an epoch and batch, in another order each time."""

    targets_per_epoch = sum(LENGTHS)

    def at(self, step: int) -> Batch:
        rows = [np.arange(length + 1) for length in LENGTHS[step % 10 :] + LENGTHS[: step % 10]]
        return Batch(rows, sum(LENGTHS), step)


def measured(fixed_s: float, target_s: float, seconds: float = 4.0) -> tuple[StepCost, float]:
    clock = Clock()
    cost = measure_step(TimedStep(clock, fixed_s, target_s), SomeBatches(), clock, seconds)
    return cost, clock.now


@pytest.mark.parametrize("fixed_s", [0.0, 1e-3, 0.4])
@pytest.mark.parametrize("target_s", [1e-6, 1e-4, 1e-2])
def test_a_step_is_known_from_as_short_a_measurement_as_will_do(fixed_s: float, target_s: float) -> None:
    cost, took = measured(fixed_s, target_s)
    whole = fixed_s + target_s * sum(LENGTHS)
    assert cost.of(sum(LENGTHS)) == pytest.approx(whole, rel=0.01)
    assert took < 5 + 10 * (fixed_s + target_s * 128)


def run_by(
    clock: Clock, folder: Path, step: TimedStep, look: LookCost, **settings: object
) -> tuple[float, int]:
    """Seconds and tokens of a run of the loop."""

    def check() -> dict[str, float]:
        clock.now += look.score_s
        return {"held_back_nats_per_token": 1 / step.learnt, "held_back_bits_per_byte": 1.0}

    def tell(_: object) -> dict[str, object]:
        clock.now += look.score_s + look.tell_s
        return {"story": "", "bits_per_byte": 1.0}

    plan = Plan(name="t", prompt="", model=MODEL, train=TrainPlan(**settings))
    around = Surroundings(clock, lambda: False, tell, lambda _: None, check)
    began = clock.now
    outcome = train(plan, step, SomeBatches(), RunFiles(folder), around)
    return clock.now - began, outcome.position.tokens


@pytest.mark.parametrize(
    "settings",
    [
        {"tokens": 200_000},
        {"tokens": 200_000, "patience": 3},
        {"minutes": 0.5},
        {"minutes": 0.5, "patience": 3},
        {"minutes": 0.5, "tokens": 3_000},
        {"minutes": 0.02, "tokens": 10**9},
    ],
)
@pytest.mark.parametrize("target_s", [1e-5, 2e-4])
def test_a_run_takes_what_the_dry_run_said(settings: dict, target_s: float, tmp_path: Path) -> None:
    clock, look = Clock(), LookCost(score_s=0.05, tell_s=0.02)
    settings = {"batch_tokens": sum(LENGTHS), "log_every": 1000, "checkpoint_s": 1e9, **settings}
    step = TimedStep(clock, 1e-3, target_s)
    cost, _ = measured(1e-3, target_s)
    told = estimate_run(TrainPlan(**settings), SomeBatches.targets_per_epoch, cost, look)
    seconds, tokens = run_by(clock, tmp_path, step, look, **settings)
    assert told.seconds == pytest.approx(seconds, rel=0.2)
    assert told.tokens == pytest.approx(tokens, rel=0.2)
    assert told.steps == pytest.approx(step.learnt, rel=0.2)
    assert told.epochs == pytest.approx(tokens / sum(LENGTHS), rel=0.2)


def test_steps_at_the_end_of_a_small_text_are_shorter() -> None:
    plan = TrainPlan(tokens=10_000, batch_tokens=1000)
    told = estimate_run(plan, 1500, StepCost(0.0, 0.001), LookCost(0, 0))
    assert told.steps == 14  # an epoch is a step of 1,000 and one of 500
    assert told.tokens_per_second == pytest.approx(1000)


def test_looks_are_those_of_the_diary() -> None:
    assert [count_looks(tokens) for tokens in (10, 25_000, 26_000, 130_000)] == [2, 2, 3, 5]
