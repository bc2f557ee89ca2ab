"""The C training step by itself: no warning, no stray access, and the same learning on other processors."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lilliput.runtime import native

SOURCES = Path(native.__file__).parent / "c"
COMPILER = shutil.which("cc") or shutil.which("gcc")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O2", "-pthread", "-ffp-contract=off"]
PROCESSORS = {
    "64-bit Arm": ("aarch64-linux-gnu-gcc", ["qemu-aarch64"]),
    "32-bit Arm": ("arm-linux-gnueabihf-gcc", ["qemu-arm"]),
    "RISC-V": ("riscv64-linux-gnu-gcc", ["qemu-riscv64"]),
}
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


def build(compiler: str, folder: Path, *flags: str) -> Path:
    """learn.c with all that it needs, as a program."""
    names = [*SOURCES.glob("train*.c"), *SOURCES.glob("kernels_*.c")]
    sources = [Path(__file__).with_name("learn.c"), *names, *(SOURCES / f"{n}.c" for n in ("host", "model"))]
    command = [compiler, *STRICT, *flags, "-I", str(SOURCES), *map(str, sources)]
    subprocess.run([*command, "-o", str(folder / "learn"), "-lm"], check=True, capture_output=True)
    return folder / "learn"


def costs(
    command: list[str], threads: int, qk_norm: int, steps: int = 5
) -> dict[tuple[str, int], list[float]]:
    """The cost of each step, by the name of the arithmetic and whether its products are of bfloat16."""
    arguments = [*command, str(threads), str(qk_norm), str(steps)]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=300)
    rows = [line.split() for line in done.stdout.splitlines()]
    return {(name, int(pairs)): [float(cost) for cost in found] for name, pairs, *found in rows}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program on this machine."""
    return build(str(COMPILER), tmp_path_factory.mktemp("here"))


@pytest.mark.parametrize("qk_norm", [0, 1])
def test_every_arithmetic_learns_alike(here: Path, qk_norm: int) -> None:
    found = costs([str(here)], 1, qk_norm)
    plain = found["plain", 0]
    assert plain[-1] < 0.95 * plain[0]
    for (_, pairs), theirs in found.items():
        np.testing.assert_allclose(theirs, plain, rtol=2e-2 if pairs else 1e-4)
    assert costs([str(here)], 3, qk_norm) == found  # threads change nothing


def test_no_access_is_stray_and_no_behaviour_undefined(tmp_path: Path) -> None:
    flags = ["-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DLP_SMALL_CODE"]
    try:
        program = build(str(COMPILER), tmp_path, *flags)
    except subprocess.CalledProcessError as error:
        if b"asan" in error.stderr and b"cannot find" in error.stderr:
            pytest.skip("the compiler has no sanitizers")
        raise AssertionError(error.stderr.decode()) from None
    for qk_norm in (0, 1):
        assert ("plain", 0) in costs([str(program)], 2, qk_norm)


@pytest.mark.parametrize("name", PROCESSORS)
def test_other_processors_learn_alike(name: str, here: Path, tmp_path: Path) -> None:
    compiler, emulator = PROCESSORS[name]
    if not (shutil.which(compiler) and shutil.which(emulator[0])):
        pytest.skip(f"needs {compiler} and {emulator[0]}")
    program = build(compiler, tmp_path, "-static", "-DLP_SMALL_CODE")
    for qk_norm in (0, 1):
        wanted = costs([str(here)], 1, qk_norm, 2)["plain", 0]
        found = costs([*emulator, str(program)], 1, qk_norm, 2)
        for theirs in found.values():
            np.testing.assert_allclose(theirs, wanted, rtol=1e-4)
