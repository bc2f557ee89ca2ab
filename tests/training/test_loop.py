"""The loop with a step that counts, a clock that is told, and a folder."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from lilliput.errors import DataError, FormatError
from lilliput.formats.weights import Array, Weights
from lilliput.models import LlamaConfig
from lilliput.stories.batches import Batch
from lilliput.training.checks import check_batch
from lilliput.training.diary import append_row, next_sample_after, read_rows, write_diary
from lilliput.training.loop import Surroundings, train
from lilliput.training.plan import Plan, TeacherPlan, TrainPlan
from lilliput.training.resume import RunFiles
from lilliput.training.step import StepResult

MODEL = LlamaConfig(vocab_size=300, d_model=8, n_layers=1, n_heads=1, n_kv_heads=1, d_ff=8, context=16)


class HundredTokens:
    """Batches of a hundred targets."""

    def at(self, step: int) -> Batch:
        return Batch([np.arange(101)], 100, step // 10)


@dataclass
class CountingStep:
    device: str = "none"
    learnt: int = 0
    rates: list[float] = field(default_factory=list)
    taught: list[float] = field(default_factory=list)

    def learn(self, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
        self.learnt += 1
        self.rates.append(factor)
        self.taught.append(teaching)
        return StepResult(250.0, 0.5)

    def weights(self) -> Weights:
        return {}

    def state(self) -> dict[str, Array]:
        return {"learnt": np.array(self.learnt, dtype=np.float64)}

    def load_state(self, state: dict[str, Array]) -> None:
        self.learnt = int(state["learnt"])


class Clock:
    """Every look at it takes a second."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def plan(**changes: object) -> Plan:
    return Plan(name="t", prompt="One day", model=MODEL, train=TrainPlan(**changes))


def run(plan: Plan, folder: Path, stop_after: int | None = None) -> tuple[CountingStep, list, str]:
    step, seen = CountingStep(), []
    around = Surroundings(
        clock=Clock(),
        should_stop=lambda: stop_after is not None and len(step.rates) >= stop_after,
        look=lambda position: {"story": f"at {position.tokens}", "bits_per_byte": 1.0},
        watch=seen.append,
    )
    outcome = train(plan, step, HundredTokens(), RunFiles(folder), around)
    return step, seen, outcome.reason


def test_a_token_budget_is_used_up_and_not_passed(tmp_path: Path) -> None:
    step, seen, reason = run(plan(tokens=1950), tmp_path)
    assert (step.learnt, reason) == (20, "finished")
    assert seen[-2]["tokens"] == 2000
    assert seen[-2]["nats_per_token"] == 2.5


def test_the_teacher_speaks_in_its_share_of_the_budget(tmp_path: Path) -> None:
    taught = plan(tokens=1000).model_copy(update={"teacher": TeacherPlan(ngrams=2, weight=0.7, until=0.3)})
    assert run(taught, tmp_path)[0].taught == [0.7] * 3 + [0.0] * 7


def test_a_time_budget_ends_by_the_clock(tmp_path: Path) -> None:
    step, seen, _ = run(plan(minutes=1, checkpoint_s=1e9), tmp_path)
    assert 60 <= seen[-2]["seconds"] <= 64
    assert step.rates[-1] < 0.08 * max(step.rates)


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, _, _ = run(plan(tokens=3000), tmp_path / "a")
    first, _, reason = run(plan(tokens=3000), tmp_path / "b", stop_after=11)
    assert (first.learnt, reason) == (11, "stopped")
    second, _, reason = run(plan(tokens=3000), tmp_path / "b")
    assert (second.learnt, len(second.rates), reason) == (30, 19, "finished")
    assert first.rates + second.rates == whole.rates


def test_time_before_a_stop_counts_against_the_budget(tmp_path: Path) -> None:
    whole, _, _ = run(plan(minutes=1, checkpoint_s=1e9), tmp_path / "a")
    run(plan(minutes=1, checkpoint_s=1e9), tmp_path / "b", stop_after=10)
    rest, _, _ = run(plan(minutes=1, checkpoint_s=1e9), tmp_path / "b")
    assert rest.learnt == pytest.approx(whole.learnt, abs=2)


def test_a_finished_run_can_be_stretched(tmp_path: Path) -> None:
    run(plan(tokens=1000), tmp_path)
    again, _, _ = run(plan(tokens=1000), tmp_path)
    assert len(again.rates) == 0
    longer, _, _ = run(plan(tokens=2000), tmp_path)
    assert (longer.learnt, len(longer.rates)) == (20, 10)


def test_the_diary_is_told_at_growing_steps_and_at_the_end(tmp_path: Path) -> None:
    run(plan(tokens=130_000), tmp_path)
    told = [row["tokens"] for row in read_rows(tmp_path / "metrics.jsonl") if "story" in row]
    assert told == [0, 25_000, 50_000, 100_000, 130_000]
    diary = (tmp_path / "diary.md").read_text()
    assert 'The same beginning, "One day"' in diary
    assert diary.count("\n## after") == 5
    assert "> at 50000" in diary


def test_metrics_have_no_row_twice_after_a_resume(tmp_path: Path) -> None:
    run(plan(tokens=5000, log_every=1, checkpoint_s=1e9), tmp_path, stop_after=17)
    append_row(tmp_path / "metrics.jsonl", {"step": 17, "tokens": 0})  # written, then killed
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 18, "tok')
    run(plan(tokens=5000, log_every=1), tmp_path)
    steps = [row["step"] for row in read_rows(tmp_path / "metrics.jsonl") if "story" not in row]
    assert steps == list(range(50))


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\nnonsense\n')
    with pytest.raises(FormatError, match="line 2"):
        read_rows(tmp_path / "metrics.jsonl")


