"""The folder of a run: who may write in it, and what is left of it when nothing was learnt."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lilliput.app.output import say
from lilliput.errors import LilliputError
from lilliput.rundir import refuse_full_folder
from lilliput.training.resume import RunFiles


@contextmanager
def held_alone(files: RunFiles) -> Iterator[None]:
    """Nobody else prepares or trains in the folder meanwhile; the lock goes with its process.

    Raises LilliputError while another process does.
    """
    files.resume.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(files.resume / "lock", timeout=0):
            yield
    except Timeout:
        raise LilliputError(
            f"{files.folder} is being trained by another process: wait for it, or stop it"
        ) from None


def clear_for_run(files: RunFiles) -> None:
    """Raise LilliputError for a folder that holds anything; what a killed preparation left is removed."""
    _remove_unbegun(files)
    refuse_full_folder(files.folder)


@contextmanager
def new_run(files: RunFiles) -> Iterator[None]:
    """A folder for a new run, held alone.

    On any error before the first checkpoint it is left as it was: not there, or empty.
    """
    fresh = not files.folder.exists()
    try:
        with held_alone(files):
            yield
    except BaseException as error:
        if not files.state.is_file():
            for part in [files.folder] if fresh else list(files.folder.iterdir()):
                shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
            if isinstance(error, KeyboardInterrupt):
                say(f"stopped before the first step: nothing was learnt, and {files.folder} was not kept")
        raise


def _remove_unbegun(files: RunFiles) -> None:
    """Remove what was left by a process that was killed before it had a plan, and by nothing else."""
    ours = {files.tokenizer, files.roles, files.data, files.train_shard, files.valid_shard}
    if not files.resume.is_dir() or files.plan.exists() or list(files.folder.iterdir()) != [files.resume]:
        return
    ours.add(files.resume / "lock")
    if not all(path in ours or path.name.endswith(".part") for path in files.resume.iterdir()):
        return
    with held_alone(files):
        pass  # its process is gone
    shutil.rmtree(files.resume)
    say(f"{files.folder}: removed what a run left that was cut off before it began")


def free_run_folder(parent: Path = Path("runs"), stem: str = "story") -> Path:
    """The first of runs/story, runs/story-2, runs/story-3, ... that is not there."""
    for number in range(1, 10_000):
        path = parent / (stem if number == 1 else f"{stem}-{number}")
        if not path.exists():
            return path
    raise LilliputError(f"{parent} is full of runs; remove some")
