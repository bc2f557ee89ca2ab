"""A matrix of whole numbers as straight-line code: tables of signed sums, and rows that look them up.

Each row's sum is exact modulo 2^16, so it is right wherever the whole of it fits 16 bits; how its parts grow
on the way makes no difference. In the ROM, code of many matrices lies in consecutive banks (banks.py);
bank 0 has a routine for each, which write_entry gives, to be called with interrupts off. It changes every
register, and the bank of the ROM.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.matrices.banks import Entry
from lilliput.deploy.gameboy.matrices.digits import find_lookups
from lilliput.deploy.gameboy.matrices.endings import Ending, early_half, write_ending
from lilliput.deploy.gameboy.matrices.rows import make_rows
from lilliput.deploy.gameboy.matrices.streams import Stream, make_template
from lilliput.deploy.gameboy.matrices.tables import DELTA_BYTES, make_table, table_bytes
from lilliput.errors import ConfigError

__all__ = [
    "HIGH_BYTES",
    "Ending",
    "Matrix",
    "Workplace",
    "compile_matrix",
    "compile_tables",
    "count_entry_cycles",
    "write_entry",
]

HIGH_BYTES = DELTA_BYTES + 2
"""High memory that matrices share: what tables are made of, and the caller's stack pointer."""
_LEAVE = ("ld sp, stack\npop hl\nld sp, hl\nret",)
_ADD_SUM = "ld sp, sums\npop de\nadd hl, de\n"


@dataclass(frozen=True)
class Workplace:
    """Memory that matrices share, one after the other."""

    tables: int
    """Where tables may lie, all visible at once: the first byte,"""
    table_bytes: int
    """and how many."""
    high: int
    """HIGH_BYTES of high memory."""
    sums: int | None = None
    """Two bytes for each row of the tallest matrix of several passes; None where there is none."""

    @property
    def stack(self) -> int:
        """Where the caller's stack pointer is kept."""
        return self.high + DELTA_BYTES


@dataclass(frozen=True)
class Matrix:
    """Weights with the places of inputs and results."""

    weights: NDArray[np.int64]
    """(R, C), see digits.find_lookups."""
    groups: Sequence[Sequence[Sequence[int]]]
    """Pass by pass, the columns of each group (see shapes.py)."""
    half: bool
    inputs: NDArray[np.int64]
    """(C,) the address of each input."""
    endings: Sequence[Ending]
    """(R,)"""
    results: NDArray[np.int64]
    """(R,) the address of each result."""
    bounds: NDArray[np.int64]
    """(R,) the greatest magnitude of each row's sum; the caller has proved it."""
    words: bool = False
    """Whether inputs are words of two bytes, not signed bytes. -128 must not occur."""


def compile_matrix(matrix: Matrix, work: Workplace) -> Stream:
    """The matrix's code, from its first table to the return. Its cycles are exact (see Stream).

    Raises ConfigError for columns that are not each in one group, weights without digits, tables that do not
    fit, sums that may not fit.
    """
    _check(matrix, work)
    parts = []
    for number, groups in enumerate(matrix.groups):
        tables, at = [], work.tables
        for columns in groups:
            tables.append(at)
            parts.append(make_table(matrix.inputs[list(columns)], matrix.words, matrix.half, at, work.high))
            at += table_bytes(len(columns) - matrix.half)
        lookups = find_lookups(matrix.weights, groups, matrix.half)
        halves, endings = _write_endings(matrix, number)
        parts.append(make_rows(lookups, tables, halves, endings, _list_words(matrix, work)))
    return Stream.join([*parts, _leave(work)])


def compile_tables(
    tables: Mapping[int, NDArray[np.int64]], words: bool, half: bool, work: Workplace
) -> Stream:
    """Code that makes tables alone and returns, for rows that are written as the program runs.

    `tables`: where entry 0 of each will lie, and the addresses of its inputs (see tables.make_table).
    """
    made = (make_table(inputs, words, half, at, work.high) for at, inputs in tables.items())
    return Stream.join([*made, _leave(work)])


def write_entry(name: str, entry: Entry, work: Workplace) -> str:
    """Assembly for bank 0: the routine `name`, which runs the code that lies at `entry`."""
    start = f"ld ({work.stack}), sp\nld a, {entry.bank & 0xFF}\nld (rROMB0), a\n"
    if entry.bank <= 0xFF:
        return f"{name}:\n{start}jp {entry.address}\n"
    return (
        f"{name}:\ncall .far\nxor a\nld (rROMB1), a\nret\n"
        f".far:\n{start}ld a, {entry.bank >> 8}\nld (rROMB1), a\njp {entry.address}\n"
    )


def count_entry_cycles(entry: Entry) -> int:
    """M-cycles from the first instruction of the routine in bank 0 to its return, when no value saturates."""
    return entry.cycles + (15 if entry.bank <= 0xFF else 15 + 6 + 6 + 9)


def _leave(work: Workplace) -> Stream:
    return make_template(_LEAVE, (("stack", work.stack),)).fill({})


def _write_endings(matrix: Matrix, number: int) -> tuple[list[int], list[str]]:
    """What is added to each row's sum in this pass, and assembly of what follows."""
    last = number == len(matrix.groups) - 1
    before = _ADD_SUM if number else ""
    if not last:
        count = len(matrix.endings)
        return [0] * count, [(before or "ld sp, behind_sums\n") + "push hl"] * count
    pairs = zip(matrix.endings, matrix.bounds.tolist(), strict=True)
    both = [(early_half(*pair), before + write_ending(*pair)) for pair in pairs]
    return [half for half, _ in both], [text for _, text in both]


def _list_words(matrix: Matrix, work: Workplace) -> list[dict[str, int]]:
    first = work.sums or 0
    return [
        {"out": out, "behind": out + 2, "sums": sums, "behind_sums": sums + 2}
        for out, sums in zip(matrix.results.tolist(), itertools.count(first, 2), strict=False)
    ]


def _check(matrix: Matrix, work: Workplace) -> None:
    rows, columns = matrix.weights.shape
    dealt = sorted(column for groups in matrix.groups for group in groups for column in group)
    if dealt != list(range(columns)):
        raise ConfigError(f"the groups of a matrix of {columns} columns must hold each of them once")
    wanted = max(sum(table_bytes(len(group) - matrix.half) for group in groups) for groups in matrix.groups)
    if wanted > work.table_bytes:
        raise ConfigError(
            f"a matrix's tables take {wanted} bytes, there are {work.table_bytes}: use more passes"
        )
    if len(matrix.groups) > 1 and work.sums is None:
        raise ConfigError(
            f"a matrix of {len(matrix.groups)} passes needs memory for each row's sum: give `sums`"
        )
    for what, given in (("endings", matrix.endings), ("results", matrix.results), ("bounds", matrix.bounds)):
        if len(given) != rows:
            raise ConfigError(f"a matrix of {rows} rows has {len(given)} {what}")
    if matrix.inputs.size != columns:
        raise ConfigError(f"a matrix of {columns} columns has {matrix.inputs.size} inputs")
