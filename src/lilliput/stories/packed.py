"""The bytes of a file, unpacked if it is gzip or zstd inside, whatever its name says.

Memory stays bounded whatever the file claims: blocks are unpacked one at a time, so that a few
kilobytes that unpack to gigabytes are met block by block by the reader's own limits.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import zstandard

from lilliput.errors import DataError

BLOCK_BYTES = 1 << 20

# A zstd block unpacks to at most 128 KiB and takes at least 4 bytes, so this many bytes of input
# make at most 32 MiB of output in one call.
ZSTD_INPUT_BYTES = 1024
ZSTD_WINDOW_BYTES = 1 << 27  # what `zstd --long` makes and unpacks without being asked

_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive, as .docx and .epub are: unpack it, or save the text as .txt",
    b"BZh": "compressed with bzip2: unpack it, or pack it with gzip or zstd",
    b"\xfd7zXZ\x00": "compressed with xz: unpack it, or pack it with gzip or zstd",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"%PDF": "a PDF: export its text first",
}


def open_unpacked(path: Path) -> IO[bytes]:
    """Open a file for reading, through gzip or zstd if it begins like one.

    Raises DataError for an archive or another compression; reading from the result raises DataError
    where the packed data is damaged or ends too early.
    """
    with path.open("rb") as file:
        start = file.read(8)
    for magic, what in _OTHER_FORMATS.items():
        if start.startswith(magic):
            raise DataError(f"{path} is {what}")
    if start.startswith(b"\x1f\x8b"):
        return io.BufferedReader(_BlockReader(_iter_gzip(path)), BLOCK_BYTES)
    if _is_zstd(start):
        return io.BufferedReader(_BlockReader(_iter_zstd(path)), BLOCK_BYTES)
    return path.open("rb", buffering=BLOCK_BYTES)


def _is_zstd(start: bytes) -> bool:
    skippable = start[1:4] == b"\x2a\x4d\x18" and start[0] >> 4 == 5
    return start.startswith(b"\x28\xb5\x2f\xfd") or skippable


def _iter_gzip(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        try:
            while block := file.read(BLOCK_BYTES):
                yield block
        except EOFError:
            raise _truncated(path, "gzip") from None
        except (zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{path} is a damaged gzip file: {error}") from None


def _iter_zstd(path: Path) -> Iterator[bytes]:
    frame = None
    with path.open("rb") as file:
        while data := file.read(ZSTD_INPUT_BYTES):
            while data:
                if frame is None:
                    unpacker = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
                    frame = unpacker.decompressobj()
                try:
                    block = frame.decompress(data)
                except zstandard.ZstdError as error:
                    raise DataError(f"{path} is a damaged zstd file: {error}") from None
                data = frame.unused_data if frame.eof else b""
                frame = None if frame.eof else frame
                yield block
    if frame is not None:
        raise _truncated(path, "zstd")


def _truncated(path: Path, kind: str) -> DataError:
    return DataError(f"{path} ends in the middle of its {kind} data: copy or download it again")


class _BlockReader(io.RawIOBase):
    """A raw file over a generator of blocks, which is closed with it."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer)
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        close_blocks = getattr(self._blocks, "close", None)
        if close_blocks is not None:
            close_blocks()
        super().close()
