"""Lessons: what a teacher expects at each token of a shard, in one memory-mapped file that says what made it.

Layout (every number little end first):

    0      8 bytes   magic "LILTEACH"
    8      uint32    version of the layout, 1
    12     uint32    CRC-32 of the header
    16     ...       header: JSON in UTF-8, filled with spaces to byte 4096
    4096   records   one a token of the shard, in its order: `top` ids, uint16 or uint32 as in the shard, and
                     as many probabilities, float16. Of a BOS, which nothing foretells, all are zero.

The header has the counts, the CRC-32 of the shard's contents, and who taught.
"""

import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.errors import DataError, FormatError
from lilliput.rundir import atomic_write
from lilliput.stories.shard_files import Shard

Ids = NDArray[np.int32]
Chances = NDArray[np.float32]

_MAGIC, _VERSION, _HEADER_END = b"LILTEACH", 1, 4096
_PREAMBLE = struct.Struct("<8sII")  # magic, version, CRC-32 of the rest up to _HEADER_END


@dataclass(frozen=True)
class Lesson:
    """What the teacher expects at n tokens: ids and their probabilities, (n, top) both."""

    ids: Ids
    chances: Chances


@dataclass(frozen=True, slots=True)
class LessonsHeader:
    """What a file of lessons says of itself; see the layout above."""

    tokens: int
    top: int
    shard_crc32: int
    dtype: str  # of the ids
    teacher: str

    @property
    def record(self) -> np.dtype[Any]:
        """A token's part of the file."""
        ids = np.dtype(self.dtype).newbyteorder("<")
        return np.dtype([("ids", ids, self.top), ("chances", "<f2", self.top)])


class Lessons:
    """An open file of lessons."""

    def __init__(self, header: LessonsHeader, records: NDArray[Any]) -> None:
        self.header, self._records = header, records

    def at(self, start: int, stop: int) -> Lesson:
        """The lesson of tokens start to stop of the shard."""
        part = np.asarray(self._records[start:stop])
        return Lesson(part["ids"].astype(np.int32), part["chances"].astype(np.float32))


def write_lessons(path: Path, shard: Shard, lessons: Iterable[Lesson], top: int, teacher: str) -> None:
    """Write lessons of all tokens of a shard, one behind another, atomically.

    Raises DataError where they are not as many as the shard's tokens.
    """
    header = LessonsHeader(
        shard.header.tokens, top, shard.header.crc32, shard.header.dtype, teacher[: _HEADER_END // 8]
    )
    body = json.dumps(asdict(header)).encode("ascii").ljust(_HEADER_END - _PREAMBLE.size)
    written = 0
    with atomic_write(path) as file:
        file.write(_PREAMBLE.pack(_MAGIC, _VERSION, zlib.crc32(body)) + body)
        for lesson in lessons:
            records = np.empty(len(lesson.ids), header.record)
            records["ids"], records["chances"] = lesson.ids, lesson.chances
            file.write(records.tobytes())
            written += len(records)
        if written != header.tokens:
            raise DataError(f"the teacher spoke of {written:,} tokens, the shard has {header.tokens:,}")


def open_lessons(path: Path, shard: Shard) -> Lessons:
    """Open a file of lessons; raises FormatError for a damaged one, DataError for one of another shard."""
    if not path.is_file():
        raise DataError(f"{path} is missing: the run was to learn from a teacher; start it again")
    with path.open("rb") as file:
        head = file.read(_HEADER_END)
    if len(head) < _HEADER_END:
        raise FormatError(f"{path} holds no lessons: it is too short")
    magic, version, crc = _PREAMBLE.unpack_from(head)
    body = head[_PREAMBLE.size :]
    if magic != _MAGIC or version != _VERSION or crc != zlib.crc32(body):
        raise FormatError(f"{path} holds no lessons of version {_VERSION}, or is damaged")
    header = _read_header(body, path)
    if (header.shard_crc32, header.tokens) != (shard.header.crc32, shard.header.tokens):
        raise DataError(f"{path} was made for other stories than {shard.path}; start the run again")
    if path.stat().st_size != _HEADER_END + header.tokens * header.record.itemsize:
        raise FormatError(f"{path} is cut short or has too much")
    return Lessons(header, np.memmap(path, header.record, "r", _HEADER_END, (header.tokens,)))


def _read_header(body: bytes, path: Path) -> LessonsHeader:
    try:
        told = json.loads(body)
        tokens, top, crc = (int(told[name]) for name in ("tokens", "top", "shard_crc32"))
        header = LessonsHeader(tokens, top, crc, str(told["dtype"]), str(told["teacher"]))
    except (ValueError, KeyError, TypeError):
        raise FormatError(f"{path} does not say what lessons it holds") from None
    if header.dtype not in ("uint16", "uint32") or not 1 <= header.top <= 1 << 16 or header.tokens < 0:
        raise FormatError(f"{path} does not say what lessons it holds")
    return header
