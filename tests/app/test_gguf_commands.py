"""Export to GGUF and import from it, as a person does."""

from pathlib import Path

import numpy as np
import pytest

from lilliput.app.cli import run
from lilliput.formats.folder import load_folder, save_folder
from lilliput.models.config import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.tokens import train_tokenizer

CONFIG = LlamaConfig(vocab_size=280, d_model=32, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=44, context=64)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "fox"
    random = np.random.default_rng(0)
    weights = {
        name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in weight_shapes(CONFIG).items()
    }
    tokenizer = train_tokenizer(["the fox and the box went to the other fox in the big box"] * 5, 280)
    save_folder(folder, CONFIG, weights, tokenizer, {})
    return folder


def test_a_gguf_export_comes_back_equal(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = str(tmp_path / "m.gguf"), str(tmp_path / "again")
    assert run(["export", str(model), "--to", "gguf", "-o", file]) == 0
    assert "read back: the tokenizer is equal, every weight is equal" in capsys.readouterr().err
    assert run(["import", file, out]) == 0
    first, second = load_folder(model), load_folder(Path(out))
    assert first.config == second.config
    assert first.tokenizer.fingerprint == second.tokenizer.fingerprint
    assert all(np.array_equal(first.weights[name], second.weights[name]) for name in first.weights)
    assert second.details["origin"]["format"] == "GGUF"


def test_a_quantized_export_says_what_stayed_and_how_far_it_is_off(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "m.gguf")
    assert run(["export", str(model), "--to", "gguf", "--kind", "q4_0", "-o", file]) == 0
    told = capsys.readouterr().err
    assert "tensors: 1 Q8_0, 5 F32, 12 Q4_0, 2 F16" in told
    assert "no multiple of 32" in told
    assert "no weight is off by more than 0." in told
    assert run(["info", file]) == 0
    assert "1 Q8_0, 5 F32, 12 Q4_0, 2 F16" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["export", "MODEL", "--to", "gguf", "--version", "1", "-o", "x.gguf"],
            "--version is for --to llama2c",
        ),
        (["export", "MODEL", "--to", "llama2c", "--kind", "f16", "-o", "x.bin"], "--kind is for --to gguf"),
        (["import", "m.gguf", "out", "--tokenizer", "t.json"], "leave --tokenizer out"),
        (["import", "no.gguf", "out"], "no.gguf"),
        (["import", "short.gguf", "out"], "no whole GGUF file"),
    ],
)
def test_mistakes_get_one_line(
    arguments: list[str],
    complaint: str,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["export", str(model), "--to", "gguf", "-o", "m.gguf"]) == 0
    Path("short.gguf").write_bytes(Path("m.gguf").read_bytes()[:300])
    capsys.readouterr()
    assert run([str(model) if part == "MODEL" else part for part in arguments]) == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1
    assert not Path("out").exists()


def test_an_export_overwrites_nothing(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_text("precious")
    assert run(["export", str(model), "--to", "gguf", "-o", str(file)]) == 2
    assert file.read_text() == "precious"
