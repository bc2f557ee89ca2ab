"""`lilliput bench`: what a person and a script see. No figure is judged here."""

import json
import os
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from lilliput.app.cli import run
from lilliput.app.commands import bench
from lilliput.errors import MissingExtraError
from lilliput.formats.folder import save_folder
from lilliput.models.config import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.runtime import native
from lilliput.tokens import train_tokenizer

built = pytest.mark.skipif(native.library_path() is None, reason="the C engine was not built (no compiler)")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights."""
    tokenizer = train_tokenizer(["A fox ran. A fox hid. A fox slept."], 265)
    config = LlamaConfig(vocab_size=265, d_model=16, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=24, context=12)
    random = np.random.default_rng(0)
    weights = {
        name: random.standard_normal(shape, np.float32) for name, shape in weight_shapes(config).items()
    }
    folder = tmp_path_factory.mktemp("bench") / "tiny"
    save_folder(folder, config, weights, tokenizer, {})
    return folder


QUICK = ["--seconds", "0.1", "--threads", "2"]


@built
def test_json_has_every_figure_with_its_spread(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", str(model), "--json", *QUICK]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["name"] == "tiny"
    assert row["kernels"] == native.kernel_names()[0]
    assert row["processors"] >= 1
    assert row["parameters"] > row["parameters_without_embeddings"] > 0
    assert [(s["precision"], s["stories"], s["threads"]) for s in row["speeds"]] == [
        (precision, *way) for precision in ("f32", "int8", "int4") for way in ((1, 1), (1, 2), (16, 2))
    ]
    for speed in row["speeds"]:
        rates = [speed[f"tokens_per_second{part}"] for part in ("_min", "", "_max")]
        assert rates == sorted(rates)
        share = speed["tokens_per_second"] / speed["limit_tokens_per_second"]
        assert speed["share_of_limit"] == pytest.approx(share)
        assert speed["bound_by"] in ("reading", "arithmetic")
        assert speed["bytes_per_token"] > 0
        assert (speed["float_operations_per_token"] > 0) == (speed["precision"] == "f32")
    assert len(row["ceilings"]) == 2 * (2 + 3)
    for ceiling in row["ceilings"]:
        unit = "bytes" if ceiling["what"] == "reading" else "operations"
        assert ceiling[f"{unit}_per_second_min"] <= ceiling[f"{unit}_per_second"]


@built
def test_a_person_sees_a_table_with_bars_and_a_picture_is_drawn(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    picture = tmp_path / "pictures/speed.png"
    assert run(["bench", str(model), "--precision", "int8", "-o", str(picture), *QUICK]) == 0
    told = capsys.readouterr()
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert f"picture: {picture}" in told.err
    assert "int8: a token reads" in told.out
    assert "f32" not in told.out
    lines = told.out.split("\n")
    assert max(map(len, lines)) <= 100
    rows = [line for line in lines if re.search(r"\d% [█░]{8,}$", line.rstrip())]
    assert len(rows) == 3
    assert all(len(row) <= 80 for row in rows)


@built
def test_one_thread_is_measured_once(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", str(model), "--threads", "1", "--precision", "f32", "--seconds", "0.1", "--json"]
    assert run(arguments) == 0
    speeds = json.loads(capsys.readouterr().out)["speeds"]
    assert [(speed["stories"], speed["threads"]) for speed in speeds] == [(1, 1), (8, 1)]


@built
def test_a_busy_machine_is_said(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for load, said in ((3.2, True), (0.1, False)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0), raising=False)
        assert run(["bench", str(model), "--precision", "f32", *QUICK]) == 0
        assert ("busy in the last minute (load 3.2)" in capsys.readouterr().err) == said


def refuse(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["bench", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    *_, last = told.err.rstrip("\n").split("\n")
    assert last.startswith("lilliput: ")
    return last


def test_a_picture_that_is_no_png_is_refused_before_anything_is_measured(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wish = str(tmp_path / "speed.jpeg")
    assert "give a name that ends in .png" in refuse(capsys, str(model), "-o", wish)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_without_matplotlib_names_the_extra(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"lilliput\[picture\]"):
        bench._check_picture(tmp_path / "speed.png")
    monkeypatch.undo()
    metadata = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'picture = ["matplotlib' in metadata


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--threads", "0"], "--threads"),
        (["--seconds", "0"], "--seconds"),
        (["--precision", "int3"], "int3"),
    ],
)
def test_mistakes_are_one_line(
    model: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert told in refuse(capsys, str(model), *arguments)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert str(tmp_path) in refuse(capsys, str(tmp_path))


@built
def test_too_many_threads_are_told_how_many_there_may_be(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "ask for 1 to 64" in refuse(capsys, str(model), "--threads", "65")


def test_without_the_c_engine_bench_says_what_is_missing(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "library_path", lambda: None)
    native.load_library.cache_clear()
    try:
        assert "the C engine was not built" in refuse(capsys, str(model))
    finally:
        native.load_library.cache_clear()


@pytest.mark.parametrize(
    ("number", "told"),
    [(7, "7"), (999.4, "999"), (999.6, "1.00k"), (8559400, "8.56M"), (99949, "99.9k"), (152904, "153k"),
     (999600, "1.00M"), (2.5e12, "2500G")],
)  # fmt: skip
def test_numbers_are_told_in_three_digits(number: float, told: str) -> None:
    assert bench._brief(number) == told


def test_a_share_above_the_limit_fills_the_bar_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench._bar(1.3, 10) == "█" * 10
    assert bench._bar(0.52, 10) == "█" * 5 + "░" * 5


def test_a_terminal_without_blocks_gets_a_bar_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", open(os.devnull, "w", encoding="ascii"))  # noqa: SIM115
    with sys.stdout:
        assert bench._bar(0.5, 4) == "##.."


def test_make_bench_begins_with_the_command() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    first = makefile.split("\nbench: ")[1].split("\n")[1]
    assert first.strip() == '$(BIN)/lilliput bench "$(MODEL)"'
    assert ["bench"] in runpy.run_path(str(ROOT / "docs/make_cli.py"))["COMMANDS"]
