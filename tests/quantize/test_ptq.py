"""Quantizing what is degenerate but ordinary: silent rows and heads, tiny weights, weak attention."""

import numpy as np
import pytest

from lilliput.errors import ConfigError
from lilliput.models.config import LlamaConfig, Qwen3Config
from lilliput.quantize.intmodel import IntConfig
from lilliput.quantize.observe import costs_of, observe
from lilliput.quantize.ptq import Quantized
from lilliput.quantize.reference import IntCache, Reference

SMALL = {"vocab_size": 61, "d_model": 24, "n_layers": 2, "d_ff": 44, "context": 40}
CONFIGS: list[IntConfig] = [
    LlamaConfig(**SMALL, n_heads=4, n_kv_heads=2),
    LlamaConfig(**SMALL, n_heads=3, n_kv_heads=3, tied=False, gate="relu"),
    Qwen3Config(**SMALL, n_heads=4, n_kv_heads=2, d_head=10),
]
PARTS = ["attn.q", "attn.k", "attn.v", "attn.o", "mlp.gate", "mlp.up", "mlp.down"]
Weights = dict[str, np.ndarray]


def lost(quantized: Quantized, weights: Weights, stories: list[np.ndarray]) -> float:
    """Nats per token over the float model."""
    model = quantized.model
    seen, reference, nats = observe(model.config, weights, stories), Reference(model, checked=True), 0.0
    for story in stories:
        logits = reference.read(story, IntCache(model))[: len(story) - 1]
        nats += float(costs_of(logits / 2.0**model.logit_bits, story[1:]).sum())
    return (nats - seen.nats) / seen.tokens


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.family}-{config.gate}")
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("rows", [slice(None), slice(0, 1), slice(0, 10)], ids=["all", "row", "ten"])
def test_rows_of_zeros_quantize_and_the_rest_is_as_good(make, weights_of, stories_of, config, part, rows):
    weights = weights_of(config)
    weights[f"blocks.0.{part}.weight"][rows] = 0
    quantized = make(config, weights=weights)
    assert abs(lost(quantized, weights, stories_of(config))) < 0.05
    assert quantized.worst.by_both < 0.1


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.family}-{config.gate}")
@pytest.mark.parametrize("size", [0.3, 0.02, 0.002, 1e-5])
def test_small_weights_quantize(make, weights_of, stories_of, config, size):
    weights = weights_of(config, size=size)
    assert abs(lost(make(config, weights=weights), weights, stories_of(config))) < 0.05


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.family}-{config.gate}")
@pytest.mark.parametrize("factor", [1e-3, 1e-6, 1e-20, 0])
def test_attention_that_hardly_looks_quantizes(make, weights_of, stories_of, config, factor):
    weights = weights_of(config)
    for part in "qk":
        weights[f"blocks.0.attn.{part}.weight"] *= np.float32(factor)
    quantized = make(config, weights=weights)
    assert all(layer.score_shift <= 30 for layer in quantized.model.layers)
    assert abs(lost(quantized, weights, stories_of(config))) < 0.05


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.family}-{config.gate}")
def test_silent_tokens_and_a_silent_end_quantize(make, weights_of, stories_of, config):
    weights = weights_of(config)
    weights["embed.weight"][5] *= np.float32(1e-9)
    weights["embed.weight"][6] = 0
    assert abs(lost(make(config, weights=weights), weights, stories_of(config))) < 0.05
    weights["norm.weight"][:] = 0
    assert lost(make(config, weights=weights), weights, stories_of(config)) == pytest.approx(0)


def test_channels_whose_activation_is_always_small_do_not_coarsen_the_others(make, weights_of, stories_of):
    config = CONFIGS[1]
    weights = weights_of(config)
    gate, up = weights["blocks.0.mlp.gate.weight"], weights["blocks.0.mlp.up.weight"]
    gate[5] *= np.float32(1e-3)  # relu lets little through
    gate[6] = -np.abs(gate[6]) * 0
    up *= np.logspace(0, -2, len(up))[:, np.newaxis].astype(np.float32)
    quantized = make(config, weights=weights)
    assert abs(lost(quantized, weights, stories_of(config))) < 0.05
    down = next(report for report in quantized.reports if report.name == "blocks.0.mlp.down")
    assert down.by_both < 0.03
    assert quantized.model.layers[0].hidden_shift >= 5


def test_keys_with_a_great_mean_and_little_else_do_not_wrap(make, weights_of, stories_of):
    config = LlamaConfig(**{**SMALL, "d_model": 64}, n_heads=2, n_kv_heads=1, rope_theta=1e9)
    weights = weights_of(config, size=0.05)
    weights["embed.weight"][:, 0] = 10
    weights["blocks.0.norm1.weight"][:] = 1
    k = weights["blocks.0.attn.k.weight"]
    k[:], k[:, 0], k[:, 1] = 0, 1, 1e-3
    quantized = make(config, weights=weights)
    offsets = quantized.model.layers[0].k_offset.astype(np.int64)
    assert (offsets[:, 32 // 2 - 1] > 0).all()  # the slowest pair hardly turns: its mean is as great as it
    assert np.abs(offsets).max() > 10_000
    assert abs(lost(quantized, weights, stories_of(config))) < 0.05


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_one_clear_error(make, weights_of, value):
    weights = weights_of(CONFIGS[0])
    weights["blocks.0.mlp.up.weight"][0, 0] = value
    with pytest.raises(ConfigError, match=r"blocks\.0\.mlp\.up\.weight holds NaN or infinity"):
        make(CONFIGS[0], weights=weights)
