"""`lilliput play`: a story in the terminal, pictures, a window, and what a person gets wrong."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lilliput.app.cli import run
from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.rom import Rom
from lilliput.deploy.gameboy.play import (
    window,
)

pytest.importorskip("pyboy", reason="needs PyBoy: pip install 'lilliput[gameboy]'")
Image = pytest.importorskip("PIL.Image", reason="needs Pillow: pip install 'lilliput[gameboy]'")

OPENING, TOKENS = "Once upon a time", [b",", b" there", b" was", b" a cat", b"."]
TEXT = f"{OPENING}, there was a cat."


@pytest.fixture
def fronts(load):
    """The module fronts.py."""
    return load("deploy/gameboy/fronts.py")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fronts) -> Path:
    """A folder, the present one, with story.gbc, other.gbc (which is not ours) and noise.gbc in it."""
    monkeypatch.chdir(tmp_path)
    Path("story.gbc").write_bytes(fronts.make_cartridge(TOKENS, ticks=200).image)
    other = Rom("start")
    other.place("main", assemble("start: di\nstay: nop\n      jr stay"), bank=0)
    Path("other.gbc").write_bytes(other.link())
    Path("noise.gbc").write_bytes(np.random.default_rng(1).bytes(40_000))
    return tmp_path


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def test_the_story_goes_to_stdout_and_its_time_to_stderr(place, capsys):
    before = names(place)
    assert run(["play", "story.gbc", "--text"]) == 0
    captured = capsys.readouterr()
    assert captured.out == TEXT + "\n"
    assert captured.err.startswith("stand-in: 5 tokens, 0.0")
    assert "s/token on the real machine" in captured.err
    assert "temperature 0.8, seed 1\n" in captured.err
    assert names(place) == before


def test_json_tells_what_a_script_wants_to_know(place, capsys):
    wish = ["--prompt", "A dog", "--temperature", "0", "--seed", "9", "--max-tokens", "3"]
    assert run(["play", "story.gbc", "--text", "--json", *wish]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["text"] == "A dog, there was"
    assert (row["name"], row["tokens"], row["ending"]) == ("stand-in", 3, "length")
    assert (row["temperature"], row["seed"]) == ("0", 9)
    assert row["seconds_per_token"] == pytest.approx(row["cycles_per_token"] / 2_097_152)
    assert 0 < row["seconds_per_token"] <= row["longest_token_seconds"] < row["story_seconds"]
    assert row["story_seconds"] == pytest.approx(3 * row["seconds_per_token"] + row["beginning_seconds"])


def test_pictures_show_the_end_and_the_way_to_it(place, capsys):
    assert run(["play", "story.gbc", "--text", "--png", "end.png", "--gif", "a.gif", "--scale", "2"]) == 0
    with Image.open("end.png") as end, Image.open("a.gif") as film:
        assert end.size == film.size == (320, 288)
        assert film.n_frames > len(TOKENS)
        film.seek(film.n_frames - 1)
        assert np.array_equal(np.asarray(film.convert("RGB")), np.asarray(end.convert("RGB")))
    assert run(["play", "story.gbc", "--png", "title.png"]) == 0
    assert run(["play", "story.gbc", "--png", "settings.png", "--press", "select right", "--wait", "0"]) == 0
    assert run(["play", "other.gbc", "--png", "other.png"]) == 0
    shown = {Path(name).read_bytes() for name in ("title.png", "settings.png", "other.png")}
    assert len(shown) == 3
    assert capsys.readouterr().out == f"{TEXT}\n"
    assert not list(place.glob("*.sav"))
    assert not list(place.glob("*.ram"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["missing.gbc"], "no such file"),
        (["."], "directory"),
        (["noise.gbc"], "no cartridge of a Game Boy"),
        (["other.gbc", "--text"], "none of our cartridges"),
        (["story.gbc", "--prompt", "x"], "--prompt goes with --text"),
        (["story.gbc", "--json"], "--json goes with --text"),
        (["story.gbc", "--gif", "x.gif"], "--gif goes with --text"),
        (["story.gbc", "--press", "a"], "--press goes with --png"),
        (["story.gbc", "--text", "--png", "x.png", "--wait", "1"], "--wait goes with --png"),
        (["story.gbc", "--text", "--gif-speed", "2"], "--gif-speed goes with --gif"),
        (["story.gbc", "--text", "--prompt", "Zoë"], "keyboard has no 'ë'"),
        (["story.gbc", "--text", "--temperature", "0.6"], "it has 0, 0.5, 0.8, 1.0"),
        (["story.gbc", "--text", "--seed", "65536"], "--seed"),
        (["story.gbc", "--text", "--png", "story.gbc"], "exists already"),
        (["story.gbc", "--png", "x.png", "--press", "a c"], "--press c: the buttons are a, b,"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(place, capsys, words, told):
    before = names(place)
    assert run(["play", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err
    assert captured.err.count("\n") == 1
    assert names(place) == before


@pytest.mark.parametrize("package", ["pyboy", "PIL"])
def test_a_missing_package_is_one_line_that_says_what_to_install(place, capsys, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    assert run(["play", "story.gbc", "--text", "--png", "x.png"]) == 2
    captured = capsys.readouterr()
    assert "pip install 'lilliput[gameboy]'" in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not Path("x.png").exists()


def test_a_damaged_header_is_said(place, capsys):
    image = bytearray(Path("story.gbc").read_bytes())
    image[0x140] ^= 1
    Path("bad.gbc").write_bytes(image)
    assert run(["play", "bad.gbc", "--text"]) == 2
    assert "its header and the checksum of it differ" in capsys.readouterr().err
    Path("short.gbc").write_bytes(image[:300])
    assert run(["play", "short.gbc"]) == 2
    assert "300 bytes" in capsys.readouterr().err


def test_ctrl_c_ends_a_story_quietly(place, fronts):
    Path("long.gbc").write_bytes(fronts.make_cartridge([b" word"] * 810, ticks=255).image)
    command = [sys.executable, "-m", "lilliput", "play", "long.gbc", "--text"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        begun = process.stdout.read(len(OPENING) + 10)
        process.send_signal(signal.SIGINT)
        rest, told = process.communicate(timeout=60)
    assert begun == f"{OPENING} word word"
    assert process.returncode == 130
    assert len(rest) < 4000
    assert rest.endswith("\n")
    assert told.strip() in ("", "stopped")


@pytest.fixture
def sit_down(place, monkeypatch):
    """A function: play in a window that nobody sees, pressing these buttons; then it is closed."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")

    def sit_down(*buttons: str) -> int:
        def play(boy) -> bool:
            boy.set_emulation_speed(0)
            boy.tick(120, False)
            for button in buttons:
                boy.button(button, 4)
                boy.tick(30, False)
            boy.tick(300, False)
            return False

        monkeypatch.setattr(window, "tick", play)
        return run(["play", "story.gbc"])

    return sit_down


