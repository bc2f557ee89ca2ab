"""Engine images: a model laid out for the C engine, which opens the bytes in place (docs/formats.md).

Little-endian. A header of words, a table of tensors in a fixed order, then the tensors at multiples of 64
bytes. Vectors are float32, padded with zeros to 16. Matrices are float32, or `Integers` of 8 or 4 bits, and
lie in the order in which a product reads them: see `_panels`.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lilliput.errors import FormatError
from lilliput.formats.integers import Floats, Integers
from lilliput.models.angles import rotary_table
from lilliput.models.config import ModelConfig

MAGIC = b"LPIMEG01"
VERSION = 1
LANES, MOST_BLOCKS, MOST_CONTEXT = 16, 8, 1 << 20
_ABSENT, _VECTOR, _FLOATS, _INT8, _INT4 = range(5)
_WORDS, _TENSOR_WORDS = 24, 8

Numbers = npt.NDArray[Any]
Matrix = Floats | Integers
Rounding = Callable[[str, Floats], Matrix]
"""From a matrix's name and its weights to what the image holds."""


def write_image(config: ModelConfig, weights: Mapping[str, Floats], rounding: Rounding) -> bytes:
    """The image of a model; `rounding` chooses each matrix's precision.

    Raises FormatError for a model whose context the engine does not serve.
    """
    if config.context > MOST_CONTEXT:
        raise FormatError(
            f"the model reads {config.context:,} tokens by its config, and the C engine {MOST_CONTEXT:,} "
            "at most: lower max_position_embeddings in config.json, or use --engine torch"
        )
    tensors = list(_tensors(config, weights, rounding))
    windows = [0 if config.reach(i) >= config.context else config.reach(i) for i in range(config.n_layers)]
    words = _WORDS + config.n_layers + _TENSOR_WORDS * len(tensors)
    table, chunks, end = [], [], _round_up(words * 4, 64)
    for kind, rows, cols, group, parts in tensors:
        offsets = []
        for part in parts:
            offsets.append(end)
            chunks.append((end, part))
            end = _round_up(end + part.nbytes, 64)
        table.append(struct.pack("<4I2Q", kind, rows, cols, group, *[*offsets, 0, 0][:2]))
    image = np.zeros(end, np.uint8)
    head = _head(config, weights, words, len(tensors)) + struct.pack(f"<{len(windows)}I", *windows)
    image[: words * 4] = np.frombuffer(head + b"".join(table), np.uint8)
    for at, part in chunks:
        image[at : at + part.nbytes] = part.reshape(-1).view(np.uint8)
    return image.tobytes()


_Tensor = tuple[int, int, int, int, list[Numbers]]


def _head(config: ModelConfig, weights: Mapping[str, Floats], words: int, tensors: int) -> bytes:
    experts = weights.get("blocks.0.mlp.router.weight")
    scale = config.attention_scale
    numbers = [
        VERSION, words, config.vocab_size, config.d_model, config.n_layers, config.n_heads, config.n_kv_heads,
        config.d_head, config.d_ff, config.context,
        int("norm.bias" in weights), int("positions.weight" not in weights),
        int("blocks.0.mlp.gate.weight" in weights),
        0 if experts is None else len(experts), getattr(config, "experts_per_token", 0),
    ]  # fmt: skip
    settings = [config.norm_eps, config.d_head**-0.5 if scale is None else scale]
    head = MAGIC + struct.pack(f"<{len(numbers)}I2fI", *numbers, *settings, tensors)
    return head.ljust(_WORDS * 4, b"\0")


def _tensors(config: ModelConfig, weights: Mapping[str, Floats], rounding: Rounding) -> Iterator[_Tensor]:
    def vector(name: str) -> _Tensor:
        return _vector(weights.get(name))

    def matrix(name: str) -> _Tensor:
        return _matrix(rounding(name, weights[name])) if name in weights else _NOTHING

    yield matrix("embed.weight")
    yield _positions(config, weights)
    yield vector("norm.weight")
    yield vector("norm.bias")
    yield matrix("head.weight")
    for layer in range(config.n_layers):
        block = f"blocks.{layer}"
        yield vector(f"{block}.norm1.weight")
        yield vector(f"{block}.norm1.bias")
        qkv = [f"{block}.attn.{part}" for part in "qkv"]
        yield _matrix(rounding(f"{block}.attn.qkv", np.concatenate([weights[f"{n}.weight"] for n in qkv])))
        biased = f"{qkv[0]}.bias" in weights
        yield _vector(np.concatenate([weights[f"{n}.bias"] for n in qkv]) if biased else None)
        yield _vector(weights.get(f"{block}.attn.q_norm.weight"), pad=1)
        yield _vector(weights.get(f"{block}.attn.k_norm.weight"), pad=1)
        yield matrix(f"{block}.attn.o.weight")
        yield vector(f"{block}.attn.o.bias")
        yield vector(f"{block}.norm2.weight")
        yield vector(f"{block}.norm2.bias")
        router = weights.get(f"{block}.mlp.router.weight")
        yield _NOTHING if router is None else _matrix(router)  # small, and decides: never rounded
        yield from _feed_forward(weights, f"{block}.mlp", rounding)


