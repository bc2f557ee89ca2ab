"""Ctrl-C amid results: at once where one is waited for, and never in the middle of what is done with one."""

import os
import signal
from collections.abc import Iterator

from lilliput.app.interrupts import heeding_interrupts


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


class Numbers:
    """0, 1, 2 and so on; Ctrl-C while number `pressed_at` is waited for."""

    def __init__(self, pressed_at: int | None = None) -> None:
        self.pressed_at, self.closed = pressed_at, False

    def __iter__(self) -> Iterator[int]:
        try:
            for number in range(100):
                if number == self.pressed_at:
                    press_ctrl_c()
                yield number
        finally:
            self.closed = True


def test_all_items_come_without_ctrl_c() -> None:
    with heeding_interrupts() as until_interrupted:
        assert list(until_interrupted(iter(Numbers()))) == list(range(100))


def test_ctrl_c_while_an_item_is_waited_for_ends_the_waiting() -> None:
    numbers, handler = Numbers(pressed_at=3), signal.getsignal(signal.SIGINT)
    with heeding_interrupts() as until_interrupted:
        assert list(until_interrupted(iter(numbers))) == [0, 1, 2]
        assert numbers.closed
        press_ctrl_c()  # what is done behind the last item is done, too
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_amid_the_work_on_an_item_lets_it_be_finished() -> None:
    numbers, done = Numbers(), []
    with heeding_interrupts() as until_interrupted:
        for number in until_interrupted(iter(numbers)):
            if number == 4:
                press_ctrl_c()
            done.append(number)
        assert numbers.closed
    assert done == [0, 1, 2, 3, 4]
