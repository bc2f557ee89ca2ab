"""What lies where in an engine image: its table of tensors, with their names. See `image.py`."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lilliput.errors import FormatError
from lilliput.formats.image import LANES, MAGIC, VERSION

Kind = Literal["absent", "vector", "f32", "int8", "int4"]
_KINDS: tuple[Kind, ...] = ("absent", "vector", "f32", "int8", "int4")
_GLOBALS = ("embed", "positions", "norm", "norm.bias", "head")
_LAYER = (
    "norm1", "norm1.bias", "qkv", "qkv.bias", "q_norm", "k_norm", "o", "o.bias", "norm2", "norm2.bias",
    "router",
)  # fmt: skip
_EXPERT = ("in", "in.bias", "down", "down.bias")
_ENTRY = struct.Struct("<4I2Q")


@dataclass(frozen=True)
class Tensor:
    """One entry of the table. `rows` and `cols` are as the engine computes them: gates are padded to 16."""

    name: str
    kind: Kind
    rows: int
    cols: int
    group: int
    offset: int
    expert: int
    """Of which expert it is a part; 0 also where there is no mixture."""

    @property
    def size(self) -> int:
        """Bytes, the scales and the padding of rows and groups among them."""
        if self.kind == "absent":
            return 0
        if self.kind == "vector":
            return self.rows * 4
        rows = -(-self.rows // LANES) * LANES
        if self.kind == "f32":
            return rows * self.cols * 4
        groups = -(-self.cols // self.group)
        numbers = rows * groups * self.group
        return (numbers if self.kind == "int8" else numbers // 2) + rows * groups * 2

    @property
    def row_size(self) -> int:
        """Bytes of one row of a matrix."""
        return self.size // (-(-self.rows // LANES) * LANES)


@dataclass(frozen=True)
class ImageTable:
    """The sizes of a model, and its tensors in the order in which they lie."""

    vocab_size: int
    context: int
    n_experts: int
    """0: no mixture."""
    experts_per_token: int
    tensors: tuple[Tensor, ...]


def read_image_table(image: bytes | memoryview) -> ImageTable:
    """The table of an image. Raises FormatError for what is none."""
    if len(image) < 80 or bytes(image[:8]) != MAGIC or struct.unpack_from("<I", image, 8)[0] != VERSION:
        raise FormatError("this is no engine image, or one of another version")
    word = struct.unpack_from("<20I", image)
    words, n_layers, n_experts, entries = word[3], word[6], word[15], word[19]
    names = list(_names(n_layers, n_experts))
    if len(names) != entries or words * 4 > len(image):
        raise FormatError("this engine image contradicts itself")
    table = words * 4 - entries * _ENTRY.size
    tensors = []
    for number, (name, expert) in enumerate(names):
        kind, rows, cols, group, offset, _ = _ENTRY.unpack_from(image, table + number * _ENTRY.size)
        tensors.append(Tensor(name, _KINDS[kind], rows, cols, group, offset, expert))
    return ImageTable(word[4], word[11], n_experts, word[16], tuple(tensors))


def _names(n_layers: int, n_experts: int) -> Iterator[tuple[str, int]]:
    yield from ((name, 0) for name in _GLOBALS)
    for layer in range(n_layers):
        yield from ((f"blocks.{layer}.{name}", 0) for name in _LAYER)
        for expert in range(n_experts or 1):
            yield from ((f"blocks.{layer}.experts.{expert}.{name}", expert) for name in _EXPERT)
