"""`lilliput train --from`: a run that begins with a model folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from lilliput.app.cli import run
from lilliput.formats.folder import load_folder
from lilliput.training.leading import open_batches
from lilliput.training.prepare import load_prepared
from lilliput.training.resume import RunFiles

PLAN = """
name = "tiny"
prompt = "The"
[model]
vocab_size = 300
d_model = 16
n_layers = 1
n_heads = 2
n_kv_heads = 1
d_ff = 24
context = 64
[train]
tokens = 3000
batch_tokens = 128
device = "cpu"
threads = 1
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with plan.toml, records.jsonl, and the model base."""
    root = tmp_path_factory.mktemp("tuning")
    (root / "plan.toml").write_text(PLAN)
    with (root / "records.jsonl").open("w") as file:
        for number in range(60):
            text = (
                f"Words: fox, box {number}\nStory: The fox {number} sat in a box. It was warm and dry there."
            )
            file.write(json.dumps({"text": text if number else "No mark here."}) + "\n")
    assert train(root, "base") == 0
    return root


def train(root: Path, out: str, *options: str) -> int:
    data = ["--data", str(root / "records.jsonl"), "--out", str(root / out)]
    return run(["train", str(root / "plan.toml"), *data, "--set", "train.step=torch", *options])


def test_a_run_from_a_folder_begins_with_its_weights_model_and_tokenizer(place: Path) -> None:
    options = ["--from", str(place / "base"), "--tokens", "1", "--set", "train.learning_rate=1e-9"]
    assert train(place, "same", *options) == 0
    base, same = load_folder(place / "base"), load_folder(place / "same")
    assert same.config == base.config
    assert same.tokenizer.fingerprint == base.tokenizer.fingerprint
    for name, weight in base.weights.items():
        np.testing.assert_allclose(same.weights[name], weight, atol=1e-7)


def test_adapters_are_merged_into_a_folder_like_any_other(place: Path) -> None:
    assert train(place, "adapted", "--from", str(place / "base"), "--set", "lora.rank=4") == 0
    base, adapted = load_folder(place / "base"), load_folder(place / "adapted")
    assert adapted.weights.keys() == base.weights.keys()
    moved = {
        name for name, weight in base.weights.items() if not np.array_equal(weight, adapted.weights[name])
    }
    assert moved == {f"blocks.0.attn.{part}.weight" for part in "qkvo"}
    assert run(["tell", str(place / "adapted"), "The", "--max-tokens", "5", "--engine", "torch"]) == 0


def test_the_model_cannot_be_said_twice(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(place, "x", "--from", str(place / "base"), "--set", "model.d_ff=32") == 2
    assert "leave them out of --set" in capsys.readouterr().err
    assert train(place, "x", "--from", str(place / "nowhere")) == 2
    assert "nowhere is not there" in capsys.readouterr().err


def test_what_stands_before_the_mark_is_read_and_not_learnt(place: Path) -> None:
    assert train(place, "masked", "--set", "data.learn_after=Story:") == 0
    prepared = load_prepared(RunFiles(place / "masked"))
    batches = open_batches(prepared.plan, prepared.train)
    learnt = set()
    for step in range(batches.steps_per_epoch):
        batch = batches.at(step)
        assert batch.targets == sum(
            len(row) - 1 - skip for row, skip in zip(batch.rows, batch.skips, strict=True)
        )
        for row, skip in zip(batch.rows, batch.skips, strict=True):
            if row[0] == prepared.tokenizer.bos:
                learnt.add(prepared.tokenizer.decode(row[1 + skip :].tolist())[:9])
    assert learnt <= {" The fox ", "No mark h"}
    assert " The fox " in learnt


def test_a_mark_that_no_story_has_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(place, "y", "--set", "data.learn_after=Tale:") == 2
    assert "no story holds 'Tale:'" in capsys.readouterr().err
    assert not (place / "y").exists()
