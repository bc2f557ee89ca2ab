"""An iterator that may hang, watched: what comes is passed on, and silence ends in an error.

A network that accepts a connection and then says nothing cannot be interrupted from the thread that
reads. So the reading happens in a daemon thread, which is left behind when it does not come back.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from lilliput.errors import DataError, LilliputError

T = TypeVar("T")

_POLL_S = 0.2  # how often a thread whose reader went away looks whether it may stop


def iter_watched(open_items: Callable[[], Iterator[T]], wait_s: float, what: str) -> Iterator[T]:
    """Yield the items of `open_items()`, which runs in a thread of its own, one or two ahead.

    Raises DataError "WHAT: …" when no item comes within `wait_s` seconds of the one before (or of
    the start), and when the iterator raises; a LilliputError passes through as it is.
    """
    items: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(maxsize=2)
    stopped = threading.Event()

    def offer(kind: str, value: T | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                items.put((kind, value), timeout=_POLL_S)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in open_items():
                offer("item", item)
                if stopped.is_set():
                    return
            offer("end", None)
        except BaseException as error:
            offer("error", error)

    threading.Thread(target=work, daemon=True, name=f"watched: {what}").start()
    try:
        yield from _take(items, wait_s, what)
    finally:
        stopped.set()


def _take(
    items: "queue.Queue[tuple[str, T | BaseException | None]]", wait_s: float, what: str
) -> Iterator[T]:
    while True:
        try:
            kind, value = items.get(timeout=wait_s)
        except queue.Empty:
            raise DataError(f"{what}: nothing came for {wait_s:g} seconds") from None
        if kind == "end":
            return
        if isinstance(value, LilliputError):
            raise value
        if isinstance(value, BaseException) and kind == "error":
            reason = next(iter(str(value).strip().splitlines()), "")[:300]
            raise DataError(f"{what}: {type(value).__name__} {reason}".rstrip()) from value
        yield value  # type: ignore[misc]
