"""Separators in plain text: found, obeyed, and missed."""

import io
import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import DataError
from lilliput.stories import decoding
from lilliput.stories.story import MAX_STORY_BYTES
from lilliput.stories.text_files import ENDOFTEXT, detect_separator, iter_text_stories

PIECES = st.sampled_from(["A b.", " ", "\n", "\n \t\n", "\r\n", ENDOFTEXT, "<|endof", "text|>", "é"])
TEXTS = st.lists(PIECES, max_size=14).map("".join)


def detect(text: str) -> str:
    return detect_separator(io.BytesIO(text.encode()), "stories.txt")


def split(text: str, separator: str) -> list[str]:
    return list(iter_text_stories(io.BytesIO(text.encode()), "stories.txt", separator))


def in_blocks_of(size: int) -> pytest.MonkeyPatch:
    patch = pytest.MonkeyPatch()
    patch.setattr(decoding, "BLOCK_BYTES", size)
    return patch


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.integers(1, 9), st.sampled_from(["endoftext", "blank-line", "line"]))
def test_stories_are_the_texts_between_separators(text: str, size: int, separator: str) -> None:
    pattern = {"endoftext": re.escape(ENDOFTEXT), "blank-line": r"\n[ \t]*\n", "line": r"\n"}
    whole = text.replace("\r\n", "\n")
    wanted = [part.strip() for part in re.split(pattern[separator], whole) if part.strip()]
    patch = in_blocks_of(size)
    try:
        assert split(text, separator) == wanted
    finally:
        patch.undo()


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.integers(1, 9))
def test_the_separator_found_is_the_one_the_whole_text_has(text: str, size: int) -> None:
    whole = text.replace("\r\n", "\n").strip()
    patch = in_blocks_of(size)
    try:
        if ENDOFTEXT in whole:
            assert detect(text) == "endoftext"
        elif re.search(r"\n[ \t]*\n", whole):
            assert detect(text) == "blank-line"
        else:
            with pytest.raises(DataError, match="--separator line" if whole else "no story"):
                detect(text)
    finally:
        patch.undo()


def test_endoftext_is_found_behind_megabytes_of_blank_lines() -> None:
    assert detect("A paragraph.\n\n" * 200_000 + ENDOFTEXT + " B.") == "endoftext"


def test_a_blank_line_is_found_across_megabytes_of_space() -> None:
    assert detect("One.\n" + " " * 3_000_000 + "\nTwo.") == "blank-line"
    assert detect("One." + "\n" * 3_000_000 + "Two.") == "blank-line"
    assert detect("One.\n\n" + " " * 3_000_000 + "Two.") == "blank-line"
    with pytest.raises(DataError, match="neither"):
        detect("One." + " " * 3_000_000 + "two.\n" + "\n" * 2_000_000)


@pytest.mark.parametrize("text", ["", " \n\n ", "\ufeff", "\n" * 3_000_000])
def test_a_text_of_nothing_is_said_to_hold_no_story(text: str) -> None:
    with pytest.raises(DataError, match="holds no story"):
        detect(text)


@pytest.mark.parametrize("separator", ["endoftext", "blank-line", "line"])
def test_an_endless_story_is_refused_before_it_is_held(separator: str) -> None:
    data = io.BytesIO(b"One.\n\n" + ENDOFTEXT.encode() + b"\n\n" + b"once upon " * 5_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as raised:
            list(iter_text_stories(data, "stories.txt", separator))
        assert tracemalloc.get_traced_memory()[1] < 12 * MAX_STORY_BYTES
    finally:
        tracemalloc.stop()
    said = str(raised.value)
    assert "the story that begins in line 5 has more than 1,000,000 bytes" in said
    assert ENDOFTEXT in said


@pytest.mark.parametrize("separator", ["endoftext", "blank-line", "line"])
def test_the_limit_counts_bytes_and_names_the_line(separator: str) -> None:
    between = {"endoftext": f"\n{ENDOFTEXT}\n", "blank-line": "\n\n", "line": "\n"}[separator]
    fits = "é" * (MAX_STORY_BYTES // 2)
    assert split(f"A.{between}{fits}{between}B.", separator) == ["A.", fits, "B."]
    line = 1 + between.count("\n")
    with pytest.raises(DataError, match=f"the story in line {line}.* has 1,000,001 bytes"):
        split(f"A.{between}{fits}a{between}B.", separator)


def test_tinystories_counts_are_known(shared) -> None:
    with (shared / "data/tinystories-valid.txt").open("rb") as file:
        assert detect_separator(file, "valid") == "endoftext"
        file.seek(0)
        stories = list(iter_text_stories(file, "valid", "endoftext"))
    assert len(stories) == 1316
    assert sum(len(story.encode()) for story in stories) == 1_048_615
