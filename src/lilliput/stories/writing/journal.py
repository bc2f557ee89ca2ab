"""The write-ahead journal: what was sent is written down before it is sent, what came back before it counts.

JSON lines beside the stories. The first says what is written; `{"sent": "12-0", …}` goes before attempt 0 at
story 12, `{"back": "12-0", …}` after it, with the text of a story. A line that a killed writer left without
its end is dropped: what it would have said had not happened yet, or counts as never heard of. Prompts and
labels are not kept here: they follow from the seed and the story's number.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lilliput.errors import DataError, LilliputError
from lilliput.stories.story import iter_json_lines, parse_json
from lilliput.stories.writing.answers import FAILURES, Outcome
from lilliput.stories.writing.ledger import Ledger, Tokens, add

_VERSION = 1
_HEAD = b'{"journal":'
_SYNC_EVERY_S = 1.0


@dataclass
class Story:
    """How far one story is: attempts sent, answers that could not serve, and where its text lies."""

    attempts: int = 0
    unfit: int = 0
    place: int | None = None  # of its line in the journal, in bytes


@dataclass
class State:
    """What the journal says has happened."""

    ledger: Ledger
    stories: dict[int, Story] = field(default_factory=dict)
    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    requests: int = 0
    recent: list[tuple[str, float, int]] = field(default_factory=list)
    """Name, time and reserved tokens of what was sent in the journal's last minute."""

    def count(self, outcome: Outcome, number: int, place: int) -> None:
        """Take in that an attempt at story `number` came back, in the line at `place`."""
        self.outcomes[outcome] += 1
        story = self.stories[number]
        if outcome is Outcome.story:
            story.place = place
        elif outcome not in FAILURES and outcome not in (Outcome.interrupted, Outcome.refused_request):
            story.unfit += 1

    def lose_all(self) -> None:
        """Requests that are still under way will never be heard of."""
        self.outcomes[Outcome.interrupted] += len(self.ledger.reserved)
        self.ledger.lose_all()

    @property
    def done(self) -> int:
        """Stories that there are."""
        return self.outcomes[Outcome.story]


class Journal:
    """The journal at `path`, held by this process alone. See `open_journal`."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path, self._clock = path, clock
        self._file = path.open("ab", buffering=0)
        self._synced_s = clock()

    def append(self, record: dict[str, Any]) -> int:
        """Write a line, at once; returns its place. To the disk itself once a second."""
        place = self._file.seek(0, os.SEEK_END)
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        while line:
            line = line[self._file.write(line) :]
        if self._clock() - self._synced_s >= _SYNC_EVERY_S:
            self.sync()
        return place

    def sync(self) -> None:
        """See that all of it is on the disk."""
        os.fsync(self._file.fileno())
        self._synced_s = self._clock()

    def close(self) -> None:
        """To the disk, and done."""
        self.sync()
        self._file.close()

    def iter_texts(self, places: list[int]) -> Iterator[str]:
        """The stories in the lines at `places`."""
        with self.path.open("rb") as file:
            for place in places:
                file.seek(place)
                yield parse_json(file.readline(), str(self.path))["text"]


@contextmanager
def open_journal(
    path: Path, recipe: dict[str, Any], ledger: Ledger, clock: Callable[[], float]
) -> Iterator[tuple[Journal, State]]:
    """The journal of stories written by `recipe`, begun or gone on with, and what it says.

    One of another recipe under which nothing came of any request is begun anew.

    Raises LilliputError while another process writes it, or if it is of another recipe; DataError for a
    file that is no journal.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    try:
        with FileLock(lock, timeout=0):
            _drop_torn_line(path)
            state = _read(path, recipe, ledger) if path.exists() and path.stat().st_size else None
            if state is None and path.exists():
                path.unlink()
            journal = Journal(path, clock)
            try:
                if state is None:
                    state = State(ledger)
                    journal.append({"journal": _VERSION, "recipe": recipe})
                    journal.sync()
                yield journal, state
            finally:
                journal.close()
    except Timeout:
        raise LilliputError(f"{path} is being written by another process: wait for it, or stop it") from None


def _drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb+") as file:
        if not _HEAD.startswith(file.read(len(_HEAD))):
            raise DataError(f"{path} is no journal: name another -o")
        end = kept = file.seek(0, os.SEEK_END)
        while kept:
            begin = max(0, kept - (1 << 16))
            file.seek(begin)
            at = file.read(kept - begin).rfind(b"\n")
            if at >= 0:
                kept = begin + at + 1
                break
            kept = begin
        if kept < end:
            file.truncate(kept)


def _read(path: Path, recipe: dict[str, Any], ledger: Ledger) -> State | None:
    state, begun = State(ledger), {}
    times: dict[str, tuple[float, int]] = {}
    place = 0
    with path.open("rb") as file:
        for where, record in iter_json_lines(file, str(path)):
            if place == 0:
                begun = _recipe_in(path, record)
            else:
                try:
                    _take_in(record, state, times, place)
                except (KeyError, TypeError, ValueError):
                    raise DataError(f"{where} is no line of a journal: name another -o") from None
            place = file.tell()
    state.lose_all()
    if begun != recipe and state.done == 0 and add([ledger.charged, ledger.perhaps]) == (0, 0):
        return None
    _check_recipe(path, begun, recipe)
    last_s = max((at for at, _ in times.values()), default=0.0)
    state.recent = [(name, at, tokens) for name, (at, tokens) in times.items() if at > last_s - 60]
    return state


def _take_in(record: dict[str, Any], state: State, times: dict[str, tuple[float, int]], place: int) -> None:
    if "sent" in record:
        name, tokens = str(record["sent"]), _tokens(record["tokens"])
        state.stories.setdefault(number_of(name), Story()).attempts += 1
        state.requests += 1
        state.ledger.reserved[name] = tokens
        times[name] = (float(record["at"]), sum(tokens))
        return
    name, usage = str(record["back"]), record["usage"]
    state.ledger.settle(name, None if usage is None else _tokens(usage), bool(record["free"]))
    if usage is not None:
        times[name] = (times[name][0], sum(usage))
    state.count(Outcome(record["outcome"]), number_of(name), place)


def number_of(name: str) -> int:
    """The story that the request `name` ("12-0": the first attempt at story 12) asks for."""
    return int(name.partition("-")[0])


def _tokens(value: Any) -> Tokens:
    prompt, answer = value
    return int(prompt), int(answer)


def _recipe_in(path: Path, record: Any) -> dict[str, Any]:
    version = record.get("journal") if isinstance(record, dict) else None
    if version != _VERSION or not isinstance(record.get("recipe"), dict):
        raise DataError(f"{path} is no journal of version {_VERSION}: name another -o")
    recipe: dict[str, Any] = record["recipe"]
    return recipe


def _check_recipe(path: Path, begun: dict[str, Any], recipe: dict[str, Any]) -> None:
    for key, value in recipe.items():
        if begun.get(key) != value:
            raise LilliputError(
                f"{path} was begun with {key} {begun.get(key)}, and now it is {value}: give "
                "what it was begun with, or name another -o"
            )
