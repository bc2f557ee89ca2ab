"""Other processors: compilers that build an exported story for them, and emulators that run it here.

Debian's packages, since they come with a C library for each processor and with gcc, which firmware is built
with; `zig cc` would first build a C library for each processor, the better part of a minute each.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BOARD = Path(__file__).resolve().parents[2] / "src/lilliput/deploy/boards/cortex-m"
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
ON_CHIP = ["-mthumb", "-ffreestanding", "-ffunction-sections", "-fdata-sections", "-DSEMIHOSTING"]
LINKED = ["-nostdlib", "-nostartfiles", "-Wl,--gc-sections", "-T", str(BOARD / "mps2.ld")]
CASE = Path(__file__).with_name("cortex_m_case.c")


@dataclass(frozen=True)
class Processor:
    """One, with what builds programs for it and what runs them."""

    compiler: tuple[str, ...]
    emulator: tuple[str, ...] = ()
    packages: str = ""
    """Debian's, beside qemu-user."""
    bare: bool = False
    """No operating system: the story is a library under a program of ours, on a board."""

    def missing(self) -> str:
        """Why nothing can be built or run for it here; nothing where it can."""
        tools = [self.compiler[0], *self.emulator[:1]]
        absent = [tool for tool in tools if not shutil.which(tool)]
        return f"needs {' and '.join(absent)} (Debian: {self.packages})" if absent else ""

    def run(self, program: Path, *arguments: str | Path) -> str:
        """What the program writes."""
        command = [*self.emulator, program, *arguments]
        done = subprocess.run(command, capture_output=True, check=True, timeout=300)
        return done.stdout.decode("utf-8", errors="replace")


def _board(machine: str, core: str) -> Processor:
    emulator = f"qemu-system-arm -M {machine} -nographic -monitor none -serial stdio -semihosting-config"
    return Processor(
        ("arm-none-eabi-gcc", f"-mcpu={core}", *ON_CHIP),
        (*emulator.split(), "enable=on,target=native", "-kernel"),
        "gcc-arm-none-eabi qemu-system-arm",
        bare=True,
    )


def _board_by_clang(machine: str, core: str) -> Processor:
    """The same with Debian's clang, which compiles for it, and gcc's linker and libgcc, which it lacks."""
    by_gcc = _board(machine, core)
    linker = shutil.which("arm-none-eabi-ld") or "arm-none-eabi-ld"
    place = ""
    if shutil.which(by_gcc.compiler[0]):
        ask = [by_gcc.compiler[0], f"-mcpu={core}", "-mthumb", "-print-libgcc-file-name"]
        place = str(Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout).parent)
    own = (f"--ld-path={linker}", f"-L{place}", "-Wno-unused-command-line-argument")
    compiler = ("clang", "--target=arm-none-eabi", f"-mcpu={core}", "-mfloat-abi=soft", *ON_CHIP, *own)
    return Processor(compiler, by_gcc.emulator, f"clang {by_gcc.packages}", bare=True)


def _hosted(triplet: str, emulator: str, packages: str) -> Processor:
    return Processor((f"{triplet}-gcc", "-static"), (emulator,), f"{packages} qemu-user")


PROCESSORS = {
    "x86-64 gcc": Processor(("x86_64-linux-gnu-gcc",), packages="gcc on x86-64"),
    "x86-64 clang": Processor(("clang", "--target=x86_64-linux-gnu"), ("qemu-x86_64",), "clang qemu-user"),
    "AArch64": _hosted("aarch64-linux-gnu", "qemu-aarch64", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
    "ARMv7": _hosted("arm-linux-gnueabihf", "qemu-arm", "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"),
    "RISC-V 64": _hosted(
        "riscv64-linux-gnu", "qemu-riscv64", "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"
    ),
    "MIPS, big-endian": _hosted("mips-linux-gnu", "qemu-mips", "gcc-mips-linux-gnu libc6-dev-mips-cross"),
    "Cortex-M4, bare metal": _board("mps2-an386", "cortex-m4"),
    "Cortex-M3, bare metal": _board("mps2-an385", "cortex-m3"),
    "Cortex-M4 by clang": _board_by_clang("mps2-an386", "cortex-m4"),
}


def build(processor: Processor, sources: dict[str, str], folder: Path, case: str = "") -> Path:
    """The program made of a story's C files. Where it is bare, `case` is what cortex_m_case.c is to do.

    Raises AssertionError, with the compiler's words, for any warning.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    files, program, linked = [folder / "story.c"], folder / "story", []
    if processor.bare:
        (folder / "case.h").write_text(case, encoding="utf-8")
        files += [CASE, BOARD / "startup.c", BOARD / "uart.c"]
        linked = [*LINKED, "-lgcc"]
    include = ["-I", folder, "-I", BOARD]
    command = [*processor.compiler, *STRICT, *include, *files, *linked, "-o", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{processor.compiler[0]}: {done.stderr[:4000]}"
    return program
