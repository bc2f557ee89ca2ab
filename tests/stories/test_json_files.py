"""JSON arrays and values one after another, and the column of text in rows."""

import io
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import DataError
from lilliput.stories import decoding
from lilliput.stories.json_files import iter_json_entries, stories_from_rows
from lilliput.stories.story import Story

ENTRIES = st.lists(
    st.text(max_size=8) | st.dictionaries(st.text(max_size=4), st.text(max_size=8), max_size=3),
    max_size=6,
)


def entries(data: bytes) -> list[object]:
    return [value for _, value in iter_json_entries(io.BytesIO(data), "stories.json")]


@settings(deadline=None, max_examples=80)
@given(ENTRIES, st.integers(1, 9), st.sampled_from([None, 1]), st.booleans())
def test_entries_do_not_depend_on_form_or_on_where_blocks_end(values, size, indent, array) -> None:
    if array:
        text = json.dumps(values, indent=indent)
    else:
        text = "\n".join(json.dumps(value, indent=indent) for value in values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", size)
        assert entries(b" \n" + text.encode() + b"\n") == values


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'["a", "b"', "ends before its ] after entry 2"),
        (b'["a", "b', "entry 2 is not JSON: Unterminated string"),
        (b'["a", nope]', "entry 2 is not JSON"),
        (b'["a"] ["b"]', "goes on behind its ]"),
        (b'["a", ' + b"[" * 100_000, "entry 2: JSON nested too deeply"),
        (b'["a", ' + b"1" * 5000 + b"]", "entry 2 is not JSON: a number with too many digits"),
        (b"Once upon a time", "entry 1 is not JSON"),
        (b'{"text": "caf\xe9"}', "not UTF-8"),
    ],
)
def test_what_is_not_json_is_named_with_its_entry(data: bytes, said: str) -> None:
    with pytest.raises(DataError) as raised:
        entries(data)
    assert said in str(raised.value)


def test_a_long_array_is_read_in_bounded_memory() -> None:
    class Endless(io.RawIOBase):
        """An array that never ends, made as it is read."""

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            self.given = getattr(self, "given", 0) + 1
            return (b"[" if self.given == 1 else b"") + b'{"story": "Once."},' * (size // 19)

    tracemalloc.start()
    try:
        rows = iter_json_entries(Endless(), "endless")
        assert all(next(rows)[1] == {"story": "Once."} for _ in range(60_000))  # over a block
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_an_entry_without_end_is_refused() -> None:
    with pytest.raises(DataError, match="entry 1 is longer than 16,000,000 characters"):
        entries(b'["' + b"a" * 40_000_000)


def rows(*values: object) -> list[Story]:
    named = ((f"row {number}", value) for number, value in enumerate(values, start=1))
    return list(stories_from_rows(named, None))


def test_the_column_is_found_by_its_usual_names_and_the_rest_are_labels() -> None:
    assert rows({"content": "c", "story": " S. ", "n": 1}) == [Story("S.", {"content": "c", "n": 1})]
    assert rows({"content": " c\n"}) == [Story("c")]
    assert rows("One.", " ", "Two.") == [Story("One."), Story("Two.")]


def test_the_column_of_the_first_row_must_be_in_all() -> None:
    with pytest.raises(DataError, match="row 2: no column called story; its columns: text"):
        rows({"story": "a"}, {"text": "b"})
    with pytest.raises(DataError, match=r"row 1: no column called text or story.*--column \(a, b\)"):
        rows({"a": "x", "b": "y"})
    with pytest.raises(DataError, match="row 1: a number, where an object"):
        rows(7)


def test_a_named_column_is_taken() -> None:
    given = iter([("row 1", {"text": "no", "tale": "yes"})])
    assert [story.text for story in stories_from_rows(given, "tale")] == ["yes"]
    with pytest.raises(DataError, match="row 1: a string, where an object"):
        list(stories_from_rows(iter([("row 1", "bare")]), "tale"))
