"""Trackers get the numbers of rows, without torch, and W&B without an account."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lilliput.errors import MissingExtraError
from lilliput.presets import find_plan
from lilliput.training.trackers import numbers_of, track_to

STEP = {"step": 3, "tokens": 400, "nats_per_token": 2.5, "gradient_norm": 0.5, "progress": 0.1, "mfu": 0.25}
TOLD = {"step": 4, "tokens": 500, "story": "One day", "nats_per_token": 2.0, "bits_per_byte": 1.5}
CHECK = {"step": 5, "tokens": 600, "held_back_nats_per_token": 1.75, "held_back_bits_per_byte": 1.25}


def test_numbers_of_held_back_stories_stand_apart() -> None:
    assert numbers_of(STEP) == {"train/nats_per_token": 2.5, "train/gradient_norm": 0.5, "train/mfu": 0.25}
    assert numbers_of(TOLD) == {"held-back/nats_per_token": 2.0, "held-back/bits_per_byte": 1.5}
    assert numbers_of(CHECK) == {"held-back/nats_per_token": 1.75, "held-back/bits_per_byte": 1.25}


def test_tensorboard_is_written_without_torch_and_reads_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra `track`")
    code = f"""
import sys
sys.modules["torch"] = None
from pathlib import Path
from lilliput.presets import find_plan
from lilliput.training.trackers import track_to
plan = find_plan("pocket").with_settings(["train.tensorboard=true"])
with track_to(Path({str(tmp_path)!r}), plan) as track:
    for row in ({STEP!r}, {TOLD!r}, {CHECK!r}):
        track(row)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    read = {name: [(e.step, e.value) for e in events.Scalars(name)] for name in events.Tags()["scalars"]}
    assert read["train/nats_per_token"] == [(400, 2.5)]
    assert read["held-back/nats_per_token"] == [(500, 2.0), (600, 1.75)]


class FakeRun:
    def __init__(self, **settings: object) -> None:
        self.settings, self.rows, self.finished = settings, [], False

    def log(self, row: dict) -> None:
        self.rows.append(row)

    def finish(self) -> None:
        self.finished = True


def test_wandb_gets_the_plan_and_the_numbers_and_a_resumed_run_keeps_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[FakeRun] = []

    def init(**settings: object) -> FakeRun:
        runs.append(FakeRun(**settings))
        return runs[-1]

    fake = SimpleNamespace(init=init)
    monkeypatch.setitem(sys.modules, "wandb", fake)
    plan = find_plan("pocket").with_settings(["train.wandb=true"])
    for _ in range(2):
        with track_to(tmp_path / "mine", plan) as track:
            track(STEP)
    one, two = runs
    assert one.settings["id"] == two.settings["id"]
    with track_to(tmp_path / "other", plan):
        pass
    assert runs[2].settings["id"] != one.settings["id"]
    assert one.settings["name"] == "mine"
    assert one.settings["config"]["model"]["d_model"] == 64
    assert one.rows == [{**numbers_of(STEP), "tokens": 400}]
    assert one.finished


@pytest.mark.parametrize(("name", "module"), [("tensorboard", "tensorboard.compat"), ("wandb", "wandb")])
def test_a_tracker_that_is_not_installed_is_said(
    name: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for loaded in [known for known in sys.modules if known.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    plan = find_plan("pocket").with_settings([f"train.{name}=true"])
    with pytest.raises(MissingExtraError, match=r"pip install 'lilliput\[track\]'"), track_to(tmp_path, plan):
        raise AssertionError


def test_without_trackers_nothing_is_written(tmp_path: Path) -> None:
    with track_to(tmp_path, find_plan("pocket")) as track:
        track(STEP)
    assert not list(tmp_path.iterdir())
