"""From a float folder to whole numbers, on the command line."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lilliput.app.cli import run
from lilliput.formats.folder import INTEGERS, save_folder
from lilliput.models import GPT2Config, LlamaConfig, Qwen3Config
from lilliput.models.shapes import weight_shapes
from lilliput.runtime import native
from lilliput.tokens import train_tokenizer

STORIES = [f"The {a} fox saw the {b} box, and the {b} box was {a}." for a in "abcdefg" for b in "hijklmn"]
SMALL = {"vocab_size": 280, "d_model": 32, "n_layers": 2, "n_heads": 4, "d_ff": 48, "context": 64}


def save_random(folder: Path, config: LlamaConfig | Qwen3Config | GPT2Config) -> str:
    random = np.random.default_rng(0)
    weights = {
        name: (random.normal(0, 0.2, shape) if len(shape) > 1 else np.ones(shape)).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    save_folder(folder, config, weights, train_tokenizer(STORIES, 280), {})
    return str(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_random(tmp_path_factory.mktemp("float") / "model", Qwen3Config(**SMALL, n_kv_heads=2))


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("text") / "stories.txt"
    path.write_text("\n\n".join(STORIES))
    return str(path)


@pytest.fixture(scope="module")
def integers(model: str, text: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("integers") / "model-int8"
    assert run(["quantize", model, "--to", "int8", "--data", text, "--stories", "12", "--out", str(out)]) == 0
    return str(out)


def test_an_integer_folder_tells_the_same_story_of_a_seed_and_is_scored(integers, model, text, capsys):
    told = []
    for engine in ([], ["--engine", "integer"]):
        assert run(["tell", integers, "The", "--seed", "5", "--max-tokens", "20", *engine]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert run(["tell", integers, "The", "--seed", "5", "--max-tokens", "20", "--count", "3", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["seed"] for row in rows] == [5, 6, 7]
    assert rows[0]["text"] == told[0].rstrip("\n")
    assert run(["evaluate", integers, "--data", text, "--json"]) == 0
    score = json.loads(capsys.readouterr().out)
    assert (score["engine"], score["precision"]) == ("integer", "integer")
    if native.library_path():
        assert run(["evaluate", model, "--data", text, "--json"]) == 0
        assert abs(json.loads(capsys.readouterr().out)["nats_per_token"] - score["nats_per_token"]) < 0.02
    details = json.loads((Path(integers) / "lilliput.json").read_text())
    assert details["scores"][0]["nats_per_token"] == score["nats_per_token"]
    assert details["integers"]["from"] == "model"
    assert "Whole numbers only" in (Path(integers) / "README.md").read_text()


def test_a_server_knows_that_an_integer_model_has_no_penalty(integers):
    from lilliput.app.server.hosted import open_model

    hosted = open_model("m", Path(integers), None, None, 1, 4)
    hosted.worker.close()
    assert not hosted.penalises


def test_the_report_names_what_hurts_and_settings_mix_formats(model, text, tmp_path, capsys):
    out = tmp_path / "mixed"
    arguments = [
        "quantize",
        model,
        "--to",
        "ternary",
        "--set",
        "down=int8",
        "--data",
        text,
        "--out",
        str(out),
    ]
    assert run([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    kinds = {row["name"].rpartition(".")[2]: row["kind"] for row in result["matrices"]}
    assert kinds == dict.fromkeys("qkvo", "ternary") | {
        "gate": "ternary", "up": "ternary", "down": "int8", "embed": "int8"
    }  # fmt: skip
    errors = [row["by_both"] for row in result["matrices"]]
    assert errors == sorted(errors, reverse=True)
    assert result["matrices"][0]["kind"] == "ternary"
    assert result["nats_per_token"] - result["float_nats_per_token"] == result["lost_nats_per_token"]
    assert run(arguments) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.skipif(native.library_path() is None, reason="the C engine was not built (no compiler)")
def test_without_data_the_model_writes_what_it_is_calibrated_with(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["quantize", model, "--to", "int4", "--stories", "8"]) == 0
    captured = capsys.readouterr()
    assert "the model writes 8 stories" in captured.err
    assert "hurts most" in captured.out
    assert (tmp_path / "model-int4" / INTEGERS).is_file()


def test_info_tells_kinds_bytes_fingerprint_and_loss(integers, capsys):
    assert run(["info", integers, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    made = json.loads((Path(integers) / "lilliput.json").read_text())["integers"]
    assert facts["integers"] == "15 int8"  # seven a layer, and the embedding
    assert facts["integer weight bytes"] == made["weight_bytes"]
    assert facts["integer fingerprint"] == made["fingerprint"]
    assert facts["made of"] == "model"
    assert facts["nats per token lost"] == made["lost_nats_per_token"]
    assert facts["vocab_size"] == 280
    assert run(["info", f"{integers}/{INTEGERS}", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert (alone["kind"], alone["integers"]) == ("integer model", "15 int8")
    assert alone["integer fingerprint"] == made["fingerprint"]


def test_a_folder_with_both_is_read_as_floats_unless_integers_are_asked_for(
    integers, model, text, tmp_path, capsys
):
    both = tmp_path / "both"
    shutil.copytree(model, both)
    shutil.copy(f"{integers}/{INTEGERS}", both)
    engines = []
    for more in ([], ["--engine", "integer"]):
        assert run(["evaluate", str(both), "--data", text, "--json", *more]) == 0
        engines.append(json.loads(capsys.readouterr().out)["engine"])
    assert engines == ["c" if native.library_path() else "torch", "integer"]
    assert run(["info", str(both), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["integers"] == "15 int8"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["tell", "{model}", "--engine", "integer"],
            "holds no integer model: make one with lilliput quantize",
        ),
        (["tell", "{integers}", "--engine", "c"], "--engine c needs floats: --engine integer reads it"),
        (["quantize", "{model}", "--to", "int8", "--set", "key_bits"], "name=value, for example key_bits=8"),
        (["quantize", "{model}", "--to", "int8", "--out", ""], "the folder you are in"),
        (["quantize", "{model}", "--to", "int8", "--separator", "line"], "name them, --data FILE"),
        (["export", "{integers}", "--to", "gguf", "-o", "x"], "the floats it was made of (model): give that"),
        (["bench", "{integers}"], "the floats it was made of (model): give that folder"),
        (["tell", "{integers}", "--threads", "2"], "one thread; leave --threads 2 out"),
        (["evaluate", "{integers}", "--data", "{text}", "--threads", "2"], "leave --threads 2 out"),
        (["quantize", "{model}", "--to", "int8", "--set", "weights=int4"], "leave --set weights= out"),
        (["quantize", "{model}", "--to", "int8", "--set", "head=int4"], "set embed= in place of head="),
        (["tell", "{integers}", "--repetition-penalty", "1.2"], "no repetition penalty"),
        (["tell", "{integers}", "--precision", "int8"], "has its own precision"),
        (["quantize", "{integers}", "--to", "int4", "--out", "x"], "holds an integer model only"),
        (["quantize", "{model}", "--to", "int8", "--set", "keybits=7"], "did you mean key_bits?"),
        (["quantize", "{gpt2}", "--to", "int8", "--data", "{text}"], "llama and qwen3; this model is gpt2"),
    ],
)
def test_mistakes_are_one_line(arguments, said, model, integers, text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    gpt2 = save_random(tmp_path / "gpt2", GPT2Config(**SMALL)) if "{gpt2}" in arguments else ""
    names = {"model": model, "integers": integers, "text": text, "gpt2": gpt2}
    assert run([argument.format(**names) for argument in arguments]) == 2
    error = capsys.readouterr().err.strip().split("\n")[-1]
    assert said in error


@pytest.mark.parametrize("learning", [[], ["--qat", "--tokens", "4096"]], ids=["rounded", "trained"])
def test_stories_are_cut_as_the_options_say(model, tmp_path, capsys, learning):
    lines, table = tmp_path / "lines.txt", tmp_path / "table.jsonl"
    lines.write_text("\n".join(STORIES))
    table.write_text("".join(json.dumps({"tale": story}) + "\n" for story in STORIES))
    command = ["quantize", model, "--to", "int4", "--stories", "12", *learning]
    for file, reading in ((lines, ["--separator", "line"]), (table, ["--column", "tale"])):
        out = tmp_path / file.stem
        assert run([*command, "--data", str(file), "--out", str(out)]) == 2
        assert reading[0] in capsys.readouterr().err
        assert run([*command, "--data", str(file), "--out", str(out), *reading]) == 0
        assert "stories not calibrated with" in capsys.readouterr().out


def test_what_only_cartridges_compute_is_named_when_it_is_made_and_exported(text, tmp_path, capsys):
    llama = save_random(tmp_path / "llama", LlamaConfig(**SMALL, n_kv_heads=2))
    out = str(tmp_path / "planes")
    settings = ["--set", "down=planes", "--set", "window=20"]
    command = ["quantize", llama, "--to", "int8", *settings, "--data", text, "--stories", "12", "--out", out]
    assert run(command) == 0
    assert "down=planes, window=20: that is for cartridges" in capsys.readouterr().err
    assert run(["export", out, "--to", "c", "-o", str(tmp_path / "story.c")]) == 2
    assert "C does not compute down=planes, window=20, which is for cartridges" in capsys.readouterr().err


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_an_exported_c_file_tells_the_story_that_the_folder_tells(integers, model, tmp_path, capsys):
    file = tmp_path / "story.c"
    assert run(["export", integers, "--to", "c", "-o", str(file)]) == 0
    assert "all 8,960 logits are those of the reference" in capsys.readouterr().err
    subprocess.run(["cc", "-O1", "-o", tmp_path / "story", file], check=True)
    for more in ([], ["--temperature", "0"]):
        assert run(["tell", integers, "The", "--seed", "5", "--max-tokens", "30", *more]) == 0
        said = subprocess.run(
            [tmp_path / "story", "-s", "5", "-n", "30", *(["-t", "0", "-p", "1"] if more else []), "The"],
            check=True,
            capture_output=True,
        )
        assert said.stdout.decode(errors="replace") == capsys.readouterr().out
    assert run(["export", integers, "--to", "c", "-o", str(file)]) == 2  # nothing is written over
    floats = tmp_path / "floats.c"
    assert run(["export", model, "--to", "c", "--library", "--context", "20", "-o", str(floats)]) == 0
    assert "holds floats: they become int8" in capsys.readouterr().err
    assert "#define LP_CONTEXT 20\n" in floats.with_suffix(".h").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "c", "-o", "story.txt"], "ends in .c"),
        (["--to", "c", "-o", "story.c", "--context", "65"], "positions for 2 to 64"),
        (["--to", "gguf", "-o", "x", "--library"], "--library is for --to c"),
    ],
)
def test_an_export_that_makes_no_sense_is_refused(integers, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert run(["export", integers, *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_program_that_computes_otherwise_is_not_written(integers, tmp_path, monkeypatch, capsys):
    from lilliput.deploy import parity

    def differ(command, ids):
        return np.zeros((len(ids), 280), np.int64)

    monkeypatch.setattr(parity, "run_logits", differ)
    monkeypatch.chdir(tmp_path)
    for more in (["-o", "story.c"], ["--library", "-o", "story.c"], ["--board", "pico", "-o", "board"]):
        if not shutil.which("cc"):
            pytest.skip("needs a C compiler")
        assert run(["export", integers, "--to", "c", *more]) != 0
        assert "NOT those of the reference: nothing was written" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["quantize", "export"])
def test_what_cannot_be_is_refused_before_a_story_is_written_to_calibrate_with(
    model: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gpt2 = save_random(tmp_path / "gpt2", GPT2Config(**SMALL))
    large = save_random(tmp_path / "large", LlamaConfig(**{**SMALL, "vocab_size": 70_000}, n_kv_heads=2))
    (tmp_path / "file").write_text("x")
    quantizes = command == "quantize"
    out = ["--to", "int8", "--out"] if quantizes else ["--to", "c", "--board", "pico", "-o"]
    tries = [
        (gpt2, "out", "integers are for the families llama and qwen3; this model is gpt2"),
        (large, "out", "vocab_size is 70,000, and may be 65,536 at most"),
        (model, "file/out", "file takes no files"),
    ]
    for folder, place, words in tries:
        assert run([command, folder, *out, str(tmp_path / place)]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert "calibrate" not in said
    if not quantizes:
        assert run([command, model, *out, str(tmp_path / "out"), "--context", "65"]) == 2
        said = capsys.readouterr().err
        assert "--context 65: this model has positions for 2 to 64" in said
        assert "calibrate" not in said
