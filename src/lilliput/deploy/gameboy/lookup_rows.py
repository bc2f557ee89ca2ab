"""Rows of a matrix as code, made by numpy: a lookup is `ld sp, entry`, `pop de`, `add hl, de`, 8 M-cycles.

A row's planes follow from the highest down, with `add hl, hl` between. What is subtracted (half tables) is
summed first, in the same way, and waits in BC.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.lookup_digits import Lookups
from lilliput.deploy.gameboy.streams import Stream, Template, make_template

_LD_SP, _POP_HL, _POP_DE, _ADD_HL_DE, _ADD_HL_HL = 0x31, 0xE1, 0xD1, 0x19, 0x29
_LD_B_H, _LD_C_L = 0x44, 0x4D
_SUBTRACT = "ld a, l\nsub c\nld l, a\nld a, h\nsbc a, b\nld h, a\n"
_NEGATE = "xor a\nsub l\nld l, a\nsbc a, a\nsub h\nld h, a\n"


def make_rows(
    lookups: Lookups, tables: Sequence[int], endings: Sequence[str], words: Sequence[dict[str, int]]
) -> Stream:
    """Code of all rows, one behind the other.

    tables: where each group's table begins. endings: assembly of each row from its sum in HL on; words: what its
    open words are. Every row must have a lookup.
    """
    row, plane = lookups.row, lookups.plane
    run = 2 * row + ~lookups.minus  # lookups that are summed into one HL
    first = np.diff(run, prepend=-1) != 0
    last = np.diff(run, append=run[-1] + 2) != 0
    row_ends = np.diff(row, append=row[-1] + 1) != 0
    doublings = np.where(first, 0, np.roll(plane, 1) - plane)
    subtracted = last & ~row_ends  # the end of a row's first run, where it has two
    after = np.where(last, plane, 0)
    size = doublings + np.where(first, 4, 5) + after + 2 * subtracted
    tails = _make_tails(lookups, first, row_ends, endings)
    size[row_ends] += [len(tail.data) for tail in tails]
    starts = np.cumsum(size) - size

    data = np.full(int(size.sum()), _ADD_HL_HL, np.uint8)  # the doublings stand
    at = starts + doublings
    address = np.asarray(tables)[lookups.group] + 2 * lookups.entry
    data[at], data[at + 1], data[at + 2] = _LD_SP, address & 0xFF, address >> 8
    data[at + 3] = np.where(first, _POP_HL, _POP_DE)
    data[at[~first] + 4] = _ADD_HL_DE
    behind = at + np.where(first, 4, 5) + after
    data[behind[subtracted]], data[behind[subtracted] + 1] = _LD_B_H, _LD_C_L
    _put_tails(data, behind[row_ends], tails, words)
    cycles = np.where(first, 6, 8).sum() + 2 * (doublings + after + subtracted).sum()
    return Stream(data, starts, int(cycles) + sum(tail.cycles for tail in tails))


def _make_tails(
    lookups: Lookups, first: NDArray[np.bool_], row_ends: NDArray[np.bool_], endings: Sequence[str]
) -> list[Template]:
    """What follows each row's last lookup (and its doublings)."""
    runs = np.bincount(lookups.row, weights=first)
    signs = np.where(runs == 2, 2, lookups.minus[row_ends])
    before = ("", _NEGATE, _SUBTRACT)
    return [make_template((before[sign] + ending,)) for sign, ending in zip(signs, endings, strict=True)]


def _put_tails(
    data: NDArray[np.uint8], at: NDArray[np.int64], tails: Sequence[Template], words: Sequence[dict[str, int]]
) -> None:
    for place, tail, values in zip(at, tails, words, strict=True):
        filled = tail.fill(values).data
        data[place : place + filled.size] = filled
