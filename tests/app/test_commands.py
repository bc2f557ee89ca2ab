"""The commands on real work, end to end, with a model small enough for seconds."""

import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lilliput.app.cli import run
from lilliput.app.commands import story
from lilliput.formats.folder import load_folder
from lilliput.formats.weights import read_safetensors
from lilliput.presets import find_plan

SETTINGS = [
    "model.vocab_size=400", "model.d_model=32", "model.n_layers=2", "model.d_ff=64", "model.context=256",
    "train.batch_tokens=512", "train.log_every=1", "train.threads=1", "train.device=cpu",
]  # fmt: skip


def settings(*more: str) -> list[str]:
    return [part for setting in (*SETTINGS, *more) for part in ("--set", setting)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the story world, trained for some seconds; tests only read it."""
    folder = tmp_path_factory.mktemp("trained")
    world, out = folder / "world.jsonl", folder / "model"
    assert run(["data", "make", "-o", str(world), "--count", "300"]) == 0
    wanted = ["--tokens", "40000", "--set", "model.family=llama"]  # which llama2.c knows too
    assert run(["train", "pocket", "--data", str(world), "--out", str(out), *wanted, *settings()]) == 0
    return folder


def test_training_leaves_a_whole_model_folder(trained: Path) -> None:
    folder = load_folder(trained / "model")
    assert folder.details["data"]["stories"] == 300
    assert folder.details["training"]["tokens"] >= 40_000
    score = folder.details["scores"][0]
    assert 0.5 < score["bits_per_byte"] < 4.5
    bytes_and_bits = score["nats"] / math.log(2) / score["bytes"]
    assert score["bits_per_byte"] == pytest.approx(bytes_and_bits)
    assert (trained / "model/diary.md").read_text().count("## after") >= 3
    rows = [json.loads(line) for line in (trained / "model/metrics.jsonl").read_text().splitlines()]
    losses = [row["nats_per_token"] for row in rows if "gradient_norm" in row]
    assert losses[0] == pytest.approx(math.log(400), abs=0.3)
    assert np.mean(losses[-5:]) < 0.85 * losses[0]
    assert not [path for path in (trained / "model").rglob("*.part")]


def test_the_folder_can_lose_what_resumes_it(trained: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(trained / "model", tmp_path / "m", ignore=shutil.ignore_patterns("resume"))
    assert run(["tell", str(tmp_path / "m"), "--max-tokens", "5"]) == 0


def test_a_seed_tells_the_same_story(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*more: str) -> str:
        assert run(["tell", str(trained / "model"), "A girl", "--max-tokens", "40", *more]) == 0
        return capsys.readouterr().out

    assert told("--seed", "3") == told("--seed", "3")
    assert told("--seed", "3") != told("--seed", "4")
    assert told("--temperature", "0") == told("--temperature", "0", "--seed", "9")
    assert told("--seed", "3").startswith("A girl")


def test_stories_as_json(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["tell", str(trained / "model"), "--count", "3", "--seed", "1", "--max-tokens", "9", "--json"]
    assert run(arguments) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["seed"] for row in rows] == [1, 2, 3]
    assert all(row["tokens"] <= 9 and row["tokens_per_second"] > 0 for row in rows)
    assert {row["ending"] for row in rows} <= {"end", "length"}


def test_a_score_is_printed_and_kept(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = str(trained / "world.jsonl")
    assert run(["evaluate", str(trained / "model"), "--data", world, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["stories"] == 300
    assert row["bits_per_byte"] == pytest.approx(row["nats"] / math.log(2) / row["bytes"])
    kept = load_folder(trained / "model").details["scores"]
    assert [score["data"] for score in kept] == ["held-back stories", "world.jsonl"]
    assert "| world.jsonl | story |" in (trained / "model/README.md").read_text()
    assert run(["evaluate", str(trained / "model"), "--data", world, "--cut", "stream", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"] == row["tokens"]


def test_an_export_comes_back_equal(trained: Path, tmp_path: Path) -> None:
    for version in ("0", "1"):
        file = tmp_path / f"v{version}.bin"
        export = ["export", str(trained / "model"), "--to", "llama2c", "-o", str(file), "--version", version]
        assert run(export) == 0
        vocabulary = str(file.with_suffix(".tokenizer.bin"))
        assert run(["import", str(file), str(tmp_path / version), "--tokenizer", vocabulary]) == 0
        ours, back = load_folder(trained / "model"), load_folder(tmp_path / version)
        assert all(np.array_equal(ours.weights[name], back.weights[name]) for name in ours.weights)
        assert (back.tokenizer.bos, back.tokenizer.end) == (ours.tokenizer.bos, ours.tokenizer.end)


def test_every_command_that_shows_something_has_json(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, world = str(trained / "model"), str(trained / "world.jsonl")
    for arguments, key in [
        (["info", model], "parameters"),
        (["info", f"{model}/resume/train.tokens"], "stories"),
        (["info", f"{model}/tokenizer.json"], "vocab_size"),
        (["data", "info", world], "fingerprint"),
        (["tokenizer", "measure", model, "--data", world], "bytes_per_token"),
        (["presets", "pocket"], "model"),
    ]:
        assert run([*arguments, "--json"]) == 0
        assert key in json.loads(capsys.readouterr().out)
        assert run(arguments) == 0
        assert capsys.readouterr().out


def test_a_plan_file_is_a_preset_and_its_differences(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.toml").write_text('base = "pocket"\nseed = 5\n[train]\nlearning_rate = 0.001\n')
    assert run(["presets", str(tmp_path / "p.toml"), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["seed"], plan["train"]["learning_rate"]) == (5, 0.001)
    assert plan["model"]["d_model"] == 64


def test_tensorboard_reads_what_a_run_writes(trained: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra `track`")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    data = ["--data", str(trained / "world.jsonl"), "--out", str(tmp_path / "m"), "--tokens", "3000"]
    assert run(["train", "pocket", *data, *settings("train.tensorboard=true")]) == 0
    events = EventAccumulator(str(tmp_path / "m/tensorboard")).Reload()
    assert {"train/nats_per_token", "held-back/bits_per_byte"} <= set(events.Tags()["scalars"])
    assert len(events.Scalars("train/nats_per_token")) >= 5


def test_ctrl_c_saves_says_how_to_go_on_and_going_on_ends_like_no_break(
    trained: Path, tmp_path: Path
) -> None:
    world = str(trained / "world.jsonl")

    def command(out: str) -> list[str]:
        train = ["train", "pocket", "--data", world, "--out", out, "--tokens", "30000"]
        return [sys.executable, "-m", "lilliput", *train, *settings()]

    environment = {**os.environ, "COLUMNS": "200"}
    subprocess.run(command("whole"), cwd=tmp_path, env=environment, check=True, capture_output=True)
    broken = subprocess.Popen(
        command("broken"), cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    metrics = tmp_path / "broken/metrics.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (metrics.is_file() and metrics.read_text().count("\n") > 5):
        time.sleep(0.005)
    broken.send_signal(signal.SIGINT)
    _, told = broken.communicate(timeout=60)
    assert broken.returncode == 0
    match = re.search(r"go on with: (.+)", told)
    assert match, told
    assert load_folder(tmp_path / "broken").details["training"]["ended"] == "stopped"
    subprocess.run(match[1], shell=True, cwd=tmp_path, env=environment, check=True, capture_output=True)
    whole, resumed = (
        read_safetensors(tmp_path / n / "resume/state.safetensors") for n in ("whole", "broken")
    )
    assert whole.keys() == resumed.keys()
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)


def test_a_newcomers_story_from_own_text_ends_with_commands_that_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    stories = [
        f"The {a} cat sat on the {b} mat and said {a} to the {b} dog." for a in "abcde" for b in "fghij"
    ]
    Path("my.txt").write_text("\n\n".join(stories))
    assert run(["story", "--data", "my.txt", "--minutes", "0.03"]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip()
    assert "my.txt: stories separated by blank lines" in captured.err
    commands = re.findall(r"^  (.+)$", captured.err.split("Three things to try next:")[1], re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        assert run(shlex.split(command.partition("lilliput ")[2])) == 0
    assert run(["story", "--data", "my.txt", "--minutes", "0.01"]) == 0
    assert Path("runs/story-2/config.json").is_file()


def test_without_a_network_the_story_world_serves_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(story, "_WORLD", "world:400")
    assert run(["story", "--minutes", "0.02"]) == 0
    told = capsys.readouterr().err
    assert "taking the built-in story world instead" in told
    assert "stories: the built-in story world: 400 stories of seed 0" in told


def test_presets_are_listed_by_who_made_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["presets"]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.split("\n")]
    at = lines.index("llama2.c")
    assert lines[at + 1].split() == ["stories260k", "llama", "260,032", "227,264", "512", "512"]
    assert lines[at + 1].startswith("  ")
    assert run(["presets", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["group"] for row in rows} >= {"lilliput", "llama2.c", "TinyStories", "model collapse"}
    assert next(row for row in rows if row["name"] == "pocket")["group"] == "lilliput"


def test_a_preset_is_shown_as_the_plan_file_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["presets", "pocket"]) == 0
    (tmp_path / "p.toml").write_text(capsys.readouterr().out)
    assert find_plan(str(tmp_path / "p.toml")) == find_plan("pocket")


def test_a_longer_run_keeps_the_diary_and_one_that_is_over_says_so(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, out = str(trained / "world.jsonl"), str(tmp_path / "m")
    assert run(["train", "pocket", "--data", world, "--out", out, "--tokens", "3000", *settings()]) == 0
    first = (tmp_path / "m/diary.md").read_text()
    for more in ([], ["--tokens", "10"]):
        assert run(["train", "--resume", "--out", out, *more]) == 2
        assert "has used up its budget" in capsys.readouterr().err
    assert run(["train", "--resume", "--out", out, "--tokens", "6000"]) == 0
    second = (tmp_path / "m/diary.md").read_text()
    assert second.startswith(first)
    assert second.count("## after") == first.count("## after") + 1 == 3


def test_text_without_spaces_trains_and_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    stories = [
        f"むかし{a}という子がいました。{b}が好きで、毎日{b}で遊びました。" * 9
        for a in "花春夏秋冬"
        for b in "川山海空森"
    ]
    Path("ja.txt").write_text("\n\n".join(stories), encoding="utf-8")
    more = settings("model.vocab_size=300", "model.context=64", "data.valid_share=0.2")
    assert run(["train", "pocket", "--data", "ja.txt", "--out", "m", "--tokens", "3000", *more]) == 0
    capsys.readouterr()
    assert run(["tell", "m", "むかし", "--max-tokens", "20"]) == 0
    assert capsys.readouterr().out.startswith("むかし")


def test_a_run_can_use_the_tokenizer_of_an_imported_model(
    shared: Path, trained: Path, tmp_path: Path
) -> None:
    vocabulary, folder = str(shared / "tokenizers/tok512.model"), str(tmp_path / "public")
    assert run(["import", str(shared / "models/stories260K.bin"), folder, "--tokenizer", vocabulary]) == 0
    data = ["--data", str(trained / "world.jsonl"), "--out", str(tmp_path / "m"), "--tokens", "2000"]
    more = settings(f"tokenizer={folder}", "model.vocab_size=512")
    assert run(["train", "pocket", *data, *more]) == 0
    assert (
        load_folder(tmp_path / "m").tokenizer.fingerprint == load_folder(Path(folder)).tokenizer.fingerprint
    )


@pytest.mark.parametrize(("count", "share"), [(12, 1 / 3), (60, 1 / 5), (400, 1 / 50)])
def test_few_stories_hold_back_a_larger_share_of_them(count: int, share: float, tmp_path: Path) -> None:
    out = str(tmp_path / "m")
    more = [*settings("model.vocab_size=259"), "--tokens", "600"]
    assert run(["train", "pocket", "--data", f"world:{count}:3", "--out", out, *more]) == 0
    details = load_folder(tmp_path / "m").details
    assert details["plan"]["data"]["valid_share"] == share
    assert details["data"]["train_stories"] > details["data"]["valid_stories"] > 0
