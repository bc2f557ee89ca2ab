"""Adapters learn alone, and merge into a model that is like any other."""

from typing import Any

import numpy as np
import pytest
import torch

from lilliput.errors import ConfigError
from lilliput.models import LlamaConfig, ModelConfig
from lilliput.models.weights import model_with_weights
from lilliput.stories.batches import Batch
from lilliput.training.lora import Adapted
from lilliput.training.plan import LoraPlan, Plan, TrainPlan
from lilliput.training.step_torch import TorchStep

CONFIG = LlamaConfig(vocab_size=40, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=24, context=32)
PLAN = TrainPlan(tokens=1000, device="cpu", learning_rate=1e-2, threads=1)
ALL = LoraPlan(rank=3, targets=("q", "k", "v", "o", "gate", "up", "down"))
ROWS = [np.random.default_rng(0).integers(0, 40, size=n) for n in (5, 33, 12, 30)]
BATCH = Batch(ROWS, sum(len(row) - 1 for row in ROWS), 0)


def grown() -> dict[str, Any]:
    """Weights of a model that has learnt a little."""
    step = TorchStep(CONFIG, PLAN, 0)
    for _ in range(5):
        step.learn(BATCH, 1.0)
    return step.weights()


def adapted(plan: TrainPlan = PLAN, lora: LoraPlan = ALL) -> TorchStep:
    return TorchStep(CONFIG, plan, 1, start=grown(), lora=lora)


def test_a_model_with_fresh_adapters_is_the_model_itself() -> None:
    ids = torch.arange(30)[None]
    plain, fresh = model_with_weights(CONFIG, grown()), adapted().model.eval()
    with torch.inference_mode():
        torch.testing.assert_close(fresh(ids), plain(ids))
    for name, weight in grown().items():
        np.testing.assert_array_equal(adapted().weights()[name], weight)


def test_every_adapter_receives_a_gradient_and_no_weight_of_the_model_moves() -> None:
    step = adapted()
    before = {name: p.detach().clone() for name, p in step.model.named_parameters()}
    step.learn(BATCH, 1.0)  # A has none while B is zero
    step.learn(BATCH, 1.0)
    adapters = [name for name in before if name.endswith((".a", ".b"))]
    assert len(adapters) == 2 * 7 * CONFIG.n_layers
    for name, parameter in step.model.named_parameters():
        if name in adapters:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().max() > 0, name
            assert not torch.equal(parameter, before[name]), name
        else:
            assert parameter.grad is None, name
            assert torch.equal(parameter, before[name]), name


@pytest.mark.parametrize("ema", [0.0, 0.5])
def test_merged_weights_give_the_logits_of_the_adapted_model(ema: float) -> None:
    step = adapted(PLAN.model_copy(update={"ema": ema}))
    for _ in range(10):
        step.learn(BATCH, 1.0)
    merged = step.weights()
    assert merged.keys() == grown().keys()
    assert any(not np.array_equal(merged[name], weight) for name, weight in grown().items())
    if not ema:
        ids = torch.arange(30)[None]
        with torch.inference_mode():
            ours, theirs = step.model.eval()(ids), model_with_weights(CONFIG, merged)(ids)
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_adapters_learn() -> None:
    step = adapted()
    costs = [step.learn(BATCH, 1.0).nats for _ in range(40)]
    assert costs[-1] < 0.9 * costs[0]


def test_adapters_go_on_bit_for_bit() -> None:
    plan = PLAN.model_copy(update={"ema": 0.9})
    one = adapted(plan)
    for _ in range(3):
        one.learn(BATCH, 1.0)
    other = adapted(plan)
    other.load_state(one.state())
    assert one.learn(BATCH, 1.0) == other.learn(BATCH, 1.0)
    assert all(np.array_equal(one.state()[name], array) for name, array in other.state().items())


def test_adapters_fit_every_family(any_config: ModelConfig) -> None:
    plain = TorchStep(any_config, PLAN, 0)
    rows = [np.random.default_rng(0).integers(0, 300, size=30)]
    for _ in range(2):
        plain.learn(Batch(rows, 29, 0), 1.0)
    step = TorchStep(any_config, PLAN, 0, start=plain.weights(), lora=LoraPlan(rank=2, alpha=4))
    for _ in range(3):
        step.learn(Batch(rows, 29, 0), 1.0)
    assert sum(isinstance(module, Adapted) for module in step.model.modules()) == 4 * any_config.n_layers
    ids = torch.from_numpy(rows[0])[None]
    with torch.inference_mode():
        theirs = model_with_weights(any_config, step.weights())(ids)
        torch.testing.assert_close(step.model.eval()(ids), theirs, atol=2e-5, rtol=1e-4)


def test_a_target_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="no linear layer gates; there are down, gate, k, o, q, up, v"):
        adapted(lora=LoraPlan(rank=2, targets=("q", "gates")))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"lora": {"rank": 4}}, "--from"),
        ({"lora": {"rank": 4}, "start": "m", "train": {"tokens": 1, "optimizer": "muon"}}, "AdamW"),
        ({"start": "m", "tokenizer": "t.json"}, "leave it out"),
    ],
)
def test_plans_that_cannot_be_are_refused(changes: dict[str, Any], why: str) -> None:
    values = {"name": "t", "model": CONFIG.model_dump(), "train": {"tokens": 1}, **changes}
    with pytest.raises(ConfigError, match=why):
        Plan.from_dict(values)
