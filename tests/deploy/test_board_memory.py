"""What a project takes of a board: figures, held against what a compiler makes, and what is refused."""

import re
import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from lilliput.app.cli import run
from lilliput.deploy import boards
from lilliput.deploy.board_memory import MPS2, PICO, PICO_2, Memory, Need, measure_need, require_room
from lilliput.deploy.boards import BOARDS, board_files, what_next
from lilliput.errors import ConfigError
from lilliput.formats.folder import INTEGERS, save_surroundings
from lilliput.quantize.intmodel import shorten
from lilliput.quantize.intmodel_file import save_intmodel

FORMS = ["int8", "ternary in odd rows", "mixed", "int4, not tied", "no exponents"]


@pytest.fixture(scope="module")
def cases(load):
    module = load("deploy/story_cases.py")
    return [*map(module.make_random, FORMS), module.make_shipped()]


def sizes(program):
    """Flash and RAM of a program, in bytes."""
    told = subprocess.run(["arm-none-eabi-size", program], check=True, capture_output=True, text=True)
    text, data, bss = map(int, told.stdout.splitlines()[1].split()[:3])
    return text + data, data + bss


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])
def test_what_is_counted_is_what_a_compiler_makes(cases, core, tmp_path):
    for tool in ("arm-none-eabi-gcc", "make"):
        if not shutil.which(tool):
            pytest.skip(f"needs {tool} (Debian: gcc-arm-none-eabi make)")
    for number, case in enumerate(cases):
        folder = tmp_path / f"story{number}"
        folder.mkdir()
        story = case.sources(library=True)
        for place, text in board_files("cortex-m", story, "story").items():
            (folder / place).write_text(text, encoding="utf-8")
        subprocess.run(["make", "-s", f"CORE={core}"], check=True, cwd=folder)
        flash, ram = sizes(folder / "story.elf")
        need = measure_need(case.model, story["story.c"])
        assert flash <= need.flash <= flash + 16_384
        assert ram == need.ram


def test_figures_of_the_emulated_board_are_its_linker_scripts():
    script = files("lilliput.deploy").joinpath("boards/cortex-m/mps2.ld").read_text(encoding="utf-8")
    lengths = dict(re.findall(r"(FLASH|RAM) .*LENGTH = (\d+)M", script))
    assert (MPS2.flash, MPS2.ram) == (int(lengths["FLASH"]) << 20, int(lengths["RAM"]) << 20)


def test_every_board_of_platformio_ini_has_figures():
    ini = files("lilliput.deploy").joinpath("boards/platformio/platformio.ini").read_text(encoding="utf-8")
    named = [f"-e {name}" for name in re.findall(r"\[env:(\w[\w-]*)\]", ini)]
    assert [memory.option for memory in BOARDS["platformio"].memories] == named


def test_the_page_has_the_table_of_figures():
    page = (Path(__file__).parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")
    known = {memory.title: memory for board in BOARDS.values() for memory in board.memories}
    for memory in known.values():
        assert f"| {memory.title} | {memory.flash:,} | {memory.ram:,} | {memory.source} |" in page


def test_what_fits_on_no_board_is_refused_with_numbers_and_what_to_do(integers):
    model = integers.draw_model(1)
    assert [fit.fits for fit in require_room(model, Need(9_000, 300_000), [PICO, PICO_2])] == [False, True]
    with pytest.raises(ConfigError, match=r"300,000 of 262,144 of RAM: it does not fit.*value_bits=4"):
        require_room(model, Need(9_000, 300_000), [PICO])
    with pytest.raises(ConfigError, match=r"5,000,000 of 2,097,152 bytes of flash.*--to int4, or a smaller"):
        require_room(model, Need(5_000_000, 9_000), [PICO])


def test_constants_count_where_they_lie_in_ram(integers):
    memory = Memory("small", 2_000, 2_000, "", constants_in_ram=True)
    assert Need(1_500, 500).on(memory).fits
    assert not Need(1_500, 501).on(memory).fits


def test_the_context_that_is_advised_fits(cases):
    model = cases[-1].model
    need = measure_need(model, cases[-1].sources(library=True)["story.c"])
    memory = replace(PICO, ram=need.ram - 1)
    with pytest.raises(ConfigError, match=r"--context \d+") as refusal:
        require_room(model, need, [memory])
    context = int(re.search(r"--context (\d+)", str(refusal.value))[1])
    assert model.config.context - 64 <= context < model.config.context
    assert measure_need(shorten(model, context), "").ram <= memory.ram


def test_the_next_step_names_the_board_that_it_fits_on():
    assert what_next("pico", "a", "a", PICO.option) == (
        "cmake -S a -B a/build -DPICO_SDK_PATH=... && cmake --build a/build"
    )
    assert "-DPICO_BOARD=pico2 &&" in what_next("pico", "a", "a", PICO_2.option)
    assert "-e teensy41 -t" in what_next("platformio", "a", "a", "-e teensy41")
    for board in BOARDS:
        assert not re.search("@|FOLDER|PROJECT", what_next(board, "a", "a", "-b"))


@pytest.fixture
def folder(load, integers, tmp_path):
    model, tokenizer = integers.draw_model(1), load("deploy/web_models.py").tokenizer()
    save_surroundings(tmp_path / "fox", model.config, tokenizer, {"integers": {}})
    save_intmodel(tmp_path / "fox" / INTEGERS, model)
    return tmp_path / "fox"


def test_export_says_what_is_taken_and_refuses_what_does_not_fit(folder, tmp_path, capsys, monkeypatch):
    out = tmp_path / "bedtime"
    order = ["export", str(folder), "--to", "c", "-o", str(out)]
    tight = Memory("a thimble", 1_000_000, 100, "")
    for name in ("pico", "arduino"):
        monkeypatch.setitem(boards.BOARDS, name, replace(BOARDS[name], memories=(tight,)))
    assert run([*order, "--board", "pico"]) == 2
    assert "of 100 of RAM: it does not fit" in capsys.readouterr().err
    assert not out.exists()
    assert run([*order, "--board", "arduino"]) == 0  # the person's own board may be another
    said = capsys.readouterr().err
    assert "your board must have" in said
    assert "a thimble" in said
