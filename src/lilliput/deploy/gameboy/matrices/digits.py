"""Weights as digits of ±1, and each row's digits of a group of columns as places in that group's table."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lilliput.errors import ConfigError


class Lookups(NamedTuple):
    """What the rows of a matrix fetch, sorted: row by row, minus before plus, the highest plane first.

    All arrays are (lookups,).
    """

    row: NDArray[np.int64]
    minus: NDArray[np.bool_]
    """Whether the entry is subtracted (half tables only)."""
    plane: NDArray[np.int64]
    """The entry counts 2 ** plane times."""
    group: NDArray[np.int64]
    entry: NDArray[np.int64]


def count_planes(weights: NDArray[np.int64], groups: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """(R, groups) lookups of each row in each group; `weights` is (R, C), a group is a list of columns.

    Raises ConfigError for weights that have no digits (see find_lookups).
    """
    first, last = _find_planes(weights, groups)
    return last - first


def find_lookups(weights: NDArray[np.int64], groups: Sequence[Sequence[int]], half: bool) -> Lookups:
    """The lookups of `weights` (R, C) in tables of these groups of columns; half: tables.py.

    A row's weights of one group are 2 ** a times odd numbers below 2 ** n, which are digits of ±1 in planes a
    to a + n - 1; or all are 0. A row without any weights gets two lookups that cancel. Raises ConfigError for
    other weights.
    """
    first, last = _find_planes(weights, groups)
    found = []
    for number, columns in enumerate(groups):
        found.append(_find_of_group(weights[:, columns], first[:, number], last[:, number], number, half))
    rows = np.concatenate([lookups.row for lookups in found])
    idle = np.setdiff1d(np.arange(weights.shape[0]), rows)
    if idle.size:
        found.append(_cancel(idle, len(groups[0]) - half, half))
    row, minus, plane, group, entry = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.lexsort((group, -plane, ~minus, row))
    return Lookups(row[order], minus[order], plane[order], group[order], entry[order])


def _find_planes(
    weights: NDArray[np.int64], groups: Sequence[Sequence[int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(R, groups) the lowest plane, and that behind the highest; equal where all weights are 0."""
    first = np.zeros((weights.shape[0], len(groups)), np.int64)
    last = np.zeros_like(first)
    for number, columns in enumerate(groups):
        part = weights[:, columns]
        lowest = part & -part  # the lowest set bit of each
        if (lowest != lowest[:, :1]).any():
            row, column = np.argwhere(lowest != lowest[:, :1])[0]
            raise ConfigError(
                f"row {row} has weights {part[row, 0]} and {part[row, column]} in one group of columns: "
                "they must all be odd, or the same power of two times odd numbers, or all 0"
            )
        first[:, number] = _count_bits(lowest[:, 0] >> 1)
        last[:, number] = _count_bits(np.abs(part).max(axis=1))
    return first, last


def _count_bits(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lengths of whole numbers from 0 to 2^52 in bits; 0 has none."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


def _find_of_group(
    weights: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64], group: int, half: bool
) -> Lookups:
    """Lookups of one group, (R, k) weights, unsorted."""
    walk = weights.shape[1] - half
    bits = ((weights >> first[:, None]) + (1 << (last - first))[:, None] - 1) >> 1  # digit ±1 is bit 1 or 0
    plane = np.arange(int(last.max(initial=0)))
    row, plane = np.nonzero((plane >= first[:, None]) & (plane < last[:, None]))
    digits = bits[row] >> (plane - first[row])[:, None] & 1
    entry = digits[:, :walk] @ (1 << np.arange(walk))
    minus = digits[:, walk] == 0 if half else np.zeros(row.size, bool)
    entry = np.where(minus, ~entry & (1 << walk) - 1, entry)
    return Lookups(row, minus, plane, np.full(row.size, group), entry)


def _cancel(rows: NDArray[np.int64], walk: int, half: bool) -> Lookups:
    """Two lookups for each of these rows, which have no weights: their sum is 0."""
    row = np.repeat(rows, 2)
    second = np.arange(row.size) % 2
    entry = np.zeros(row.size, np.int64) if half else second * ((1 << walk) - 1)
    return Lookups(row, second.astype(bool) & half, np.zeros_like(row), np.zeros_like(row), entry)
