"""What is suggested works as pasted."""

import sys
from pathlib import Path

import pytest

import lilliput
from lilliput.app.cli import run
from lilliput.app.output import command_name


def test_a_venvs_python_is_not_taken_for_the_one_it_links_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, venv = tmp_path / "usr" / "python3", tmp_path / "venv" / "python3"
    for folder in (system.parent, venv.parent):
        folder.mkdir()
    system.write_text("#!/bin/sh\n")
    system.chmod(0o755)
    venv.symlink_to(system)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["-m"])
    monkeypatch.setattr(sys, "executable", str(venv))
    monkeypatch.setenv("PATH", str(system.parent))
    assert command_name() == "venv/python3 -m lilliput"
    monkeypatch.setenv("PATH", str(venv.parent))
    assert command_name() == "python3 -m lilliput"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"lilliput {lilliput.__version__}\n"
