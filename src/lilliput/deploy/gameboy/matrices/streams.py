"""Straight-line code that may be longer than a bank, and where it may be cut apart.

A Template is assembled once; filled with numbers it is a Stream. Streams are laid out in consecutive banks by
banks.py, which may put a jump to the next bank between any two units of one, and nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Listed, encode

LONGEST_UNIT = 256
"""Bytes; a bank may have as many left behind its last unit."""


@dataclass(frozen=True)
class Cost:
    """What code takes: M-cycles and bytes of ROM. Of an estimate, they need not be whole."""

    cycles: float
    bytes: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.cycles + other.cycles, self.bytes + other.bytes)

    def __mul__(self, times: float) -> "Cost":
        return Cost(self.cycles * times, self.bytes * times)


@dataclass(frozen=True)
class Stream:
    """Code without labels that runs from its first byte to its last."""

    data: NDArray[np.uint8]
    """(bytes,)"""
    starts: NDArray[np.int64]
    """(units,) where each unit begins in `data`; the first is 0. The processor's A is free between units."""
    cycles: int
    """M-cycles when no value saturates, without changes of bank."""

    @property
    def cost(self) -> Cost:
        """What it takes."""
        return Cost(self.cycles, self.data.size)

    @staticmethod
    def join(streams: Iterable["Stream"]) -> "Stream":
        """One behind the other."""
        parts = list(streams)
        at = np.cumsum([0, *(part.data.size for part in parts)])
        return Stream(
            np.concatenate([part.data for part in parts]),
            np.concatenate([part.starts + first for part, first in zip(parts, at[:-1], strict=True)]),
            sum(part.cycles for part in parts),
        )


@dataclass(frozen=True)
class Template:
    """Assembled units with words that are still open."""

    data: bytes
    starts: tuple[int, ...]
    cycles: int
    words: tuple[tuple[int, str], ...]
    """(offset, name) of each word of two bytes to be filled in."""

    @property
    def cost(self) -> Cost:
        """What it takes."""
        return Cost(self.cycles, len(self.data))

    def fill(self, values: Mapping[str, int]) -> Stream:
        """The code with `values` in its words. Raises KeyError for a name that is missing."""
        data = bytearray(self.data)
        for offset, name in self.words:
            data[offset : offset + 2] = encode("word", values[name])
        return Stream(np.frombuffer(bytes(data), np.uint8), np.array(self.starts, np.int64), self.cycles)


@lru_cache(maxsize=1024)
def make_template(units: tuple[str, ...], constants: tuple[tuple[str, int], ...] = ()) -> Template:
    """Texts of assembly, each a unit that must not be cut apart.

    Names that are no constants are words to be filled in. A conditional jump in a unit leads forward and
    counts as taken: what it leads over is for values that saturate.
    """
    data, starts, words, cycles = bytearray(), list[int](), list[tuple[int, str]](), 0
    for text in units:
        block = assemble(text, dict(constants), "a matrix's code")
        starts.append(len(data))
        for one in block.relocations:
            assert one.kind == "word"
            assert isinstance(one.tree, str)
            words.append((len(data) + one.offset, one.tree))
        data += block.data
        cycles += _count_main_way(block.instructions, block.labels)
    return Template(bytes(data), tuple(starts), cycles, tuple(words))


def _count_main_way(instructions: Sequence[Listed], labels: Mapping[str, int]) -> int:
    """M-cycles from the first instruction to the last when every conditional jump is taken."""
    cycles, going_on_at = 0, 0
    for one in instructions:
        if one.offset < going_on_at:
            continue
        cycles += one.cycles
        if one.cycles != one.not_taken:
            going_on_at = labels[one.text.rpartition(",")[2].strip()]
    return cycles
