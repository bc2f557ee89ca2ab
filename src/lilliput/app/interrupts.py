"""Ctrl-C while results come one by one: those that there are can still be kept."""

import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Rows = Generator[Item, None, None]

INTERRUPTED = 130
"""The exit status of what Ctrl-C has stopped."""


@contextmanager
def heeding_interrupts() -> Iterator[Callable[[Rows[Item]], Iterator[Item]]]:
    """A function from items to the same items until Ctrl-C, for use within the block.

    Ctrl-C is heeded while an item is waited for, at once; anywhere else in the block it waits until the next
    one would be, so that what is done with an item is done whole. Only for the main thread.
    """
    waiting = asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        asked = True
        if waiting:
            raise KeyboardInterrupt

    def until_interrupted(items: Rows[Item]) -> Iterator[Item]:
        nonlocal waiting
        try:
            while not asked:
                waiting = True
                item = next(items)
                waiting = False
                yield item
        except (KeyboardInterrupt, StopIteration):
            pass
        finally:
            waiting = False
            items.close()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield until_interrupted
    finally:
        signal.signal(signal.SIGINT, before)
