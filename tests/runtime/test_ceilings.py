"""The loops that measure this machine do what they are said to do, so that their time means something."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lilliput.runtime import ceilings, native
from lilliput.runtime.ceilings import Loops
from lilliput.runtime.native import Memory

SOURCES = Path(native.__file__).parent / "c"
COMPILER = shutil.which("cc") or shutil.which("gcc")
built = pytest.mark.skipif(native.library_path() is None, reason="the C engine was not built")
KERNELS = native.kernel_names() if native.library_path() else ["none"]
SIZE = 64 * 1501


@pytest.fixture(params=[(kernels, threads) for kernels in KERNELS for threads in (1, 3)], ids=str)
def loops(request, monkeypatch) -> Loops:
    """The loops for each of this processor's kernels, alone and on three threads."""
    kernels, threads = request.param
    found = Loops(threads)
    found._kernels = ceilings.load_library().lp_kernels_at(KERNELS.index(kernels) + 1)
    return found


@pytest.fixture(scope="module")
def memory() -> tuple[Memory, np.ndarray]:
    """Memory full of random words, and the words."""
    words = np.random.default_rng(0).integers(0, 2**32, SIZE // 4, dtype=np.uint32)
    found = Memory(SIZE)
    found.map.seek(found.offset)
    found.map.write(words.tobytes())
    return found, words


@built
@pytest.mark.parametrize(("first", "rounds"), [(0, 1), (0, 3), (64 * 700, 2), (SIZE - 64, 5), (1, 1)])
def test_reading_touches_every_byte_in_every_round(loops, memory, first, rounds) -> None:
    place, words = memory
    begin = -(-first // 64) * 64
    total = int(words[begin // 4 :].sum(dtype=np.uint64)) * rounds
    assert loops.read(place, first, rounds) == ((SIZE - begin) * rounds, total % 2**32)


@built
@pytest.mark.parametrize("integers", [False, True])
def test_multiplying_does_as_much_in_every_step(loops, integers) -> None:
    thousand = loops.multiply(integers, 1000)
    assert thousand > 0
    assert thousand % 1000 == 0
    assert loops.multiply(integers, 7000) == 7 * thousand
    assert loops.multiply(integers, 0) == 0


@built
def test_two_threads_do_twice_as_much() -> None:
    assert Loops(2).multiply(True, 1000) == 2 * Loops(1).multiply(True, 1000)


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
@pytest.mark.parametrize("level", ["-O0", "-O3"])
def test_the_loops_compile_without_warnings(level, tmp_path) -> None:
    flags = ["-std=c99", level, "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    command = [COMPILER, *flags, "-c", SOURCES / "ceilings.c", "-o", tmp_path / "ceilings.o"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
