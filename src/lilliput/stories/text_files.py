"""Stories in plain text: which separator there is, and the stories between.

A file is read in blocks; what is held is one block and the story that is being read.
"""

import re
from collections.abc import Iterator
from typing import IO, Literal

from lilliput.errors import DataError
from lilliput.stories.decoding import iter_text
from lilliput.stories.story import MAX_STORY_BYTES, strip_text

Separator = Literal["auto", "endoftext", "blank-line", "line"]
FoundSeparator = Literal["endoftext", "blank-line", "line"]

ENDOFTEXT = "<|endoftext|>"
HOW = {
    "endoftext": f"stories separated by {ENDOFTEXT}",
    "blank-line": "stories separated by blank lines",
    "line": "one story a line",
}

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_SPLITTERS = {
    "endoftext": re.compile(re.escape(ENDOFTEXT)),
    "blank-line": _BLANK_LINE,
    "line": re.compile(r"\n"),
}
_LINE_FEEDS = {"endoftext": 0, "blank-line": 2, "line": 1}  # in a separator
_LONG_SPACE = 4096  # characters of whitespace; a longer run is shortened while looking for separators


def detect_separator(file: IO[bytes], name: str) -> FoundSeparator:
    """Which separator the text has: `<|endoftext|>` wherever it occurs, else blank lines.

    The whole file is read unless `<|endoftext|>` is met before: a book's first blank line says
    little. Raises DataError if it is empty, if it is not text, and if neither occurs between two
    texts.
    """
    blank, carry = False, ""
    for block in iter_text(file, name):
        text = (carry + block).lstrip()
        if ENDOFTEXT in text:
            return "endoftext"
        body = text.rstrip()
        blank = blank or _BLANK_LINE.search(body) is not None
        carry = _carry(text, body)
    if blank:
        return "blank-line"
    if not carry:
        raise DataError(f"{name} holds no story: it is empty or only whitespace")
    raise DataError(
        f"{name}: neither {ENDOFTEXT} nor a blank line separates its stories: ask for "
        "--separator line if each line is a story, or for --separator endoftext if the file is one"
    )


def _carry(text: str, body: str) -> str:
    """What the next block may complete: a word's end and the space after it, half a separator."""
    space = text[len(body) :]
    if len(space) > _LONG_SPACE:
        space = "\n" * min(2, space.count("\n")) + " "
        return body[-1:] + space if body else ""
    return text[min(max(len(body) - 1, 0), max(len(text) - len(ENDOFTEXT), 0)) :]


def iter_text_stories(
    file: IO[bytes], name: str, separator: FoundSeparator, keep_empty: bool = False
) -> Iterator[str]:
    """Yield the stories between separators, stripped; empty ones are left out.

    With `keep_empty` a story of nothing but whitespace that ends with `<|endoftext|>` is yielded, empty:
    there it is a fault of the file, where more blank lines than one are not.

    Raises DataError for what is not UTF-8 text, and for a story longer than MAX_STORY_BYTES as soon
    as that many bytes are read.
    """
    splitter = _SPLITTERS[separator]
    keep_empty = keep_empty and separator == "endoftext"
    rest, line = "", 1  # `line`: where `rest` begins
    for block in iter_text(file, name):
        *whole, rest = splitter.split(rest + block)
        for part in whole:
            if story := part.strip():
                yield strip_text(story, f"{name}: the story in line {_first_line(part, line):,}")
            elif keep_empty:
                yield ""
            line += part.count("\n") + _LINE_FEEDS[separator]
        rest, line = _without_leading_space(rest, line)
        if len(rest) > MAX_STORY_BYTES:
            raise DataError(_too_long(name, line, separator))
    if story := rest.strip():
        yield strip_text(story, f"{name}: the story in line {line:,}")


def _first_line(part: str, line: int) -> int:
    return line + part[: len(part) - len(part.lstrip())].count("\n")


def _without_leading_space(rest: str, line: int) -> tuple[str, int]:
    body = rest.lstrip()
    return body, line + rest[: len(rest) - len(body)].count("\n")


def _too_long(name: str, line: int, separator: FoundSeparator) -> str:
    others = {
        "endoftext": f"put {ENDOFTEXT} between the stories, or ask for --separator blank-line",
        "blank-line": f"put {ENDOFTEXT} or blank lines between the stories",
        "line": f"put {ENDOFTEXT} between the stories, or each on a line of its own",
    }
    return (
        f"{name}: the story that begins in line {line:,} has more than {MAX_STORY_BYTES:,} bytes "
        f"(read as {HOW[separator]}): {others[separator]}"
    )
