"""llama2.c's weight files, versions 0, 1 (float32) and 2 (int8 in groups), both directions.

Layout, little-endian: v0 starts with seven int32 (dim, hidden_dim, n_layers, n_heads, n_kv_heads,
vocab_size, context; a negative vocab_size means that the output matrix is stored) and ends with tables
of cosines and sines; v1 and v2 have 256 bytes of header: "ak42", the version, the seven numbers, one byte
"output matrix shared", and in v2 the group size.

llama2.c turns channel 2i with 2i + 1 where Hugging Face and we turn i with i + K/2: the rows of the
query and key matrices are permuted on the way.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd, prod
from pathlib import Path
from typing import IO, Literal

import numpy as np

from lilliput.errors import ConfigError, FormatError
from lilliput.formats.weights import Weights, weight_shapes
from lilliput.models.config import LlamaConfig, ModelConfig
from lilliput.rundir import atomic_write

Version = Literal[0, 1, 2]

_MAGIC = 0x616B3432
_HEADER_BYTES = 256
_MATRICES = ("attn.q", "attn.k", "attn.v", "attn.o", "mlp.gate", "mlp.down", "mlp.up")  # w1, w2, w3


@dataclass(frozen=True)
class _Header:
    config: LlamaConfig
    version: Version
    group: int  # weights that share a scale, version 2 only
    bytes: int


def read_llama2c(path: Path) -> tuple[LlamaConfig, Weights]:
    """Config and float32 weights of a `.bin` of any version.

    Raises FormatError when the numbers in the header and the size of the file do not agree.
    """
    data = path.read_bytes()
    header = _read_header(data, str(path))
    expected = header.bytes + sum(_stored_bytes(header, shape) for _, shape in _layout(header))
    if len(data) != expected:
        fault = "is truncated" if len(data) < expected else "is too long"
        raise FormatError(f"{path} {fault}: its header calls for {expected:,} bytes, it has {len(data):,}")
    weights: Weights = {}
    position = header.bytes
    for name, shape in _layout(header):
        size = _stored_bytes(header, shape)
        if name is not None:
            weights[name] = _decode(data[position : position + size], shape, header)
        position += size
    return header.config, swap_rotary(weights, header.config, to_llama2c=False)


def write_llama2c(path: Path, config: ModelConfig, weights: Weights, version: Version = 0) -> None:
    """Write a `.bin` that llama2.c's run (v0) or runq (v2) reads.

    Raises ConfigError for a model that llama2.c would compute differently.
    """
    config = require_llama2c(config)
    group = gcd(config.d_model, config.d_ff) if version == 2 else 0  # so that no group leaves a row
    header = _Header(config, version, group, 28 if version == 0 else _HEADER_BYTES)
    swapped = swap_rotary(weights, config, to_llama2c=True)
    with atomic_write(path) as file:
        file.write(_encode_header(header))
        for name, shape in _layout(header):
            _write_array(file, header, _rope_table(config, shape) if name is None else swapped[name])


def require_llama2c(config: ModelConfig) -> LlamaConfig:
    """`config`, if llama2.c computes such a model; raises ConfigError that says why it does not."""
    if not isinstance(config, LlamaConfig):
        raise ConfigError(f"llama2.c computes models of the llama family only; this one is {config.family}")
    if config.gate != "silu":
        raise ConfigError(f"llama2.c computes silu only; this model's gate is {config.gate}")
    if config.rope_theta != 10000.0 or abs(config.norm_eps - 1e-5) > 1e-9:
        raise ConfigError(
            "llama2.c computes with rope_theta 10000 and norm_eps 1e-5 only; this model has "
            f"{config.rope_theta:g} and {config.norm_eps:g}"
        )
    return config


def is_llama2c(path: Path) -> bool:
    """True for a file whose header reads like llama2.c's, whole or not."""
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    try:
        _read_header(start, str(path))
    except FormatError:
        return False
    return True


def measure_difference(path: Path, config: ModelConfig, weights: Weights) -> float:
    """The largest difference between `weights` and those in a file just written, read back.

    Raises FormatError if the file holds another shape.
    """
    read_config, read = read_llama2c(path)
    if weight_shapes(read_config) != weight_shapes(config):
        raise FormatError(f"{path} was written with another shape than the model's")
    return max(float(np.abs(read[name] - weights[name]).max()) for name in weights)


def _read_header(data: bytes, source: str) -> _Header:
    if len(data) < 28:
        raise FormatError(f"{source} is too short for a llama2.c file ({len(data)} bytes)")
    magic, version = struct.unpack_from("<Ii", data)
    if magic != _MAGIC:
        numbers = struct.unpack_from("<7i", data)
        config = _config(numbers, numbers[5] > 0, source)
        return _Header(config, 0, 0, 28)
    if version not in (1, 2) or len(data) < _HEADER_BYTES:
        raise FormatError(f"{source}: llama2.c version {version} is not 0, 1 or 2, or the file is cut")
    numbers = struct.unpack_from("<7i", data, 8)
    tied, group = struct.unpack_from("<Bi", data, 36)
    config = _config(numbers, bool(tied), source)
    if version == 2 and (group < 1 or any(size % group for size in _matrix_sizes(config))):
        raise FormatError(f"{source}: a group of {group} weights does not divide the matrices")
    return _Header(config, 1 if version == 1 else 2, group if version == 2 else 0, _HEADER_BYTES)


