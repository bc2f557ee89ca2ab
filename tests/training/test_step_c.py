"""The C step: the torch step's curve, its checkpoints, and a run that resumes bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from lilliput.errors import FormatError, LilliputError
from lilliput.models import GPT2Config, LlamaConfig, ModelConfig, Qwen3Config
from lilliput.runtime.native import library_path
from lilliput.runtime.native_train import has_bfloat16
from lilliput.stories.batches import Batch
from lilliput.stories.lessons import Lesson
from lilliput.training.plan import TrainPlan
from lilliput.training.step_c import CStep, why_not_c
from lilliput.training.step_torch import TorchStep

pytestmark = pytest.mark.skipif(library_path() is None, reason="the C engine was not built")

SMALL = {"vocab_size": 40, "d_model": 24, "n_layers": 2, "d_ff": 40, "context": 32}
LLAMA = LlamaConfig(**SMALL, n_heads=4, n_kv_heads=2)
QWEN = Qwen3Config(**SMALL, n_heads=3, n_kv_heads=1, d_head=10, tied=False)
HALF = "bfloat16" if library_path() and has_bfloat16() else "float32"
PRECISIONS = sorted({"float32", HALF})
PLAN = TrainPlan(tokens=1000, batch_tokens=128, device="cpu", threads=1, learning_rate=5e-3)


def make_batches(count: int) -> list[Batch]:
    """Rows in which the next id mostly follows from the last, so that there is something to learn."""
    draw = np.random.default_rng(0)
    batches = []
    for _ in range(count):
        rows = []
        for length in draw.integers(2, 33, size=6):
            ids = [int(draw.integers(40))]
            while len(ids) < length:
                ids.append((ids[-1] * 3 + 1 + int(draw.random() < 0.1)) % 40)
            rows.append(np.array(ids[:length], np.int64))
        batches.append(Batch(rows, sum(len(row) - 1 for row in rows), 0))
    return batches


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("config", [LLAMA, QWEN], ids=["llama", "qwen3"])
def test_200_steps_of_both_give_the_same_curve(config: ModelConfig, optimizer: str) -> None:
    plan = PLAN.model_copy(update={"optimizer": optimizer, "z_loss": 1e-4, "ema": 0.95})
    ours, theirs = CStep(config, plan, 1), TorchStep(config, plan, 1)
    curves = [[], []]
    for number, batch in enumerate(make_batches(200)):
        factor = min(1.0, (number + 1) / 20)
        for curve, step in zip(curves, (ours, theirs), strict=True):
            result = step.learn(batch, factor)
            curve.append(result.nats / batch.targets)
        if number == 19:  # later on, roundings part the ways of weights that hardly matter
            for name, array in ours.weights().items():
                np.testing.assert_allclose(array, theirs.weights()[name], atol=1e-4, err_msg=name)
    assert np.mean(curves[0][-20:]) < 0.8 * curves[0][0]
    np.testing.assert_allclose(*curves, atol=2e-3)
    assert ours.weights().keys() == theirs.weights().keys()


def test_in_bfloat16_the_curve_is_near() -> None:
    plan = PLAN.model_copy(update={"optimizer": "muon"})
    ours, exact = (CStep(LLAMA, plan.model_copy(update={"precision": name}), 1) for name in (HALF, "float32"))
    curves = [
        [step.learn(batch, 1.0).nats / batch.targets for batch in make_batches(60)] for step in (ours, exact)
    ]
    np.testing.assert_allclose(*curves, atol=0.05)


def test_targets_that_do_not_count_are_left_out_as_by_torch() -> None:
    batch = make_batches(1)[0]
    skips = tuple(min(3, len(row) - 1) for row in batch.rows)
    masked = Batch(batch.rows, batch.targets - sum(skips), 0, skips=skips)
    results = [step(LLAMA, PLAN, 1).learn(masked, 0.0) for step in (CStep, TorchStep)]
    assert results[0].nats == pytest.approx(results[1].nats, rel=1e-5)
    assert results[0].gradient_norm == pytest.approx(results[1].gradient_norm, rel=1e-4)


@pytest.mark.parametrize("micro_tokens", [40, 8192])
def test_both_steps_learn_the_same_from_a_teacher_and_nothing_where_it_is_silent(micro_tokens: int) -> None:
    batch = make_batches(1)[0]
    draw = np.random.default_rng(1)
    lessons = tuple(
        Lesson(
            draw.integers(0, 40, (len(row) - 1, 2)).astype(np.int32),
            draw.random((len(row) - 1, 2), np.float32) / 2,
        )
        for row in batch.rows
    )
    taught = replace(batch, lessons=lessons)
    plan = PLAN.model_copy(update={"micro_tokens": micro_tokens, "clip": 1e9})

    def learn(step: type, batch: Batch, teaching: float) -> tuple[float, float]:
        result = step(LLAMA, plan, 1).learn(batch, 0.0, teaching)
        return result.nats, result.gradient_norm

    for step in (CStep, TorchStep):
        assert learn(step, taught, 0.0) == learn(step, batch, 0.0)
        assert learn(step, taught, 0.5)[0] == pytest.approx(learn(step, batch, 0.0)[0])  # the text's cost
        assert learn(step, taught, 0.5)[1] != pytest.approx(learn(step, batch, 0.0)[1], rel=1e-3)
    assert learn(CStep, taught, 0.5) == pytest.approx(learn(TorchStep, taught, 0.5), rel=1e-4)


@pytest.mark.parametrize("step", [CStep, TorchStep])
def test_a_run_stopped_before_its_first_step_goes_on_in_either(step: type) -> None:
    begun = step(LLAMA, PLAN, 1)
    results = []
    for other in (CStep(LLAMA, PLAN, 2), TorchStep(LLAMA, PLAN, 3)):
        other.load_state(begun.state())
        results.append(other.learn(make_batches(1)[0], 1.0).nats)
    assert results[0] == pytest.approx(results[1], rel=1e-5)


def test_a_checkpoint_without_its_moments_is_refused() -> None:
    step = CStep(LLAMA, PLAN, 1)
    step.learn(make_batches(1)[0], 1.0)
    state = {name: array for name, array in step.state().items() if not name.startswith("exp_avg_sq.")}
    for other in (CStep(LLAMA, PLAN, 2), TorchStep(LLAMA, PLAN, 2)):
        with pytest.raises(FormatError, match="nothing was resumed"):
            other.load_state(state)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_run_goes_on_bit_for_bit_and_in_the_other_step(optimizer: str, precision: str) -> None:
    plan = PLAN.model_copy(update={"optimizer": optimizer, "ema": 0.9, "precision": precision})
    batches = make_batches(12)
    whole = CStep(LLAMA, plan, 1)
    for batch in batches[:6]:
        whole.learn(batch, 1.0)
    state = whole.state()
    resumed, elsewhere = (
        CStep(LLAMA, plan, 2),
        TorchStep(LLAMA, plan.model_copy(update={"precision": "float32"}), 3),
    )
    resumed.load_state(state)
    elsewhere.load_state(state)
    assert elsewhere.state().keys() == state.keys()
    for batch in batches[6:]:
        results = [step.learn(batch, 1.0) for step in (whole, resumed, elsewhere)]
        assert results[0] == results[1]
        assert results[2].nats == pytest.approx(results[0].nats, rel=1e-4 if precision == "float32" else 1e-2)
    first, second = whole.state(), resumed.state()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    back = CStep(LLAMA, plan, 4)
    back.load_state(elsewhere.state())
    assert back.learn(batches[0], 1.0).nats == pytest.approx(whole.learn(batches[0], 1.0).nats, rel=1e-2)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_threads_change_no_bit_of_a_run(precision: str) -> None:
    settings = {"optimizer": "muon", "precision": precision}
    plans = [PLAN.model_copy(update={**settings, "threads": threads}) for threads in (1, 3)]
    steps = [CStep(QWEN, plan, 1) for plan in plans]
    for batch in make_batches(8):
        assert steps[0].learn(batch, 1.0) == steps[1].learn(batch, 1.0)
    left, right = (step.state() for step in steps)
    assert all(np.array_equal(left[name], right[name]) for name in left)


def test_small_groups_give_the_same_step() -> None:
    batch = make_batches(1)[0]
    small = PLAN.model_copy(update={"micro_tokens": 32})
    left, right = CStep(LLAMA, PLAN, 1), CStep(LLAMA, small, 1)
    one, other = left.learn(batch, 1.0), right.learn(batch, 1.0)
    assert one.nats == pytest.approx(other.nats, rel=1e-6)
    assert one.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-5)


def test_a_loss_that_is_not_finite_stops_before_the_weights_change() -> None:
    step = CStep(LLAMA, PLAN, 1)
    weights = step.weights()
    weights["norm.weight"][0] = np.inf
    step.set_weights(weights)
    before = step.state()
    with pytest.raises(LilliputError, match=r"training stopped.*train\.learning_rate"):
        step.learn(make_batches(1)[0], 0.1)
    after = step.state()
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)


def test_the_state_of_another_model_is_refused_and_nothing_changes() -> None:
    step = CStep(LLAMA, PLAN, 1)
    before = step.state()
    with pytest.raises(FormatError, match="another model"):
        step.load_state(CStep(QWEN, PLAN, 1).state())
    wide = LLAMA.model_copy(update={"d_ff": 48})
    with pytest.raises(FormatError, match="has shape"):
        step.load_state(CStep(wide, PLAN, 1).state())
    assert all(np.array_equal(before[name], array) for name, array in step.state().items())


def test_what_it_cannot_do_is_refused_in_words() -> None:
    gpt2 = GPT2Config(**SMALL, n_heads=4)
    assert "gpt2" in (why_not_c(gpt2, PLAN) or "")
    assert "not relu" in (why_not_c(LLAMA.model_copy(update={"gate": "relu"}), PLAN) or "")
    assert "cuda" in (why_not_c(LLAMA, PLAN.model_copy(update={"device": "cuda"})) or "")
    assert "dropout" in (why_not_c(LLAMA, PLAN.model_copy(update={"dropout": 0.1})) or "")
    assert "float16" in (why_not_c(LLAMA, PLAN.model_copy(update={"precision": "float16"})) or "")
    assert why_not_c(LLAMA, PLAN) is None
    with pytest.raises(LilliputError, match="the C step cannot train this"):
        CStep(gpt2, PLAN, 0)
