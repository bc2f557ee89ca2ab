"""The shard file: written, read back, and everything that can be wrong with one."""

import json
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lilliput.errors import DataError, FormatError, LilliputError
from lilliput.stories.shard_files import ShardHeader, is_shard, open_shard, write_shard

SETTINGS: dict[str, Any] = {
    "tokenizer_fingerprint": "tok", "vocab_size": 300, "bos": 1, "end": 2, "source": "src",
}  # fmt: skip
FIXTURE_ON = [HealthCheck.function_scoped_fixture]


def sample(path: Path, **changes: Any) -> Path:
    write_shard(path, [([5, 6, 7], 10), ([], 0), ([299], 4)], **{**SETTINGS, **changes})
    return path


@pytest.mark.parametrize("vocab_size", [300, 65_536, 65_537, 200_000])
@settings(deadline=None, max_examples=25, suppress_health_check=FIXTURE_ON)
@given(data=st.data())
def test_what_is_written_is_read_back(tmp_path: Path, vocab_size: int, data) -> None:
    ids = st.lists(st.integers(0, vocab_size - 1), max_size=9)
    stories = data.draw(st.lists(st.tuples(ids, st.integers(0, 10**6)), max_size=6))
    path = tmp_path / "s.shard"
    header = write_shard(path, iter(stories), **{**SETTINGS, "vocab_size": vocab_size})
    shard = open_shard(path, "tok")
    assert shard.header == header
    assert [shard.story(i).tolist() for i in range(len(shard))] == [[1, *ids, 2] for ids, _ in stories]
    assert shard.story_bytes.tolist() == [size for _, size in stories]
    assert header.tokens == len(shard.tokens) == sum(len(ids) + 2 for ids, _ in stories)
    assert header.text_bytes == sum(size for _, size in stories)
    assert header.dtype == str(shard.tokens.dtype) == ("uint16" if vocab_size <= 65536 else "uint32")


def test_the_layout_is_the_one_that_is_documented(tmp_path: Path) -> None:
    data = sample(tmp_path / "s.shard").read_bytes()
    magic, version, crc = struct.unpack_from("<8sII", data)
    assert (magic, version, crc) == (b"LILSHARD", 1, zlib.crc32(data[16:4096]))
    header = json.loads(data[16:4096])
    assert header == {
        "dtype": "uint16", "tokens": 10, "stories": 3, "text_bytes": 14, "tokenizer": "tok",
        "vocab_size": 300, "bos": 1, "end": 2, "source": "src", "crc32": zlib.crc32(data[4096:]),
    }  # fmt: skip
    assert struct.unpack_from("<10H", data, 4096) == (1, 5, 6, 7, 2, 1, 2, 1, 299, 2)
    assert struct.unpack_from("<4Q3I", data, 4096 + 24) == (0, 5, 7, 10, 10, 0, 4)
    assert len(data) == 4096 + 24 + 32 + 12


def test_the_shard_lies_in_the_file_and_not_in_memory(tmp_path: Path) -> None:
    def stories() -> Iterator[tuple[Any, int]]:
        row = np.arange(1000) % 300
        for _ in range(5000):
            yield row, 4000

    path = tmp_path / "s.shard"
    tracemalloc.start()
    try:
        write_shard(path, stories(), **SETTINGS)
        written = tracemalloc.get_traced_memory()[1]
        shard = open_shard(path)
        assert shard.tokens.nbytes == 10_020_000
        assert max(written, tracemalloc.get_traced_memory()[1]) < 2_000_000
    finally:
        tracemalloc.stop()
    assert not shard.tokens.flags.writeable


def test_another_tokenizer_is_refused_and_both_are_named(tmp_path: Path) -> None:
    path = sample(tmp_path / "s.shard")
    with pytest.raises(DataError, match="made with the tokenizer tok, not with other"):
        open_shard(path, "other")


@pytest.mark.parametrize(
    ("ids", "said"), [([300], "token 300"), ([-1], "token -1"), ([5, 70_000, 5], "token 70000")]
)
def test_a_token_outside_the_vocabulary_is_not_written(tmp_path: Path, ids, said: str) -> None:
    with pytest.raises(DataError, match=f"story 2: {said} is outside"):
        write_shard(tmp_path / "s.shard", [([5], 1), (ids, 1)], **SETTINGS)
    with pytest.raises(DataError, match="BOS 1 and END 300"):
        write_shard(tmp_path / "s.shard", [], **{**SETTINGS, "end": 300})
    assert not any(tmp_path.iterdir())


