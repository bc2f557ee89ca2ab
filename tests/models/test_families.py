"""What every family must hold. A new family joins by being in FAMILIES."""

import numpy as np
import pytest
import torch

from lilliput.formats.weights import weight_shapes
from lilliput.models import LlamaConfig, build_model
from lilliput.models.cache import Cache
from lilliput.models.config import ModelConfig
from lilliput.models.count import count_parameters
from lilliput.models.loss import IGNORED, count_correct, sum_nats

SMALL = {"vocab_size": 61, "d_model": 24, "n_layers": 2, "d_ff": 40, "context": 32}
FAMILIES: list[ModelConfig] = [
    LlamaConfig(**SMALL, n_heads=4, n_kv_heads=2),
    LlamaConfig(**SMALL, n_heads=3, n_kv_heads=1, tied=False, rope_theta=500.0),
    LlamaConfig(**SMALL, n_heads=6, n_kv_heads=6),
]
every_family = pytest.mark.parametrize("config", FAMILIES, ids=str)


def random_model(config: ModelConfig, seed: int = 0) -> torch.nn.Module:
    model = build_model(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return model


def random_ids(config: ModelConfig, *shape: int) -> torch.Tensor:
    return torch.randint(config.vocab_size, shape, generator=torch.Generator().manual_seed(1))


@every_family
def test_a_later_token_changes_no_earlier_logit(config: ModelConfig) -> None:
    model, ids = random_model(config), random_ids(config, 1, 20)
    before = model(ids)
    for place in (1, 7, 19):
        changed = ids.clone()
        changed[0, place] = (ids[0, place] + 1) % config.vocab_size
        after = model(changed)
        assert torch.equal(before[:, :place], after[:, :place])
        assert not torch.equal(before[:, place:], after[:, place:])


@every_family
def test_an_earlier_token_changes_later_logits(config: ModelConfig) -> None:
    model, ids = random_model(config), random_ids(config, 1, 20)
    changed = ids.clone()
    changed[0, 0] = (ids[0, 0] + 1) % config.vocab_size
    assert not torch.allclose(model(ids)[0, -1], model(changed)[0, -1], atol=1e-4)


@every_family
@pytest.mark.parametrize("pieces", [[1] * 20, [7, 1, 1, 11], [20], [3, 17]], ids=str)
def test_a_cache_changes_nothing_but_the_cost(config: ModelConfig, pieces: list[int]) -> None:
    model, ids = random_model(config), random_ids(config, 2, 20)
    cache, seen = Cache(config, batch=2), []
    for piece in ids.split(pieces, dim=1):
        seen.append(model(piece, cache))
    assert cache.length == 20
    whole = model(ids)
    torch.testing.assert_close(torch.cat(seen, dim=1), whole, atol=1e-5, rtol=1e-5)
    assert torch.equal(torch.cat(seen, dim=1).argmax(-1), whole.argmax(-1))


@every_family
def test_a_full_cache_refuses_more(config: ModelConfig) -> None:
    model, cache = random_model(config), Cache(config)
    model(random_ids(config, 1, config.context), cache)
    with pytest.raises(ValueError, match="positions"):
        model(random_ids(config, 1, 1), cache)


@every_family
def test_padding_costs_nothing_and_is_never_correct(config: ModelConfig) -> None:
    model, ids = random_model(config), random_ids(config, 1, 13)
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
    perfect = torch.nn.functional.one_hot(padded_inputs, config.vocab_size).float()
    assert count_correct(perfect, torch.where(padded_targets == IGNORED, IGNORED, padded_inputs)) == 12


@every_family
def test_padding_gives_the_weights_no_gradient(config: ModelConfig) -> None:
    model, ids = random_model(config), random_ids(config, 1, 13)
    padded_inputs = torch.cat((ids[:, :-1], torch.full((1, 9), 5)), dim=1)
    padded_targets = torch.cat((ids[:, 1:], torch.full((1, 9), IGNORED)), dim=1)
    gradients = []
    for inputs, targets in ((ids[:, :-1], ids[:, 1:]), (padded_inputs, padded_targets)):
        model.zero_grad()
        sum_nats(model(inputs), targets).backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    for plain, padded in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, padded, atol=1e-4, rtol=1e-4)


@every_family
def test_counts_and_shapes_are_those_of_the_parameters(config: ModelConfig) -> None:
    model = build_model(config)
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    assert shapes == weight_shapes(config)
    count = count_parameters(config)
    assert count.parameters == sum(int(np.prod(shape)) for shape in shapes.values())
    embeddings = [p.numel() for n, p in model.named_parameters() if n in ("embed.weight", "head.weight")]
    assert count.parameters_without_embeddings == count.parameters - sum(embeddings)


@every_family
def test_a_tap_reads_and_changes_an_activation(config: ModelConfig) -> None:
    model, ids = random_model(config), random_ids(config, 1, 5)
    before, seen = model(ids), []
    tap = model.get_submodule("blocks.1.tap_resid_post")
    handle = tap.register_forward_hook(lambda module, inputs, output: seen.append(output) or output * 0)
    changed = model(ids)
    handle.remove()
    assert seen[0].shape == (1, 5, config.d_model)
    assert not torch.equal(before, changed)
    assert torch.equal(model(ids), before)
