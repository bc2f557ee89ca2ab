"""What every family must hold. The families are those of tests/conftest.py."""

import numpy as np
import pytest
import torch

from lilliput.formats.weights import weight_shapes
from lilliput.models import build_model
from lilliput.models.cache import Cache
from lilliput.models.config import ModelConfig, MoEConfig
from lilliput.models.count import count_parameters
from lilliput.models.loss import IGNORED, count_correct, sum_nats

EMBEDDINGS = ("embed.weight", "positions.weight", "head.weight")
TAPS = {  # name -> shape after B, T (or B, heads, T), as functions of the config
    "tap_embed": lambda c: (1, 5, c.d_model),
    "blocks.1.tap_resid_pre": lambda c: (1, 5, c.d_model),
    "blocks.1.attn.tap_q": lambda c: (1, c.n_heads, 5, c.d_head),
    "blocks.1.attn.tap_k": lambda c: (1, c.n_kv_heads, 5, c.d_head),
    "blocks.1.attn.tap_v": lambda c: (1, c.n_kv_heads, 5, c.d_head),
    "blocks.1.attn.tap_z": lambda c: (1, c.n_heads, 5, c.d_head),
    "blocks.1.tap_attn_out": lambda c: (1, 5, c.d_model),
    "blocks.1.tap_resid_mid": lambda c: (1, 5, c.d_model),
    "blocks.1.mlp.tap_hidden": lambda c: (1, 5, *experts(c), c.d_ff),
    "blocks.1.tap_mlp_out": lambda c: (1, 5, c.d_model),
    "blocks.1.tap_resid_post": lambda c: (1, 5, c.d_model),
}


def experts(config: ModelConfig) -> tuple[int, ...]:
    return (config.n_experts,) if isinstance(config, MoEConfig) else ()


def random_model(config: ModelConfig, seed: int = 0) -> torch.nn.Module:
    model = build_model(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return model


def random_ids(config: ModelConfig, *shape: int) -> torch.Tensor:
    return torch.randint(config.vocab_size, shape, generator=torch.Generator().manual_seed(1))


def test_a_later_token_changes_no_earlier_logit(any_config: ModelConfig) -> None:
    model, ids = random_model(any_config), random_ids(any_config, 1, 20)
    before = model(ids)
    for place in (1, 7, 19):
        changed = ids.clone()
        changed[0, place] = (ids[0, place] + 1) % any_config.vocab_size
        after = model(changed)
        assert torch.equal(before[:, :place], after[:, :place])
        assert not torch.equal(before[:, place:], after[:, place:])


def test_a_token_changes_later_logits_as_far_as_windows_let_it(any_config: ModelConfig) -> None:
    model, ids = random_model(any_config), random_ids(any_config, 1, 20)
    before = model(ids)
    for place in (0, 4):
        last = min(19, place + sum(any_config.reach(layer) - 1 for layer in range(any_config.n_layers)))
        changed = ids.clone()
        changed[0, place] = (ids[0, place] + 1) % any_config.vocab_size
        after = model(changed)
        assert not torch.allclose(before[0, last], after[0, last], atol=1e-4)
        assert torch.equal(before[:, last + 1 :], after[:, last + 1 :])


@pytest.mark.parametrize("pieces", [[1] * 20, [7, 1, 1, 11], [20], [3, 17]], ids=str)
def test_a_cache_changes_nothing_but_the_cost(any_config: ModelConfig, pieces: list[int]) -> None:
    model, ids = random_model(any_config), random_ids(any_config, 2, 20)
    cache, seen = Cache(any_config, batch=2), []
    for piece in ids.split(pieces, dim=1):
        seen.append(model(piece, cache))
    assert cache.length == 20
    whole = model(ids)
    torch.testing.assert_close(torch.cat(seen, dim=1), whole, atol=1e-5, rtol=1e-5)
    assert torch.equal(torch.cat(seen, dim=1).argmax(-1), whole.argmax(-1))


def test_a_full_cache_refuses_more(any_config: ModelConfig) -> None:
    model, cache = random_model(any_config), Cache(any_config)
    model(random_ids(any_config, 1, any_config.context), cache)
    with pytest.raises(ValueError, match="positions"):
        model(random_ids(any_config, 1, 1), cache)


def test_padding_costs_nothing_and_is_never_correct(any_config: ModelConfig) -> None:
    model, ids = random_model(any_config), random_ids(any_config, 1, 13)
    inputs, targets = ids[:, :-1], ids[:, 1:]
    padded_inputs = torch.zeros(1, 30, dtype=torch.int64)
    padded_targets = torch.full((1, 30), IGNORED)
    padded_inputs[:, :12], padded_targets[:, :12] = inputs, targets
    logits, padded = model(inputs), model(padded_inputs)
    torch.testing.assert_close(sum_nats(padded, padded_targets), sum_nats(logits, targets))
    assert count_correct(padded, padded_targets) == count_correct(logits, targets)
    nothing = torch.full((1, 30), IGNORED)
    assert sum_nats(padded, nothing).item() == 0.0
    assert count_correct(padded, nothing) == 0
    perfect = torch.nn.functional.one_hot(padded_inputs, any_config.vocab_size).float()
    assert count_correct(perfect, torch.where(padded_targets == IGNORED, IGNORED, padded_inputs)) == 12


def test_padding_gives_the_weights_no_gradient(any_config: ModelConfig) -> None:
    model, ids = random_model(any_config), random_ids(any_config, 1, 13)
    padded_inputs = torch.cat((ids[:, :-1], torch.full((1, 9), 5)), dim=1)
    padded_targets = torch.cat((ids[:, 1:], torch.full((1, 9), IGNORED)), dim=1)
    gradients = []
    for inputs, targets in ((ids[:, :-1], ids[:, 1:]), (padded_inputs, padded_targets)):
        model.zero_grad()
        sum_nats(model(inputs), targets).backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    for plain, padded in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, padded, atol=1e-4, rtol=1e-4)


