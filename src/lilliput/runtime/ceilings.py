"""What this machine can do at best: loops in C that only read, or only multiply and add. No torch."""

import ctypes as ct
import time
from functools import cache

from lilliput.runtime.native import Memory, Team, load_library

_LINE = 64
"""Bytes that are read at once; a stretch of memory is cut into these."""


_LOOK_STEPS = 500_000
"""Of a look at the arithmetic: some milliseconds, so short that other programs leave one of many alone."""
_COUNTED_STEPS = 1000


def measure_float_peak(threads: int, seconds: float = 0.1) -> float:
    """Float32 operations a second that the processor can do at best, with one thread or with `threads`.

    A multiply-add counts two. Takes about `seconds`; the best look counts, since other programs can only
    lower it.
    """
    best = 0.0
    for n in {1, threads}:
        loops = Loops(n)
        per_step = 2 * loops.multiply(False, _COUNTED_STEPS) / _COUNTED_STEPS
        until = time.perf_counter() + seconds / len({1, threads})
        while (began := time.perf_counter()) < until:
            loops.multiply(False, _LOOK_STEPS)
            best = max(best, per_step * _LOOK_STEPS / (time.perf_counter() - began))
    return best


class Loops:
    """The loops, for the best kernels of this processor, on `threads` threads at once."""

    def __init__(self, threads: int) -> None:
        self._library = _declare()
        self._kernels = self._library.lp_kernels_at(0)
        self._team = Team(threads) if threads > 1 else None

    def read(self, memory: Memory, first: int, rounds: int) -> tuple[int, int]:
        """Read what lies in `memory` from byte `first` to the last whole 64, each thread its share.

        Returns how many bytes were read in all `rounds`, and the sum (modulo 2**32) of their words of 32
        bits.
        """
        first = -(-first // _LINE) * _LINE
        size = (memory.size - first) // _LINE * _LINE
        address = memory.address + first
        words = self._library.lp_ceiling_read(self._kernels, self._place(), address, size, rounds)
        return size * rounds, int(words)

    def multiply(self, integers: bool, steps: int) -> float:
        """Multiply and add in registers: float32, or bytes as in integer products; how many multiply-adds.

        The registers count them themselves, and can up to 65,535 steps; a step is always as many.
        """
        return float(self._library.lp_ceiling_multiply(self._kernels, self._place(), integers, steps))

    def _place(self) -> int | None:
        return self._team.address if self._team else None


@cache
def _declare() -> ct.CDLL:
    library = load_library()
    pointer = ct.c_void_p
    library.lp_ceiling_read.restype = ct.c_uint32
    library.lp_ceiling_read.argtypes = [pointer, pointer, pointer, ct.c_size_t, ct.c_int]
    library.lp_ceiling_multiply.restype = ct.c_double
    library.lp_ceiling_multiply.argtypes = [pointer, pointer, ct.c_int, ct.c_int64]
    return library
