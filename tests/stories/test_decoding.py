"""Bytes to text in blocks, and the diagnosis of what is not text."""

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import DataError
from lilliput.stories import decoding
from lilliput.stories.decoding import iter_text

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\r"))
PROSE = "Der König ging über die Brücke, und alle Kinder freuten sich sehr.\n" * 50


def decode(data: bytes) -> str:
    return "".join(iter_text(io.BytesIO(data), "stories.txt"))


def diagnosis(data: bytes) -> str:
    with pytest.raises(DataError) as raised:
        decode(data)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@settings(deadline=None, max_examples=150)
@given(TEXTS, st.integers(1, 7))
def test_the_text_does_not_depend_on_where_blocks_end(text: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", size)
        assert decode(text.encode()) == text.replace("\r\n", "\n").replace("\r", "\n")


def test_a_byte_order_mark_is_dropped_only_at_the_start() -> None:
    assert decode("\ufeffone \ufefftwo".encode()) == "one \ufefftwo"


def test_utf16_is_named_with_the_way_out() -> None:
    assert "UTF-16: iconv -f UTF-16 -t UTF-8" in diagnosis(PROSE.encode("utf-16"))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32"])
def test_zeros_are_named(encoding: str) -> None:
    assert "is not text: a NUL at byte" in diagnosis(PROSE.encode(encoding)[4:])


def test_random_bytes_are_called_no_text() -> None:
    noise = random.Random(0).randbytes(5000).replace(b"\0", b"\1")
    assert "is not text" in diagnosis(noise)
    assert "control characters lie around it" in diagnosis(b"Once upon. " * 3000 + b"\xff" + noise[:500])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 1 << 20])
def test_western_text_is_named_with_its_place_and_the_way_out(size: int) -> None:
    before = "Zwölf Könige.\nUnd noch einer.\n"
    data = before.encode() + "Er heißt Jörg.".encode("cp1252") + b" Es war gut." * 20
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", size)
        said = diagnosis(data)
    place = len(before.encode()) + len("Er hei")
    assert f"byte {place} (line 3) is 0xdf" in said
    assert "iconv -f WINDOWS-1252 -t UTF-8" in said or size < 7  # too little to tell a language by


def test_places_are_counted_from_the_start_of_the_file() -> None:
    assert "byte 6 (line 1)" in diagnosis(b"\xef\xbb\xbfabc\xe9" + b" and so on" * 9)
    assert "NUL at byte 6" in diagnosis(b"\xef\xbb\xbfabc\0" + b" and so on" * 9)


def test_text_of_another_alphabet_is_not_called_western() -> None:
    said = diagnosis(("Жили-были старик со старухой. " * 30).encode("cp1251"))
    assert "iconv -f ENCODING" in said
    assert "WINDOWS-1251" in said


def test_a_file_cut_within_a_character_is_named() -> None:
    assert "ends in the middle of a UTF-8 character" in diagnosis("König é".encode()[:-1])
