"""Whose a run's folder is, and what is left of it when nothing was learnt."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from lilliput.app.run_folder import clear_for_run, free_run_folder, held_alone, new_run
from lilliput.errors import LilliputError
from lilliput.training.resume import RunFiles


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    return RunFiles(tmp_path / "run")


def leave_unbegun(files: RunFiles) -> None:
    """What a process leaves that is killed while it prepares."""
    files.resume.mkdir(parents=True)
    for path in (files.tokenizer, files.train_shard, files.resume / "lock", files.resume / ".x.part"):
        path.write_text("")


def test_what_a_killed_preparation_left_is_removed(
    files: RunFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_unbegun(files)
    clear_for_run(files)
    assert not files.resume.exists()
    assert "cut off before it began" in capsys.readouterr().err


@pytest.mark.parametrize("other", ["resume/plan.json", "resume/notes.txt", "model.safetensors"])
def test_a_folder_with_anything_else_in_it_is_left_alone(other: str, files: RunFiles) -> None:
    leave_unbegun(files)
    (files.folder / other).write_text("")
    before = sorted(files.folder.rglob("*"))
    with pytest.raises(LilliputError, match="exists already"):
        clear_for_run(files)
    assert sorted(files.folder.rglob("*")) == before


def test_a_preparation_under_way_is_left_alone(files: RunFiles) -> None:
    leave_unbegun(files)
    with FileLock(files.resume / "lock"), pytest.raises(LilliputError, match="another process"):
        clear_for_run(files)
    assert files.train_shard.exists()


def test_two_cannot_hold_a_folder(files: RunFiles) -> None:
    with held_alone(files), pytest.raises(LilliputError, match="another process"), held_alone(files):
        raise AssertionError


@pytest.mark.parametrize("was_there", [True, False])
def test_an_error_before_the_first_checkpoint_leaves_the_folder_as_it_was(
    was_there: bool, files: RunFiles
) -> None:
    if was_there:
        files.folder.mkdir()
    with pytest.raises(ValueError, match="x"), new_run(files):
        files.plan.write_text("")
        raise ValueError("x")
    assert files.folder.exists() == was_there
    assert not was_there or not list(files.folder.iterdir())


def test_an_error_after_it_leaves_the_run(files: RunFiles) -> None:
    with pytest.raises(ValueError, match="x"), new_run(files):
        files.state.write_text("")
        raise ValueError("x")
    assert files.state.exists()


def test_ctrl_c_before_the_first_step_says_what_became_of_the_folder(tmp_path: Path) -> None:
    train = ["train", "pocket", "--data", "world:300000", "--out", "m", "--tokens", "30000"]
    environment = {**os.environ, "COLUMNS": "200"}
    process = subprocess.Popen(
        [sys.executable, "-m", "lilliput", *train],
        cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (tmp_path / "m/resume").is_dir():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped before the first step: nothing was learnt, and m was not kept" in told
    assert not (tmp_path / "m").exists()


def test_the_first_free_folder_is_found(tmp_path: Path) -> None:
    assert free_run_folder(tmp_path).name == "story"
    (tmp_path / "story").mkdir()
    assert free_run_folder(tmp_path).name == "story-2"
