"""Writing without halves: a file appears whole under its name, or not at all."""

import os
import shutil
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
    and the temporary file is removed. Missing parent folders are made. A link is followed; a device or a
    pipe is written to as it is. An OSError names `path`.
    """
    binary = "b" in mode
    encoding, newline = (None, None) if binary else ("utf-8", "")
    try:
        if _is_special(path):
            with path.open(mode, encoding=encoding, newline=newline) as file:
                yield file
            return
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        try:
            with os.fdopen(descriptor, mode, encoding=encoding, newline=newline) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes 0600; a model is for sharing
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.filename and not str(error.filename).endswith(".part"):
            raise
        raise OSError(error.errno or 0, error.strerror or str(error), str(path)) from error


def _is_special(path: Path) -> bool:
    """A device or a pipe, which nothing may take the place of."""
    return path.exists() and not path.is_file() and not path.is_dir()


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_write(path, "w") as file:
        file.write(text)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a temporary neighbour of `path`; it becomes `path` once the block is over.

    When the block raises, nothing is left behind, and an error that names a file in the neighbour names
    the one that it would have become. Raises LilliputError if `path` holds anything or cannot be made.
    """
    if path == Path():
        raise LilliputError("no name, or . for the folder you are in: name a folder to make")
    refuse_full_folder(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    except OSError as error:
        raise LilliputError(
            f"{path} cannot be made: {error.strerror or error}; name a place that takes files"
        ) from error
    try:
        yield temporary
        os.chmod(temporary, 0o777 & ~_umask())
        os.replace(temporary, path)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        _rename_in(error, str(temporary), str(path))
        raise


def _rename_in(error: BaseException, name: str, better: str) -> None:
    """Let an error say `better` where it says `name`."""
    error.args = tuple(part.replace(name, better) if isinstance(part, str) else part for part in error.args)
    if isinstance(error, OSError):
        names = (
            str(part).replace(name, better) if part else part for part in (error.filename, error.filename2)
        )
        error.filename, error.filename2 = names


def refuse_full_folder(path: Path) -> None:
    """Raise LilliputError if `path` is a file, or a folder that holds anything."""
    if path == Path() and any(path.iterdir()):  # an empty name means this folder too
        raise LilliputError("no name, or . for the folder you are in, which holds files: name one to make")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        begun = (path / "resume" / "plan.json").is_file()
        mend = f"go on with lilliput train --resume --out {path}, or remove it" if begun else "or remove it"
        raise LilliputError(f"{path} exists already: name another folder, {mend}")


def refuse_overwrite(path: Path) -> None:
    """Raise LilliputError if no new file can be made at `path`; a device or a pipe may be written to."""
    if path.is_dir():
        raise LilliputError(f"{path} is a folder: name a file in it")
    if path.exists() and not _is_special(path):
        raise LilliputError(f"{path} exists already: name another file, or remove it")
    refuse_closed_place(path)


def refuse_closed_place(path: Path) -> None:
    """Raise LilliputError if nothing can be made at `path`, since no folder above it takes files."""
    folder = next((parent for parent in path.absolute().parents if parent.exists()), path)
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise LilliputError(f"{path} cannot be made: {folder} takes no files")


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files that a killed writer left in `folder`."""
    for leftover in folder.glob(".*.part"):
        leftover.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
