"""The world's promises: pure function of the seed, no duplicates, varied, pinned."""

import hashlib
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.stories.story import Story
from lilliput.stories.world import iter_world, tell
from lilliput.stories.world.plots.families import FAMILIES

GOLDEN = "cf32d20bf04e4355ca834357e8a8d732b3570aca5a8f056cdac37e20dc2915a6"


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return list(iter_world(seed=11, count=20_000))


def digest(stories: list[Story]) -> str:
    return hashlib.sha256("\0".join(story.text for story in stories).encode()).hexdigest()


def test_the_first_thousand_stories_of_seed_0_are_those_that_were_pinned() -> None:
    assert digest(list(iter_world(0, 1000))) == GOLDEN


@given(st.integers(0, 2**63 - 1))
@settings(deadline=None, max_examples=60)
def test_any_seed_tells_one_story_and_always_the_same(seed: int) -> None:
    assert tell(seed) == tell(seed)


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**9), st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_story_i_depends_on_the_seed_and_i_alone(seed: int, start: int, offset: int) -> None:
    alone = next(iter_world(seed, 1, start + offset))
    assert alone == next(islice(iter_world(seed, 6, start), offset, None))


def test_a_range_can_be_told_in_parts(stories: list[Story]) -> None:
    assert [*iter_world(11, 30), *iter_world(11, 70, start=30)] == stories[:100]


def test_two_seeds_share_no_story() -> None:
    one, two = ({story.text for story in iter_world(seed, 2000)} for seed in (1, 2))
    assert not one & two


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="world seed"):
        tell(seed)
    with pytest.raises(ValueError, match="world seed"):
        next(iter_world(seed, 1))


def test_a_negative_count_or_start_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        next(iter_world(0, -1))
    with pytest.raises(ValueError, match="negative"):
        next(iter_world(0, 1, -1))


def test_no_two_of_twenty_thousand_stories_are_equal(stories: list[Story]) -> None:
    assert len({story.text for story in stories}) == len(stories)


def test_a_story_has_60_to_250_words_in_2_to_5_paragraphs(stories: list[Story]) -> None:
    for story in stories:
        assert 60 <= len(story.text.split()) <= 250, story.text
        paragraphs = story.text.split("\n")
        assert 2 <= len(paragraphs) <= 5, story.text
        assert all(paragraphs), story.text


def test_no_opening_is_shared_by_a_tenth_of_the_stories(stories: list[Story]) -> None:
    first_words = Counter(" ".join(story.text.split()[:4]) for story in stories)
    first_sentences = Counter(_first_sentence_without_names(story) for story in stories)
    assert first_words.most_common(1)[0][1] < len(stories) / 10
    assert first_sentences.most_common(1)[0][1] < len(stories) / 10


def _first_sentence_without_names(story: Story) -> str:
    text = story.text
    for character in story.labels["truth"]["characters"]:
        text = text.replace(character["name"], "NAME")
    ends = [place for mark in ".!?" if (place := text.find(mark)) > 0]
    return text[: min(ends)]


def test_every_plot_family_is_told_about_equally_often(stories: list[Story]) -> None:
    counts = Counter(story.labels["truth"]["plot"] for story in stories)
    assert set(counts) == {family.__name__ for family in FAMILIES}
    assert len(counts) >= 12
    assert min(counts.values()) > 0.7 * len(stories) / len(counts)


def test_endings_are_good_and_bad_in_every_family_that_has_both(stories: list[Story]) -> None:
    bad = Counter(s.labels["truth"]["plot"] for s in stories if "BadEnding" in s.labels["features"])
    assert len(bad) >= 18
    assert 0.12 < bad.total() / len(stories) < 0.4
