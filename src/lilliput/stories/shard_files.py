"""Token shards: the tokens of stories in one memory-mapped file that says what made it.

Layout (every number little end first):

    0      8 bytes   magic "LILSHARD"
    8      uint32    version of the layout, 1
    12     uint32    CRC-32 of the header
    16     ...       header: JSON in UTF-8, filled with spaces to byte 4096
    4096   tokens    uint16 where the vocabulary has at most 65,536 entries, uint32 otherwise;
                     each story as BOS, its tokens, END; zeros up to a multiple of 8 bytes
    ...    uint64    for each story the position of its BOS among the tokens, and then their number
    ...    uint32    for each story the bytes of its text

The header has the counts, the data's and the tokenizer's fingerprints and the CRC-32 of everything
behind it. A shard is read with the tokenizer that made it or not at all.
"""

import json
import struct
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lilliput.errors import DataError, FormatError
from lilliput.rundir import atomic_write

_MAGIC = b"LILSHARD"
_VERSION = 1
_HEADER_END = 4096  # bytes; what lies before the tokens
_PREAMBLE = struct.Struct("<8sII")  # magic, version, CRC-32 of the rest up to _HEADER_END
_CHECK_BYTES = 1 << 24  # read at once while checking
_MAX_COUNT = 1 << 48  # no file has more of anything; keeps sums of counts far from overflow


@dataclass(frozen=True, slots=True)
class ShardHeader:
    """What a shard says of itself; see the layout above."""

    dtype: str  # "uint16" or "uint32"
    tokens: int  # with a BOS and an END for each story
    stories: int
    text_bytes: int  # UTF-8 bytes of all texts; BOS and END count none
    tokenizer: str  # fingerprint
    vocab_size: int
    bos: int
    end: int
    source: str  # fingerprint of the stories
    crc32: int  # of everything behind the header


@dataclass(frozen=True)
class Shard:
    """An open shard: arrays that lie in the file and are read where they are touched."""

    path: Path
    header: ShardHeader
    tokens: NDArray[Any]  # (tokens,) uint16 or uint32
    offsets: NDArray[np.uint64]  # (stories + 1,)
    story_bytes: NDArray[np.uint32]  # (stories,)

    def __len__(self) -> int:
        return self.header.stories

    def story(self, index: int) -> NDArray[Any]:
        """The tokens of one story, from its BOS to its END; raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(f"story {index} of {len(self)}")
        return self.tokens[int(self.offsets[index]) : int(self.offsets[index + 1])]

    def describe(self) -> dict[str, Any]:
        """The header by name, for people."""
        return asdict(self.header)


class ShardWriter:
    """Writes a shard as the stories come; what it keeps is 12 bytes a story."""

    def __init__(self, file: IO[bytes], *, tokenizer: str, vocab_size: int, bos: int, end: int) -> None:
        if not (0 <= bos < vocab_size and 0 <= end < vocab_size):
            raise DataError(f"BOS {bos} and END {end} must be below the vocabulary, {vocab_size:,}")
        self._file = file
        self._tokenizer, self._vocab_size, self._bos, self._end = tokenizer, vocab_size, bos, end
        self._dtype = np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")
        self._crc = 0
        self._offsets = array("Q", [0])
        self._story_bytes = array("I")
        file.write(bytes(_HEADER_END))

    @property
    def stories(self) -> int:
        return len(self._story_bytes)

    @property
    def tokens(self) -> int:
        return self._offsets[-1]

    def add(self, ids: Sequence[int], text_bytes: int) -> None:
        """Append a story of `text_bytes` bytes; `ids` without BOS and END.

        Raises DataError for an id outside the vocabulary.
        """
        row = np.empty(len(ids) + 2, dtype=np.int64)
        row[0], row[1:-1], row[-1] = self._bos, ids, self._end
        worst = row.min() if row.min() < 0 else row.max()
        if not 0 <= worst < self._vocab_size:
            raise DataError(
                f"story {self.stories + 1:,}: token {worst} is outside the tokenizer's vocabulary "
                f"of {self._vocab_size:,}"
            )
        self._write(row.astype(self._dtype).tobytes())
        self._offsets.append(self.tokens + len(row))
        self._story_bytes.append(text_bytes)

    def finish(self, source: str) -> ShardHeader:
        """Write the offsets and the header; `source` is the fingerprint of the stories."""
        self._write(bytes(-self.tokens * self._dtype.itemsize % 8))
        self._write(np.asarray(self._offsets).astype("<u8").tobytes())
        self._write(np.asarray(self._story_bytes).astype("<u4").tobytes())
        header = ShardHeader(
            dtype=self._dtype.name,
            tokens=self.tokens,
            stories=self.stories,
            text_bytes=sum(self._story_bytes),
            tokenizer=self._tokenizer,
            vocab_size=self._vocab_size,
            bos=self._bos,
            end=self._end,
            source=source,
            crc32=self._crc,
        )
        body = json.dumps(asdict(header)).encode("ascii").ljust(_HEADER_END - _PREAMBLE.size)
        if len(body) > _HEADER_END - _PREAMBLE.size:
            raise DataError("a fingerprint of thousands of letters does not fit into a shard")
        self._file.seek(0)
        self._file.write(_PREAMBLE.pack(_MAGIC, _VERSION, zlib.crc32(body)) + body)
        return header

    def _write(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        self._file.write(data)


def write_shard(
    path: Path,
    stories_ids: Iterable[tuple[Sequence[int], int]],
    *,
    tokenizer_fingerprint: str,
    vocab_size: int,
    bos: int,
    end: int,
    source: str,
) -> ShardHeader:
    """Write a shard, atomically, of stories given as (ids without BOS and END, bytes of the text).

    Raises DataError for an id outside the vocabulary.
    """
    with atomic_write(path) as file:
        writer = ShardWriter(file, tokenizer=tokenizer_fingerprint, vocab_size=vocab_size, bos=bos, end=end)
        for ids, text_bytes in stories_ids:
            writer.add(ids, text_bytes)
        return writer.finish(source)


def open_shard(path: Path, tokenizer_fingerprint: str | None = None, *, verify: bool = True) -> Shard:
    """Open a shard; with a fingerprint, only if that tokenizer made it.

    The header, the file's size, the offsets and the byte counts are always checked. With `verify`
    the whole file is read once too (about a second a gigabyte): its CRC-32, that every token lies
    in the vocabulary, and that stories begin with BOS and end with END.

    Raises DataError for another tokenizer's shard, FormatError for a file that is not a whole
    shard.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such shard")
    header = _read_header(path)
    if tokenizer_fingerprint is not None and header.tokenizer != tokenizer_fingerprint:
        raise DataError(
            f"{path} was made with the tokenizer {header.tokenizer}, not with "
            f"{tokenizer_fingerprint}: tokenize the stories again"
        )
    width = np.dtype(header.dtype).itemsize
    offsets_at = _HEADER_END + header.tokens * width + -header.tokens * width % 8
    bytes_at = offsets_at + 8 * (header.stories + 1)
    size = bytes_at + 4 * header.stories
    if size != path.stat().st_size:
        raise FormatError(
            f"{path} has {path.stat().st_size:,} bytes and its header speaks of {size:,}: it was "
            "cut or changed; make it again"
        )
    data = np.memmap(path, dtype=np.uint8, mode="r")
    plain = data.view(np.ndarray)  # slicing a memmap object is many times slower
    shard = Shard(
        path,
        header,
        plain[_HEADER_END : _HEADER_END + header.tokens * width].view(f"<u{width}"),
        plain[offsets_at:bytes_at].view("<u8"),
        plain[bytes_at:].view("<u4"),
    )
    _check_offsets(shard)
    if verify:
        _check_content(shard, plain[_HEADER_END:])
    return shard


