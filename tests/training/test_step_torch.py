"""The torch step: gradients are those of the plain mean, padding and grouping change nothing."""

import numpy as np
import pytest
import torch

from lilliput.errors import FormatError, LilliputError
from lilliput.models import LlamaConfig, ModelConfig, MoEConfig
from lilliput.models.balance import RouterLogits
from lilliput.models.loss import IGNORED
from lilliput.stories.batches import Batch
from lilliput.training.groups import pad_rows
from lilliput.training.plan import TrainPlan
from lilliput.training.step_torch import TorchStep

CONFIG = LlamaConfig(vocab_size=40, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=24, context=32)
PLAN = TrainPlan(tokens=1000, device="cpu", learning_rate=1e-2)
RANDOM = np.random.default_rng(0)
ROWS = [RANDOM.integers(0, 40, size=length) for length in (5, 33, 12, 12, 2, 30)]


def batch_of(rows: list[np.ndarray]) -> Batch:
    return Batch(rows, sum(len(row) - 1 for row in rows), 0)


BATCH = batch_of(ROWS)


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
        step.learn(BATCH, 1.0)
    after = step.state()
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)


def test_a_step_learns_its_batch() -> None:
    step = TorchStep(CONFIG, PLAN, 0)
    costs = [step.learn(BATCH, 1.0).nats / BATCH.targets for _ in range(60)]
    assert costs[0] == pytest.approx(np.log(40), abs=0.2)
    assert costs[-1] < 0.5


def test_state_goes_on_bit_for_bit() -> None:
    one = TorchStep(CONFIG, PLAN, 0)
    for _ in range(3):
        one.learn(BATCH, 1.0)
    other = TorchStep(CONFIG, PLAN, 99)
    other.load_state({name: array.copy() for name, array in one.state().items()})
    for _ in range(3):
        one.learn(BATCH, 1.0)
        other.learn(BATCH, 1.0)
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
    costs = [step.learn(BATCH, 1.0).nats / BATCH.targets for _ in range(40)]
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
    first = one.learn(batch, 1.0)
    assert first.nats / batch.targets == pytest.approx(np.log(any_config.vocab_size), abs=0.8)
    for _ in range(14):
        one.learn(batch, 1.0)
    other = TorchStep(any_config, plan, 99)
    other.load_state({name: array.copy() for name, array in one.state().items()})
    for _ in range(3):
        mine, theirs = one.learn(batch, 1.0), other.learn(batch, 1.0)
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


OPTIONS: list[dict[str, object]] = [
    {"optimizer": "muon"},
    {"ema": 0.9},
    {"dropout": 0.2},
    {"precision": "float16"},
    {"z_loss": 1e-3},
    {"checkpoint_activations": True, "dropout": 0.1, "optimizer": "muon", "ema": 0.99},
]


@pytest.mark.parametrize("options", OPTIONS, ids="+".join)
def test_every_option_goes_on_bit_for_bit(options: dict[str, object]) -> None:
    plan = PLAN.model_copy(update={"threads": 1, **options})
    one = TorchStep(CONFIG, plan, 0)
    first = one.learn(BATCH, 1.0)
    for _ in range(14):
        one.learn(BATCH, 1.0)
    other = TorchStep(CONFIG, plan, 0)  # a run's masks are of its seed
    other.load_state({name: array.copy() for name, array in one.state().items()})
    for _ in range(3):
        mine, theirs = one.learn(BATCH, 1.0), other.learn(BATCH, 1.0)
        assert mine == theirs
    assert mine.nats < 0.8 * first.nats
    for kept, resumed in ((one.state(), other.state()), (one.weights(), other.weights())):
        assert kept.keys() == resumed.keys()
        assert all(np.array_equal(kept[name], resumed[name]) for name in kept)


def gradients(step: TorchStep) -> dict[str, torch.Tensor]:
    step.learn(BATCH, 0.0)
    return {name: parameter.grad.clone() for name, parameter in step.model.named_parameters()}


