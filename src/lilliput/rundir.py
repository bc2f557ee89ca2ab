"""Writing without halves: a file appears whole under its name, or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lilliput.errors import LilliputError


@contextmanager
def atomic_write(path: Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a temporary neighbour of `path`; rename it to `path` once it is whole and on disk.

    `mode` is "wb" or "w" (UTF-8, line feeds as given). When the block raises, `path` is left as it was
    and the temporary file is removed. Missing parent folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with os.fdopen(descriptor, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes 0600; a model is for sharing
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_write(path, "w") as file:
        file.write(text)


def claim_folder(path: Path) -> Path:
    """Make `path` for a new run; refuse one that holds anything already.

    Raises LilliputError if it exists and is not an empty folder, so that no earlier run is ever
    overwritten.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise LilliputError(f"{path} exists already: name another folder with --out, or remove it")
    path.mkdir(parents=True, exist_ok=True)
    return path


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files that a killed writer left in `folder`."""
    for leftover in folder.glob(".*.part"):
        leftover.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
