"""Two processes learn what one learns, from the same batches, and go on with what one began."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.formats.weights import read_safetensors
from lilliput.models import LlamaConfig
from lilliput.stories.sources import open_stories
from lilliput.training.diary import read_rows
from lilliput.training.leading import open_batches
from lilliput.training.loop import Surroundings, train
from lilliput.training.plan import Plan, TeacherPlan, TrainPlan
from lilliput.training.prepare import load_prepared, prepare
from lilliput.training.resume import RunFiles, save_plan
from lilliput.training.steps import make_step

STEPS = 50
MODEL = LlamaConfig(vocab_size=270, d_model=32, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=48, context=64)
BASE: dict[str, Any] = {"batch_tokens": 256, "checkpoint_s": 1e9, "log_every": 1, "threads": 1}
CASES: dict[str, dict[str, Any]] = {
    "ddp": {"micro_tokens": 64, "optimizer": "muon", "ema": 0.9, "z_loss": 1e-3},
    "ddp-few-rows": {"batch_tokens": 64},
    "ddp-taught": {"batch_tokens": 128, "teacher": {"ngrams": 3, "until": 0.5}},
    "fsdp": {"sharding": "fsdp", "micro_tokens": 64, "optimizer": "muon", "checkpoint_activations": True},
    "resumed-fsdp": {"sharding": "fsdp", "ema": 0.9},
}


def plan(**changes: Any) -> Plan:
    options = {**BASE, **changes}
    teacher = TeacherPlan(**options.pop("teacher", {}))
    train = TrainPlan(tokens=options["batch_tokens"] * STEPS, device="cpu", step="torch", **options)
    return Plan(name="t", prompt="the", model=MODEL, train=train, teacher=teacher)


def learn_alone(folder: Path, stop_after: int | None = None) -> None:
    files = RunFiles(folder)
    prepared = load_prepared(files)
    step, seen = make_step(prepared.plan), []
    around = Surroundings(
        time.monotonic,
        lambda: len(seen) - 1 == stop_after,  # a row of the diary is among them
        lambda _: {"story": "", "bits_per_byte": 0.0},
        seen.append,
    )
    train(prepared.plan, step, open_batches(prepared.plan, prepared.train), files, around)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each case in two folders: NAME of two processes, NAME.alone of one."""
    root = tmp_path_factory.mktemp("ranks")
    draw = random.Random(0)
    words = ["the", "fox", "and", "box", "ran", "to", "a", "big", "red", "barn", "with", "his", "friend"]
    stories = [" ".join(draw.choices(words, k=draw.randint(3, 50))) for _ in range(150)]
    (root / "stories.txt").write_text("\n\n".join(stories))
    source = [str(root / "stories.txt")]
    prepare(
        plan(teacher={"ngrams": 3}), lambda: open_stories(source), RunFiles(root / "prepared"), lambda _: None
    )
    vocabulary = load_prepared(RunFiles(root / "prepared")).plan.model
    for name, changes in CASES.items():
        for folder in (root / name, root / f"{name}.alone"):
            shutil.copytree(root / "prepared", folder)
            save_plan(RunFiles(folder), plan(**changes).model_copy(update={"model": vocabulary}))
        learn_alone(root / f"{name}.alone")
        if name.startswith("resumed"):
            learn_alone(root / name, stop_after=20)
    program = Path(__file__).with_name("two_ranks.py")
    orders = [f"{port}={root / name}" for port, name in zip(free_ports(len(CASES)), CASES, strict=True)]
    processes = [
        subprocess.Popen([sys.executable, str(program), rank, *orders], stderr=subprocess.PIPE, text=True)
        for rank in "01"
    ]
    said = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    return root


def losses(folder: Path) -> list[float]:
    return [row["nats_per_token"] for row in read_rows(folder / "metrics.jsonl") if "story" not in row]


@pytest.mark.parametrize("name", CASES)
def test_two_processes_have_the_losses_of_one(runs: Path, name: str) -> None:
    alone, together = losses(runs / f"{name}.alone"), losses(runs / name)
    assert len(alone) >= STEPS - 5
    np.testing.assert_allclose(together, alone, atol=1e-4, rtol=0)
    assert alone[-1] < 0.7 * alone[0]


@pytest.mark.parametrize("name", CASES)
def test_checkpoints_of_two_processes_are_whole_and_those_of_one(runs: Path, name: str) -> None:
    alone, together = (read_safetensors(RunFiles(runs / n).state) for n in (f"{name}.alone", name))
    assert alone.keys() == together.keys()
    for key, array in alone.items():
        assert together[key].shape == array.shape, key
        np.testing.assert_allclose(together[key], array, atol=2e-3, err_msg=key)


def test_a_rank_without_rows_takes_part(runs: Path) -> None:
    counts = (runs / "ddp-few-rows" / "rows.1").read_text().split()
    assert "0" in counts
    assert set(counts) != {"0"}


def test_only_the_first_process_writes(runs: Path) -> None:
    written = {path.name for path in (runs / "ddp").iterdir()}
    assert written == {"resume", "metrics.jsonl", "diary.md", "rows.0", "rows.1"}
    steps = [row["step"] for row in read_rows(runs / "ddp" / "metrics.jsonl") if "story" not in row]
    assert steps == list(range(len(steps)))


def torchrun(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.run(
        [*command, "-m", "lilliput", "train", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_trains_under_torchrun_and_says_everything_once(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(plan(batch_tokens=64).as_toml())
    done = torchrun("plan.toml", "--data", str(runs / "stories.txt"), "--out", "out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("held-back stories\n") == 1
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_a_mistake_ends_all_processes(tmp_path: Path) -> None:
    done = torchrun("pocket", "--data", "nowhere.txt", "--minutes", "1", "--out", "out", folder=tmp_path)
    assert done.returncode != 0
    assert "nowhere.txt" in done.stderr
    assert not (tmp_path / "out").exists()
