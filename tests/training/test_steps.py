"""Which step computes: C where it can do what the plan wants, torch where not, and never in silence."""

import subprocess
import sys

import numpy as np
import pytest

from lilliput.errors import ConfigError, LilliputError, MissingExtraError
from lilliput.models import GPT2Config, LlamaConfig, ModelConfig, Qwen3Config
from lilliput.runtime.native import library_path
from lilliput.stories.batches import Batch
from lilliput.training import steps
from lilliput.training.plan import Plan, TrainPlan
from lilliput.training.steps import choose_step, make_step, try_threads

SHAPE = {"vocab_size": 40, "d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 24, "context": 32}
LLAMA = LlamaConfig(**SHAPE, n_kv_heads=1)


def plan(model: ModelConfig = LLAMA, **train: object) -> Plan:
    settings = {"tokens": 1000, "device": "cpu", **train}
    return Plan(name="t", model=model, train=TrainPlan(**settings))


@pytest.fixture
def with_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the C engine was built, with its step."""
    monkeypatch.setattr(steps, "library_path", lambda: "lp.so")
    monkeypatch.delenv("WORLD_SIZE", raising=False)


@pytest.fixture
def without_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "library_path", lambda: None)


@pytest.mark.parametrize("model", [LLAMA, Qwen3Config(**SHAPE, n_kv_heads=1)])
@pytest.mark.parametrize("asked", ["auto", "c"])
def test_c_computes_what_it_can(with_c: None, model: ModelConfig, asked: str) -> None:
    assert choose_step(plan(model, step=asked)) == "c"


def test_torch_computes_when_asked_to(with_c: None) -> None:
    assert choose_step(plan(step="torch")) == "torch"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": GPT2Config(**SHAPE)}, "not gpt2"),
        ({"device": "cuda"}, "not on cuda"),
        ({"dropout": 0.1}, "no train.dropout"),
        ({"compile": True}, "no train.compile"),
        ({"precision": "float16"}, "does not compute in float16"),
    ],
)
def test_what_c_cannot_do_falls_to_torch_and_is_an_error_when_c_was_asked_for(
    with_c: None, monkeypatch: pytest.MonkeyPatch, changes: dict, reason: str
) -> None:
    monkeypatch.setattr(steps, "choose_device", lambda device: device)
    assert choose_step(plan(**changes)) == "torch"
    with pytest.raises(ConfigError, match=f"train.step=c: .*{reason}"):
        choose_step(plan(**changes, step="c"))


def test_several_processes_need_torch(with_c: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert choose_step(plan()) == "torch"


def test_a_gpu_is_used_if_there_is_one(with_c: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "auto_is_cpu", lambda: False)
    assert choose_step(plan(device="auto")) == "torch"
    assert choose_step(plan(device="cpu")) == "c"


def test_without_a_compiler_torch_serves(without_c: None) -> None:
    assert choose_step(plan()) == "torch"
    with pytest.raises(ConfigError, match="install a C compiler"):
        choose_step(plan(step="c"))


def test_where_neither_is_there_both_are_named(without_c: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "has_torch", lambda: False)
    with pytest.raises(MissingExtraError, match=r"C compiler.* pip install 'lilliput\[torch\]'"):
        choose_step(plan())


def test_a_device_that_is_not_here_is_refused() -> None:
    import torch

    if torch.backends.mps.is_available():
        pytest.skip("there is an MPS device here")
    with pytest.raises(LilliputError, match="no mps device here"):
        choose_step(plan(device="mps"))


def test_the_number_of_threads_is_tried_and_one_of_the_two() -> None:
    import torch

    rows = [np.arange(9), np.arange(3)]
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        threads, rate = try_threads(plan(step="torch"), [Batch(rows, 10, 0)] * 2)
        assert threads in (1, 2)
        assert rate > 0
    finally:
        torch.set_num_threads(before)


def test_threads_that_the_plan_names_are_kept_and_large_batches_are_tried_in_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    class Recorder:
        def learn(self, batch: Batch, factor: float) -> None:
            tried.append((batch.targets, sum(len(row) - 1 for row in batch.rows), factor))

    monkeypatch.setattr(steps, "make_step", lambda plan: Recorder())
    large = Batch([np.arange(1001)] * 50, 50_000, 0)
    assert try_threads(plan(threads=3), [large] * 2)[0] == 3
    assert tried == [(2000, 2000, 0.0), (5000, 5000, 0.0), (5000, 5000, 0.0)]


def test_a_step_learns_whichever_it_is() -> None:
    step = make_step(plan())
    batch = Batch([np.arange(9), np.arange(20)], 27, 0)
    first = step.learn(batch, 0.01).nats
    assert step.learn(batch, 0.01).nats < first


@pytest.mark.parametrize("name", ["c", "torch"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused_and_leaves_all_weights_as_they_were(name: str, bad: float) -> None:
    if name == "c" and library_path() is None:
        pytest.skip("the C engine was not built")
    step = make_step(plan(step=name, threads=1))
    batch = Batch([np.arange(9), np.arange(20)], 27, 0)
    step.learn(batch, 0.01)
    state = step.state()
    state["weights.blocks.0.attn.q.weight"][0, 0] = bad
    step.load_state(state)
    with pytest.raises(LilliputError, match="training stopped: loss"):
        step.learn(batch, 0.01)
    assert all(np.array_equal(array, state[key], equal_nan=True) for key, array in step.state().items())


def test_choosing_the_c_step_imports_no_torch() -> None:
    code = """
import sys
from lilliput.training import steps
from lilliput.presets import find_plan
steps.library_path, steps.auto_is_cpu = (lambda: "x"), (lambda: True)
assert steps.choose_step(find_plan("pocket")) == "c"
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
