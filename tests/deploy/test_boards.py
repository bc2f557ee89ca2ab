"""Projects for boards: each tells the reference's story, in an emulator or on a stand-in for its SDK."""

import importlib.util
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from lilliput.deploy.boards import BOARDS, board_files
from lilliput.errors import ConfigError
from lilliput.generation.generate import tell_story
from lilliput.generation.int_batch import IntBatch
from lilliput.generation.sample import Sampling
from lilliput.quantize.intmodel import shorten
from lilliput.quantize.reference import Reference

STUBS = Path(__file__).with_name("stubs")
STRICT = ["-Wall", "-Wextra", "-Werror"]
CORES = ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m33"]


def load_beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def case():
    """The shipped model."""
    return load_beside("story_cases").make_shipped()


@pytest.fixture(scope="module")
def told(case):
    """What every board tells first, as bytes."""
    sampling = Sampling(temperature=0.8, top_p=1.0)
    story = tell_story(IntBatch(Reference(case.model)), case.tokenizer, sampling, 1, "Once upon a time")
    return f"{story}\n".encode()


def make_short(case, context):
    """The same with a context in which "Once upon a time" has no room."""
    return replace(case, model=shorten(case.model, context))


def write_project(board, case, folder):
    for place, text in board_files(board, case.sources(library=True), folder.name).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text, encoding="utf-8")


def run_here(folder, compiler, main, sources):
    """Build with the desktop's compilers and the stand-ins, and run."""
    cc, cxx = shutil.which("cc"), shutil.which("c++")
    if not cc or not cxx:
        pytest.skip("needs cc and c++")
    subprocess.run(
        [cc, *STRICT, "-O2", "-c", *(sources / name for name in ("story.c", "tell.c"))],
        check=True,
        cwd=folder,
    )
    command = [shutil.which(compiler), *STRICT, "-I", STUBS, "-I", sources, *main]
    subprocess.run(
        [*command, "-x", "none", folder / "story.o", folder / "tell.o", "-o", folder / "run"], check=True
    )
    return subprocess.run([folder / "run"], check=True, capture_output=True).stdout


@pytest.mark.parametrize("board", ["arduino", "platformio"])
def test_a_sketch_tells_the_story_of_the_desktop(board, case, told, tmp_path):
    folder = tmp_path / "bedtime"
    write_project(board, case, folder)
    sketch, sources = ("src/main.ino", "src") if board == "platformio" else ("bedtime.ino", ".")
    main = ["-x", "c++", "-include", STUBS / "Arduino.h", folder / sketch]
    assert run_here(folder, "c++", main, folder / sources) == told


def test_a_program_for_the_pico_tells_the_story_of_the_desktop(case, told, tmp_path):
    folder = tmp_path / "bedtime"
    write_project("pico", case, folder)
    assert run_here(folder, "cc", [folder / "main.c"], folder) == told
    assert "add_executable(bedtime main.c" in (folder / "CMakeLists.txt").read_text()


TELLER = """#include <stdio.h>
#include "tell.h"
static lp_story story;
static void put(const char *text, int32_t bytes) { fwrite(text, 1, (size_t)bytes, stdout); }
int main(int argc, char **argv) {
  puts(tell_problem(tell(&story, argc > 1 ? argv[1] : "", 8, 1, put)));
  return 0;
}
"""


def test_a_long_beginning_is_told_and_one_that_cannot_be_is_said(case, tmp_path):
    write_project("pico", case, tmp_path)
    (tmp_path / "teller.c").write_text(TELLER)
    run_here(tmp_path, "cc", [tmp_path / "teller.c"], tmp_path)
    sampling, words = Sampling(temperature=0.8, top_p=1.0), "and the little bird sang " * 200
    fitting = [n for n in range(len(words)) if 1 + len(case.tokenizer.encode(words[:n])) < 512]
    for beginning in (words[:300], words[: fitting[-1]]):
        done = subprocess.run([tmp_path / "run", beginning], check=True, capture_output=True)
        story = tell_story(IntBatch(Reference(case.model)), case.tokenizer, sampling, 1, beginning)
        assert done.stdout.decode(errors="replace") == f"{story}\n"  # far from its stories it may tell bytes
    for beginning in (words[: fitting[-1] + 9], words, "\u0905" * 600):
        done = subprocess.run([tmp_path / "run", beginning], check=True, capture_output=True, text=True)
        assert done.stdout == "no story: the beginning is too long, the model reads 512 tokens at most\n"


@pytest.mark.parametrize("board", ["arduino", "pico", "cortex-m"])
def test_a_board_whose_story_cannot_begin_says_why(board, case, tmp_path):
    folder = tmp_path / "bedtime"
    write_project(board, make_short(case, 4), folder)
    if board == "cortex-m":
        for tool in ("arm-none-eabi-gcc", "qemu-system-arm", "make"):
            if not shutil.which(tool):
                pytest.skip(f"needs {tool} (Debian: gcc-arm-none-eabi qemu-system-arm make)")
        command = ["make", "-s", "run"]
        done = subprocess.run(command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        assert done.returncode
        said = done.stdout
    else:
        sketch = ["-x", "c++", "-include", STUBS / "Arduino.h", folder / "bedtime.ino"]
        compiler, main = ("c++", sketch) if board == "arduino" else ("cc", [folder / "main.c"])
        said = run_here(folder, compiler, main, folder)
    assert said.strip() == b"no story: the beginning is too long, the model reads 4 tokens at most"


@pytest.mark.parametrize("core", CORES)
def test_a_library_compiles_for_microcontrollers(core, case, tmp_path):
    compiler = shutil.which("arm-none-eabi-gcc")
    if not compiler:
        pytest.skip("needs arm-none-eabi-gcc (Debian: gcc-arm-none-eabi)")
    write_project("cortex-m", case, tmp_path / "bedtime")
    strict = [*STRICT, "-std=c99", "-Wconversion", "-pedantic", "-ffreestanding"]
    for level in ("-Os", "-O0"):
        command = [compiler, f"-mcpu={core}", "-mthumb", level, *strict, "-c", "story.c", "tell.c"]
        subprocess.run(command, check=True, cwd=tmp_path / "bedtime")


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m3"])
def test_the_project_without_an_operating_system_runs_in_its_emulator(core, case, told, tmp_path):
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm", "make"):
        if not shutil.which(tool):
            pytest.skip(f"needs {tool} (Debian: gcc-arm-none-eabi qemu-system-arm make)")
    write_project("cortex-m", case, tmp_path / "bedtime")
    command = ["make", "-s", "run", f"CORE={core}"]
    done = subprocess.run(
        command, check=True, cwd=tmp_path / "bedtime", stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert done.stdout == told


def test_what_is_no_board_and_what_is_no_name_is_refused():
    with pytest.raises(ConfigError, match="there are arduino, platformio, pico, cortex-m"):
        board_files("gameboy", {}, "bedtime")
    for name in ("", "1001 nights", "märchen", "a/b"):
        with pytest.raises(ConfigError, match="names the project"):
            board_files("pico", {}, name)


def test_every_board_says_what_to_do_next():
    for board in BOARDS.values():
        assert board.title
        assert "FOLDER" in board.next_step
