"""`lilliput data info`: one corpus or two, as a table or as JSON."""

import json
from pathlib import Path

import pytest

from lilliput.app.cli import run


def test_two_corpora_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ('{"text": "A cat sat. It purred."}\n', '{"text": "A cat sat. It slept."}\n')
    (tmp_path / "mine.jsonl").write_text("".join(rows))
    mine = str(tmp_path / "mine.jsonl")
    assert run(["data", "info", mine, "--with", "world:30", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["data"]["stories"] == 2
    assert told["with"]["stories"] == 30
    assert told["data"]["sample_stories"] == told["with"]["sample_stories"] == 2
    assert run(["data", "info", mine, "--with", "world:30"]) == 0
    table = capsys.readouterr().out
    assert "mine.jsonl" in table.splitlines()[0]
    assert "world:30" in table.splitlines()[0]
    assert "100% a cat sat it" in table  # of openings
    assert "50.0% a cat sat it" in table  # of 4-grams


def test_what_a_terminal_would_obey_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.jsonl").write_text(json.dumps({"text": "A \x1b[31mred cat. [bold]It sat."}) + "\n")
    assert run(["data", "info", str(tmp_path / "odd.jsonl")]) == 0
    table = capsys.readouterr().out
    assert "\x1b[31m" not in table
    assert "100% A ·[31mred cat." in table
    assert "100% [bold]It sat." in table


def test_another_word_list_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "words.txt").write_text("the\n")
    assert run(["data", "info", "world:5", "--words", str(tmp_path / "words.txt"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["basic_words"]
    assert told["list_used"] == 1
    assert 0 < told["words_covered"] < 0.2
    assert run(["data", "info", "world:5", "--words", str(tmp_path / "none.txt")]) == 2
    assert "cannot be read" in capsys.readouterr().err