def test_recomputed_blocks_give_the_same_gradient_with_dropout_too() -> None:
    plan = PLAN.model_copy(update={"dropout": 0.3, "clip": 1e9})
    kept = gradients(TorchStep(CONFIG, plan, 0))
    again = gradients(TorchStep(CONFIG, plan.model_copy(update={"checkpoint_activations": True}), 0))
    for name in kept:
        torch.testing.assert_close(kept[name], again[name], atol=1e-7, rtol=1e-5)


def test_dropout_is_drawn_anew_at_each_step_and_absent_from_what_is_told() -> None:
    step = TorchStep(CONFIG, PLAN.model_copy(update={"dropout": 0.3}), 0)
    before = torch.random.get_rng_state()
    costs = [step.learn(BATCH, 0.0).nats for _ in range(3)]
    assert len(set(costs)) == 3
    assert torch.equal(torch.random.get_rng_state(), before), "a step leaves torch's own randomness alone"
    assert costs[0] == TorchStep(CONFIG, PLAN.model_copy(update={"dropout": 0.3}), 0).learn(BATCH, 0.0).nats
    ids = torch.arange(20)[None]
    plain = TorchStep(CONFIG, PLAN, 0)
    torch.testing.assert_close(step.model.eval()(ids), plain.model.eval()(ids))


def test_dropout_drops_embeddings_attention_and_what_blocks_add() -> None:
    step = TorchStep(CONFIG, PLAN.model_copy(update={"dropout": 0.5}), 0)
    with torch.no_grad():  # these begin at zero, where nothing can be seen
        for name, weight in step.model.named_parameters():
            if name.endswith(("attn.o.weight", "mlp.down.weight")):
                weight.fill_(0.1)
    shares: dict[str, float] = {}
    for name in ("tap_embed", "blocks.0.tap_attn_out", "blocks.1.tap_mlp_out"):
        tap = step.model.get_submodule(name)
        tap.register_forward_hook(
            lambda module, inputs, output, name=name: shares.update(
                {name: float((output == 0).float().mean())}
            )
        )
    step.learn(BATCH, 0.0)
    assert all(0.3 < share < 0.7 for share in shares.values()), shares
    assert len(shares) == 3
    assert {block.attn.dropout for block in step.model.blocks} == {0.5}
    attention = step.model.blocks[0].attn.train()
    x = torch.randn(1, 9, CONFIG.d_model)
    assert not torch.equal(attention(x), attention(x))


def test_the_average_of_the_weights_is_what_is_told_and_the_weights_go_on() -> None:
    step = TorchStep(CONFIG, PLAN.model_copy(update={"ema": 0.9}), 0)
    plain = TorchStep(CONFIG, PLAN, 0)
    average = plain.weights()
    for number in range(1, 6):
        step.learn(BATCH, 1.0)
        plain.learn(BATCH, 1.0)
        decay = min(0.9, (1 + number) / (10 + number))
        average = {name: decay * average[name] + (1 - decay) * w for name, w in plain.weights().items()}
    told, state = step.weights(), step.state()
    for name, weight in plain.weights().items():
        np.testing.assert_allclose(told[name], average[name], atol=1e-6)
        np.testing.assert_array_equal(state[f"weights.{name}"], weight)
        np.testing.assert_array_equal(state[f"ema.{name}"], told[name])


def test_the_z_loss_is_the_mean_square_of_logsumexp_and_not_reported() -> None:
    plan = PLAN.model_copy(update={"clip": 1e9, "micro_tokens": 64})
    step = TorchStep(CONFIG, plan.model_copy(update={"z_loss": 0.5}), 0)
    found = gradients(step)
    wanted = gradients(TorchStep(CONFIG, plan, 0))
    step.model.zero_grad()
    z = [step.model(torch.from_numpy(row[None, :-1])).logsumexp(-1).square().sum() for row in ROWS]
    (0.5 * sum(z) / BATCH.targets).backward()
    for name, parameter in step.model.named_parameters():
        torch.testing.assert_close(found[name], wanted[name] + parameter.grad, atol=1e-5, rtol=1e-4)
    assert step.learn(BATCH, 0.0).nats == pytest.approx(TorchStep(CONFIG, plan, 0).learn(BATCH, 0.0).nats)


