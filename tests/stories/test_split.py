"""The split by a hash of each story."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lilliput.stories.split import is_valid

TALES = [f"Story number {number} of a little girl." for number in range(20_000)]


def test_the_sides_of_known_stories_never_change() -> None:
    """Written down once: a change here would leak every old validation set into training."""
    assert [number for number in range(400) if is_valid(TALES[number], 0.02)] == [
        45,
        98,
        185,
        195,
        295,
        327,
        358,
    ]


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_only_adds(one: float, other: float) -> None:
    small, large = sorted([one, other])
    for tale in TALES[:50]:
        assert is_valid(tale, large) or not is_valid(tale, small)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_about_the_share_asked_is_for_validation(share: float) -> None:
    found = sum(is_valid(tale, share) for tale in TALES)
    spread = (len(TALES) * share * (1 - share)) ** 0.5
    assert abs(found - share * len(TALES)) < 4 * spread


def test_no_share_is_nothing_and_all_is_all() -> None:
    assert not any(is_valid(tale, 0.0) for tale in TALES)
    assert all(is_valid(tale, 1.0) for tale in TALES)


def test_copies_that_differ_in_whitespace_fall_to_one_side() -> None:
    for tale in TALES[:500]:
        assert is_valid(tale, 0.5) == is_valid("\n " + tale.replace(" ", " \r\n\u00a0"), 0.5)
