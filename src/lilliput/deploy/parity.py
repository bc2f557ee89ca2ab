"""Is an exported program the same as the reference? Its logits are compared, bit for bit."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lilliput.errors import LilliputError
from lilliput.quantize.intmodel import IntModel
from lilliput.quantize.reference import Reference

_TIMEOUT_S = 600


@dataclass(frozen=True)
class Parity:
    """How many logits were compared, and how many were not equal."""

    compared: int
    unequal: int

    def __str__(self) -> str:
        if self.unequal:
            return f"{self.unequal:,} of {self.compared:,} logits are NOT those of the reference"
        return f"all {self.compared:,} logits are those of the reference, bit for bit"

    def require(self) -> "Parity":
        """Itself. Raises LilliputError where a logit is not equal: such a program must not be shipped."""
        if self.unequal:
            raise LilliputError(
                f"{self}: nothing was written; this is a fault of lilliput or of the compiler"
            )
        return self


def draw_ids(model: IntModel, count: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """Ids to compare with: `count` of them, or as many as the context holds, each as likely."""
    size = min(count, model.config.context)
    return np.random.default_rng(seed).integers(0, model.config.vocab_size, size)


def compare_logits(model: IntModel, ids: npt.NDArray[np.int64], logits: npt.NDArray[np.int64]) -> Parity:
    """The reference's logits behind each of ids (T,) against those of a program, (T, V)."""
    reference = Reference(model)
    expected = reference.read(ids, reference.start())
    if logits.shape != expected.shape:
        return Parity(expected.size, expected.size)
    return Parity(expected.size, int((logits != expected).sum()))


@contextmanager
def compile_c(texts: Mapping[str, str]) -> Iterator[list[str] | None]:
    """The command of a program in C, while the block lasts; None where no C compiler is installed.

    Raises LilliputError with what the compiler said, where it fails.
    """
    compiler = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    if compiler is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        sources = [name for name in texts if name.endswith(".c")]
        command = [compiler, "-std=c99", "-O2", "-o", "program", *sources]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LilliputError(f"{compiler} cannot compile it: {done.stderr.strip()[-500:]}")
        yield [str(Path(folder) / "program")]


def run_logits(command: Sequence[str], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Logits (T, V) that a program prints behind each of ids (T,), asked with `--logits`.

    Raises LilliputError for a program that fails.
    """
    asked = [*command, "--logits", *(str(token) for token in ids)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise LilliputError(f"{command[0]} failed ({done.returncode}): {done.stderr.strip()[-500:]}")
    return np.array([line.split() for line in done.stdout.splitlines()], np.int64)