def is_shard(path: Path) -> bool:
    """Whether a file begins like a shard."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _read_header(path: Path) -> ShardHeader:
    with path.open("rb") as file:
        start = file.read(_HEADER_END)
    if len(start) < _HEADER_END or not start.startswith(_MAGIC):
        raise FormatError(f"{path} is not a shard of tokens")
    _, version, crc = _PREAMBLE.unpack_from(start)
    if version != _VERSION:
        raise FormatError(
            f"{path} is a shard of version {version}, and this program reads version {_VERSION}: "
            "tokenize the stories again"
        )
    body = start[_PREAMBLE.size :]
    if zlib.crc32(body) != crc:
        raise FormatError(f"{path}: the shard's header is damaged; make it again")
    try:
        header = ShardHeader(**json.loads(body))
    except (TypeError, ValueError, RecursionError):
        raise FormatError(f"{path}: the shard's header lacks or adds a field") from None
    problem = _header_problem(header)
    if problem:
        raise FormatError(f"{path}: the shard's header cannot be right: {problem}")
    return header


def _header_problem(header: ShardHeader) -> str:
    for field in fields(header):
        value = getattr(header, field.name)
        if type(value) is not field.type:
            return f"{field.name} is not {'a number' if field.type is int else 'a text'}"
        if isinstance(value, int) and not 0 <= value < _MAX_COUNT:
            return f"{field.name} is {value}"
    if header.dtype != ("uint16" if header.vocab_size <= 1 << 16 else "uint32"):
        return f"{header.dtype} for a vocabulary of {header.vocab_size:,}"
    if header.vocab_size > 1 << 32:
        return f"a vocabulary of {header.vocab_size:,}"
    if header.bos >= header.vocab_size or header.end >= header.vocab_size:
        return f"BOS {header.bos} and END {header.end} in a vocabulary of {header.vocab_size:,}"
    return ""


def _check_offsets(shard: Shard) -> None:
    header, offsets = shard.header, shard.offsets
    ends = offsets[0] == 0 and offsets[-1] == header.tokens
    # compared, not subtracted: these are unsigned, and each story has a BOS and an END at least
    within = bool(np.all(offsets <= header.tokens))  # first, so that the sums below cannot overflow
    if not ends or not within or not bool(np.all(offsets[1:] >= offsets[:-1] + np.uint64(2))):
        raise FormatError(f"{shard.path}: the places of its stories are damaged; make it again")
    if int(shard.story_bytes.sum(dtype=np.uint64)) != header.text_bytes:
        raise FormatError(f"{shard.path}: the bytes of its stories are damaged; make it again")


def _check_content(shard: Shard, data: NDArray[np.uint8]) -> None:
    crc = 0
    for begin in range(0, len(data), _CHECK_BYTES):
        crc = zlib.crc32(data[begin : begin + _CHECK_BYTES].data, crc)
    if crc != shard.header.crc32:
        raise FormatError(f"{shard.path}: its tokens are damaged (CRC-32 differs); make it again")
    if not len(shard):
        return
    starts, ends = shard.tokens[shard.offsets[:-1]], shard.tokens[shard.offsets[1:] - np.uint64(1)]
    if np.any(starts != shard.header.bos) or np.any(ends != shard.header.end):
        raise FormatError(f"{shard.path}: a story does not begin with BOS or end with END")
    if int(shard.tokens.max()) >= shard.header.vocab_size:
        raise FormatError(f"{shard.path}: a token lies outside the vocabulary")
