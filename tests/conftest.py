"""Fixtures that every test may ask for."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from lilliput.models import GPT2Config, GPTNeoConfig, LlamaConfig, ModelConfig, MoEConfig, Qwen3Config

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side: one core each

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real public data that lies beside the checkout; tests that need it skip without it."""
    if not (SHARED / "MANIFEST.md").is_file():
        pytest.skip("needs the folder of public models and data beside the checkout (../shared)")
    return SHARED


def load_module(name: str) -> ModuleType:
    """The module at `name`, a path under tests/: files that several tests share are no tests themselves."""
    path = Path(__file__).parent / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """load_module."""
    return load_module


@pytest.fixture(scope="session")
def integers() -> ModuleType:
    """The module integers.py: random integer models."""
    return load_module("integers.py")


SMALL = {"vocab_size": 300, "d_model": 24, "n_layers": 2, "d_ff": 40, "context": 48}
FAMILIES: list[ModelConfig] = [
    LlamaConfig(**SMALL, n_heads=4, n_kv_heads=2),
    LlamaConfig(**SMALL, n_heads=3, n_kv_heads=1, tied=False, rope_theta=500.0, norm_eps=1e-6),
    LlamaConfig(**SMALL, n_heads=6, n_kv_heads=6),
    Qwen3Config(**SMALL, n_heads=3, n_kv_heads=1),
    Qwen3Config(**SMALL, n_heads=4, n_kv_heads=2, d_head=10, tied=False, rope_theta=777.0),
    GPT2Config(**SMALL, n_heads=4),
    GPT2Config(**SMALL, n_heads=3, tied=False, norm_eps=1e-3),
    GPT2Config(**SMALL, n_heads=2, activation="relu"),
    GPTNeoConfig(**SMALL, n_heads=4, window=5),
    GPTNeoConfig(**SMALL, n_heads=2, window=3, pattern=("local",)),
    GPTNeoConfig(
        **{**SMALL, "n_layers": 3}, n_heads=4, window=9, pattern=("local", "global", "global"), tied=False
    ),
    MoEConfig(**SMALL, n_heads=4, n_kv_heads=2, n_experts=4),
    MoEConfig(**SMALL, n_heads=2, n_kv_heads=2, n_experts=3, experts_per_token=1, tied=False, rope_theta=1e6),
    LlamaConfig(**SMALL, n_heads=4, n_kv_heads=1, gate="relu"),
    MoEConfig(**SMALL, n_heads=2, n_kv_heads=1, n_experts=3, gate="relu"),
    Qwen3Config(**SMALL, n_heads=2, n_kv_heads=1, gate="gelu"),
    GPTNeoConfig(**SMALL, n_heads=4, window=7, activation="silu"),
]
"""What every family must hold is tested on all of these. A new family joins by being here."""


@pytest.fixture(scope="session", params=FAMILIES, ids=lambda config: config.family)
def any_config(request: pytest.FixtureRequest) -> ModelConfig:
    """One small config after another: every family, in the forms that differ."""
    config: ModelConfig = request.param
    return config
