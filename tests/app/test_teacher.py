"""`lilliput train --set teacher.…`: a pupil by the command."""

import re
from pathlib import Path

import pytest

from lilliput.app.cli import run
from lilliput.app.shipped import find_model
from lilliput.formats.folder import load_folder

TINY = [
    "model.vocab_size=300", "model.d_model=16", "model.n_layers=1", "model.n_heads=2", "model.n_kv_heads=1",
    "model.d_ff=24", "model.context=64", "train.batch_tokens=128", "train.threads=1", "train.device=cpu",
]  # fmt: skip


def train(out: Path, *options: str, settings: list[str] = TINY) -> int:
    told = [part for setting in settings for part in ("--set", setting)]
    return run(
        ["train", "pocket", "--data", "world:60", "--tokens", "3000", "--out", str(out), *told, *options]
    )


def test_a_pupil_reads_as_its_teacher_and_goes_on_after_a_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path / "teacher") == 0
    out = tmp_path / "pupil"
    assert train(out, "--set", f"teacher.folder={tmp_path / 'teacher'}") == 0
    assert re.search(r"teacher: reading [\d,]+ tokens", capsys.readouterr().err)
    teacher, pupil = load_folder(tmp_path / "teacher"), load_folder(out)
    assert pupil.tokenizer.fingerprint == teacher.tokenizer.fingerprint
    assert pupil.details["plan"]["teacher"]["folder"] == str((tmp_path / "teacher").resolve())
    assert run(["train", "--resume", "--out", str(out), "--tokens", "4000"]) == 0
    (out / "resume" / "train.lessons").unlink()
    assert run(["train", "--resume", "--out", str(out), "--tokens", "5000"]) == 2
    assert "train.lessons is missing: the run was to learn from a teacher" in capsys.readouterr().err


def test_ngrams_of_the_text_teach(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(tmp_path / "x", "--set", "teacher.ngrams=3", "--set", "teacher.until=0.5") == 0
    assert "teacher: counting up to 3 tokens in a row" in capsys.readouterr().err


def test_a_model_that_we_ship_teaches_by_its_name(tmp_path: Path) -> None:
    vocabulary = load_folder(find_model(Path("pocket"))).tokenizer.vocab_size
    settings = [*TINY, f"model.vocab_size={vocabulary}", "teacher.folder=pocket", "teacher.top=2"]
    assert train(tmp_path / "x", settings=settings) == 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["teacher.folder=nowhere"], "nowhere is not there"),
        (["teacher.folder=pocket", "teacher.ngrams=2"], "a folder or ngrams teaches, not both"),
        (["teacher.folder=pocket", "tokenizer=OTHER"], "reads with another tokenizer than this run"),
        (["teacher.folder=pocket"], "has 2,048 ids and the model 300: --set model.vocab_size=2048"),
        (["teacher.weight=2"], "teacher.weight"),
    ],
)
def test_a_teacher_that_cannot_teach_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: list[str], says: str
) -> None:
    if "tokenizer=OTHER" in settings:
        assert train(tmp_path / "other") == 0
        settings = [
            setting.replace("OTHER", str(tmp_path / "other" / "tokenizer.json")) for setting in settings
        ]
    assert train(tmp_path / "x", settings=[*TINY, *settings]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
