"""The container GGUF: values by name, then tensors by name, read without trusting a single count.

Layout, little-endian: "GGUF", uint32 version, uint64 number of tensors, uint64 number of values; each value
as name, uint32 type, content; each tensor as name, uint32 number of dimensions, uint64 sizes (the innermost
first), uint32 type, uint64 offset; then, from the next multiple of the alignment, the tensors' bytes. A
string is a uint64 length and so many bytes of UTF-8.

The `gguf` package's own reader believes the counts in a file, so that a short file can keep it busy for
ever; what it knows of types and blocks serves here.
"""

import os
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from lilliput.errors import FormatError, MissingExtraError

Value = Any
"""bool, int, float, str, a list of str, or an array of numbers."""

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_HEADER_LIMIT = 64 * 1024 * 1024  # bytes; a vocabulary of 262,144 pieces with its merges takes 14 MB
_MOST_VALUES, _MOST_TENSORS = 10_000, 100_000  # real files have some dozens and some thousands
_NUMBERS = {
    0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "?",
    10: "<u8", 11: "<i8", 12: "<f8",
}  # fmt: skip
_STRING, _ARRAY = 8, 9
_MOST_DIMENSIONS = 4
_LARGEST_SIZE = 2**40
_READABLE = (
    "F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
)  # fmt: skip


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies in its file. `shape` is the numpy way round, rows last but one."""

    shape: tuple[int, ...]
    kind: str
    """ggml's name of how numbers are stored, such as "Q8_0"."""
    start: int
    bytes: int


@dataclass(frozen=True)
class GGUFFile:
    """The head of a GGUF file; `read` fetches a tensor."""

    path: Path
    values: dict[str, Value]
    tensors: dict[str, Tensor]

    def read(self, name: str) -> npt.NDArray[np.float32]:
        """The tensor as float32, whatever it is stored as."""
        from gguf.constants import GGMLQuantizationType
        from gguf.quants import dequantize

        tensor = self.tensors[name]
        with self.path.open("rb") as file:
            file.seek(tensor.start)
            data = file.read(tensor.bytes)
        if len(data) != tensor.bytes:
            raise FormatError(f"{self.path} became shorter while it was read")
        rows = np.frombuffer(data, np.uint8).reshape(prod(tensor.shape[:-1]), -1)
        with np.errstate(all="ignore"):  # a damaged scale is infinite: whoever uses the weights will see it
            numbers = dequantize(rows, GGMLQuantizationType[tensor.kind])
        return numbers.reshape(tensor.shape).astype(np.float32, copy=False)


