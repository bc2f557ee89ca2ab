"""Sources: files, folders and hub data sets in, one story at a time out.

What a file is, is seen in its content before its name: packed text is unpacked, a parquet or JSON
lines are read as such under a text's name. What was found is said (`Opened.description`), so that
nobody trains on paragraphs that were meant as stories.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lilliput.config import near_miss
from lilliput.errors import DataError
from lilliput.stories.hub import hub_name, iter_hub_rows
from lilliput.stories.json_files import iter_json_entries, stories_from_rows
from lilliput.stories.packed import open_unpacked
from lilliput.stories.parquet_files import iter_parquet_rows
from lilliput.stories.story import Story, iter_json_lines
from lilliput.stories.text_files import HOW, Separator, detect_separator, iter_text_stories
from lilliput.stories.world import iter_world

_TEXT, _LINES, _JSON, _PARQUET = "text", "JSON lines", "JSON", "parquet"
_ENDINGS = {
    ".txt": _TEXT, ".md": _TEXT, "": _TEXT, ".jsonl": _LINES, ".ndjson": _LINES,
    ".json": _JSON, ".parquet": _PARQUET,
}  # fmt: skip
_WORLD_COUNT = 20_000
_WORLD_NAME = re.compile(r"world(:(?P<count>[1-9]\d{0,11})(:(?P<seed>\d{1,18}))?)?")
_PACKED = (".gz", ".zst")
_NOT_STORIES = ("readme.md", "license.md", "license.txt")  # passed over in a folder
_SNIFF_BYTES = 1 << 16


@dataclass(frozen=True)
class Source:
    """One file or hub data set: its name, how it is read, and a function that reads it."""

    name: str
    how: str
    read: Callable[[], Iterator[Story]]


@dataclass(frozen=True)
class Opened:
    """Stories to be read once, and what they are read from.

    Reading `stories` raises DataError for whatever is wrong deeper in the sources.
    """

    sources: tuple[Source, ...]
    stories: Iterator[Story]

    @property
    def description(self) -> str:
        """A line for people: "tinystories.txt: stories separated by <|endoftext|>"."""
        ways: dict[str, list[str]] = {}
        for source in self.sources:
            ways.setdefault(source.how, []).append(source.name)
        return "; ".join(f"{_some(names)}: {how}" for how, names in ways.items())


def open_stories(
    paths: Sequence[str],
    *,
    separator: Separator = "auto",
    column: str | None = None,
    keep_empty: bool = False,
) -> Opened:
    """Open files, folders, `hub:owner/name[:column]` data sets and `world[:COUNT[:SEED]]`, the
    built-in story world, as one stream of stories.

    `separator` is for plain text ("auto" looks), `column` for JSON, parquet and the hub. A folder
    gives the files in it and below that can be read, by name. Texts lose the whitespace at their
    ends, and empty ones are left out (unless `keep_empty`, so that they can be counted); in text
    files CR LF becomes LF; nothing else is changed.

    Raises DataError for a path that is not there or cannot be read as stories, MissingExtraError
    for a parquet or the hub without their packages.
    """
    if not paths:
        raise DataError("no stories were named: give a file, a folder or hub:owner/name")
    groups = [_open_path(path, separator, column, keep_empty) for path in paths]
    sources = tuple(source for group in groups for source in group)
    kinds = {source.how in HOW.values() for source in sources}
    if column is not None and False not in kinds:
        raise DataError(f"--column {column}: plain text has no columns; leave it out")
    if separator != "auto" and True not in kinds:
        raise DataError(f"--separator {separator} is for plain text, and there is none; leave it out")
    return Opened(sources, _chain(list(zip(paths, groups, strict=True))))


class Fingerprint:
    """The sha256 of story texts in their order, as 16 hex digits; labels do not count."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, story: Story) -> None:
        text = story.text.encode("utf-8")
        self._digest.update(len(text).to_bytes(8, "little") + text)  # the length keeps texts apart

    def __str__(self) -> str:
        return self._digest.hexdigest()[:16]


def fingerprint_stories(stories: Iterable[Story]) -> str:
    """The fingerprint of stories (see `Fingerprint`); reads them all."""
    fingerprint = Fingerprint()
    for story in stories:
        fingerprint.add(story)
    return str(fingerprint)


def _chain(groups: list[tuple[str, list[Source]]]) -> Iterator[Story]:
    for path, sources in groups:
        empty = True
        for source in sources:
            for story in source.read():
                empty = False
                yield story
        if empty:
            raise DataError(f"{path} holds no story: it is empty, or only separators and whitespace")


