"""Checkpoints of llama2.c's training against the weight file of the same model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lilliput.app.cli import run
from lilliput.errors import FormatError
from lilliput.formats.folder import load_folder
from lilliput.formats.llama2c import read_llama2c
from lilliput.formats.llama2c_pt import read_llama2c_pt
from lilliput.formats.weights import Weights, weight_shapes
from lilliput.models import LlamaConfig

SHAPE = {"vocab_size": 50, "d_model": 16, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "d_ff": 12}
PARTS = {
    "norm1": "attention_norm", "norm2": "ffn_norm", "attn.q": "attention.wq", "attn.k": "attention.wk",
    "attn.v": "attention.wv", "attn.o": "attention.wo", "mlp.gate": "feed_forward.w1",
    "mlp.down": "feed_forward.w2", "mlp.up": "feed_forward.w3",
}  # fmt: skip


def stored_as_neighbours(matrix: np.ndarray, d_head: int) -> np.ndarray:
    """Rows of each head so that the pairs i, i + K/2 stand side by side."""
    heads = matrix.reshape(-1, 2, d_head // 2, matrix.shape[1])
    return heads.transpose(0, 2, 1, 3).reshape(matrix.shape)


def checkpoint(config: LlamaConfig, weights: Weights, prefix: str = "") -> dict[str, Any]:
    """What llama2.c's train.py saves."""
    model = {
        "tok_embeddings.weight": weights["embed.weight"],
        "norm.weight": weights["norm.weight"],
        "output.weight": weights["embed.weight" if config.tied else "head.weight"],
    }
    for layer in range(config.n_layers):
        for ours, theirs in PARTS.items():
            array = weights[f"blocks.{layer}.{ours}.weight"]
            if ours in ("attn.q", "attn.k"):
                array = stored_as_neighbours(array, config.d_head)
            model[f"layers.{layer}.{theirs}.weight"] = array
    arguments = {
        "dim": config.d_model,
        "n_layers": config.n_layers,
        "n_heads": config.n_heads,
        "n_kv_heads": config.n_kv_heads,
        "vocab_size": config.vocab_size,
        "multiple_of": 4,
        "max_seq_len": config.context,
        "dropout": 0.0,
    }
    return {
        "model": {f"{prefix}{name}": torch.from_numpy(np.array(array)) for name, array in model.items()},
        "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-3}]},
        "model_args": arguments,
        "iter_num": 3,
        "best_val_loss": torch.tensor(1.5),
        "config": {"out_dir": "out", "compile": True},
    }


def random_weights(config: LlamaConfig) -> Weights:
    random = np.random.default_rng(1)
    return {
        name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in weight_shapes(config).items()
    }


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("prefix", ["", "_orig_mod."])
def test_a_checkpoint_is_read_as_it_was_trained(tied: bool, prefix: str, tmp_path: Path) -> None:
    config = LlamaConfig(**SHAPE, context=20, tied=tied)
    weights = random_weights(config)
    torch.save(checkpoint(config, weights, prefix), tmp_path / "ckpt.pt")
    read_config, read = read_llama2c_pt(tmp_path / "ckpt.pt")
    assert read_config == config
    assert read.keys() == weights.keys()
    assert all(np.array_equal(weights[name], read[name]) for name in weights)


def test_the_published_model_as_a_checkpoint_is_the_published_model(shared: Path, tmp_path: Path) -> None:
    config, weights = read_llama2c(shared / "models/stories260K.bin")
    torch.save(checkpoint(config, weights), tmp_path / "ckpt.pt")
    read_config, read = read_llama2c_pt(tmp_path / "ckpt.pt")
    assert read_config == config
    assert all(np.array_equal(weights[name], read[name]) for name in weights)


def test_heads_without_a_number_of_their_own_share_no_keys(tmp_path: Path) -> None:
    config = LlamaConfig(**{**SHAPE, "n_kv_heads": 4}, context=20)
    saved = checkpoint(config, random_weights(config))
    saved["model_args"]["n_kv_heads"] = None
    saved["model"]["freqs_cos"] = torch.ones(3)
    torch.save(saved, tmp_path / "ckpt.pt")
    assert read_llama2c_pt(tmp_path / "ckpt.pt")[0] == config


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda saved: saved.pop("model_args"), "not a checkpoint of llama2.c"),
        (lambda saved: saved.pop("model"), "not a checkpoint of llama2.c"),
        (lambda saved: saved["model_args"].pop("dim"), "d_model"),
        (lambda saved: saved["model_args"].update(n_layers=10**12), "n_layers"),
        (lambda saved: saved["model_args"].update(n_layers=3), r"lacks the weight blocks\.2"),
        (lambda saved: saved["model_args"].update(vocab_size=51), "shape"),
        (lambda saved: saved["model_args"].update(n_heads="x"), "n_heads"),
        (lambda saved: saved["model"].pop("layers.0.feed_forward.w1.weight"), "w1"),
        (lambda saved: saved["model"].pop("tok_embeddings.weight"), "lacks the weight embed"),
        (lambda saved: saved["model"].pop("norm.weight"), "lacks the weight norm"),
        (lambda saved: saved["model"].update({"layers.0.x.weight": torch.ones(1)}), "belongs to no model"),
        (lambda saved: saved["model"].update({3: torch.ones(1)}), "belongs to no model"),
        (lambda saved: saved["model"].update({"norm.weight": "x"}), "not an array"),
        (lambda saved: saved["model"].update({"layers.0.attention.wq.weight": torch.ones(3)}), "shape"),
    ],
)
def test_a_checkpoint_of_another_kind_is_refused(change: Any, told: str, tmp_path: Path) -> None:
    config = LlamaConfig(**SHAPE, context=20)
    saved = checkpoint(config, random_weights(config))
    change(saved)
    torch.save(saved, tmp_path / "ckpt.pt")
    with pytest.raises(FormatError, match=told):
        read_llama2c_pt(tmp_path / "ckpt.pt")


def test_a_checkpoint_of_llama2c_is_imported(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vocabulary = str(shared / "tokenizers/tok512.model")
    config, weights = read_llama2c(shared / "models/stories260K.bin")
    torch.save(checkpoint(config, weights), tmp_path / "ckpt.pt")
    assert run(["import", str(tmp_path / "ckpt.pt"), str(tmp_path / "b"), "--tokenizer", vocabulary]) == 0
    again = load_folder(tmp_path / "b")
    assert again.config == config
    assert all(np.array_equal(weights[name], again.weights[name]) for name in weights)
    assert again.tokenizer.end == again.tokenizer.bos == 1
    capsys.readouterr()
    assert run(["info", str(tmp_path / "ckpt.pt"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 260_032
    assert run(["import", str(tmp_path / "ckpt.pt"), str(tmp_path / "c")]) == 2
    assert "say --tokenizer" in capsys.readouterr().err
