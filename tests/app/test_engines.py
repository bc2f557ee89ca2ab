"""Which engine computes, and at which precision: the commands that let a person choose."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lilliput.app import engines
from lilliput.app.cli import run
from lilliput.formats.folder import save_folder
from lilliput.models import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.runtime import native
from lilliput.tokens import train_tokenizer

STORIES = [f"The {a} fox saw the {b} box, and the {b} box was {a}." for a in "abcdefg" for b in "hijklmn"]
NEEDS_C = pytest.mark.skipif(native.library_path() is None, reason="the C engine was not built (no compiler)")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    config = LlamaConfig(vocab_size=280, d_model=32, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=48, context=64)
    random = np.random.default_rng(0)
    weights = {
        name: random.normal(0, 0.3, shape).astype(np.float32)
        if len(shape) > 1
        else np.ones(shape, np.float32)
        for name, shape in weight_shapes(config).items()
    }
    folder = tmp_path_factory.mktemp("model") / "model"
    save_folder(folder, config, weights, train_tokenizer(STORIES, 280), {})
    return str(folder)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("text") / "stories.txt"
    path.write_text("\n\n".join(STORIES))
    return str(path)


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an install without a C compiler."""
    monkeypatch.setattr(native, "library_path", lambda: None)
    monkeypatch.setattr(engines, "library_path", lambda: None)
    native.load_library.cache_clear()
    engines._say_that_torch_serves.cache_clear()
    yield
    native.load_library.cache_clear()
    engines._say_that_torch_serves.cache_clear()


@NEEDS_C
def test_both_engines_tell_the_same_greedy_story_and_the_same_score(
    model: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told, scores = [], []
    for engine in ("c", "torch"):
        assert run(["tell", model, "The", "--temperature", "0", "--engine", engine]) == 0
        told.append(capsys.readouterr().out)
        assert run(["evaluate", model, "--data", text, "--engine", engine, "--json"]) == 0
        scores.append(json.loads(capsys.readouterr().out))
        assert scores[-1]["engine"] == engine
    assert told[0] == told[1] != ""
    assert scores[0]["nats_per_token"] == pytest.approx(scores[1]["nats_per_token"], abs=1e-5)


@NEEDS_C
def test_c_is_the_default(model: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", model, "--data", text, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["engine"] == "c"


@NEEDS_C
def test_a_precision_changes_the_score_a_little_and_is_kept_with_it(
    model: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {}
    for precision in ("f32", "int8", "int4"):
        assert run(["evaluate", model, "--data", text, "--precision", precision, "--json"]) == 0
        row = json.loads(capsys.readouterr().out)
        assert row["precision"] == precision
        scores[precision] = row["nats_per_token"]
    assert len(set(scores.values())) == 3
    assert scores["int8"] == pytest.approx(scores["f32"], abs=0.05)
    assert scores["int4"] == pytest.approx(scores["f32"], abs=0.5)


def test_torch_refuses_a_precision_that_it_does_not_compute(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tell", model, "--engine", "torch", "--precision", "int8"]) == 2
    assert "--precision int8 needs --engine c" in capsys.readouterr().err


def test_many_stories_are_those_of_their_seeds_one_by_one(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "stories.jsonl"
    many = ["tell", model, "The", "--count", "11", "--seed", "5", "--max-tokens", "20", "-o", str(output)]
    assert run(many) == 0
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["seed"] for row in rows] == list(range(5, 16))
    for row in rows[::5]:
        capsys.readouterr()
        assert run(["tell", model, "The", "--seed", str(row["seed"]), "--max-tokens", "20"]) == 0
        assert capsys.readouterr().out.rstrip("\n") == row["text"].rstrip("\n")


def test_without_a_compiler_torch_serves_and_it_is_said_once(
    model: str, text: str, no_compiler: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tell", model, "The", "--max-tokens", "5"]) == 0
    assert run(["tell", model, "The", "--max-tokens", "5", "--count", "3", "--json"]) == 0
    assert run(["evaluate", model, "--data", text, "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("the C engine was not built") == 1
    assert '"engine": "torch"' in captured.out


def test_without_a_compiler_asking_for_c_says_how_to_get_it(
    model: str, no_compiler: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tell", model, "--engine", "c"]) == 2
    assert "install a C compiler, then install lilliput again" in capsys.readouterr().err


@NEEDS_C
def test_without_torch_stories_are_told_and_scored(model: str, text: str) -> None:
    commands = [
        ["tell", model, "The", "--max-tokens", "5"],
        ["tell", model, "The", "--max-tokens", "5", "--count", "3"],
        ["evaluate", model, "--data", text],
    ]
    code = f"""
import sys
sys.modules["torch"] = None  # as where it is not installed
from lilliput.app.cli import run
assert [run(command) for command in {commands!r}] == [0, 0, 0]
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=120)
