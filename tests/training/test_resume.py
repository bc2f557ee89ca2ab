"""A killed run, resumed, ends as if nothing had happened."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lilliput.errors import FormatError, LilliputError
from lilliput.training.resume import (
    Position,
    RunFiles,
    load_checkpoint,
    load_plan,
    save_checkpoint,
)


def test_twenty_killed_runs_resume_to_the_bits_of_the_run_that_was_let_be(tmp_path: Path) -> None:
    program = Path(__file__).with_name("killed_runs.py")
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path), "20261121"],
        check=True,
        capture_output=True,
        text=True,
    )
    runs = json.loads(done.stdout)["runs"]
    assert len(runs) == 20
    for run in runs:
        assert run["equal"], run
        assert run["rows_equal"], run
        assert not run["leftovers"], run
    assert sum("write" in run["killed"] for run in runs) == 10
    assert sum(not run["finished_before"] for run in runs) >= 15, "the kills came too late to matter"


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    files = RunFiles(tmp_path)
    state = {"weights.a": np.arange(6, dtype=np.float32), "step.a": np.array(3.0)}
    save_checkpoint(files, state, Position(7, 900, 1.0 / 3, 1600))
    return files


def test_a_checkpoint_reads_back_exactly(files: RunFiles) -> None:
    state, position = load_checkpoint(files)
    assert position == Position(7, 900, 1.0 / 3, 1600)
    assert state["weights.a"].tolist() == [0, 1, 2, 3, 4, 5]
    assert state["step.a"].shape == ()


def test_a_damaged_checkpoint_is_refused(files: RunFiles) -> None:
    whole = files.state.read_bytes()
    files.state.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="not a whole safetensors file"):
        load_checkpoint(files)


def test_safetensors_of_others_are_no_checkpoint(files: RunFiles) -> None:
    from lilliput.formats.weights import write_safetensors

    write_safetensors(files.state, {"a": np.zeros(2, dtype=np.float32)})
    with pytest.raises(FormatError, match="no checkpoint"):
        load_checkpoint(files)


def test_a_folder_without_a_run_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(LilliputError, match="holds no run to resume"):
        load_plan(RunFiles(tmp_path))
