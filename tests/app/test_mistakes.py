"""What a person gets wrong: one clear line on stderr, exit 2, nothing half written."""

import errno
import gzip
import json
import os
import random
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lilliput.app.cli import run

PLAN = """\
name = "tiny"
[model]
vocab_size = 280
d_model = 8
n_layers = 1
n_heads = 2
n_kv_heads = 1
d_ff = 12
context = 16
[train]
tokens = 400
batch_tokens = 64
[data]
valid_share = 0.2
"""
STORIES = [f"The {a} fox saw the {b} box, and the {b} box was {a}." for a in "abcdefg" for b in "hijklmn"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("plan.toml").write_text(PLAN)
    Path("good.txt").write_text("\n\n".join(STORIES))
    return tmp_path


Refused = Callable[..., str]


@pytest.fixture
def refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    def refused(*arguments: str) -> str:
        """Run a command that must be refused; returns what the person is told."""
        before = sorted(folder.rglob("*"))
        assert run(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        *work, told = captured.err.rstrip("\n").split("\n")
        assert told.startswith("lilliput: ")
        assert not any(line.startswith(("lilliput:", "Traceback")) for line in work)
        assert sorted(folder.rglob("*")) == before
        return told

    return refused


def train_on(name: str, *more: str) -> list[str]:
    return ["train", "plan.toml", "--data", name, "--out", "run", *more]


def write(name: str, content: bytes) -> str:
    Path(name).write_bytes(content)
    return name


def test_a_missing_file_is_named_with_its_near_miss(refused: Refused) -> None:
    assert "godo.txt: no such file or folder: did you mean good.txt?" in refused(*train_on("godo.txt"))


def test_an_empty_file_is_called_empty(refused: Refused) -> None:
    assert "e.txt is empty" in refused(*train_on(write("e.txt", b"")))
    assert "s.txt" in refused(*train_on(write("s.txt", b" \n\n \n")))


@pytest.mark.parametrize("command", ["train", "story"])
def test_one_story_is_not_enough(refused: Refused, command: str) -> None:
    name = write("one.txt", b"A fox saw a box and another fox and the other box.\n<|endoftext|>\n")
    arguments = train_on(name) if command == "train" else ["story", "--data", name, "--out", "run"]
    told = refused(*arguments)
    assert "one story is not enough" in told or "supports" in told


def test_random_bytes_are_no_text(refused: Refused) -> None:
    told = refused(*train_on(write("r.txt", random.Random(0).randbytes(20_000))))
    assert "r.txt" in told
    assert "not text" in told


def test_latin_1_is_told_how_to_become_utf_8(refused: Refused) -> None:
    told = refused(*train_on(write("l.txt", ("Ein schöner Bär, süß.\n\n" * 50).encode("latin-1"))))
    assert "l.txt" in told
    assert "iconv -f" in told


def test_a_line_of_50_megabytes_is_refused_before_it_is_held(refused: Refused) -> None:
    told = refused(*train_on(write("long.txt", b"once upon a time " * 3_000_000)))
    assert "long.txt" in told
    assert "--separator" in told or "longer" in told


def test_a_missing_column_is_told_the_columns_there_are(refused: Refused) -> None:
    line = json.dumps({"title": "x", "body": "y"}).encode()
    told = refused(*train_on(write("j.jsonl", line + b"\n")))
    assert "title" in told
    assert "body" in told
    assert "title" in refused(*train_on("j.jsonl", "--column", "tale"))


def test_a_vocabulary_that_the_text_does_not_support_is_told_how_large_it_may_be(refused: Refused) -> None:
    told = refused(*train_on("good.txt", "--set", "model.vocab_size=9000"))
    assert "9,000" in told
    assert "at most" in told


def test_an_unknown_setting_is_told_the_near_miss(refused: Refused) -> None:
    assert "no setting lrr; there are" in refused(*train_on("good.txt", "--set", "train.lrr=1"))
    assert "did you mean tokens" in refused(*train_on("good.txt", "--set", "train.token=1"))


def test_a_truncated_bin_says_what_is_missing(refused: Refused, shared: Path) -> None:
    whole = (shared / "models/stories260K.bin").read_bytes()
    vocabulary = str(shared / "tokenizers/tok512.model")
    for size in (3, 100, len(whole) - 4):
        told = refused("import", write("m.bin", whole[:size]), "out", "--tokenizer", vocabulary)
        assert "m.bin" in told
    assert "calls for 1,056,540 bytes, it has 1,056,536" in told


def test_a_tokenizer_larger_than_the_model_is_refused(refused: Refused, shared: Path) -> None:
    told = refused(
        "import", str(shared / "models/stories260K.bin"), "out",
        "--tokenizer", str(shared / "tokenizers/tok4096.model"),
    )  # fmt: skip
    assert "4096" in told
    assert "512" in told


def test_an_unknown_key_in_a_config_is_named(refused: Refused, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(train_on("good.txt")) == 0
    capsys.readouterr()
    config = Path("run/config.json")
    config.write_text(config.read_text().replace('"hidden_act"', '"hidden_acts"'))
    assert "unknown key hidden_acts; did you mean hidden_act" in refused("tell", "run")


def test_a_shard_made_by_another_tokenizer_names_both(
    refused: Refused, capsys: pytest.CaptureFixture[str]
) -> None:
    from lilliput.tokens import load_tokenizer, train_tokenizer

    assert run(train_on("good.txt")) == 0
    capsys.readouterr()
    mine = load_tokenizer(Path("run/resume/tokenizer.json")).fingerprint
    other = train_tokenizer(["some other words of another text entirely"], 280, at_most=True)
    other.save(Path("run/resume/tokenizer.json"))
    told = refused("train", "--resume", "--out", "run", "--tokens", "999")
    assert mine in told
    assert other.fingerprint in told


def test_a_full_disk_is_said_and_leaves_nothing(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    from lilliput import rundir

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(rundir.os, "fsync", full)
    assert "No space left on device" in refused(*train_on("good.txt"))
    assert "No space left on device" in refused("data", "make", "-o", "w.jsonl", "--count", "5")


def test_a_disk_that_is_really_too_small_leaves_nothing(folder: Path) -> None:
    """`ulimit -f` refuses writes past 8 KiB, as a full disk would; the shards are larger than that."""
    Path("more.txt").write_text("\n\n".join(f"{story} {number}" for number in range(20) for story in STORIES))
    command = shlex.join([sys.executable, "-m", "lilliput", *train_on("more.txt")])
    before = sorted(folder.rglob("*"))
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 8; exec {command}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.rstrip().split("\n")[-1].startswith("lilliput: ")
    assert "File too large" in done.stderr
    assert sorted(folder.rglob("*")) == before


def test_no_permission_to_write_is_said(refused: Refused) -> None:
    write("file", b"x")
    assert "file" in refused(*train_on("good.txt")[:-1], "file/run")
    if os.geteuid() != 0:
        Path("locked").mkdir(mode=0o500)
        assert "Permission denied" in refused(*train_on("good.txt")[:-1], "locked/run")


def test_nothing_that_is_there_is_overwritten(refused: Refused) -> None:
    Path("run").mkdir()
    write("run/precious", b"x")
    assert "run exists already" in refused(*train_on("good.txt"))
    assert "run exists already" in refused("story", "--data", "good.txt", "--out", "run")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["tel"], "Did you mean 'tell'?"),
        (["tell", "runs/mine", "Once", "upon"], "in quotes"),
        (["tell", "nowhere"], "nowhere is not there"),
        (["tell", "Once"], 'name a model before it: lilliput tell pocket "Once"'),
        (["tell", "Once", "upon a time"], 'lilliput tell pocket "Once upon a time"'),
        (["tell", "Once", "upon", "a", "time"], 'in quotes: "Once upon a time"'),
        (["tell", "poket"], "did you mean pocket?"),
        (["tell", "good.txt"], "good.txt is a file, not a model folder"),
        (["tell", "nowhere", "--top-p", "7"], "top_p"),
        (["train", "poket", "--data", "good.txt", "--out", "r"], "did you mean pocket?"),
        (["train", "pocket", "--out", "r"], "--data"),
        (["train", "pocket", "--data", "good.txt"], "--out"),
        (["train", "--resume", "--out", "r"], "holds no run to resume"),
        (["train", "pocket", "--resume", "--out", "r"], "only --minutes, --tokens and --set"),
        (["train", "none.toml", "--data", "good.txt", "--out", "r"], "none.toml: no such file"),
        (["train", "pocket", "--data", "good.txt", "--out", "r", "--set", "model.n_heads=5"], "n_heads 5"),
        (["train", "pocket", "--data", "good.txt", "--out", "r", "--set", "train.device=cuda"], "cuda"),
        (["train", "plan.toml", "--data", "good.txt", "--out", "r", "--set", "train.beta1=1"], "beta1"),
        (
            ["train", "plan.toml", "--data", "good.txt", "--out", "r", "--set", "train.batch_tokens=3"],
            "batch_tokens",
        ),
        (
            ["train", "plan.toml", "--data", "good.txt", "--out", "r", "--set", f"prompt={'fox ' * 90}"],
            "prompt",
        ),
        (
            [
                "train",
                "plan.toml",
                "--data",
                "good.txt",
                "--out",
                "r",
                "--tokens",
                "9",
                "--set",
                "train.minutes=1",
            ],
            "leave it out of --set",
        ),
        (
            ["train", "plan.toml", "--data", "good.txt", "--out", "r", "--seed", "9", "--set", "seed=1"],
            "give one",
        ),
        (["data", "make", "-o", "w.jsonl", "--seed", "9" * 20], "--seed"),
        (["presets", "poket"], "did you mean pocket?"),
        (["info", "nowhere"], "nowhere: no such file or folder"),
        (["info", "good.txt"], "good.txt"),
        (["tokenizer", "train", "--data", "good.txt", "-o", "t.json", "--vocab-size", "100"], "259"),
        (["tokenizer", "measure", "good.txt", "--data", "good.txt"], "good.txt"),
        (["data", "info", "nothing.txt"], "nothing.txt"),
        (["data"], "Missing command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_other_mistakes(refused: Refused, arguments: list[str], told: str) -> None:
    if "train.device=cuda" in arguments:
        import torch

        if torch.cuda.is_available():
            pytest.skip("this machine has a CUDA device, so asking for it is no mistake")
    assert told in refused(*arguments)


def test_a_folder_is_trained_by_one_process_at_a_time(
    refused: Refused, capsys: pytest.CaptureFixture[str]
) -> None:
    from filelock import FileLock

    assert run(train_on("good.txt")) == 0
    capsys.readouterr()
    with FileLock("run/resume/lock"):
        assert "another process" in refused("train", "--resume", "--out", "run", "--tokens", "999")


def test_a_run_that_was_cut_off_says_how_to_go_on(
    refused: Refused, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(train_on("good.txt")) == 0
    capsys.readouterr()
    Path("run/config.json").unlink()
    assert "lilliput train --resume --out run" in refused("tell", "run")
    assert "lilliput train --resume --out run" in refused(*train_on("good.txt"))


def test_an_integer_model_without_its_integers_is_told_so(refused: Refused) -> None:
    from lilliput.app import shipped
    from lilliput.formats.folder import load_folder, save_surroundings

    folder = load_folder(shipped.find_model(Path("pocket")))
    save_surroundings(
        Path("s8"), folder.config, folder.tokenizer, {"integers": {"from": "story", "command": "x"}}
    )
    for command in (
        ["tell", "s8"],
        ["tell", "s8", "--engine", "integer"],
        ["evaluate", "s8", "--data", "good.txt"],
        ["export", "s8", "--to", "c", "-o", "s.c"],
        ["export", "s8", "--to", "gguf", "-o", "s.gguf"],
        ["quantize", "s8", "--to", "int4"],
        ["info", "s8"],
    ):
        told = refused(*command)
        assert "s8 is an integer model whose integers.safetensors is missing" in told
        assert "(story)" in told


def test_a_table_and_a_document_are_told_how_to_become_text(refused: Refused) -> None:
    assert "save it as JSON lines" in refused(*train_on(write("t.csv", b"id,text\n1,A fox.\n")))
    assert "save the text as .txt" in refused(*train_on(write("t.txt", b"PK\x03\x04" + bytes(50))))


def test_a_plan_file_that_is_wrong_is_told_where(refused: Refused) -> None:
    for text, told in [
        ('base = ["pocket"]', "no preset"),
        ('name = "x"\n[train]\ntokens = 5', "model is missing"),
        ('base = "pocket"\n[model]\nwidth = 3', "no setting width"),
        ("nonsense", "not a TOML file"),
    ]:
        write("wrong.toml", text.encode())
        assert told in refused("train", "wrong.toml", "--data", "good.txt", "--out", "r")


def test_a_gzip_bomb_ends_at_the_longest_story(refused: Refused) -> None:
    told = refused(*train_on(write("b.txt.gz", gzip.compress(b"a" * 60_000_000))))
    assert "b.txt.gz" in told


def test_without_arguments_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Begin with: lilliput story" in capsys.readouterr().out


def test_a_reader_that_leaves_early_is_no_fault(folder: Path) -> None:
    command = f"{sys.executable} -m lilliput presets pocket | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("name = ")
    assert "Traceback" not in done.stderr