def is_gguf(path: Path) -> bool:
    """True for a file that begins as GGUF does."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def require_gguf() -> None:
    """Raise MissingExtraError if the gguf package is not installed."""
    try:
        import gguf  # noqa: F401
    except ImportError:
        raise MissingExtraError("GGUF", "gguf") from None


def open_gguf(path: Path) -> GGUFFile:
    """Read the head of a GGUF file; raises FormatError for anything but a whole, sound one."""
    require_gguf()
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        cursor = _Cursor(file, str(path), min(size, _HEADER_LIMIT))
        if cursor.take(len(_MAGIC)) != _MAGIC:
            raise FormatError(f"{path} is not a GGUF file")
        version = cursor.number("<u4")
        if version not in _VERSIONS:
            raise FormatError(f"{path} is GGUF of version {version}; 2 and 3 are read, little-endian")
        tensor_count, value_count = cursor.number("<u8"), cursor.number("<u8")
        if tensor_count > _MOST_TENSORS or value_count > _MOST_VALUES:
            raise FormatError(
                f"{path} claims {tensor_count:,} tensors and {value_count:,} values: no real file"
            )
        values: dict[str, Value] = {}
        for _ in range(value_count):
            name = cursor.string()
            if name in values:
                raise FormatError(f"{path}: the value {name[:80]!r} comes twice")
            values[name] = _read_value(cursor, cursor.number("<u4"))
        infos = {}
        for _ in range(tensor_count):
            name = cursor.string()
            if name in infos:
                raise FormatError(f"{path}: the tensor {name[:80]!r} comes twice")
            infos[name] = _read_tensor_info(cursor, name)
        alignment = values.get("general.alignment", 32)
        if type(alignment) is not int or not 0 < alignment <= 2**20:
            raise FormatError(f"{path}: the alignment {str(alignment)[:40]!r} is out of range")
        start = -(-cursor.at // alignment) * alignment
    return GGUFFile(path, values, _place_tensors(infos, start, size, str(path)))


class _Cursor:
    """Reads from `file` onwards and never past `limit` bytes."""

    def __init__(self, file: IO[bytes], source: str, limit: int) -> None:
        self._file = file
        self._limit = limit
        self.source = source
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > self._limit - self.at:
            raise FormatError(
                f"{self.source} is no whole GGUF file: {count:,} bytes are missing at {self.at:,}"
            )
        data = self._file.read(count)
        if len(data) != count:
            raise FormatError(f"{self.source} became shorter while it was read")
        self.at += count
        return data

    def number(self, kind: str) -> Any:
        value = np.frombuffer(self.take(np.dtype(kind).itemsize), kind)[0]
        if kind == "<f4":
            return float(str(value))  # the shortest decimal: 1e-05, not 9.999999747378752e-06
        return value.item()

    def numbers(self, kind: str, count: int) -> npt.NDArray[Any]:
        return np.frombuffer(self.take(count * np.dtype(kind).itemsize), kind)

    def string(self) -> str:
        try:
            return self.take(int.from_bytes(self.take(8), "little")).decode("utf-8")
        except UnicodeDecodeError:
            raise FormatError(f"{self.source}: the text before byte {self.at:,} is not UTF-8") from None


def _read_value(cursor: _Cursor, kind: int) -> Value:
    if kind == _STRING:
        return cursor.string()
    if kind in _NUMBERS:
        return cursor.number(_NUMBERS[kind])
    inner = cursor.number("<u4") if kind == _ARRAY else None
    if inner == _STRING:  # each takes 8 bytes at least, so that the end of the file ends the loop
        return [cursor.string() for _ in range(cursor.number("<u8"))]
    if inner in _NUMBERS:
        return cursor.numbers(_NUMBERS[inner], cursor.number("<u8"))
    raise FormatError(f"{cursor.source}: a value has the unknown type {kind if inner is None else inner}")


def _read_tensor_info(cursor: _Cursor, name: str) -> tuple[tuple[int, ...], int, int]:
    """Shape, type and offset."""
    dimensions = cursor.number("<u4")
    if not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise FormatError(f"{cursor.source}: {name[:80]!r} has {dimensions} dimensions")
    shape = tuple(int(size) for size in reversed(cursor.numbers("<u8", dimensions)))
    return shape, cursor.number("<u4"), cursor.number("<u8")


def _place_tensors(
    infos: dict[str, tuple[tuple[int, ...], int, int]], start: int, size: int, source: str
) -> dict[str, Tensor]:
    """Check that every tensor lies within the file, and that they take no more than there is."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    known = {GGMLQuantizationType[name].value: name for name in _READABLE}
    tensors: dict[str, Tensor] = {}
    for name, (shape, code, offset) in infos.items():
        where = f"{source}: the tensor {name[:80]!r}"
        if code not in known:
            raise FormatError(f"{where} is stored as ggml's type {code}; {', '.join(_READABLE)} are read")
        block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(code)]
        if not all(0 < length < _LARGEST_SIZE for length in shape) or shape[-1] % block:
            raise FormatError(f"{where} has shape {shape}, and {known[code]} goes by blocks of {block}")
        length = prod(shape) // block * block_bytes
        if start + offset + length > size:
            raise FormatError(f"{where} ends at byte {start + offset + length:,}, the file at {size:,}")
        tensors[name] = Tensor(shape, known[code], start + offset, length)
    if start + sum(tensor.bytes for tensor in tensors.values()) > size:
        raise FormatError(f"{source}: its tensors lie over one another")
    return tensors
