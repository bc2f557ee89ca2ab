"""The journal: cut anywhere, it says what had happened until then."""

import json
from pathlib import Path
from typing import Any

import pytest

from lilliput.errors import DataError, LilliputError
from lilliput.stories.writing.answers import Outcome
from lilliput.stories.writing.journal import State, open_journal
from lilliput.stories.writing.ledger import Ledger

RECIPE: dict[str, Any] = {"model": "m", "seed": 0}


def read(path: Path, recipe: dict[str, Any] = RECIPE) -> State:
    with open_journal(path, recipe, Ledger(None, None), lambda: 0.0) as (_, state):
        return state


def fill(path: Path) -> list[bytes]:
    with open_journal(path, RECIPE, Ledger(None, None), lambda: 0.0) as (journal, _):
        for number, outcome in enumerate(["story", "refusal", "timeout", "story"]):
            usage = None if outcome == "timeout" else [5, 7]
            journal.append({"sent": f"{number}-0", "at": 100.0 + 30 * number, "tokens": [10, 20]})
            back = {"back": f"{number}-0", "outcome": outcome, "usage": usage, "free": False}
            journal.append({**back, "text": f"कहानी {number}"})
    return path.read_bytes().splitlines(keepends=True)


def test_cut_at_any_byte_it_says_what_had_happened(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl.journal"
    lines = fill(path)
    data = b"".join(lines)
    for cut in range(0, len(data) + 1, 3):
        path.write_bytes(data[:cut])
        records = [json.loads(line) for line in data[:cut].splitlines(keepends=True) if line.endswith(b"\n")]
        state = read(path)
        sent = [record for record in records if "sent" in record]
        back = [record for record in records if "back" in record]
        assert state.requests == len(sent)
        assert state.outcomes[Outcome.interrupted] == len(sent) - len(back)
        assert state.done == sum(record["outcome"] == "story" for record in back)
        lost = len(sent) - len(back) + sum(record["usage"] is None for record in back)
        assert state.ledger.perhaps == (10 * lost, 20 * lost)
        known = sum(record["usage"] is not None for record in back)
        assert state.ledger.charged == (5 * known, 7 * known)
        path.unlink()


def test_texts_are_read_back_and_the_last_minute_is_known(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl.journal"
    fill(path)
    with open_journal(path, RECIPE, Ledger(None, None), lambda: 0.0) as (journal, state):
        places = [state.stories[number].place for number in (3, 0)]
        assert list(journal.iter_texts([place for place in places if place])) == ["कहानी 3", "कहानी 0"]
        assert state.recent == [("2-0", 160.0, 30), ("3-0", 190.0, 12)]
        assert (state.stories[1].unfit, state.stories[2].unfit, state.stories[2].attempts) == (1, 0, 1)


def test_another_recipe_is_refused_unless_nothing_came_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl.journal"
    read(path, {"model": "typo", "seed": 0})
    assert read(path).requests == 0
    fill(path)
    with pytest.raises(LilliputError, match="begun with seed 0, and now it is 1"):
        read(path, {"model": "m", "seed": 1})


def test_two_writers_do_not_share_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl.journal"
    with (
        open_journal(path, RECIPE, Ledger(None, None), lambda: 0.0),
        pytest.raises(LilliputError, match="another process"),
    ):
        read(path)


@pytest.mark.parametrize("text", ["my own diary", '{"text": "A fox."}\n', '{"journal": 9, "recipe": {}}\n'])
def test_a_foreign_file_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "told.jsonl.journal"
    path.write_text(text)
    with pytest.raises(DataError, match="is no journal"):
        read(path)
    assert path.read_text() == text


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl.journal"
    lines = fill(path)
    path.write_bytes(b"".join([*lines[:2], b'{"back": "9-0"}\n', *lines[2:]]))
    with pytest.raises(DataError, match="line 3 is no line of a journal"):
        read(path)
