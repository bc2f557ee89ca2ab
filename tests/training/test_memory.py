"""Memory as told is memory as held."""

import numpy as np
import pytest

from lilliput.models import LlamaConfig, ModelConfig
from lilliput.runtime.native import library_path
from lilliput.stories.batches import Batch
from lilliput.training.memory import count_memory, measure_memory
from lilliput.training.plan import Plan, TrainPlan
from lilliput.training.steps import make_step

MODEL = LlamaConfig(vocab_size=64, d_model=32, n_layers=4, n_heads=2, n_kv_heads=1, d_ff=48, context=64)


def plan(model: ModelConfig = MODEL, **train: object) -> Plan:
    settings = {"tokens": 1000, "device": "cpu", "threads": 1, "step": "torch", **train}
    return Plan(name="t", model=model, train=TrainPlan(**settings))


@pytest.mark.parametrize("changes", [{}, {"optimizer": "muon"}, {"ema": 0.9}])
def test_weights_and_moments_are_those_of_a_checkpoint(any_config: ModelConfig, changes: dict) -> None:
    asked = plan(any_config, **changes)
    step = make_step(asked)
    step.learn(Batch([np.arange(20)], 19, 0), 0.1)
    held = sum(array.nbytes for key, array in step.state().items() if not key.startswith("step."))
    known = count_memory(asked.model, asked.train)
    assert known.weights + known.optimizer == held
    assert known.gradients == known.weights


def test_a_pass_keeps_more_the_more_is_computed_at_once_and_less_when_blocks_are_computed_again() -> None:
    kept = {
        name: measure_memory(asked, make_step(asked)).activations
        for name, asked in {
            "small": plan(micro_tokens=512, batch_tokens=4096),
            "large": plan(micro_tokens=4096, batch_tokens=4096),
            "again": plan(micro_tokens=4096, batch_tokens=4096, checkpoint_activations=True),
        }.items()
    }
    logits = 4096 * 64 * 4
    assert kept["large"] == pytest.approx(8 * kept["small"], rel=0.02)
    assert kept["small"] > logits / 8
    assert logits < kept["again"] < 0.6 * kept["large"]


def test_what_torch_keeps_is_what_each_layer_computes() -> None:
    """Hand count for one layer of GPT-like arithmetic: within a factor of two, as temporaries may differ."""
    found = measure_memory(plan(micro_tokens=64, batch_tokens=64), make_step(plan(batch_tokens=64)))
    d, ff, kv = 32, 48, 16
    a_token = (d + d + d + 2 * kv + d + d + d + 4 * ff) * MODEL.n_layers + 2 * MODEL.vocab_size
    positions = 64
    assert 4 * a_token * positions / 2 < found.activations < 2 * 4 * a_token * positions


@pytest.mark.skipif(library_path() is None, reason="the C engine was not built")
def test_the_c_step_knows_all_that_it_holds() -> None:
    asked = plan(step="c")
    step = make_step(asked)
    found = measure_memory(asked, step)
    assert found.total == step.bytes
    assert found.activations > 0
