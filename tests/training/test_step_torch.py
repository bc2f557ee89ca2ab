"""The torch step: gradients are those of the plain mean, padding and grouping change nothing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import FormatError, LilliputError
from lilliput.models import LlamaConfig, ModelConfig
from lilliput.models.loss import IGNORED
from lilliput.stories.batches import Batch
from lilliput.training.plan import TrainPlan
from lilliput.training.step_torch import TorchStep, group_rows, pad_rows

CONFIG = LlamaConfig(vocab_size=40, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=24, context=32)
PLAN = TrainPlan(tokens=1000, device="cpu", learning_rate=1e-2)
RANDOM = np.random.default_rng(0)
ROWS = [RANDOM.integers(0, 40, size=length) for length in (5, 33, 12, 12, 2, 30)]
BATCH = Batch(ROWS, sum(len(row) - 1 for row in ROWS), 0)


@settings(deadline=None)
@given(lengths=st.lists(st.integers(2, 300), min_size=1, max_size=40), micro=st.integers(1, 5000))
def test_padding_keeps_every_target_once_and_groups_within_their_limit(
    lengths: list[int], micro: int
) -> None:
    starts = np.cumsum([0, *lengths])
    rows = [np.arange(a, a + n) for a, n in zip(starts, lengths, strict=False)]
    seen = []
    for inputs, targets in pad_rows(rows, micro):
        assert inputs.shape == targets.shape
        assert inputs.numel() <= micro or len(inputs) == 1
        counted = targets != IGNORED
        assert torch.equal(targets[counted], inputs[counted] + 1)
        seen += targets[counted].tolist()
    assert sorted(seen) == sorted(token for row in rows for token in row[1:])


def test_grouping_wastes_little_on_rows_of_real_lengths() -> None:
    lengths = RANDOM.integers(60, 400, size=12)
    groups = list(group_rows([np.zeros(n) for n in lengths], 8192))
    padded = sum(len(group) * len(group[-1]) for group in groups)
    assert 1 < len(groups) < 12
    assert padded < 1.25 * lengths.sum()


def test_the_gradient_is_that_of_the_mean_over_all_targets() -> None:
    def gradient(micro_tokens: int) -> list[torch.Tensor]:
        step = TorchStep(CONFIG, PLAN.model_copy(update={"micro_tokens": micro_tokens}), 0)
        step.learn(BATCH, 0.0)
        return [parameter.grad.clone() for parameter in step.model.parameters()]

    step = TorchStep(CONFIG, PLAN, 0)
    costs = [
        torch.nn.functional.cross_entropy(
            step.model(torch.from_numpy(row[None, :-1]))[0],
            torch.from_numpy(row[1:]),
            reduction="sum",
        )
        for row in ROWS
    ]
    (sum(costs) / BATCH.targets).backward()
    torch.nn.utils.clip_grad_norm_(step.model.parameters(), PLAN.clip)
    plain = [parameter.grad for parameter in step.model.parameters()]
    for micro_tokens in (1, 64, 8192):
        for ours, theirs in zip(gradient(micro_tokens), plain, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


def test_a_loss_that_is_not_finite_stops_before_the_weights_change() -> None:
    step = TorchStep(CONFIG, PLAN, 0)
    with torch.no_grad():
        step.model.norm.weight[0] = float("inf")
    before = step.state()
    with pytest.raises(LilliputError, match=r"training stopped.*train\.learning_rate"):
        step.learn(BATCH, 0.1)
    after = step.state()
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)


def test_a_step_learns_its_batch() -> None:
    step = TorchStep(CONFIG, PLAN, 0)
    costs = [step.learn(BATCH, 1e-2).nats / BATCH.targets for _ in range(60)]
    assert costs[0] == pytest.approx(np.log(40), abs=0.2)
    assert costs[-1] < 0.5


def test_state_goes_on_bit_for_bit() -> None:
    one = TorchStep(CONFIG, PLAN, 0)
    for _ in range(3):
        one.learn(BATCH, 1e-2)
    other = TorchStep(CONFIG, PLAN, 99)
    other.load_state({name: array.copy() for name, array in one.state().items()})
    for _ in range(3):
        one.learn(BATCH, 1e-2)
        other.learn(BATCH, 1e-2)
    mine, theirs = one.state(), other.state()
    assert mine.keys() == theirs.keys()
    assert all(np.array_equal(mine[name], theirs[name]) for name in mine)


def test_the_state_of_another_model_is_refused() -> None:
    state = TorchStep(CONFIG, PLAN, 0).state()
    wider = TorchStep(CONFIG.model_copy(update={"d_ff": 32}), PLAN, 0)
    with pytest.raises(FormatError, match="shape"):
        wider.load_state(state)
    deeper = TorchStep(CONFIG.model_copy(update={"n_layers": 3}), PLAN, 0)
    with pytest.raises(FormatError, match="another model"):
        deeper.load_state(state)


def test_bfloat16_learns_too() -> None:
    step = TorchStep(CONFIG, PLAN.model_copy(update={"precision": "bfloat16"}), 0)
    costs = [step.learn(BATCH, 1e-2).nats / BATCH.targets for _ in range(40)]
    assert costs[-1] < 1.5
    assert all(array.dtype == np.float32 for array in step.state().values())


def test_a_seed_decides_the_first_weights() -> None:
    one, same, other = (TorchStep(CONFIG, PLAN, seed).weights() for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["embed.weight"], other["embed.weight"])


def test_every_family_learns_and_goes_on_bit_for_bit(any_config: ModelConfig) -> None:
    batch = Batch(ROWS, BATCH.targets, 0)
    plan = PLAN.model_copy(update={"threads": 1})
    one = TorchStep(any_config, plan, 0)
    first = one.learn(batch, 1e-2)
    assert first.nats / batch.targets == pytest.approx(np.log(any_config.vocab_size), abs=0.8)
    for _ in range(14):
        one.learn(batch, 1e-2)
    other = TorchStep(any_config, plan, 99)
    other.load_state({name: array.copy() for name, array in one.state().items()})
    for _ in range(3):
        mine, theirs = one.learn(batch, 1e-2), other.learn(batch, 1e-2)
        assert mine == theirs
    assert mine.nats < 0.75 * first.nats
    states = one.state(), other.state()
    assert states[0].keys() == states[1].keys()
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])


def test_first_scores_of_attention_are_as_even_in_every_family(any_config: ModelConfig) -> None:
    wide = any_config.model_copy(update={"d_model": 64, "n_heads": 4, "context": 32})
    if isinstance(wide, LlamaConfig):
        wide = wide.model_copy(update={"n_kv_heads": 2})
    if "d_head" in type(wide).model_fields:
        wide = wide.model_copy(update={"d_head": 16})
    model = TorchStep(wide, PLAN, 0).model.eval()
    seen: dict[str, torch.Tensor] = {}
    attn = model.get_submodule("blocks.0.attn")
    for part in "qk":
        tap = attn.get_submodule(f"tap_{part}")
        tap.register_forward_hook(lambda module, inputs, output, part=part: seen.update({part: output}))
    with torch.inference_mode():
        model(torch.arange(32)[None])
    keys = seen["k"].repeat_interleave(wide.n_heads // wide.n_kv_heads, dim=1)
    scores = attn.scale * seen["q"] @ keys.transpose(-1, -2)
    assert 0.5 < scores.std() < 2


def test_first_biases_are_zero_and_norms_one(any_config: ModelConfig) -> None:
    for name, weight in TorchStep(any_config, PLAN, 0).weights().items():
        if name.endswith("bias"):
            assert not weight.any(), name
        elif "norm" in name:
            assert (weight == 1).all(), name