def _open_path(path: str, separator: Separator, column: str | None, keep_empty: bool) -> list[Source]:
    if path.startswith("hub:"):
        return [_open_hub(path, column, keep_empty)]
    if path == "world" or path.startswith("world:"):
        return [_open_world(path)]
    place = Path(path).expanduser()
    if place.is_dir():
        files = _readable_files(place)
        if not files:
            raise DataError(f"{path}: nothing to read in this folder: {_known_endings()} are read")
        return [_open_file(file, separator, column, keep_empty) for file in files]
    if not place.exists():
        raise DataError(f"{path}: no such file or folder{_near_file(place)}")
    if not place.is_file():
        raise DataError(f"{path} is neither a file nor a folder")
    if place.stat().st_size == 0:
        raise DataError(f"{path} is empty")
    return [_open_file(place, separator, column, keep_empty)]


def _open_world(path: str) -> Source:
    match = _WORLD_NAME.fullmatch(path)
    if match is None:
        raise DataError(f"{path}: write the story world as world, world:COUNT or world:COUNT:SEED")
    count, seed = int(match["count"] or _WORLD_COUNT), int(match["seed"] or 0)
    how = f"{count:,} stories of seed {seed}"
    return Source("the built-in story world", how, lambda: iter_world(seed, count))


def _open_hub(path: str, column: str | None, keep_empty: bool) -> Source:
    name, own_column = hub_name(path)
    column = own_column or column
    how = f"the hub's data set, column {column}" if column else "the hub's data set"
    return Source(name, how, lambda: stories_from_rows(iter_hub_rows(name), column, keep_empty))


def _open_file(path: Path, separator: Separator, column: str | None, keep_empty: bool) -> Source:
    kind = _kind_of(path)
    name = str(path)
    if kind == _PARQUET:
        return Source(name, kind, lambda: stories_from_rows(iter_parquet_rows(path), column, keep_empty))
    if kind == _TEXT:
        found = separator
        if found == "auto":
            with open_unpacked(path) as file:
                found = detect_separator(file, name)
        return Source(name, HOW[found], lambda: _read_text(path, found, keep_empty))
    return Source(name, kind, lambda: _read_json(path, kind == _LINES, column, keep_empty))


def _read_text(path: Path, separator: Separator, keep_empty: bool) -> Iterator[Story]:
    if separator == "auto":
        raise ValueError("the separator is still to be found")
    with open_unpacked(path) as file:
        for text in iter_text_stories(file, str(path), separator, keep_empty):
            yield Story(text)


def _read_json(path: Path, lines: bool, column: str | None, keep_empty: bool) -> Iterator[Story]:
    with open_unpacked(path) as file:
        rows = (iter_json_lines if lines else iter_json_entries)(file, str(path))
        yield from stories_from_rows(rows, column, keep_empty)


def _kind_of(path: Path) -> str:
    """What a file is, by its first bytes, then by its name's ending; DataError if neither tells."""
    with open_unpacked(path) as file:
        start = file.read(_SNIFF_BYTES)
    if start.startswith(b"PAR1"):
        with path.open("rb") as file:
            packed = file.read(4) != b"PAR1"
        if packed:
            raise DataError(f"{path} is a packed parquet: unpack it (a parquet is packed inside)")
        return _PARQUET
    kind = _ENDINGS.get(_ending(path.name))
    if _ending(path.name) in (".csv", ".tsv"):
        raise DataError(f"{path} is a table: save it as JSON lines or parquet, and name the story's --column")
    if kind is None:
        raise DataError(f"{path}: not an ending that is read: {_known_endings()}; call plain text .txt")
    if kind == _PARQUET:
        raise DataError(f"{path} does not begin like a parquet file: is it another format, or cut?")
    return _LINES if kind == _TEXT and _begins_with_json_line(start) else kind


def _begins_with_json_line(start: bytes) -> bool:
    line = start.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    if not line.startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _ending(name: str) -> str:
    """The ending that tells a file's kind, in lower case: ".txt" for `a.TXT.gz`."""
    stem, ending = os.path.splitext(name.lower())
    if ending in _PACKED:
        ending = os.path.splitext(stem)[1]
    return ending if re.fullmatch(r"\.[a-z][a-z0-9]{0,9}", ending) else ""


def _known_endings() -> str:
    return ", ".join(ending for ending in _ENDINGS if ending) + " and these with .gz or .zst"


def _readable_files(folder: Path) -> list[Path]:
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            known = _ending(name) and _ending(name) in _ENDINGS
            if not known or name.startswith(".") or name.lower() in _NOT_STORIES:
                continue
            if path.is_file() and path.stat().st_size:
                found.append(path)
    return sorted(found)


def _near_file(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    names = [entry.name for entry in path.parent.iterdir() if not entry.name.startswith(".")]
    miss = near_miss(path.name, names)
    return f": {miss}" if miss.startswith("did you mean") else ""


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{len(names):,} files, {names[0]} the first"
