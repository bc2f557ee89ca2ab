"""Rows of JSON files: lines, one array, or values one after another, each read as it comes.

TinyStories' own shards are arrays of a hundred thousand objects: only the entry that is being read
is held.
"""

import json
from collections.abc import Iterator
from typing import IO, Any

from lilliput.errors import DataError
from lilliput.stories.decoding import iter_text
from lilliput.stories.story import MAX_LINE_BYTES, Story, story_from_row, strip_text

TEXT_COLUMNS = ("text", "story", "content")  # looked for in this order when no column is named

_SPACE = " \t\n\r"


def iter_json_entries(file: IO[bytes], name: str) -> Iterator[tuple[str, Any]]:
    """Yield (where, value) for each entry of an array, or of values written one after another.

    Raises DataError for what is not JSON in UTF-8, for an array that does not end, and for an entry
    longer than MAX_LINE_BYTES.
    """
    blocks = iter_text(file, name)
    buffer = _more("", blocks)
    array = buffer.startswith("[")
    position, number = int(array), 0
    while True:
        position = _skip(buffer, position, "," if array and number else "")
        if position == len(buffer):
            buffer, position = _more("", blocks), 0
            if not buffer and array:
                raise DataError(f"{name} ends before its ] after entry {number:,}: it was cut")
            if not buffer:
                return
            continue
        if array and buffer[position] == "]":
            if _more(buffer[position + 1 :].lstrip(_SPACE), blocks):
                raise DataError(f"{name} goes on behind its ]: use one entry a line and .jsonl")
            return
        where = f"{name}, entry {number + 1:,}"
        value, buffer, position = _decode(buffer, position, blocks, where)
        number += 1
        yield where, value


def stories_from_rows(
    rows: Iterator[tuple[str, Any]], column: str | None, keep_empty: bool = False
) -> Iterator[Story]:
    """Yield the stories of rows (objects with a column of text, or bare strings).

    Without a `column`, the first row's `text`, `story` or `content` is taken, and then of every
    row. Rows whose text is empty are left out, unless `keep_empty`. Raises DataError that names the
    row and the columns it has.
    """
    for where, row in rows:
        if isinstance(row, str) and column is None:
            story = Story(strip_text(row, where))
        else:
            column = column or choose_column(row, where)
            story = story_from_row(row, column, where)
            story = Story(strip_text(story.text, f"{where}: {column}"), story.labels)
        if story.text or keep_empty:
            yield story


def choose_column(row: Any, where: str) -> str:
    """The column of text by its name; raises DataError that names the columns there are."""
    names = list(row) if isinstance(row, dict) else []
    for column in TEXT_COLUMNS:
        if column in names or not isinstance(row, dict):
            return column
    raise DataError(
        f"{where}: no column called {' or '.join(TEXT_COLUMNS)}: name one with --column "
        f"({', '.join(names) or 'it has none'})"
    )


def _more(rest: str, blocks: Iterator[str]) -> str:
    """`rest` and the next block that is not only space; `rest` alone at the end of the file."""
    for block in blocks:
        if rest or block.lstrip(_SPACE):
            return rest + block if rest else block.lstrip(_SPACE)
    return rest


def _skip(buffer: str, position: int, comma: str) -> int:
    end = len(buffer)
    while position < end and (buffer[position] in _SPACE or buffer[position] == comma):
        position += 1
    return position


def _decode(buffer: str, position: int, blocks: Iterator[str], where: str) -> tuple[Any, str, int]:
    """The value at `position`, the buffer and the position behind it; reads on while needed."""
    decoder = json.JSONDecoder()
    while True:
        try:
            value, end = decoder.raw_decode(buffer, position)
        except RecursionError:
            raise DataError(f"{where}: JSON nested too deeply to be a story") from None
        except json.JSONDecodeError as error:
            problem = error.msg
        except ValueError:
            problem = "a number with too many digits"
        else:
            return value, buffer, end
        rest = buffer[position:]
        if len(rest) > MAX_LINE_BYTES:
            raise DataError(f"{where} is longer than {MAX_LINE_BYTES:,} characters, or not JSON: {problem}")
        buffer, position = _more(rest, blocks), 0
        if len(buffer) == len(rest):
            raise DataError(f"{where} is not JSON: {problem}")
