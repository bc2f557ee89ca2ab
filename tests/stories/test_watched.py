"""Iterators that hang, fail, or are left."""

import threading
import time
from collections.abc import Iterator

import pytest

from lilliput.errors import DataError, FormatError
from lilliput.stories.watched import iter_watched


def test_items_come_in_order_and_the_end_is_the_end() -> None:
    assert list(iter_watched(lambda: iter(range(100)), 5, "counting")) == list(range(100))
    odd = [None, ValueError("an item, not raised")]
    assert list(iter_watched(lambda: iter(odd), 5, "odd")) == odd


@pytest.mark.parametrize("before", [0, 3])
def test_silence_ends_in_time(before: int) -> None:
    release = threading.Event()

    def hang() -> Iterator[int]:
        yield from range(before)
        release.wait(30)

    begin = time.monotonic()
    items = iter_watched(hang, 0.3, "hub")
    assert [next(items) for _ in range(before)] == list(range(before))
    with pytest.raises(DataError, match=r"hub: nothing came for 0\.3 seconds"):
        next(items)
    release.set()
    assert 0.3 <= time.monotonic() - begin < 2


def test_a_slow_reader_is_not_taken_for_silence() -> None:
    for _ in iter_watched(lambda: iter(range(6)), 0.1, "counting"):
        time.sleep(0.15)


def test_an_error_becomes_one_line_and_our_own_stays() -> None:
    def fail(error: Exception) -> Iterator[int]:
        yield 1
        raise error

    with pytest.raises(DataError) as raised:
        list(iter_watched(lambda: fail(OSError("broken\nand more")), 5, "hub"))
    assert str(raised.value) == "hub: OSError broken"
    with pytest.raises(FormatError, match=r"^ours$"):
        list(iter_watched(lambda: fail(FormatError("ours")), 5, "hub"))


def test_an_iterator_that_nobody_reads_on_is_stopped() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    items = iter_watched(endless, 5, "counting")
    assert next(items) == 1
    items.close()
    assert closed.wait(5)