def test_diary_marks_double() -> None:
    assert [next_sample_after(tokens) for tokens in (0, 24_999, 25_000, 60_000)] == [
        25_000, 25_000, 50_000, 100_000,
    ]  # fmt: skip


def test_a_diary_keeps_paragraphs(tmp_path: Path) -> None:
    rows = [{"story": "One\n\ntwo", "tokens": 5, "seconds": 1.0}]
    write_diary(tmp_path / "d.md", "One", rows)
    assert "> One\n>\n> two\n" in (tmp_path / "d.md").read_text()


def run_with_scores(folder: Path, scores: list[float], stop_after: int | None = None, **changes: object):
    """A run of 50 steps whose held-back score after step n is the n-th of `scores`, then the last."""
    step = CountingStep()
    around = Surroundings(
        clock=Clock(),
        should_stop=lambda: stop_after is not None and len(step.rates) >= stop_after,
        look=lambda position: {"story": "", "bits_per_byte": 1.0},
        watch=lambda _: None,
        check=lambda: {
            "held_back_nats_per_token": scores[min(step.learnt, len(scores)) - 1],
            "held_back_bits_per_byte": 1.0,
        },
    )
    outcome = train(plan(tokens=5000, **changes), step, HundredTokens(), RunFiles(folder), around)
    return step, outcome


RISING = [5.0, 4.0, 3.0, 3.5, 2.9, 3.0, 3.1, 2.9, 4.0, 2.0]


@pytest.mark.parametrize(("patience", "learnt", "best"), [(1, 4, 3), (2, 7, 5), (4, 9, 5), (5, 15, 10)])
def test_a_run_stops_once_the_held_back_score_got_no_better_for_so_long(
    patience: int, learnt: int, best: int, tmp_path: Path
) -> None:
    step, outcome = run_with_scores(tmp_path, RISING, patience=patience)
    assert (step.learnt, outcome.reason, outcome.best_step) == (learnt, "early", best)
    checks = [row for row in read_rows(tmp_path / "metrics.jsonl") if "held_back_nats_per_token" in row]
    assert [row["step"] for row in checks] == list(range(1, learnt + 1))


def test_a_run_that_gets_better_to_the_end_keeps_its_last_weights(tmp_path: Path) -> None:
    step, outcome = run_with_scores(tmp_path, [1 / n for n in range(1, 51)], patience=1)
    assert (step.learnt, outcome.reason, outcome.best_step) == (50, "finished", None)


def test_without_patience_nothing_is_checked(tmp_path: Path) -> None:
    step, outcome = run_with_scores(tmp_path, RISING)
    assert (step.learnt, outcome.reason, outcome.best_step) == (50, "finished", None)
    assert not RunFiles(tmp_path).best.exists()


@pytest.mark.parametrize("broken_at", range(1, 9))
def test_a_run_that_was_stopped_ends_early_where_the_whole_one_does(broken_at: int, tmp_path: Path) -> None:
    run_with_scores(tmp_path, RISING, stop_after=broken_at, patience=4)
    step, outcome = run_with_scores(tmp_path, RISING, patience=4)
    assert (step.learnt, outcome.reason, outcome.best_step) == (9, "early", 5)


def test_a_run_killed_behind_its_last_checkpoint_ends_early_where_the_whole_one_does(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    run_with_scores(whole, RISING, stop_after=2, patience=4, checkpoint_s=1e9)
    state = RunFiles(whole).state.read_bytes()
    run_with_scores(whole, RISING, stop_after=5, patience=4, checkpoint_s=1e9)
    RunFiles(whole).state.write_bytes(state)  # as if these five had never been saved
    step, outcome = run_with_scores(whole, RISING, patience=4)
    assert (step.learnt, outcome.reason, outcome.best_step) == (9, "early", 5)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([np.array([1, 2]), np.array([3])], "nothing to predict"),
        ([np.array([1, 300, 2])], "holds the id 300 and the model knows 300"),
        ([np.array([1, -4, 2])], "holds the id -4"),
    ],
)
def test_a_batch_that_cannot_be_learnt_is_refused_before_the_step(
    rows: list, told: str, tmp_path: Path
) -> None:
    class Bad:
        def at(self, step: int) -> Batch:
            return Batch(rows, sum(len(row) - 1 for row in rows), 0)

    step = CountingStep()
    around = Surroundings(Clock(), lambda: False, lambda _: {"story": ""}, lambda _: None)
    with pytest.raises(DataError, match=told):
        train(plan(tokens=100), step, Bad(), RunFiles(tmp_path), around)
    assert step.learnt == 0


def test_a_batch_without_targets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing to predict"):
        check_batch(Batch([], 0, 0), 300, 0)
    check_batch(Batch([], 100, 0), 300, 0)  # another process has them


def test_a_row_tells_its_speed(tmp_path: Path) -> None:
    seen = []
    around = Surroundings(
        Clock(),
        lambda: False,
        lambda _: {"story": ""},
        seen.append,
        gauge=lambda batch, seconds: {"tokens_per_second": batch.targets / seconds},
    )
    train(plan(tokens=300), CountingStep(), HundredTokens(), RunFiles(tmp_path), around)
    assert [row["tokens_per_second"] for row in seen if "story" not in row] == [100.0] * 3