def _matrix_sizes(config: LlamaConfig) -> set[int]:
    return {prod(shape) for shape in weight_shapes(config).values() if len(shape) == 2}


def _config(numbers: tuple[int, ...], tied: bool, source: str) -> LlamaConfig:
    dim, hidden, layers, heads, kv_heads, vocab, context = numbers
    if not all(0 < abs(number) < 2**24 for number in numbers) or layers > 4096:
        raise FormatError(f"{source} is not a llama2.c file: its header reads {numbers}")
    values = {
        "vocab_size": abs(vocab),
        "d_model": dim,
        "n_layers": layers,
        "n_heads": heads,
        "n_kv_heads": kv_heads,
        "d_ff": hidden,
        "context": context,
        "tied": tied,
    }
    try:
        return LlamaConfig.from_dict(values)
    except ConfigError as error:
        raise FormatError(f"{source} is not a llama2.c file: {error}") from None


def _layout(header: _Header) -> Iterator[tuple[str | None, tuple[int, ...]]]:
    """Names and shapes in the order of the file; None stands for a table of cosines or sines."""
    config, shapes = header.config, weight_shapes(header.config)

    def layers(part: str) -> Iterator[tuple[str, tuple[int, ...]]]:
        for layer in range(config.n_layers):
            name = f"blocks.{layer}.{part}.weight"
            yield name, shapes[name]

    embedding, norm = (
        ("embed.weight", shapes["embed.weight"]),
        ("norm.weight", shapes["norm.weight"]),
    )
    if header.version == 0:
        yield embedding
        yield from layers("norm1")
        for part in _MATRICES[:4]:
            yield from layers(part)
        yield from layers("norm2")
        for part in _MATRICES[4:]:
            yield from layers(part)
        yield norm
        yield None, (config.context, config.d_head // 2)
        yield None, (config.context, config.d_head // 2, 1)
    else:
        yield from layers("norm1")
        yield from layers("norm2")
        yield norm
        yield embedding
        for part in _MATRICES:
            yield from layers(part)
    if not config.tied:
        yield "head.weight", shapes["head.weight"]


def _is_quantized(header: _Header, shape: tuple[int, ...]) -> bool:
    return header.version == 2 and len(shape) == 2  # norms stay float32


def _stored_bytes(header: _Header, shape: tuple[int, ...]) -> int:
    count = prod(shape)
    return count + count // header.group * 4 if _is_quantized(header, shape) else count * 4


def _decode(data: bytes, shape: tuple[int, ...], header: _Header) -> np.ndarray:
    if not _is_quantized(header, shape):
        return np.frombuffer(data, "<f4").reshape(shape).astype(np.float32)
    count = prod(shape)
    levels = np.frombuffer(data, np.int8, count).reshape(-1, header.group).astype(np.float32)
    scales = np.frombuffer(data, "<f4", offset=count)
    whole: np.ndarray = (levels * scales[:, None]).reshape(shape).astype(np.float32)
    return whole


def _encode_header(header: _Header) -> bytes:
    config = header.config
    vocab = config.vocab_size if config.tied or header.version else -config.vocab_size
    numbers = struct.pack(
        "<7i",
        config.d_model,
        config.d_ff,
        config.n_layers,
        config.n_heads,
        config.n_kv_heads,
        vocab,
        config.context,
    )
    if header.version == 0:
        return numbers
    start = struct.pack("<Ii", _MAGIC, header.version) + numbers + struct.pack("<B", config.tied)
    if header.version == 2:
        start += struct.pack("<i", header.group)
    return start.ljust(_HEADER_BYTES, b"\0")


def _write_array(file: IO[bytes], header: _Header, array: np.ndarray) -> None:
    if not _is_quantized(header, array.shape):
        file.write(array.astype("<f4").tobytes())
        return
    groups = array.astype(np.float32).reshape(-1, header.group)
    scales = np.abs(groups).max(axis=1) / np.float32(127)
    divisors = np.where(scales == 0, np.float32(1), scales)
    file.write(np.rint(groups / divisors[:, None]).astype(np.int8).tobytes())
    file.write(scales.astype("<f4").tobytes())


def _rope_table(config: LlamaConfig, shape: tuple[int, ...]) -> np.ndarray:
    """Cosines (two-dimensional shape) or sines (three) of position times frequency."""
    exponents = np.arange(0, config.d_head, 2, dtype=np.float32) / np.float32(config.d_head)
    frequencies = 1.0 / np.float32(config.rope_theta) ** exponents
    angles = np.outer(np.arange(config.context, dtype=np.float32), frequencies)
    return (np.cos(angles) if len(shape) == 2 else np.sin(angles)).reshape(shape)


def swap_rotary(weights: Weights, config: ModelConfig, *, to_llama2c: bool) -> Weights:
    """Reorder the rows of each query and key head between the two rotary conventions."""
    pairs = np.arange(config.d_head).reshape(-1, 2)  # llama2.c's order: (0, 1), (2, 3), ...
    order = pairs.T.reshape(-1)  # ours: 0, 2, 4, ..., 1, 3, 5, ...
    if to_llama2c:
        order = np.argsort(order)
    swapped = dict(weights)
    for name, matrix in weights.items():
        if name.endswith((".attn.q.weight", ".attn.k.weight")):
            heads = matrix.reshape(-1, config.d_head, matrix.shape[-1])
            swapped[name] = heads[:, order].reshape(matrix.shape)
    return swapped
