"""What a run leaves and says, end to end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lilliput.app.cli import run
from lilliput.formats.folder import load_folder, read_details
from lilliput.runtime.native import library_path
from lilliput.training.diary import read_rows

SMALL = [
    "model.vocab_size=300", "model.d_model=16", "model.n_layers=1", "model.n_heads=2", "model.n_kv_heads=1",
    "model.d_ff=24", "model.context=64", "train.batch_tokens=256", "train.threads=1", "train.device=cpu",
]  # fmt: skip


def train(out: Path, *more: str, data: str = "world:100", tokens: int = 4000) -> int:
    settings = [part for setting in (*SMALL, *more) for part in ("--set", setting)]
    return run(["train", "pocket", "--data", data, "--out", str(out), "--tokens", str(tokens), *settings])


def test_a_run_tells_its_speed_and_draws_its_losses(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra `picture`")
    assert train(tmp_path / "m") == 0
    steps = [row for row in read_rows(tmp_path / "m/metrics.jsonl") if "gradient_norm" in row]
    assert all(row["tokens_per_second"] > 0 and 0 < row["mfu"] < 2 for row in steps)
    training = read_details(tmp_path / "m")["training"]
    assert training["tokens_per_second"] > 0
    assert training["picture"] == "training.png"
    assert (tmp_path / "m/training.png").read_bytes().startswith(b"\x89PNG")
    card = (tmp_path / "m/README.md").read_text()
    assert "](training.png)" in card
    assert "tokens/s, " in card


def test_without_matplotlib_nothing_is_drawn_and_one_line_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "matplotlib" else real(name)
    )
    assert train(tmp_path / "m") == 0
    told = capsys.readouterr().err
    assert told.count("pip install 'lilliput[picture]'") == 1
    assert not (tmp_path / "m/training.png").exists()
    assert "training.png" not in (tmp_path / "m/README.md").read_text()


def test_a_run_with_patience_saves_the_weights_that_did_best(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("train.patience=3", "train.learning_rate=0.02", "train.log_every=1")
    assert train(tmp_path / "m", *more, data="world:30", tokens=300_000) == 0
    told = capsys.readouterr().err
    assert "stopped early, after" in told
    assert "which did best on held-back stories" in told
    details = read_details(tmp_path / "m")
    checks = [row for row in read_rows(tmp_path / "m/metrics.jsonl") if "held_back_nats_per_token" in row]
    best = min(checks, key=lambda row: row["held_back_nats_per_token"])
    assert details["training"]["ended"] == "early"
    assert details["training"]["kept_step"] == best["step"] < details["training"]["steps"]
    assert details["scores"][0]["nats_per_token"] == pytest.approx(best["held_back_nats_per_token"], abs=1e-6)
    assert f"The weights are those of step {best['step']:,}" in (tmp_path / "m/README.md").read_text()
    capsys.readouterr()
    evaluate = ["evaluate", str(tmp_path / "m"), "--data", "world:30", "--json"]
    assert run(evaluate) == 0  # the folder is whole


def test_little_text_is_told_with_its_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(tmp_path / "a", "model.n_layers=3", data="world:20", tokens=90_000) == 0
    told = capsys.readouterr().err
    assert "little text for this model: " in told
    assert " tokens a parameter, and the budget goes over it about " in told
    assert "--set train.patience=5" in told
    assert train(tmp_path / "b", data="world:100", tokens=4000) == 0
    assert "little text" not in capsys.readouterr().err


def test_a_resumed_run_does_not_measure_again(tmp_path: Path) -> None:
    assert train(tmp_path / "m") == 0
    plan = (tmp_path / "m/resume/plan.json").read_text()
    assert run(["train", "--resume", "--out", str(tmp_path / "m"), "--tokens", "6000"]) == 0
    assert json.loads(plan)["train"]["threads"] == 1
    assert (
        json.loads((tmp_path / "m/resume/plan.json").read_text())["train"]["step"]
        == json.loads(plan)["train"]["step"]
    )


def test_a_model_that_knows_fewer_ids_than_the_shards_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path / "m") == 0
    plan = tmp_path / "m/resume/plan.json"
    values = json.loads(plan.read_text())
    values["model"]["vocab_size"] = 290
    plan.write_text(json.dumps(values))
    capsys.readouterr()
    assert run(["train", "--resume", "--out", str(tmp_path / "m"), "--tokens", "6000"]) == 2
    assert "has 300 ids and the model of" in capsys.readouterr().err


@pytest.mark.skipif(library_path() is None, reason="the C engine was not built")
def test_a_model_is_trained_and_tells_without_torch(tmp_path: Path) -> None:
    settings = [part for setting in SMALL for part in ("--set", setting)]
    out = str(tmp_path / "m")
    code = f"""
import sys
sys.modules["torch"] = None  # as where it is not installed
from lilliput.app.cli import run
train = ["train", "pocket", "--data", "world:100", "--out", {out!r}, "--tokens", "3000", *{settings!r}]
assert run(train) == 0
assert run(["train", "--resume", "--out", {out!r}, "--tokens", "4000"]) == 0
assert run(["tell", {out!r}, "--max-tokens", "5"]) == 0
assert run([*train[:5], {out + "2"!r}, *train[6:], "--set", "train.step=torch"]) == 2
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "pip install 'lilliput[torch]'" in done.stderr
    assert load_folder(tmp_path / "m").details["training"]["step"] == "c"
