"""Stories and JSON lines."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import DataError
from lilliput.stories.story import MAX_LINE_BYTES, Story, read_jsonl, write_jsonl

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
VALUES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXTS | st.lists(TEXTS)
LABELS = st.dictionaries(TEXTS.filter(lambda name: name != "text"), VALUES, max_size=3)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.builds(Story, TEXTS, LABELS), max_size=5))
def test_what_is_written_as_json_lines_is_read_back_equal(tmp_path_factory, stories) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "stories.jsonl"
    assert write_jsonl(path, stories) == len(stories)
    assert list(read_jsonl(path)) == stories


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "line 2 is not JSON"),
        (b"[1]", "line 2: a list, where an object"),
        (b'{"story": "x", "n": 1}', "line 2: no column called text; its columns: n, story"),
        (b'{"text": 5}', "line 2: text is a number, not a text"),
        (b'{"text": null}', "line 2: text is null, not a text"),
        (
            b'{"text": "\\ud800 a"}',
            r"line 2: text: character 1 is half of a surrogate pair (\ud800)",
        ),
        (b'{"text": "a\\u0000"}', "line 2: text holds a NUL character"),
        (b'{"text": "caf\xe9"}', "line 2: byte 14 is not UTF-8"),
        (b"[" * 100_000, "line 2: JSON nested too deeply"),
        (b'{"text": "a", "n": ' + b"1" * 5000 + b"}", "line 2: a number with too many digits"),
    ],
)
def test_a_line_that_is_no_story_is_named_with_what_is_wrong(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "stories.jsonl"
    path.write_bytes(b'{"text": "One."}\n' + line + b"\n")
    with pytest.raises(DataError) as raised:
        list(read_jsonl(path))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_byte_order_mark_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "stories.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "One."}\r\n\r\n  \n{"text": "Two."}')
    assert [story.text for story in read_jsonl(path)] == ["One.", "Two."]


def test_a_line_without_end_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "stories.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text": "')
        file.truncate(20 * MAX_LINE_BYTES)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="line 1 is longer than 16,000,000 bytes"):
            list(read_jsonl(path))
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_LINE_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (Story("a", {"text": 1}), "a label cannot be called text"),
        (Story("a", {"b": object()}), "cannot be written as JSON"),
        (Story("\ud800"), "cannot be written as JSON"),
    ],
)
def test_a_story_that_json_cannot_hold_leaves_no_file(tmp_path: Path, story: Story, said: str) -> None:
    with pytest.raises(DataError, match=said):
        write_jsonl(tmp_path / "stories.jsonl", [Story("fine"), story])
    assert not any(tmp_path.iterdir())
