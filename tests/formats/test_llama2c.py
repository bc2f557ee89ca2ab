"""llama2.c's files: real ones, round trips, a reader written from the description alone, damage."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import ConfigError, FormatError
from lilliput.formats.llama2c import is_llama2c, measure_difference, read_llama2c, write_llama2c
from lilliput.formats.weights import Weights, weight_shapes
from lilliput.models import LlamaConfig
from lilliput.models.weights import model_with_weights

CONFIGS = [
    LlamaConfig(vocab_size=50, d_model=16, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=12, context=20),
    LlamaConfig(
        vocab_size=33,
        d_model=24,
        n_layers=1,
        n_heads=3,
        n_kv_heads=3,
        d_ff=28,
        context=9,
        tied=False,
    ),
]


def random_weights(config: LlamaConfig) -> Weights:
    random = np.random.default_rng(1)
    return {
        name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in weight_shapes(config).items()
    }


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_a_file_reads_back_as_it_was_written(config: LlamaConfig, version: int, tmp_path: Path) -> None:
    weights = random_weights(config)
    write_llama2c(tmp_path / "m.bin", config, weights, version)
    read_config, read = read_llama2c(tmp_path / "m.bin")
    assert read_config == config
    assert read.keys() == weights.keys()
    for name, array in weights.items():
        if version == 2 and array.ndim == 2:  # half a step of the coarsest group
            assert np.abs(read[name] - array).max() <= np.abs(array).max() / 127 / 2 + 1e-7
        else:
            assert np.array_equal(read[name], array)
    difference = measure_difference(tmp_path / "m.bin", config, weights)
    assert (difference > 0) == (version == 2)
    write_llama2c(tmp_path / "again.bin", read_config, read, version)
    assert (tmp_path / "again.bin").read_bytes() == (tmp_path / "m.bin").read_bytes()


def logits_by_description(data: bytes, ids: list[int]) -> np.ndarray:
    """A v0 model as llama2.c describes it, in float64: pairs of neighbours are turned."""
    dim, hidden, layers, heads, kv_heads, vocab, context = struct.unpack_from("<7i", data)
    flat, place = np.frombuffer(data, "<f4", offset=28).astype(np.float64), 0

    def take(*shape: int) -> np.ndarray:
        nonlocal place
        size = int(np.prod(shape))
        place += size
        return flat[place - size : place].reshape(shape)

    width = dim // heads
    embed, norm1 = take(abs(vocab), dim), take(layers, dim)
    wq, wk = take(layers, dim, dim), take(layers, kv_heads * width, dim)
    wv, wo = take(layers, kv_heads * width, dim), take(layers, dim, dim)
    norm2, w1 = take(layers, dim), take(layers, hidden, dim)
    w2, w3, final = take(layers, dim, hidden), take(layers, hidden, dim), take(dim)
    take(context * width)
    head = embed if vocab > 0 else take(-vocab, dim)

    def rms(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weight

    def turn(x: np.ndarray) -> np.ndarray:  # (T, heads, width)
        angle = np.outer(np.arange(len(x)), 10000.0 ** (-np.arange(0, width, 2) / width))[:, None]
        even, odd = x[..., 0::2], x[..., 1::2]
        out = np.empty_like(x)
        out[..., 0::2] = even * np.cos(angle) - odd * np.sin(angle)
        out[..., 1::2] = even * np.sin(angle) + odd * np.cos(angle)
        return out

    x, length = embed[ids], len(ids)
    for layer in range(layers):
        y = rms(x, norm1[layer])
        q = turn((y @ wq[layer].T).reshape(length, heads, width))
        k = turn((y @ wk[layer].T).reshape(length, kv_heads, width))
        v = (y @ wv[layer].T).reshape(length, kv_heads, width)
        k, v = (np.repeat(a, heads // kv_heads, axis=1) for a in (k, v))
        scores = np.einsum("thk,shk->hts", q, k) / np.sqrt(width)
        scores[:, np.triu(np.ones((length, length), bool), 1)] = -np.inf
        share = np.exp(scores - scores.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        x = x + np.einsum("hts,shk->thk", share, v).reshape(length, dim) @ wo[layer].T
        y = rms(x, norm2[layer])
        gate = y @ w1[layer].T
        x = x + (gate / (1 + np.exp(-gate)) * (y @ w3[layer].T)) @ w2[layer].T
    return rms(x, final) @ head.T


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_our_model_computes_what_the_file_describes(config: LlamaConfig, tmp_path: Path) -> None:
    weights = random_weights(config)
    write_llama2c(tmp_path / "m.bin", config, weights)
    ids = [1, 5, 30, 2, 2, 7]
    described = logits_by_description((tmp_path / "m.bin").read_bytes(), ids)
    with torch.inference_mode():
        ours = model_with_weights(config, weights)(torch.tensor([ids]))[0].numpy()
    np.testing.assert_allclose(ours, described, atol=1e-5)


@pytest.mark.parametrize("name", ["stories260K.v1.bin", "stories280K-relu-q80.bin"])
def test_public_files_are_written_back_byte_for_byte(shared: Path, tmp_path: Path, name: str) -> None:
    public = shared / "models" / name
    config, weights = read_llama2c(public)
    write_llama2c(tmp_path / "m.bin", config, weights, 1 if "v1" in name else 2)
    assert (tmp_path / "m.bin").read_bytes() == public.read_bytes()


def test_versions_0_and_1_of_the_public_model_hold_the_same_weights(shared: Path) -> None:
    config0, weights0 = read_llama2c(shared / "models/stories260K.bin")
    config1, weights1 = read_llama2c(shared / "models/stories260K.v1.bin")
    assert config0 == config1
    assert all(np.array_equal(weights0[name], weights1[name]) for name in weights0)


def test_a_model_that_llama2c_would_compute_differently_is_refused(tmp_path: Path) -> None:
    for changes, told in (({"rope_theta": 500.0}, "rope_theta"), ({"gate": "relu"}, "computes silu only")):
        config = CONFIGS[0].model_copy(update=changes)
        with pytest.raises(ConfigError, match=told):
            write_llama2c(tmp_path / "m.bin", config, random_weights(config))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_file_of_another_length_is_refused(version: int, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    write_llama2c(path, CONFIGS[0], random_weights(CONFIGS[0]), version)
    data = path.read_bytes()
    for size in (0, 5, 27, 28, 100, 256, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(FormatError):
            read_llama2c(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(FormatError, match="too long"):
        read_llama2c(path)


@settings(deadline=None, max_examples=150)
@given(
    version=st.sampled_from([0, 1, 2]),
    place=st.integers(0, 63),
    junk=st.binary(min_size=1, max_size=40),
)
def test_a_hostile_header_is_refused_or_read_and_nothing_else(
    version: int, place: int, junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("hostile") / "m.bin"
    write_llama2c(path, CONFIGS[0], random_weights(CONFIGS[0]), version)
    data = bytearray(path.read_bytes())
    data[place : place + len(junk)] = junk
    path.write_bytes(data)
    try:
        read_llama2c(path)
    except FormatError as error:
        assert "\n" not in str(error)
    is_llama2c(path)


def test_a_group_that_leaves_its_matrix_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    config = LlamaConfig(vocab_size=10, d_model=8, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=12, context=4)
    write_llama2c(path, config, random_weights(config), 2)
    data = bytearray(path.read_bytes())
    for group in (48, 0, -4, 5, 2**31 - 1):
        data[37:41] = struct.pack("<i", group)
        path.write_bytes(data)
        with pytest.raises(FormatError, match="group"):
            read_llama2c(path)
