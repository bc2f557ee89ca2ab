"""How a matrix's columns are divided into groups, each read by one table: the cheapest way."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.matrices.streams import Cost
from lilliput.deploy.gameboy.matrices.tables import LEAST_WALK, MOST_WALK, measure_table, table_bytes
from lilliput.errors import ConfigError

_MOST_PASSES = 4


@dataclass(frozen=True)
class Shape:
    """Sizes of groups of columns, pass by pass: the tables of a pass are in memory together."""

    passes: tuple[tuple[int, ...], ...]
    half: bool
    """Whether tables keep only entries in which one input has a plus (see tables.py)."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes of all groups."""
        return tuple(size for one in self.passes for size in one)

    def table_bytes(self) -> int:
        """Memory for tables."""
        return max(sum(table_bytes(size - self.half) for size in one) for one in self.passes)

    def estimate(self, rows: int, planes: float, words: bool = False) -> Cost:
        """About what a matrix takes whose groups have `planes` lookups a row on average, without endings."""
        tables = sum((measure_table(size - self.half, words, self.half) for size in self.sizes), Cost(0, 0))
        passes, runs = len(self.passes), 2 if self.half else 1
        lookups = Cost(8, 5) * (planes * len(self.sizes))
        doublings = Cost(2, 1) * (runs * passes * max(planes - 1, 0))
        signs = Cost(8, 8) * (passes if self.half else 0)
        first = Cost(-2, -1) * (runs * passes)  # `pop hl` instead of `pop de` and `add hl, de`
        between = Cost(15, 9) + Cost(12, 6) * (passes - 2) if passes > 1 else Cost(0, 0)
        return tables + (lookups + doublings + signs + first + between) * rows

    def deal(self, importance: NDArray[np.floating]) -> list[list[list[int]]]:
        """Columns of each group of each pass: those of like importance (C,) together, small groups first.

        Where weights are small in unimportant columns, they need fewer planes there. Raises ConfigError for
        another count of columns.
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
        raise ConfigError(
            f"tables of {columns} columns do not fit {room} bytes in {most_passes} passes: give more"
        )
    return min(fitting, key=lambda shape: shape.estimate(rows, planes, words).cycles)


def _iter_shapes(columns: int, most_passes: int) -> Iterator[Shape]:
    for half in (True, False):
        for count in range(-(-columns // (MOST_WALK + half)), columns // (LEAST_WALK + half) + 1):
            sizes = _divide(columns, count)
            for passes in range(1, min(most_passes, count) + 1):
                cuts = np.cumsum([0, *_divide(count, passes)])
                yield Shape(tuple(sizes[a:b] for a, b in pairwise(cuts)), half)


def _divide(total: int, parts: int) -> tuple[int, ...]:
    """`total` in whole numbers that differ by 1 at most."""
    small, more = divmod(total, parts)
    return (small + 1,) * more + (small,) * (parts - more)
