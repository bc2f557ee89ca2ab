"""Stories from the Hugging Face hub: any data set by rows, and the start of TinyStories as a file.

Both end in an error within seconds where there is no network, so that `lilliput story` can go on
with something else.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lilliput.errors import DataError, LilliputError, MissingExtraError
from lilliput.rundir import atomic_write
from lilliput.stories.text_files import ENDOFTEXT
from lilliput.stories.watched import iter_watched

TINYSTORIES_REPO = "roneneldan/TinyStories"
TINYSTORIES_FILE = "TinyStoriesV2-GPT4-train.txt"

_BLOCK_BYTES = 1 << 16  # small, so that a slow line is not taken for a dead one
_HUB_WAIT_S = 60.0  # for a data set: the first row comes after a dozen requests and some imports
_HUB_NAME = re.compile(r"hub:(?P<name>[\w.-]+(?:/[\w.-]+)?)(?::(?P<column>.+))?")


def default_cache() -> Path:
    """`lilliput` in the user's cache folder: XDG_CACHE_HOME, or `.cache` at home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):
        return Path(given, "lilliput")
    try:
        return Path.home() / ".cache" / "lilliput"
    except RuntimeError:
        raise DataError("no home folder to keep downloads in: set XDG_CACHE_HOME") from None


def describe_tinystories(megabytes: int) -> str:
    """What `fetch_tinystories` gives, for people."""
    return f"the first {megabytes} MB of {TINYSTORIES_FILE} ({TINYSTORIES_REPO}, Hugging Face hub)"


def fetch_tinystories(
    cache: Path,
    *,
    megabytes: int = 48,
    wait_s: float = 6.0,
    endpoint: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """The first `megabytes` (of 1,000,000 bytes) of TinyStories V2, cut after the last whole story.

    The file lies under `cache` and is fetched once: what is there needs no network. `endpoint` is
    another hub than the usual one. `on_progress(done, wanted)` is called with bytes.

    Raises DataError within about `wait_s` seconds if the hub cannot be reached or falls silent, or
    if `cache` cannot be written; MissingExtraError without `huggingface_hub`.
    """
    if megabytes < 1:
        raise DataError(f"{megabytes} MB of TinyStories: ask for 1 or more")
    path = cache / f"tinystories-v2-gpt4-train-{megabytes}mb.txt"
    if path.is_file():
        return path
    what = "TinyStories cannot be fetched from the Hugging Face hub"
    try:
        import huggingface_hub  # noqa: F401 (a slow import does not count as a slow network)
    except ImportError:
        raise MissingExtraError("fetching TinyStories", "hub") from None
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise DataError(f"{what}: HF_HUB_OFFLINE forbids it")
    wanted = megabytes * 1_000_000
    blocks = iter_watched(lambda: _iter_blocks(wanted, endpoint), wait_s, what)
    try:
        _write_whole_stories(path, blocks, wanted, on_progress)
    except LilliputError:
        raise
    except OSError as error:  # of the disk: the network's came through iter_watched
        raise DataError(
            f"{cache} cannot keep downloads ({error.strerror or error}): set XDG_CACHE_HOME"
        ) from None
    return path


def hub_name(source: str) -> tuple[str, str | None]:
    """The data set and the column of "hub:owner/name:column"; raises DataError for another form."""
    match = _HUB_NAME.fullmatch(source)
    if match is None:
        raise DataError(f"{source}: write a hub data set as hub:owner/name or hub:owner/name:column")
    return match["name"], match["column"]


def iter_hub_rows(name: str, wait_s: float = _HUB_WAIT_S) -> Iterator[tuple[str, Any]]:
    """Yield (where, row) of the `train` split of a hub data set, as it streams in.

    A row has the columns of texts, numbers and truth values. Raises MissingExtraError without
    `datasets`; DataError if the data set cannot be read or nothing comes for `wait_s` seconds.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError(f"reading {name} from the hub", "hub") from None

    def open_rows() -> Iterator[Any]:
        return iter(datasets.load_dataset(name, streaming=True, split="train"))

    what = f"{name} cannot be read from the Hugging Face hub"
    for number, row in enumerate(iter_watched(open_rows, wait_s, what), start=1):
        plain = {key: value for key, value in row.items() if _is_plain(value)}
        yield f"{name}, row {number:,}", plain


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _iter_blocks(wanted: int, endpoint: str | None) -> Iterator[bytes]:
    from huggingface_hub import HfFileSystem

    hub = HfFileSystem(endpoint=endpoint, skip_instance_cache=True)
    # block_size=0 asks for one response that is read as it comes, not for one request a block
    with hub.open(f"datasets/{TINYSTORIES_REPO}/{TINYSTORIES_FILE}", "rb", block_size=0) as file:
        left = wanted
        while left > 0 and (block := file.read(min(left, _BLOCK_BYTES))):
            left -= len(block)
            yield block


def _write_whole_stories(
    path: Path,
    blocks: Iterator[bytes],
    wanted: int,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    mark = ENDOFTEXT.encode("ascii")
    done, end, tail = 0, 0, b""  # bytes written, the end of the last whole story, half a mark
    with atomic_write(path) as file:
        for block in blocks:
            file.write(block)
            seen = tail + block
            if (at := seen.rfind(mark)) >= 0:
                end = done - len(tail) + at + len(mark)
            done += len(block)
            tail = seen[-(len(mark) - 1) :]
            if on_progress is not None:
                on_progress(done, wanted)
        if end == 0:
            raise DataError(f"what the hub sent as {TINYSTORIES_FILE} has no {ENDOFTEXT}: not TinyStories")
        file.truncate(end)
        file.seek(end)
        file.write(b"\n")
