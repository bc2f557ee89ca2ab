"""How a matrix's columns are divided into groups, each read by one table: the cheapest way for the processor."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.lookup_tables import LEAST_WALK, MOST_WALK, count_table_cycles, table_bytes
from lilliput.errors import ConfigError

_MOST_PASSES = 4


@dataclass(frozen=True)
class Shape:
    """Sizes of groups of columns, pass by pass: the tables of a pass are in memory together."""

    passes: tuple[tuple[int, ...], ...]
    half: bool
    """Whether tables keep only entries in which one input has a plus (see lookup_tables)."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes of all groups."""
        return tuple(size for one in self.passes for size in one)

    def table_bytes(self) -> int:
        """Memory for tables."""
        return max(sum(table_bytes(size - self.half) for size in one) for one in self.passes)

    def count_cycles(self, rows: int, planes: float, words: bool = False) -> float:
        """M-cycles of a matrix whose groups have `planes` lookups a row on average; about, and without endings."""
        tables = sum(count_table_cycles(size - self.half, words, self.half) for size in self.sizes)
        runs, count = (2 if self.half else 1), len(self.passes)
        per_pass = runs * (2 * max(planes - 1, 0) - 2) + (8 if self.half else 0)
        between = (7 + 8 if count > 1 else 0) + 12 * max(count - 2, 0)
        return tables + rows * (8 * planes * len(self.sizes) + count * per_pass + between)

    def deal(self, importance: NDArray[np.floating]) -> list[list[list[int]]]:
        """Columns of each group of each pass: those of like importance (C,) together, small groups first.

        Where rows are small in unimportant columns they need fewer planes there. Raises ConfigError for another
        count of columns.
        """
        if importance.size != sum(self.sizes):
            raise ConfigError(f"a shape of {sum(self.sizes)} columns cannot be dealt {importance.size}")
        order = np.argsort(-importance, kind="stable").tolist()
        dealt: dict[int, list[int]] = {}
        for number in np.argsort(self.sizes, kind="stable").tolist():
            dealt[number], order = order[: self.sizes[number]], order[self.sizes[number] :]
        numbers = iter(range(len(self.sizes)))
        return [[dealt[next(numbers)] for _ in one] for one in self.passes]


def choose_shape(
    rows: int, columns: int, planes: float, room: int, words: bool = False, most_passes: int = _MOST_PASSES
) -> Shape:
    """The cheapest shape for a matrix of rows x columns whose tables may take `room` bytes at a time.

    Several passes need a word of memory for each row. Raises ConfigError where no shape fits.
    """
    fitting = [shape for shape in _iter_shapes(columns, most_passes) if shape.table_bytes() <= room]
    if not fitting:
        raise ConfigError(f"no tables of {columns} columns fit {room} bytes in {most_passes} passes: more room is needed")
    return min(fitting, key=lambda shape: shape.count_cycles(rows, planes, words))


def _iter_shapes(columns: int, most_passes: int) -> Iterator[Shape]:
    for half in (True, False):
        for count in range(-(-columns // (MOST_WALK + half)), columns // (LEAST_WALK + half) + 1):
            sizes = _divide(columns, count)
            for passes in range(1, min(most_passes, count) + 1):
                cuts = np.cumsum([0, *_divide(count, passes)])
                yield Shape(tuple(sizes[a:b] for a, b in zip(cuts[:-1], cuts[1:], strict=True)), half)


def _divide(total: int, parts: int) -> tuple[int, ...]:
    """`total` in whole numbers that differ by 1 at most."""
    small, more = divmod(total, parts)
    return (small + 1,) * more + (small,) * (parts - more)
