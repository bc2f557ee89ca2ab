"""Rows of a matrix as code, made by numpy: a lookup is `ld sp, entry`, `pop de`, `add hl, de`, 8 M-cycles.

A row's planes follow from the highest down, with `add hl, hl` between. What is subtracted (half tables) is
summed first, in the same way, and waits in BC with its sign turned about. Half a unit, for rounding, is added
where that costs least: there.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.matrices.digits import Lookups
from lilliput.deploy.gameboy.matrices.streams import LONGEST_UNIT, Stream, Template, make_template
from lilliput.errors import ConfigError

_LD_SP, _POP_HL, _POP_DE, _ADD_HL_DE, _ADD_HL_HL = 0x31, 0xE1, 0xD1, 0x19, 0x29
_LONG = f"a row's ending takes more than {LONGEST_UNIT} bytes: make it a routine in bank 0"


def make_rows(
    lookups: Lookups,
    tables: Sequence[int],
    halves: Sequence[int],
    endings: Sequence[str],
    words: Sequence[dict[str, int]],
) -> Stream:
    """Code of all rows, one behind the other. Every row must have a lookup.

    tables: where each group's table begins. halves: what is added to each row's sum. endings:
    assembly from this on, which is in HL. words: what its open words are. Raises ConfigError for an ending
    that is too long.
    """
    row, plane = lookups.row, lookups.plane
    run = 2 * row + ~lookups.minus  # lookups that are summed into one HL
    first = np.diff(run, prepend=-1) != 0
    last = np.diff(run, append=run[-1] + 2) != 0
    doublings = np.where(first, 0, np.roll(plane, 1) - plane)
    after = np.where(last, plane, 0)
    size = doublings + np.where(first, 4, 5) + after
    tails = _make_tails(row[last], lookups.minus[last], halves, endings)
    size[last] += [len(tail.data) for tail in tails]
    if size.max() > LONGEST_UNIT:
        raise ConfigError(_LONG)
    starts = np.cumsum(size) - size

    data = np.full(int(size.sum()), _ADD_HL_HL, np.uint8)  # the doublings stand
    at = starts + doublings
    address = np.asarray(tables)[lookups.group] + 2 * lookups.entry
    data[at], data[at + 1], data[at + 2] = _LD_SP, address & 0xFF, address >> 8
    data[at + 3] = np.where(first, _POP_HL, _POP_DE)
    data[at[~first] + 4] = _ADD_HL_DE
    behind = at + np.where(first, 4, 5) + after
    for place, tail, number in zip(behind[last], tails, row[last], strict=True):
        data[place : place + len(tail.data)] = tail.fill(words[number]).data
    cycles = np.where(first, 6, 8).sum() + 2 * (doublings + after).sum()
    return Stream(data, starts, int(cycles) + sum(tail.cycles for tail in tails))


def _make_tails(
    rows: NDArray[np.int64], minus: NDArray[np.bool_], halves: Sequence[int], endings: Sequence[str]
) -> list[Template]:
    """What follows the last lookup of each run (and its doublings): `rows` (runs,) and their signs."""
    tails = []
    for number, (row, below) in enumerate(zip(rows.tolist(), minus.tolist(), strict=True)):
        half = halves[row]
        if number + 1 < rows.size and rows[number + 1] == row:  # a row's first run of two
            text = _subtract(half, "c", "b")
        elif below:
            text = _subtract(half, "l", "h") + endings[row]
        elif number and rows[number - 1] == row:
            text = "add hl, bc\n" + endings[row]
        else:
            text = (f"ld de, {half}\nadd hl, de\n" if half else "") + endings[row]
        tails.append(make_template((text,)))
    return tails


def _subtract(half: int, low: str, high: str) -> str:
    """half - HL."""
    load, carry = f"ld a, {half & 0xFF}" if half & 0xFF else "xor a", "sbc a, a\nsub h"
    if half > 0xFF:
        carry = f"ld a, {half >> 8}\nsbc a, h"
    return f"{load}\nsub l\nld {low}, a\n{carry}\nld {high}, a\n"
