"""`lilliput data clean` at the command line: files it leaves, and what a person gets wrong."""

import json
import sys
from pathlib import Path

import pytest

from lilliput.app.cli import run
from lilliput.stories.story import Story, read_jsonl, write_jsonl
from lilliput.stories.world import iter_world

pytest.importorskip("ftfy", reason="needs the extra data")
pytest.importorskip("rensa", reason="needs the extra data")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    stories = list(iter_world(1, 60))
    write_jsonl(Path("valid.jsonl"), stories[:10])
    texts = [story.text for story in stories[5:]]
    Path("train.txt").write_text("\n<|endoftext|>\n".join([*texts, texts[-1], "", "He ran to the"]))
    return tmp_path


def clean(*words: str) -> int:
    return run(["data", "clean", *words])


def test_the_clean_file_and_both_reports_are_left(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean("train.txt", "-o", "clean.jsonl", "--against", "valid.jsonl") == 0
    out, err = capsys.readouterr()
    assert {path.name for path in folder.iterdir()} == {
        "train.txt", "valid.jsonl", "clean.jsonl", "clean.report.html", "clean.report.json"
    }  # fmt: skip
    report = json.loads(Path("clean.report.json").read_text("utf-8"))
    counts = {stage["stage"]: stage["removed"] for stage in report["stages"] if stage["removed"]}
    assert counts == {"empty": 1, "fragment": 1, "leak": 5, "exact": 1}
    assert len(list(read_jsonl(Path("clean.jsonl")))) == 50
    assert report["validation"] == {"stories": 10, "found_in_data": 5, "share_found": 0.5}
    assert "50 of 58 stories" in err
    assert "5 of 10 validation stories lay in the data" in err
    assert "in the validation set" in out


def test_json_is_the_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean("train.txt", "-o", "clean.jsonl", "--json", "--report", "said", "--skip", "near") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(Path("said/report.json").read_text("utf-8"))
    assert Path("said/report.html").is_file()
    assert "near" not in [stage["stage"] for stage in printed["stages"]]


def test_a_report_may_be_named_by_its_page(folder: Path) -> None:
    assert clean("train.txt", "-o", "clean.jsonl", "--only", "exact", "--report", "out/page.html") == 0
    assert {path.name for path in Path("out").iterdir()} == {"page.html", "page.json"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--skip", "naer"], "no stage is called naer: did you mean near?"),
        (["--only", "leak"], "the stage leak needs a validation set: name it with --against"),
        (["--only", "near", "--skip", "exact"], "contradict each other"),
        (["--against", "valid.jsonl", "--skip", "leak"], "--against is for the stage leak"),
        (["--set", "near.similarty=0.8"], "did you mean similarity"),
        (["--set", "length.min_words=9", "--set", "length.max_words=8"], "less than min_words"),
        (["--report", "train.txt/page.html"], "takes no files"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert clean("train.txt", "-o", "clean.jsonl", *words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert {path.name for path in folder.iterdir()} == {"train.txt", "valid.jsonl"}


def test_what_is_there_is_not_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean("train.txt", "-o", "valid.jsonl") == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(("package", "stage"), [("ftfy", "repair"), ("rensa", "near")])
def test_a_package_that_is_missing_is_named_by_its_extra(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    stage: str,
) -> None:
    from lilliput.stories.cleaning import mending, minhash

    mending.load_ftfy.cache_clear()
    minhash.load_rensa.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    assert clean("train.txt", "-o", "clean.jsonl") == 2
    assert f"the stage {stage} needs an extra: pip install 'lilliput[data]'" in capsys.readouterr().err
    assert clean("train.txt", "-o", "clean.jsonl", "--skip", stage) == 0


def test_labels_of_json_lines_are_kept(folder: Path) -> None:
    stories = [Story(story.text, {"id": at, "theme": "été"}) for at, story in enumerate(iter_world(4, 20))]
    write_jsonl(Path("labelled.jsonl"), stories)
    assert clean("labelled.jsonl", "-o", "clean.jsonl") == 0
    assert list(read_jsonl(Path("clean.jsonl"))) == stories