def test_counts_and_shapes_are_those_of_the_parameters(any_config: ModelConfig) -> None:
    model = build_model(any_config)
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    assert shapes == weight_shapes(any_config)
    count = count_parameters(any_config)
    assert count.parameters == sum(int(np.prod(shape)) for shape in shapes.values())
    embeddings = [p.numel() for n, p in model.named_parameters() if n in EMBEDDINGS]
    assert count.parameters_without_embeddings == count.parameters - sum(embeddings)


@pytest.mark.parametrize("name", TAPS)
def test_a_tap_reads_and_changes_an_activation(any_config: ModelConfig, name: str) -> None:
    model, ids = random_model(any_config), random_ids(any_config, 1, 5)
    before, seen = model(ids), []
    tap = model.get_submodule(name)
    handle = tap.register_forward_hook(lambda module, inputs, output: seen.append(output) or output * 0)
    changed = model(ids)
    handle.remove()
    assert seen[0].shape == TAPS[name](any_config)
    assert not torch.equal(before, changed)
    assert torch.equal(model(ids), before)


def test_a_mixture_is_the_chosen_experts_weighed_by_a_softmax_over_them() -> None:
    config = MoEConfig(
        vocab_size=9, d_model=6, n_layers=1, d_ff=5, context=4, n_heads=1, n_kv_heads=1,
        n_experts=5, experts_per_token=3,
    )  # fmt: skip
    mlp = random_model(config).get_submodule("blocks.0.mlp")
    x = torch.randn(1, 4, 6, generator=torch.Generator().manual_seed(2))
    for place in range(4):
        token = x[0, place]
        logits = mlp.router.weight @ token
        chosen = logits.argsort(descending=True)[:3]
        shares = logits[chosen].exp() / logits[chosen].exp().sum()
        outputs = [
            mlp.down.weight[e]
            @ (torch.nn.functional.silu(mlp.gate.weight[e] @ token) * (mlp.up.weight[e] @ token))
            for e in chosen
        ]
        expected = sum(share * output for share, output in zip(shares, outputs, strict=True))
        torch.testing.assert_close(mlp(x)[0, place], expected, atol=1e-6, rtol=1e-5)
