"""The random draws of the world."""

from collections import Counter

import pytest

from lilliput.stories.world.draw import Draw, mix


def test_draws_are_the_same_everywhere() -> None:
    draw = Draw(0)
    assert draw.state == 0xE220A8397B1DCDAF  # splitmix64's first output for seed 0, as published
    assert [draw.below(1000) for _ in range(5)] == [288, 202, 476, 719, 707]


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_every_value_below_is_about_as_likely_as_the_others(count: int) -> None:
    draw = Draw(5)
    counts = Counter(draw.below(count) for _ in range(200 * count))
    assert set(counts) == set(range(count))
    assert max(counts.values()) < 300


def test_neighbouring_seeds_agree_no_more_than_chance_lets_them() -> None:
    same = sum(Draw(seed).below(10) == Draw(seed + 1).below(10) for seed in range(5000))
    assert 400 < same < 600


def test_two_picks_differ_and_every_pair_comes() -> None:
    draw = Draw(9)
    pairs = {draw.pick_two("abcd") for _ in range(500)}
    assert len(pairs) == 12
    assert all(one != two for one, two in pairs)


def test_a_chance_of_30_percent_comes_in_30_percent() -> None:
    draw = Draw(1)
    assert 0.27 < sum(draw.chance(30) for _ in range(5000)) / 5000 < 0.33


def test_mix_scatters_neighbours_and_maps_no_two_to_one() -> None:
    mixed = [mix(value) for value in range(10_000)]
    assert len(set(mixed)) == 10_000
    assert 0.48 < sum(value >> 63 for value in mixed) / 10_000 < 0.52