def test_float16_lowers_its_scale_until_the_gradient_is_finite_and_learns_the_batch() -> None:
    plan = PLAN.model_copy(update={"precision": "float16"})
    step = TorchStep(CONFIG, plan, 0)
    step.load_state({**step.state(), "loss_scale": np.array([2.0**40, 0.0])})
    result = step.learn(BATCH, 1.0)
    exact = TorchStep(CONFIG, PLAN, 0).learn(BATCH, 1.0)
    assert result.nats == pytest.approx(exact.nats, rel=1e-2)
    assert result.gradient_norm == pytest.approx(exact.gradient_norm, rel=2e-2)
    scale, steps = step.state()["loss_scale"]
    assert 1 <= scale < 2.0**40
    assert steps == 1


def test_an_average_that_the_checkpoint_lacks_is_refused() -> None:
    state = TorchStep(CONFIG, PLAN, 0).state()
    with pytest.raises(FormatError, match="no average"):
        TorchStep(CONFIG, PLAN.model_copy(update={"ema": 0.9}), 0).load_state(state)


MIXTURE = MoEConfig(
    vocab_size=40, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=12, context=32, n_experts=4
)


def test_the_balance_loss_evens_out_what_experts_are_asked() -> None:
    def unevenness(balance: float) -> float:
        step = TorchStep(MIXTURE, PLAN.model_copy(update={"balance_loss": balance}), 0)
        with torch.no_grad():  # a router that begins one-sided
            for block in step.model.blocks:
                block.mlp.router.weight[0] += 0.5 * block.mlp.router.weight.std()
        for _ in range(30):
            step.learn(BATCH, 1.0)
        heard = RouterLogits(step.model)
        [whole] = pad_rows(batch_of([row[:13] for row in ROWS if len(row) >= 13]), 8192)
        with torch.no_grad():
            step.model(whole.inputs)
            return float(heard.take_balance(whole.targets != IGNORED) / whole.targets.numel())

    without, much = unevenness(0.0), unevenness(1.0)
    assert much < without
    assert much < 2.1  # 2 chosen of 4: even is 2


def test_the_balance_loss_adds_to_the_gradient_its_mean_over_the_tokens() -> None:
    def gradient(balance: float, **settings: bool) -> torch.Tensor:
        plan = PLAN.model_copy(update={"balance_loss": balance, "clip": 1e9, **settings})
        step = TorchStep(MIXTURE, plan, 0)
        step.learn(same_lengths, 0.0)
        return step.model.blocks[0].mlp.router.weight.grad.clone()

    rows = [row[:12] for row in ROWS if len(row) >= 12]
    same_lengths = Batch(rows, 11 * len(rows), 0)
    step = TorchStep(MIXTURE, PLAN, 0)
    heard = RouterLogits(step.model)
    [group] = pad_rows(same_lengths, 8192)
    step.model(group.inputs)
    (heard.take_balance(group.targets != IGNORED) / group.targets.numel()).backward()
    alone = step.model.blocks[0].mlp.router.weight.grad
    torch.testing.assert_close(gradient(3.0) - gradient(0.0), 3 * alone, atol=1e-6, rtol=1e-4)
    recomputed = gradient(3.0, checkpoint_activations=True)
    torch.testing.assert_close(recomputed, gradient(3.0), atol=1e-6, rtol=1e-4)


def test_first_targets_that_do_not_count_are_read_alone() -> None:
    skips = (0, 20, 5, 0, 0, 29)
    rows = [(torch.from_numpy(row), skip) for row, skip in zip(ROWS, skips, strict=True)]
    count = BATCH.targets - sum(skips)
    step = TorchStep(CONFIG, PLAN, 0)
    logits = [step.model(row[None, :-1])[0] for row, _ in rows]
    wanted = sum(
        float(torch.nn.functional.cross_entropy(scores[skip:], row[1 + skip :], reduction="sum").detach())
        for scores, (row, skip) in zip(logits, rows, strict=True)
        if skip < len(row) - 1
    )
    assert step.learn(Batch(ROWS, count, 0, skips=skips), 0.0).nats == pytest.approx(wanted, rel=1e-5)