def test_a_story_is_found_by_its_index_only(tmp_path: Path) -> None:
    shard = open_shard(sample(tmp_path / "s.shard"))
    for index in (-1, 3):
        with pytest.raises(IndexError):
            shard.story(index)


def test_any_flipped_bit_is_found(tmp_path: Path) -> None:
    path = sample(tmp_path / "s.shard")
    good = path.read_bytes()
    for at in [*range(400), 4000, *range(4090, len(good))]:  # between lie spaces alone
        bad = bytearray(good)
        bad[at] ^= 1 << (at % 8)
        path.write_bytes(bad)
        with pytest.raises(FormatError):
            open_shard(path)


def test_any_cut_or_addition_is_found(tmp_path: Path) -> None:
    path = sample(tmp_path / "s.shard")
    good = path.read_bytes()
    for length in [0, 1, 7, 16, 4095, *range(4096, len(good))]:
        path.write_bytes(good[:length])
        with pytest.raises(FormatError):
            open_shard(path, verify=False)
    path.write_bytes(good + b"\0")
    with pytest.raises(FormatError, match="it was cut or changed"):
        open_shard(path, verify=False)


def forge(path: Path, header: dict[str, Any], body: bytes) -> Path:
    """A file whose checksums are right, whatever it says."""
    header = {**header, "crc32": zlib.crc32(body)}
    text = json.dumps(header).encode().ljust(4080)
    path.write_bytes(struct.pack("<8sII", b"LILSHARD", 1, zlib.crc32(text)) + text + body)
    return path


NUMBERS = st.integers(-5, 20) | st.sampled_from([2**16, 2**31, 2**32, 2**48, 2**63, 2**64, 10**30])
HOSTILE = NUMBERS | st.sampled_from([None, True, 1.5, "uint16", "uint32", "float64", "", [], {}])


@settings(deadline=None, max_examples=150, suppress_health_check=FIXTURE_ON)
@given(
    st.dictionaries(st.sampled_from([*ShardHeader.__dataclass_fields__, "more"]), HOSTILE, max_size=4),
    st.lists(st.tuples(st.integers(0, 67), st.sampled_from([0, 1, 5, 127, 255])), max_size=4),
)
def test_a_hostile_shard_is_refused_or_harmless(tmp_path: Path, changes, pokes) -> None:
    good = sample(tmp_path / "good.shard").read_bytes()
    body = bytearray(good[4096:])
    for at, value in pokes:
        body[at] = value
    path = forge(tmp_path / "bad.shard", {**json.loads(good[16:4096]), **changes}, bytes(body))
    for verify in (True, False):
        try:
            shard = open_shard(path, verify=verify)
        except LilliputError:
            continue
        assert [len(shard.story(index)) >= 2 for index in range(len(shard))] == [True] * len(shard)
        assert not verify or shard.tokens.max(initial=0) < shard.header.vocab_size


@pytest.mark.parametrize(
    ("offsets", "said"),
    [
        ((0, 5, 4, 10), "places"), ((0, 2**64 - 1, 7, 10), "places"), ((0, 5, 6, 10), "places"),
        ((1, 5, 7, 10), "places"), ((0, 5, 7, 9), "places"), ((0, 4, 7, 10), "BOS"),
    ],
)  # fmt: skip
def test_offsets_that_cannot_be_are_refused(tmp_path: Path, offsets, said: str) -> None:
    good = sample(tmp_path / "good.shard").read_bytes()
    body = good[4096 : 4096 + 24] + struct.pack("<4Q", *offsets) + good[4096 + 56 :]
    path = forge(tmp_path / "bad.shard", json.loads(good[16:4096]), body)
    with pytest.raises(FormatError, match=said):
        open_shard(path)


def test_a_token_outside_the_vocabulary_is_found_at_opening(tmp_path: Path) -> None:
    good = sample(tmp_path / "good.shard").read_bytes()
    header = {**json.loads(good[16:4096]), "vocab_size": 299}
    path = forge(tmp_path / "bad.shard", header, good[4096:])
    with pytest.raises(FormatError, match="outside the vocabulary"):
        open_shard(path)


def test_another_version_or_another_file_is_named(tmp_path: Path) -> None:
    path = sample(tmp_path / "s.shard")
    assert is_shard(path)
    data = bytearray(path.read_bytes())
    data[8] = 2
    path.write_bytes(data)
    with pytest.raises(FormatError, match="version 2, and this program reads version 1"):
        open_shard(path)
    path.write_bytes(b"Once upon a time" * 1000)
    assert not is_shard(path)
    with pytest.raises(FormatError, match="is not a shard"):
        open_shard(path)
    with pytest.raises(DataError, match="no such shard"):
        open_shard(tmp_path / "nowhere")
