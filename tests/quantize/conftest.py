"""Random models of the families that integers serve, and their integer forms."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lilliput.models.config import LlamaConfig, Qwen3Config
from lilliput.models.shapes import weight_shapes
from lilliput.quantize.intmodel import IntConfig
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
        random.integers(0, config.vocab_size, random.integers(5, config.context + 1)) for _ in range(count)
    ]


@pytest.fixture(scope="session")
def plain() -> ModuleType:
    """The module plain_page.py."""
    spec = importlib.util.spec_from_file_location("plain_page", Path(__file__).with_name("plain_page.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=CONFIGS, ids=lambda config: f"{config.family}-{config.gate}")
def config(request: pytest.FixtureRequest) -> IntConfig:
    chosen: IntConfig = request.param
    return chosen


@pytest.fixture
def make() -> Make:
    def quantized(
        config: IntConfig, *settings: str, weights: dict[str, np.ndarray] | None = None
    ) -> Quantized:
        wish = QuantizeSettings().with_settings(settings)
        return quantize(config, weights or draw_weights(config), draw_stories(config), wish)

    return quantized


@pytest.fixture
def weights_of() -> Callable[..., dict[str, np.ndarray]]:
    return draw_weights


@pytest.fixture
def stories_of() -> Callable[..., list[np.ndarray]]:
    return draw_stories
