"""Lessons: what a teacher expects at each token of a shard, in one memory-mapped file that says what made it.

Layout (every number little end first):

    0      8 bytes   magic "LILTEACH"
    8      uint32    version of the layout, 1
    12     uint32    CRC-32 of the header
    16     ...       header: JSON in UTF-8, filled with spaces to byte 4096
    4096   records   one a token of the shard, in its order: `top` ids, uint16 or uint32 as in the shard, and
                     as many probabilities, float16. Of a BOS, which nothing foretells, all are zero.

The header has the counts, the CRC-32 of the shard's contents and of the records, and who taught.
"""

import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
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
_CHECK_RECORDS = 1 << 16
"""So many are checked at once."""
_MOST_CHANCE = 1.01
"""Probabilities in float16 may together be a little above 1."""
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
    vocab_size: int
    shard_crc32: int
    crc32: int  # of the records
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
        part = self._records[start:stop]
        return Lesson(part["ids"].astype(np.int32), part["chances"].astype(np.float32))


def write_lessons(path: Path, shard: Shard, lessons: Iterable[Lesson], top: int, teacher: str) -> int:
    """Write lessons of all tokens of a shard, one behind another, atomically; returns the bytes written.

    Raises DataError where they are not as many as the shard's tokens.
    """
    header = LessonsHeader(
        tokens=shard.header.tokens,
        top=top,
        vocab_size=shard.header.vocab_size,
        shard_crc32=shard.header.crc32,
        crc32=0,
        dtype=shard.header.dtype,
        teacher=teacher[-_HEADER_END // 8 :],
    )
    written = crc = 0
    with atomic_write(path) as file:
        file.write(bytes(_HEADER_END))
        for lesson in lessons:
            records = np.empty(len(lesson.ids), header.record)
            records["ids"], records["chances"] = lesson.ids, lesson.chances
            data = records.tobytes()
            crc = zlib.crc32(data, crc)
            file.write(data)
            written += len(records)
        if written != header.tokens:
            raise DataError(f"the teacher spoke of {written:,} tokens, the shard has {header.tokens:,}")
        body = json.dumps(asdict(replace(header, crc32=crc))).encode("ascii")
        body = body.ljust(_HEADER_END - _PREAMBLE.size)
        file.seek(0)
        file.write(_PREAMBLE.pack(_MAGIC, _VERSION, zlib.crc32(body)) + body)
    return _HEADER_END + written * header.record.itemsize


def open_lessons(path: Path, shard: Shard) -> Lessons:
    """Open a file of lessons, all of it checked.

    Raises FormatError for a damaged one, DataError for one of another shard.
    """
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
    records = np.memmap(path, header.record, "r", _HEADER_END, (header.tokens,)).view(np.ndarray)
    _check_records(records, header, path)
    return Lessons(header, records)


def _check_records(records: NDArray[Any], header: LessonsHeader, path: Path) -> None:
    """Every id and probability of a damaged or foreign file would go into a gradient."""
    crc = 0
    for first in range(0, len(records), _CHECK_RECORDS):
        part = records[first : first + _CHECK_RECORDS]
        crc = zlib.crc32(part.tobytes(), crc)
        chances = part["chances"].astype(np.float32)
        sound = (chances >= 0).all() and (chances.sum(1) < _MOST_CHANCE).all()  # a NaN is neither
        if not sound or part["ids"].max() >= header.vocab_size:
            raise FormatError(f"{path} holds what is no id or no probability")
    if crc != header.crc32:
        raise FormatError(f"{path} is damaged")


def _read_header(body: bytes, path: Path) -> LessonsHeader:
    numbers = ("tokens", "top", "vocab_size", "shard_crc32", "crc32")
    try:
        told = json.loads(body)
        if not all(type(told[name]) is int for name in numbers):
            raise ValueError
        header = LessonsHeader(**{name: told[name] for name in (*numbers, "dtype", "teacher")})
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FormatError(f"{path} does not say what lessons it holds") from None
    if header.dtype not in ("uint16", "uint32") or not 1 <= header.top <= 1 << 16 or header.tokens < 0:
        raise FormatError(f"{path} does not say what lessons it holds")
    return header
