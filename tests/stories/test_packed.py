"""gzip and zstd by content, and what is neither."""

import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from lilliput.errors import DataError
from lilliput.stories.packed import open_unpacked

DATA = b"Once upon a time. " * 20_000
PACKERS = {"gzip": gzip.compress, "zstd": zstandard.compress, "plain": bytes}


def read(path: Path) -> bytes:
    with open_unpacked(path) as file:
        return file.read()


@pytest.mark.parametrize("kind", PACKERS)
def test_packed_data_is_unpacked_whatever_the_name_says(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "stories.txt"
    path.write_bytes(PACKERS[kind](DATA))
    assert read(path) == DATA


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_several_packed_parts_in_one_file_are_read_one_after_another(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "stories"
    path.write_bytes(PACKERS[kind](b"one ") + PACKERS[kind](b"two"))
    assert read(path) == b"one two"


def test_a_zstd_frame_without_its_size_is_read(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(packed, closefd=False) as writer:
        writer.write(DATA)
    path = tmp_path / "stories.zst"
    path.write_bytes(b"\x50\x2a\x4d\x18\x04\0\0\0skip" + packed.getvalue())
    assert read(path) == DATA


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_every_cut_of_packed_data_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "stories"
    packed = PACKERS[kind](b"Once upon a time there was a king.")
    for length in range(4, len(packed)):
        path.write_bytes(packed[:length])
        with pytest.raises(DataError, match=f"ends in the middle of its {kind} data"):
            read(path)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_damage_in_packed_data_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "stories"
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(DATA) if kind == "zstd" else (
        gzip.compress(DATA)
    )  # fmt: skip
    path.write_bytes(packed[:-2] + bytes([packed[-2] ^ 1]) + packed[-1:])
    with pytest.raises(DataError, match=f"damaged {kind}"):
        read(path)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_bomb_is_unpacked_in_bounded_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[kind](bytes(400_000_000)))
    assert path.stat().st_size < 500_000
    tracemalloc.start()
    try:
        with open_unpacked(path) as file:
            for _ in range(20):
                file.read(1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 80_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("start", "said"),
    [(b"PK\x03\x04", "zip"), (b"BZh9", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"%PDF-1.7", "PDF")],
)
def test_another_kind_of_archive_is_named(tmp_path: Path, start: bytes, said: str) -> None:
    path = tmp_path / "stories.txt"
    path.write_bytes(start + b"rest of it")
    with pytest.raises(DataError, match=said):
        open_unpacked(path)
