"""Where numbers go besides metrics.jsonl. Neither tracker needs torch."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lilliput.errors import MissingExtraError
from lilliput.rundir import write_text
from lilliput.training.diary import HELD_BACK_BITS, HELD_BACK_NATS, Row
from lilliput.training.plan import Plan

Track = Callable[[Row], None]

_SHOWN = ("nats_per_token", "bits_per_byte", "gradient_norm", "learning_rate", "tokens_per_second", "mfu")
_HELD_BACK = {HELD_BACK_NATS: "nats_per_token", HELD_BACK_BITS: "bits_per_byte"}


def numbers_of(row: Row) -> dict[str, float]:
    """The numbers of a row worth a curve: those of held-back stories under `held-back/`."""
    if HELD_BACK_NATS in row:
        return {f"held-back/{short}": row[name] for name, short in _HELD_BACK.items()}
    group = "held-back" if "story" in row else "train"
    return {f"{group}/{name}": row[name] for name in _SHOWN if name in row}


@contextmanager
def track_to(folder: Path, plan: Plan) -> Iterator[Track]:
    """A function that gives a row's numbers, by tokens learnt from, to the trackers that the plan names.

    Raises MissingExtraError where one is not installed.
    """
    with ExitStack() as stack:
        trackers: list[Track] = []
        if plan.train.tensorboard:
            trackers.append(stack.enter_context(tensorboard_writer(folder / "tensorboard")))
        if plan.train.wandb:
            trackers.append(stack.enter_context(wandb_run(folder, plan)))

        def track(row: Row) -> None:
            for tracker in trackers:
                tracker(row)

        yield track


@contextmanager
def tensorboard_writer(folder: Path) -> Iterator[Track]:
    """Writes TensorBoard's event files into `folder`."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError:
        raise MissingExtraError("TensorBoard", "track") from None
    writer = EventFileWriter(str(folder))

    def write(row: Row) -> None:
        values = [Summary.Value(tag=name, simple_value=number) for name, number in numbers_of(row).items()]
        writer.add_event(Event(wall_time=time.time(), step=row["tokens"], summary=Summary(value=values)))

    try:
        yield write
    finally:
        writer.close()


@contextmanager
def wandb_run(folder: Path, plan: Plan) -> Iterator[Track]:
    """A run at Weights & Biases, in the project `lilliput`; with WANDB_MODE=offline it stays in `folder`.

    A resumed run goes on in the same place, which its id decides.
    """
    try:
        import wandb
    except ImportError:
        raise MissingExtraError("Weights & Biases", "track") from None
    name = folder.resolve().name
    run: Any = wandb.init(
        project="lilliput",
        name=name,
        id=_run_id(folder),
        resume="allow",
        dir=str(folder),
        config=plan.model_dump(),
    )

    def write(row: Row) -> None:
        run.log({**numbers_of(row), "tokens": row["tokens"]})

    try:
        yield write
    finally:
        run.finish()


def _run_id(folder: Path) -> str:
    """The id of the run in this folder, drawn when it begins."""
    file = folder / "resume" / "wandb-id"
    if not file.is_file():
        write_text(file, secrets.token_hex(4) + "\n")
    return file.read_text(encoding="utf-8").strip()
