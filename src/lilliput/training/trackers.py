"""Where numbers go besides metrics.jsonl."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lilliput.errors import MissingExtraError
from lilliput.training.diary import Row

_SHOWN = ("nats_per_token", "bits_per_byte", "gradient_norm", "learning_rate")


@contextmanager
def tensorboard_writer(folder: Path, wanted: bool) -> Iterator[Callable[[Row], None]]:
    """A function that writes a row's numbers to TensorBoard files in `folder`, by tokens learnt from.

    Numbers of the held-back stories stand under `held-back/`. Does nothing unless `wanted`. Raises
    MissingExtraError where TensorBoard is not installed.
    """
    if not wanted:
        yield lambda _: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtraError("TensorBoard", "track") from None
    writer = SummaryWriter(str(folder / "tensorboard"))

    def write(row: Row) -> None:
        group = "held-back" if "story" in row else "train"
        for name in _SHOWN:
            if name in row:
                writer.add_scalar(f"{group}/{name}", row[name], row["tokens"])

    try:
        yield write
    finally:
        writer.close()
