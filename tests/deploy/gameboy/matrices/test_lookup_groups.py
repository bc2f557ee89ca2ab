"""Columns dealt to tables: exchanged as long as that makes lookups fewer, and never where it must not be."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.matrices.digits import count_planes, find_lookups
from lilliput.deploy.gameboy.matrices.groups import improve_groups


def make_weights(rng, rows, columns):
    """Odd integers, most of them small; columns with even numbers are great in the same rows."""
    spread = np.where((np.arange(columns) % 2 == 0) == (rng.random((rows, 1)) < 0.5), 12, 3)
    return 2 * np.rint(rng.normal(0, spread)).astype(np.int64) + 1


def count(weights, groups):
    return sum(int(count_planes(weights, one).sum()) for one in groups)


@pytest.mark.parametrize("seed", range(5))
def test_in_the_end_no_exchange_makes_lookups_fewer(seed):
    rng = np.random.default_rng(seed)
    weights = make_weights(rng, 20, 11)
    first = [[[0, 1, 2, 3], [4, 5, 6]], [[7, 8, 9, 10]]]
    better = improve_groups(weights, first)
    assert [[len(group) for group in one] for one in better] == [[4, 3], [4]]
    assert sorted(column for one in better for group in one for column in group) == list(range(11))
    least = count(weights, better)
    assert least < count(weights, first)
    assert improve_groups(weights, better) == better
    flat = [group for one in better for group in one]
    for one in range(3):
        for other in range(one):
            for i in range(len(flat[one])):
                for j in range(len(flat[other])):
                    changed = [list(group) for group in flat]
                    changed[one][i], changed[other][j] = flat[other][j], flat[one][i]
                    assert count(weights, [changed]) >= least


def test_columns_of_other_powers_of_two_keep_to_themselves():
    rng = np.random.default_rng(2)
    weights = make_weights(rng, 30, 12)
    weights[:20, [1, 4, 6]] *= 4
    weights[25:] *= 2
    groups = [[[0, 2, 3], [1, 4, 6], [5, 7, 8], [9, 10, 11]]]
    better = improve_groups(weights, groups)
    assert sorted(better[0][1]) == [1, 4, 6]
    assert find_lookups(weights, better[0], half=True).row.size == count(weights, better)
    assert count(weights, better) < count(weights, groups)