def test_what_is_told_in_a_window_stays_in_a_save_beside_the_rom(place, sit_down, capsys, fronts):
    assert sit_down("down", "up") == 0
    assert not Path("story.sav").exists(), "nothing was told"
    assert sit_down("a", "down", "a") == 0
    first = Path("story.sav").read_bytes()
    assert len(first) == 16 * 0x2000
    assert b"One sunny day, there was a cat." in first
    Path("story.sav").write_bytes(first + b"a clock of another emulator")
    assert sit_down("a", "a") == 0
    second = Path("story.sav").read_bytes()
    assert b"One sunny day, there was a cat." in second
    assert TEXT.encode() in second
    assert second.endswith(b"a clock of another emulator")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "arrows" in captured.err
    assert "story.sav" in captured.err
    assert sorted(set(names(place))) == ["noise.gbc", "other.gbc", "story.gbc", "story.sav"]


def test_a_save_of_another_cartridge_is_left_alone(place, sit_down, capsys):
    Path("story.sav").write_bytes(b"x" * 8192)
    assert sit_down("a", "a") == 2
    assert (
        "story.sav has 8,192 bytes, and this cartridge keeps 131,072: move it away" in capsys.readouterr().err
    )
    assert Path("story.sav").read_bytes() == b"x" * 8192


def test_ctrl_c_closes_the_window_and_keeps_what_was_told(place):
    environment = {**os.environ, "SDL_VIDEODRIVER": "dummy"}
    code = (
        "import os, signal  # Ctrl-C comes while PyBoy is at work\n"
        "from lilliput.app.cli import main\n"
        "from lilliput.deploy.gameboy.play import window\n"
        "tick = window.tick\n"
        "def play(boy):\n"
        "    if boy.frame_count == 0:\n"
        "        boy.set_emulation_speed(0)\n"
        "        boy.tick(120, False)\n"
        "        for _ in range(2):\n"
        "            boy.button('a', 4)\n"
        "            boy.tick(60, False)\n"
        "        signal.setitimer(signal.ITIMER_REAL, 0.2)\n"
        "    return tick(boy)\n"
        "signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))\n"
        "window.tick = play\n"
        "main(['play', 'story.gbc'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert TEXT.encode() in Path("story.sav").read_bytes()


def test_a_window_without_a_display_is_refused(place, capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(window, "tick", lambda _: False)
    assert run(["play", "story.gbc"]) == 2
    assert "--text and --png need n" in capsys.readouterr().err
    assert not Path("story.sav").exists()


def test_info_says_what_a_cartridge_is(place, capsys):
    assert run(["info", "story.gbc", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["title"], facts["name"]) == ("Game Boy cartridge", "STAND-IN", "stand-in")
    assert facts["temperatures"] == "0, 0.5, 0.8, 1.0"
    assert run(["info", "other.gbc", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "kind": "Game Boy cartridge",
        "title": "LILLIPUT",
        "bytes": 32768,
    }
