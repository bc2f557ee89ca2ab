"""`lilliput quantize --qat`: a folder whose weights learnt in their rounded form."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from lilliput.app.cli import run
from lilliput.formats.folder import INTEGERS
from lilliput.quantize.cartridge_bounds import check_cartridge
from lilliput.quantize.intmodel_file import load_intmodel
from lilliput.runtime import native
from lilliput.training import straight

pytestmark = pytest.mark.skipif(native.library_path() is None, reason="the C engine is not built")
STORIES = [
    f"The {a} fox saw the {b} box, and the {b} box was {a}." for a in "abcdefghij" for b in "klmnopqrst"
]
SHAPE = {"vocab_size": 280, "d_model": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "d_head": 8}
TINY = {**{f"model.{name}": size for name, size in SHAPE.items()}, "model.d_ff": 48, "model.context": 64}
QUICK = ["train.batch_tokens=128", "train.threads=1", "train.checks=3", "train.precision=float32"]


def told(settings: list[str]) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("text") / "stories.txt"
    path.write_text("\n\n".join(STORIES))
    return str(path)


@pytest.fixture(scope="module")
def model(text: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("float") / "model"
    settings = told([*(f"{name}={size}" for name, size in TINY.items()), *QUICK])
    assert run(["train", "pocket", "--data", text, "--tokens", "30000", "--out", str(out), *settings]) == 0
    return str(out)


@pytest.fixture(scope="module")
def llama(text: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("float") / "llama"
    shape = {name: size for name, size in TINY.items() if name != "model.d_head"}
    settings = told(["model.family=llama", *(f"{name}={size}" for name, size in shape.items()), *QUICK])
    assert run(["train", "pocket", "--data", text, "--tokens", "30000", "--out", str(out), *settings]) == 0
    return str(out)


def quantize(model: str, out: Path, *options: str) -> int:
    return run(["quantize", model, "--to", "ternary", "--stories", "8", "--out", str(out), *options])


def integers_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "lilliput.json").read_text())["integers"]
    return found


def test_ternary_weights_that_learnt_lose_less_than_rounded_ones(model, text, tmp_path, capsys):
    assert quantize(model, tmp_path / "rounded", "--data", text) == 0
    capsys.readouterr()
    learning = ["--qat", "--data", text, "--tokens", "20000", "--json", *told(QUICK)]
    out = tmp_path / "learnt"
    assert quantize(model, out, *learning) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["lost_nats_per_token"] < 0.5 * integers_of(tmp_path / "rounded")["lost_nats_per_token"]
    training = integers_of(out)["training"]
    assert training == result["training"]
    assert training["plan"]["teacher"]["folder"] == str(Path(model).resolve())
    assert training["tokens"] >= 20000
    assert not (out / "resume").exists()
    assert load_intmodel(out / INTEGERS).layers[0].q.kind == "ternary"
    assert "taught by `model`" in (out / "README.md").read_text()
    checks = [
        row
        for row in map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
        if "held_back_nats_per_token" in row
    ]
    assert len(checks) == 3
    best = min(checks, key=lambda row: row["held_back_nats_per_token"])
    assert training["kept_step"] == best["step"]
    assert run(["tell", str(out), "The", "--seed", "1", "--max-tokens", "5"]) == 0


def test_weights_in_planes_learn_and_cost_no_more(llama, text, tmp_path, capsys):
    wish = told([*(f"{name}=2" for name in ("bits", "bits_q", "bits_k")), "window=32"])
    cartridge = ["--to", "cartridge", "--stories", "8", "--data", text, *wish]
    assert run(["quantize", llama, "--out", str(tmp_path / "rounded"), *cartridge]) == 0
    learning = ["--qat", "--tokens", "20000", "--json", *told(QUICK)]
    capsys.readouterr()
    assert run(["quantize", llama, "--out", str(tmp_path / "learnt"), *cartridge, *learning]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["training"]["rounded"] == sorted(
        [*(f"blocks.{n}.attn.{part}.weight" for n in (0, 1) for part in "qkvo"), "head.weight"]
        + [f"blocks.{n}.mlp.{part}.weight" for n in (0, 1) for part in ("gate", "up", "down")]
    )
    before, after = (load_intmodel(tmp_path / name / INTEGERS) for name in ("rounded", "learnt"))
    check_cartridge(after)
    assert result["lost_nats_per_token"] < 0.5 * integers_of(tmp_path / "rounded")["lost_nats_per_token"]
    assert after.weight_bytes < 1.05 * before.weight_bytes


def test_the_weights_kept_are_those_whose_integers_did_best(model, text, tmp_path, monkeypatch):
    scores = iter([3.0, 1.0, 2.0])
    monkeypatch.setattr("lilliput.app.rounded_training.score_integers", lambda *_: next(scores))
    out = tmp_path / "learnt"
    assert quantize(model, out, "--qat", "--data", text, "--tokens", "2000", *told(QUICK)) == 0
    training = integers_of(out)["training"]
    assert 0 < training["kept_step"] < training["steps"]


def test_ctrl_c_ends_the_learning_and_the_folder_is_whole(model, text, tmp_path, monkeypatch):
    plain, count = straight.StraightThrough.learn, 0

    def learn(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return plain(*arguments)

    monkeypatch.setattr(straight.StraightThrough, "learn", learn)
    out = tmp_path / "learnt"
    assert quantize(model, out, "--qat", "--data", text, "--tokens", "100000", *told(QUICK)) == 0
    training = integers_of(out)["training"]
    assert (training["ended"], training["steps"]) == ("stopped", 5)
    load_intmodel(out / INTEGERS)


def test_ctrl_c_twice_leaves_nothing(model, text, tmp_path, monkeypatch):
    def learn(*_: Any) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(straight.StraightThrough, "learn", learn)
    assert quantize(model, tmp_path / "x", "--qat", "--data", text, "--tokens", "9999", *told(QUICK)) != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--qat"], "--qat trains: name stories to learn from"),
        (["--data", "FILE", "--minutes", "1"], "that is for training: add --qat"),
        (["--data", "FILE", "--set", "train.clip=2"], "that is for training: add --qat"),
        (["--data", "FILE", "--qat", "--set", "rounding=gptq"], "--qat decides rounding itself"),
        (["--data", "FILE", "--qat", "--set", "scales=shift"], "--qat decides scales itself"),
        (["--data", "FILE", "--qat", "--set", "model.d_ff=2"], "of a plan only train, teacher, data"),
        (["--data", "FILE", "--qat", "--set", "weights=int8"], "--to ternary says how"),
        (["--data", "FILE", "--qat", "--set", "train.lr=1"], "train.lr"),
        (["--data", "FILE", "--qat", "--set", "teacher.folder=nowhere"], "nowhere is not there"),
        (["--data", "FILE", "--qat", "--set", "train.device=cuda"], "device"),
    ],
)
def test_what_cannot_be_honoured_is_said(options, says, model, text, tmp_path, capsys):
    with_file = [text if option == "FILE" else option for option in options]
    assert quantize(model, tmp_path / "x", *with_file) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_int8_needs_no_training(model, text, tmp_path, capsys):
    options = ["--to", "int8", "--qat", "--data", text, "--tokens", "2000", *told(QUICK)]
    assert run(["quantize", model, "--out", str(tmp_path / "x"), *options]) == 2
    assert "there are none: int8 loses next to nothing" in capsys.readouterr().err
