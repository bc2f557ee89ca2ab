"""Which columns of a matrix share a table: those whose weights are great in the same rows.

A row needs as many lookups in a group as its greatest weight there has planes. No number of the model depends
on the groups, so they may be dealt again once the weights are known.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def improve_groups(
    weights: NDArray[np.int64], groups: Sequence[Sequence[Sequence[int]]]
) -> list[list[list[int]]]:
    """The groups of each pass, with columns exchanged, the best pair first, until no pair saves a lookup.

    `weights` is (R, C), as in digits.find_lookups. Sizes stay as they are.
    """
    flat = [list(columns) for one in groups for columns in one]
    planes = np.frexp(np.abs(weights).astype(np.float64))[1].astype(np.uint8)
    _, kinds = np.unique((weights & -weights).T, axis=0, return_inverse=True)  # others cannot share a table
    group_of = np.empty(weights.shape[1], np.int64)
    for number, columns in enumerate(flat):
        group_of[columns] = number
    count = np.array([planes[:, columns].max(axis=1).sum(dtype=np.int64) for columns in flat])
    replaced = np.empty((weights.shape[1],) * 2, np.int64)  # lookups of i's group with j in the place of i
    changed = tuple(range(len(flat)))
    while True:
        for number in changed:
            _replace_each(planes, flat[number], replaced)
        gain = count[group_of][:, None] + count[group_of] - replaced - replaced.T
        gain[(group_of[:, None] == group_of) | (kinds[:, None] != kinds)] = 0
        i, j = divmod(int(np.argmax(gain)), len(gain))
        if gain[i, j] <= 0:
            break
        changed = int(group_of[i]), int(group_of[j])
        count[list(changed)] = replaced[i, j], replaced[j, i]
        for number, (out, into) in zip(changed, ((i, j), (j, i)), strict=True):
            flat[number][flat[number].index(out)] = into
        group_of[[i, j]] = group_of[[j, i]]
    numbers = iter(flat)
    return [[next(numbers) for _ in one] for one in groups]


def _replace_each(planes: NDArray[np.uint8], columns: list[int], replaced: NDArray[np.int64]) -> None:
    """Write the rows of `replaced` (C, C) that belong to the columns of a group; `planes` is (R, C)."""
    for place, column in enumerate(columns):
        others = planes[:, columns[:place] + columns[place + 1 :]].max(axis=1, initial=0)
        replaced[column] = np.maximum(others[:, None], planes).sum(axis=0, dtype=np.int64)
