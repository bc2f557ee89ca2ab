"""`lilliput tell`: what it refuses, where its stories end, what Ctrl-C leaves."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lilliput.app.cli import run
from lilliput.app.engines import open_engine
from lilliput.formats.folder import save_folder
from lilliput.generation.generate import Telling
from lilliput.generation.sample import Sampling
from lilliput.models import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.runtime.native import library_path
from lilliput.tokens import train_tokenizer

CONFIG = LlamaConfig(vocab_size=262, d_model=16, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=24, context=64)
LARGEST = 2**63 - 1
ENGINES = [
    "torch",
    pytest.param("c", marks=pytest.mark.skipif(library_path() is None, reason="the C engine was not built")),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(3)
    shapes = weight_shapes(CONFIG).items()
    weights = {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes}
    folder = tmp_path_factory.mktemp("tell") / "model"
    save_folder(folder, CONFIG, weights, train_tokenizer(["a fox and a box"], 262), {})
    return folder


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--seed", str(LARGEST + 1)], "--seed"),
        (["--seed", str(LARGEST), "--count", "2"], f"the largest is {LARGEST}"),
        (["--json", "-o", "stories.jsonl"], "give one of them"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["tell", str(model), *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("engine", ENGINES)
def test_the_largest_seed_tells_a_story(model: Path, capsys: pytest.CaptureFixture[str], engine: str) -> None:
    options = ["--seed", str(LARGEST - 1), "--count", "2", "--max-tokens", "3", "--json", "--engine", engine]
    assert run(["tell", str(model), *options]) == 0
    assert [row["seed"] for row in json.loads(capsys.readouterr().out)] == [LARGEST - 1, LARGEST]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [1, 2])
def test_a_story_stops_at_every_end_that_the_folder_names(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str, count: int
) -> None:
    opened = open_engine(model, engine, 1)
    free = Telling(opened.engine, opened.tokenizer, Sampling(temperature=1, top_p=0.95), 5, "a", 40)
    assert list(free)
    other, end = tmp_path / "model", free.ids[6]
    shutil.copytree(model, other)
    (other / "generation_config.json").write_text(json.dumps({"eos_token_id": [2, end]}))
    options = ["--seed", "5", "--temperature", "1", "--max-tokens", "40", "--engine", engine]
    assert run(["tell", str(other), "a", "--count", str(count), *options]) == 0
    kept = free.ids[: free.ids.index(end)]
    expected = opened.tokenizer.decode([*opened.tokenizer.encode("a"), *kept])
    assert capsys.readouterr().out.startswith(expected + "\n")


def test_ctrl_c_keeps_the_stories_that_are_finished(model: Path, tmp_path: Path) -> None:
    output = tmp_path / "stories.jsonl"
    command = [
        sys.executable,
        "-m",
        "lilliput",
        "tell",
        str(model),
        "a",
        "--count",
        "10000000",
        "--seed",
        "1",
    ]
    with subprocess.Popen([*command, "--threads", "1", "-o", str(output)], stderr=subprocess.PIPE) as process:
        try:
            for _ in range(3000):
                if any(part.stat().st_size for part in tmp_path.glob("*.part")):
                    break
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            assert process.stderr
            said = process.stderr.read().decode().split("\n")
        finally:
            process.kill()
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert rows
    assert [row["seed"] for row in rows] == list(range(1, len(rows) + 1))
    assert [line for line in said if line] == [f"stopped: {output} has {len(rows):,} of 10,000,000 stories"]
    assert list(tmp_path.iterdir()) == [output]


def test_ctrl_c_before_a_story_is_finished_leaves_no_file(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lilliput.generation import many

    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(many, "write_stories", interrupted)
    output = tmp_path / "stories.jsonl"
    assert run(["tell", str(model), "--count", "2", "-o", str(output)]) == 130
    assert not list(tmp_path.iterdir())
    assert "stopped" in capsys.readouterr().err


def test_a_file_that_is_there_is_kept(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "stories.jsonl"
    output.write_text("mine")
    assert run(["tell", str(model), "--count", "2", "-o", str(output)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert output.read_text() == "mine"


def test_the_same_seed_writes_the_same_file(model: Path, tmp_path: Path) -> None:
    outputs = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for output, threads in zip(outputs, ("1", "2"), strict=True):
        tell = ["tell", str(model), "--count", "5", "--seed", "3", "--max-tokens", "9", "--threads", threads]
        assert run([*tell, "-o", str(output)]) == 0
    assert outputs[0].read_bytes() == outputs[1].read_bytes() != b""
