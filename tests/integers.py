"""Random models of the families that integers serve, and their integer forms (the fixture `integers`)."""

from collections.abc import Callable

import numpy as np

from lilliput.models.config import LlamaConfig, Qwen3Config
from lilliput.models.shapes import weight_shapes
from lilliput.quantize.intmodel import IntConfig, IntModel
from lilliput.quantize.ptq import Quantized, quantize
from lilliput.quantize.settings import QuantizeSettings

SMALL = {"vocab_size": 61, "d_model": 24, "n_layers": 2, "d_ff": 44, "context": 40}
CONFIGS: list[IntConfig] = [
    LlamaConfig(**SMALL, n_heads=4, n_kv_heads=2),
    LlamaConfig(**SMALL, n_heads=3, n_kv_heads=3, tied=False, gate="relu"),
    LlamaConfig(**{**SMALL, "n_layers": 1}, n_heads=1, n_kv_heads=1, gate="gelu"),
    Qwen3Config(**SMALL, n_heads=4, n_kv_heads=2, d_head=10),
    Qwen3Config(**SMALL, n_heads=2, n_kv_heads=1, tied=False, gate="gelu_tanh"),
]
Make = Callable[..., Quantized]


def draw_weights(config: IntConfig, seed: int = 0, size: float = 0.3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    weights = {}
    for name, shape in weight_shapes(config).items():
        norm = len(shape) == 1
        weights[name] = random.normal(1.0 if norm else 0, 0.2 if norm else size, shape).astype(np.float32)
    return weights


def draw_stories(config: IntConfig, count: int = 6, seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [
        random.integers(0, config.vocab_size, random.integers(min(5, config.context), config.context + 1))
        for _ in range(count)
    ]


def quantized(config: IntConfig, *settings: str, weights: dict[str, np.ndarray] | None = None) -> Quantized:
    wish = QuantizeSettings().with_settings(settings)
    return quantize(config, weights or draw_weights(config), draw_stories(config), wish)


SHAPES: list[IntConfig] = [
    LlamaConfig(**SMALL, n_heads=4, n_kv_heads=2),
    Qwen3Config(
        vocab_size=300, d_model=32, n_layers=3, d_ff=50, context=101, n_heads=4, n_kv_heads=1, d_head=14
    ),
    LlamaConfig(**{**SMALL, "n_layers": 1, "context": 128}, n_heads=1, n_kv_heads=1, tied=False),
    Qwen3Config(**{**SMALL, "vocab_size": 997, "d_ff": 7}, n_heads=2, n_kv_heads=2, gate="relu", tied=False),
    LlamaConfig(**{**SMALL, "d_model": 50, "context": 200}, n_heads=5, n_kv_heads=1, gate="gelu"),
]
FORMATS: list[tuple[str, ...]] = [
    (),
    ("weights=int4", "value_bits=4"),
    ("weights=ternary", "embed=int8", "activation_bits=12"),
    ("blocks=all", "key_bits=4", "value_bits=3", "chance_bits=9", "down=ternary", "embed=int4"),
    ("blocks=static", "scales=shift", "activation_bits=16", "query_bits=9", "gate_bits=7", "o=int4"),
]


def draw_model(number: int) -> IntModel:
    """An integer model: shape, format and weights by its number; 25 of them are all shapes in all formats."""
    config = SHAPES[number % len(SHAPES)]
    settings = FORMATS[(number + number // len(SHAPES)) % len(FORMATS)]
    return quantized(config, *settings, weights=draw_weights(config, number, 0.1 + 0.1 * (number % 4))).model
