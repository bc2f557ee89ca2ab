"""`train --dry-run`: numbers that fit together, and nothing written."""

import json
from pathlib import Path

import pytest

from lilliput.app import dry_run
from lilliput.app.cli import run

SMALL = [
    "model.vocab_size=300", "model.d_model=16", "model.n_layers=1", "model.n_heads=2", "model.n_kv_heads=1",
    "model.d_ff=24", "model.context=64", "train.batch_tokens=256", "train.threads=1", "train.device=cpu",
]  # fmt: skip
SETTINGS = [part for setting in SMALL for part in ("--set", setting)]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dry_run, "_MEASURE_S", 0.05)
    monkeypatch.chdir(tmp_path)


def tell(capsys: pytest.CaptureFixture[str], *more: str) -> dict:
    arguments = ["train", "pocket", "--dry-run", "--json", *SETTINGS, *more]
    assert run(arguments) == 0
    row: dict = json.loads(capsys.readouterr().out)
    return row


def test_numbers_of_a_dry_run_fit_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    row = tell(capsys, "--data", "world:200", "--tokens", "100000")
    assert row["tokens"] == pytest.approx(100_000, rel=0.01)
    assert row["epochs"] == pytest.approx(row["tokens"] / row["tokens_per_epoch"])
    assert row["steps"] == pytest.approx(row["tokens"] / 256, rel=0.05)
    assert row["seconds"] >= row["tokens"] / row["tokens_per_second"]
    assert row["flops"] == pytest.approx(row["tokens"] * row["flops_per_token"], rel=1e-3)
    memory = row["memory_mb"]
    assert memory["weights"] == pytest.approx(row["parameters"] * 4 / 1e6, abs=0.1)
    assert memory["total"] == pytest.approx(sum(memory.values()) - memory["total"], abs=0.3)
    assert 0 < row["mfu"] < 1.5
    assert row["stories"] == 200
    assert list(tmp_path.iterdir()) == []


def test_a_budget_of_minutes_is_told_as_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    row = tell(capsys, "--data", "world:100", "--minutes", "2")
    assert row["seconds"] == pytest.approx(120, rel=0.1)
    assert row["tokens"] == pytest.approx(120 * row["tokens_per_second"], rel=0.1)


def test_a_part_of_a_large_text_stands_for_the_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tell(capsys, "--data", "world:900", "--tokens", "50000")
    monkeypatch.setattr(dry_run, "_SAMPLE_CHARACTERS", 100_000)
    part = tell(capsys, "--data", "world:900", "--tokens", "50000")
    assert part["stories"] == 900
    assert part["tokens_per_epoch"] == pytest.approx(whole["tokens_per_epoch"], rel=0.05)


def test_torch_is_told_of_too(capsys: pytest.CaptureFixture[str]) -> None:
    row = tell(capsys, "--data", "world:100", "--tokens", "5000", "--set", "train.step=torch")
    assert (row["step"], row["device"]) == ("torch", "cpu")
    assert row["memory_mb"]["activations"] > 0


def test_a_person_reads_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "pocket", "--dry-run", *SETTINGS, "--data", "world:100", "--tokens", "5000"]) == 0
    told = capsys.readouterr().out
    for name in ("parameters", "memory, MB", "FLOPs in all", "tokens/s", "times over the text", "time"):
        assert f"\n{name} " in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--dry-run", "--out", "m", "--data", "world:50"], "leave out --out and --resume"),
        (["--dry-run"], "name stories"),
        (["--json", "--out", "m", "--data", "world:50"], "--json is for --dry-run"),
        (["--data", "world:50"], "name the folder to make"),
        (["--dry-run", "--data", "world:50", "--set", "train.device=mps"], "no mps device here"),
    ],
)
def test_mistakes_are_told(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    assert run(["train", "pocket", *arguments]) == 2
    assert told in capsys.readouterr().err
