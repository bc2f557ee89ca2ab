"""Every family through the commands: trained, told, scored, shown; and folders as others release them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.app.cli import run
from lilliput.formats.folder import load_folder, save_folder
from lilliput.formats.weights import read_safetensors, weight_shapes
from lilliput.models import GPTNeoConfig
from lilliput.models.config import ModelConfig
from lilliput.tokens import Tokenizer, train_tokenizer

STORIES = [f"The {a} fox saw the {b} box, and the {b} box was {a}." for a in "abcdefg" for b in "hijklmn"]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "stories.txt"
    path.write_text("\n\n".join(STORIES))
    return path


@pytest.mark.parametrize("family", ["llama", "qwen3", "gpt2", "gptneo", "moe"])
def test_any_family_is_trained_resumed_told_scored_and_shown(
    family: str, text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(tmp_path / "model")
    settings = [
        f"model.family={family}", "model.vocab_size=280", "model.d_model=16", "model.n_layers=2",
        "model.n_heads=2", "model.d_ff=24", "model.context=64", "train.batch_tokens=128",
        "train.threads=1", "train.device=cpu", "data.valid_share=0.2",
    ]  # fmt: skip
    given = [part for setting in settings for part in ("--set", setting)]
    train = ["train", "pocket", "--data", str(text), "--out", model, "--tokens", "600", *given]
    assert run(train) == 0
    assert run(["train", "--resume", "--out", model, "--tokens", "1200"]) == 0
    folder = load_folder(Path(model))
    assert folder.config.family == family
    assert folder.details["plan"]["model"]["family"] == family
    assert folder.details["training"]["tokens"] >= 1200
    capsys.readouterr()
    assert run(["tell", model, "The", "--engine", "torch", "--max-tokens", "5", "--seed", "1"]) == 0
    assert capsys.readouterr().out.startswith("The")
    assert run(["evaluate", model, "--data", str(text), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["nats_per_token"] < 6
    assert run(["info", model]) == 0
    assert family in capsys.readouterr().out
    assert run(["info", model, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["family"] == family


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(STORIES, 280)


def random_folder(folder: Path, config: ModelConfig, tokenizer: Tokenizer) -> None:
    random = np.random.default_rng(0)
    shapes = weight_shapes(config).items()
    weights = {name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes}
    save_folder(folder, config, weights, tokenizer, {})


def test_only_llamas_become_llama2c_files(
    any_config: ModelConfig, tokenizer: Tokenizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if any_config.family == "llama":
        pytest.skip("that is the other tests' matter")
    random_folder(tmp_path / "model", any_config, tokenizer)
    export = ["export", str(tmp_path / "model"), "--to", "llama2c", "-o", str(tmp_path / "m.bin")]
    assert run(export) == 2
    told = capsys.readouterr().err
    assert f"llama2.c computes models of the llama family only; this one is {any_config.family}" in told
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_as_it_was_released_serves_as_it_is(
    tokenizer: Tokenizer, text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = GPTNeoConfig(vocab_size=280, d_model=16, n_layers=2, n_heads=2, d_ff=64, context=64, window=8)
    random_folder(tmp_path, config, tokenizer)
    arrays = read_safetensors(tmp_path / "model.safetensors")
    torch.save(
        {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()},
        tmp_path / "pytorch_model.bin",
    )
    (tmp_path / "vocab.json").write_text(json.dumps({p: i for i, p in enumerate(tokenizer.pieces)}))
    merges = "".join(f"{left} {right}\n" for left, right in tokenizer.merges)
    (tmp_path / "merges.txt").write_text(merges, encoding="utf-8")
    for name in ("model.safetensors", "lilliput.json", "tokenizer.json", "README.md"):
        (tmp_path / name).unlink()
    before = sorted(tmp_path.iterdir())
    assert run(["info", str(tmp_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["parameters"] == sum(array.size for array in arrays.values())
    tell = ["tell", str(tmp_path), "The", "--engine", "torch", "--max-tokens", "5", "--seed", "1"]
    assert run(tell) == 0
    assert capsys.readouterr().out.startswith("The")
    assert run(["evaluate", str(tmp_path), "--data", str(text), "--json"]) == 0
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_without_a_tokenizer_says_what_to_put_there(
    tokenizer: Tokenizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = GPTNeoConfig(vocab_size=280, d_model=16, n_layers=2, n_heads=2, d_ff=64, context=64)
    random_folder(tmp_path, config, tokenizer)
    (tmp_path / "tokenizer.json").unlink()
    assert run(["info", str(tmp_path)]) == 2
    assert "no tokenizer.json, nor vocab.json and merges.txt" in capsys.readouterr().err
