"""A story, and the one file format in which stories keep their labels: JSON lines.

One line holds one story: `{"text": "Once upon a time …", "topic": "sharing"}`. The key `text` is
the story; every other key is a label. UTF-8, a line feed after each line, no blank line needed.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lilliput.errors import DataError
from lilliput.rundir import atomic_write

MAX_STORY_BYTES = 1_000_000  # of UTF-8: a longer "story" is a file whose separator was not found
MAX_LINE_BYTES = 16_000_000  # of one JSON line; a longer one is refused before it is held in memory


@dataclass(frozen=True, slots=True)
class Story:
    """A text and what is known about it (JSON values by name)."""

    text: str
    labels: dict[str, Any] = field(default_factory=dict)


def read_jsonl(path: Path) -> Iterator[Story]:
    """Yield the stories of a JSON-lines file exactly as they were written.

    Raises DataError that names the line for anything but an object with a string under `text`.
    """
    with path.open("rb") as file:
        for where, row in iter_json_lines(file, str(path)):
            yield story_from_row(row, "text", where)


def write_jsonl(path: Path, stories: Iterable[Story]) -> int:
    """Write stories as JSON lines, atomically; returns how many.

    Raises DataError for a label called `text`, for a label that JSON cannot hold, for a text that
    UTF-8 cannot hold.
    """
    count = 0
    with atomic_write(path) as file:
        for count, story in enumerate(stories, start=1):
            if "text" in story.labels:
                raise DataError(f"story {count}: a label cannot be called text: rename it")
            try:
                line = json.dumps({"text": story.text, **story.labels}, ensure_ascii=False)
                file.write(line.encode("utf-8") + b"\n")
            except (TypeError, ValueError) as error:  # UnicodeEncodeError is a ValueError
                raise DataError(f"story {count} cannot be written as JSON: {error}") from None
    return count


def iter_json_lines(file: IO[bytes], name: str) -> Iterator[tuple[str, Any]]:
    """Yield (where, value) for each line of `file` that is not blank; `where` is "NAME, line N".

    Raises DataError for a line that is not JSON in UTF-8, or longer than MAX_LINE_BYTES.
    """
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        where = f"{name}, line {number}"
        if len(line) > MAX_LINE_BYTES:
            raise DataError(
                f"{where} is longer than {MAX_LINE_BYTES:,} bytes: JSON lines hold one story a line"
            )
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")  # a byte order mark, as Windows writes it
        if line.strip():
            yield where, parse_json(line, where)


def parse_json(line: bytes, where: str) -> Any:
    """The value of one JSON line; raises DataError that says where and what."""
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: byte {error.start + 1} is not UTF-8: JSON lines are UTF-8 "
            "(iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW mends a Western file)"
        ) from None
    except RecursionError:
        raise DataError(f"{where}: JSON nested too deeply to be a story") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{where} is not JSON: {error.msg} at column {error.colno}") from None
    except ValueError:  # an integer of thousands of digits
        raise DataError(f"{where}: a number with too many digits") from None


def story_from_row(row: Any, column: str, where: str) -> Story:
    """The story in a row: `row[column]` is its text, the other keys are its labels.

    Raises DataError that names the columns there are, or says why the text cannot serve.
    """
    if not isinstance(row, dict):
        raise DataError(f'{where}: {_kind(row)}, where an object such as {{"text": …}} is needed')
    if column not in row:
        columns = ", ".join(sorted(row)) or "none"
        raise DataError(f"{where}: no column called {column}; its columns: {columns}")
    text = check_text(row[column], f"{where}: {column}")
    return Story(text, {name: value for name, value in row.items() if name != column})


def check_text(text: Any, where: str) -> str:
    """`text` if it is a string that a tokenizer can take; raises DataError otherwise."""
    if not isinstance(text, str):
        raise DataError(f"{where} is {_kind(text)}, not a text")
    if "\0" in text:
        raise DataError(f"{where} holds a NUL character: that is not text")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        half = ord(text[error.start])
        raise DataError(
            f"{where}: character {error.start + 1} is half of a surrogate pair (\\u{half:04x}): "
            "write the whole character"
        ) from None
    return text


def strip_text(text: Any, where: str) -> str:
    """`text` without the whitespace at its ends, of at most MAX_STORY_BYTES; raises DataError."""
    stripped = check_text(text, where).strip()
    if 4 * len(stripped) > MAX_STORY_BYTES:  # at most 4 bytes a character: else no need to count
        size = len(stripped.encode("utf-8"))
        if size > MAX_STORY_BYTES:
            raise DataError(f"{where} has {size:,} bytes, and a story at most {MAX_STORY_BYTES:,}: cut it up")
    return stripped


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return "null" if value is None else names.get(type(value), "a number")