def _feed_forward(weights: Mapping[str, Floats], mlp: str, rounding: Rounding) -> Iterator[_Tensor]:
    """For each expert: gate over up (or up alone), its bias, down, its bias."""
    up, down = weights[f"{mlp}.up.weight"], weights[f"{mlp}.down.weight"]
    gate = weights.get(f"{mlp}.gate.weight")
    stacked = up.ndim == 3
    for expert in range(len(up) if stacked else 1):
        at = expert if stacked else ...
        into = up[at] if gate is None else np.concatenate([_pad_rows(gate[at]), _pad_rows(up[at])])
        yield _matrix(rounding(f"{mlp}.in", into))
        yield _vector(weights.get(f"{mlp}.up.bias"))
        yield _matrix(rounding(f"{mlp}.down", down[at]))
        yield _vector(weights.get(f"{mlp}.down.bias"))


_NOTHING: _Tensor = (_ABSENT, 0, 0, 0, [])


def _vector(values: Floats | None, pad: int = LANES) -> _Tensor:
    if values is None:
        return _NOTHING
    values = np.pad(values.astype("<f4"), (0, -len(values) % pad))
    return _VECTOR, len(values), 1, 0, [values]


def _positions(config: ModelConfig, weights: Mapping[str, Floats]) -> _Tensor:
    """Learned positions (context, D padded); else cosines and sines of its angles (context, K)."""
    learned = weights.get("positions.weight")
    if learned is not None:
        return _vector(np.pad(learned, ((0, 0), (0, -config.d_model % LANES))).reshape(-1), pad=1)
    theta = getattr(config, "rope_theta", 10000.0)
    return _vector(rotary_table(config.d_head, config.context, theta).reshape(-1), pad=1)


def _matrix(matrix: Matrix) -> _Tensor:
    if isinstance(matrix, Integers):
        values = matrix.values
        data = _panels(values, _interleave_int8 if matrix.bits == 8 else _interleave_int4, matrix.group)
        scales = _panels(matrix.scales, lambda block: block.transpose(1, 0, 2), 1)  # (group)(row)
        return _INT8 if matrix.bits == 8 else _INT4, *values.shape, matrix.group, [data, scales]
    if not np.isfinite(matrix).all():
        raise FormatError("a weight is not a finite number; the model cannot be run")
    return _FLOATS, *matrix.shape, 4, [_panels(matrix.astype("<f4"), lambda b: b.transpose(1, 0, 2), 1)]


def _panels(
    matrix: Numbers,
    interleave: Callable[[Numbers], Numbers],
    group: int,
) -> Numbers:
    """Rows in blocks of 16, blocks in panels of at most 8; within a panel inputs outermost, then blocks, then
    what `interleave` makes of (blocks, inputs, 16 rows)."""
    rows, cols = matrix.shape
    padded = np.pad(matrix, ((0, -rows % LANES), (0, -cols % group)))
    blocks = padded.reshape(-1, LANES, padded.shape[1]).transpose(0, 2, 1)  # (blocks, inputs, 16)
    parts = [np.ascontiguousarray(interleave(blocks[a:b])).reshape(-1) for a, b in _panel_bounds(len(blocks))]
    return np.concatenate(parts)


def _panel_bounds(blocks: int) -> Iterator[tuple[int, int]]:
    panels = -(-blocks // MOST_BLOCKS)
    panels += panels > 1 and panels % 2  # so that two threads have the same to do
    each, more = divmod(blocks, panels)
    at = 0
    for panel in range(panels):
        size = each + (panel < more)
        yield at, at + size
        at += size


def _interleave_int8(blocks: Numbers) -> Numbers:
    """(blocks, inputs, 16) to (quad of inputs)(block)(row)(4 inputs), each weight + 128."""
    quads = (blocks.astype(np.int16) + 128).astype(np.uint8).reshape(len(blocks), -1, 4, LANES)
    return quads.transpose(1, 0, 3, 2)


def _interleave_int4(blocks: Numbers) -> Numbers:
    """(blocks, inputs, 16) to (group)(block)(quad)(row)(4 bytes): a byte is inputs i and (above) i + 16."""
    nibbles = (blocks.astype(np.int16) + 8).astype(np.uint8).reshape(len(blocks), -1, 2, 4, 4, LANES)
    halves = nibbles[:, :, 0] | nibbles[:, :, 1] << 4  # (blocks, group, quad, 4, row)
    return halves.transpose(1, 0, 2, 4, 3)


def _pad_rows(matrix: Floats) -> Floats:
    return np.pad(matrix, ((0, -len(matrix) % LANES), (0, 0)))


def _round_up(size: int, to: int) -> int:
    return -(-size // to) * to
