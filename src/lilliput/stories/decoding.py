"""Bytes to text, a block at a time, with a diagnosis of what is not UTF-8 text.

Line ends are made one: CR LF and a lone CR become LF, since in a text file they belong to the
machine that wrote it and not to the story. A byte order mark at the start is dropped.
"""

import codecs
import io
from collections.abc import Iterator
from typing import IO

from lilliput.errors import DataError
from lilliput.stories.packed import BLOCK_BYTES

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\v\f\r\x1a\x1b")
_MAX_CONTROLS = 0.02  # share of control characters in what may still be called text
_WINDOW_BYTES = 4096  # looked at around a byte that is not UTF-8


def iter_text(file: IO[bytes], name: str) -> Iterator[str]:
    """Yield the text of `file` in blocks; raises DataError for anything but UTF-8 text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    offset, lines = 0, 0  # of what came before the block: bytes, line feeds
    block = file.read(BLOCK_BYTES)
    if block.startswith(_UTF16_MARKS):
        raise DataError(f"{name} is UTF-16: iconv -f UTF-16 -t UTF-8 OLD > NEW makes it readable")
    if block.startswith(codecs.BOM_UTF8):
        block, offset = block[3:], 3
    while block:
        _refuse_binary(block, offset, name)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            at = error.start - pending  # below zero: the character began in the block before
            where = f"byte {offset + at:,} (line {lines + block[: max(at, 0)].count(10) + 1:,})"
            raise DataError(_diagnose(error.object, error.start, where, name)) from None
        yield newlines.decode(text)
        offset += len(block)
        lines += block.count(b"\n")
        block = file.read(BLOCK_BYTES)
    if decoder.getstate()[0]:
        raise DataError(f"{name} ends in the middle of a UTF-8 character: it was cut; copy it again")
    yield newlines.decode("", final=True)


def _refuse_binary(block: bytes, offset: int, name: str) -> None:
    if (zero := block.find(b"\0")) >= 0:
        raise DataError(f"{name} is not text: a NUL at byte {offset + zero:,}")
    if _share(block, _CONTROLS) > _MAX_CONTROLS:
        raise DataError(f"{name} is not text: it is full of control characters")


def _diagnose(data: bytes, at: int, where: str, name: str) -> str:
    window = data[max(0, at - _WINDOW_BYTES // 2) : at + _WINDOW_BYTES // 2]
    high = sum(byte >= 128 for byte in window) / len(window)
    if _share(window, _CONTROLS) > _MAX_CONTROLS:
        return f"{name} is not text: {where} is not UTF-8, and control characters lie around it"
    encoding = "WINDOWS-1252" if high < 0.3 else "ENCODING"  # more is no Western language
    hint = "" if high < 0.3 else " (such as WINDOWS-1251 or SHIFT_JIS)"
    return (
        f"{name} is not UTF-8: {where} is 0x{data[at]:02x}. If it is older text, "
        f"iconv -f {encoding} -t UTF-8 OLD > NEW mends it{hint}"
    )


def _share(data: bytes, wanted: bytes) -> float:
    return 1 - len(data.translate(None, wanted)) / len(data)
