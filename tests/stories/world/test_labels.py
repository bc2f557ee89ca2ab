"""Labels are true of their texts."""

import json
import re

import pytest

from lilliput.stories.story import Story
from lilliput.stories.world import iter_world
from lilliput.stories.world.english.labels import occurs
from lilliput.stories.world.lexicon import verbs
from lilliput.stories.world.telling import FEATURES


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return list(iter_world(seed=31, count=8000))


def test_labels_are_words_features_summary_and_truth_as_json(stories: list[Story]) -> None:
    for story in stories:
        assert list(story.labels) == ["words", "features", "summary", "truth"]
        assert json.loads(json.dumps(story.labels)) == story.labels


def test_the_required_words_occur_in_the_text(stories: list[Story]) -> None:
    for story in stories:
        verb, noun, adjective = story.labels["words"]
        words = set(re.findall(r"[a-z]+", story.text.lower()))
        assert words & set(verbs.forms(verb)), (verb, story.text)
        assert noun in words, (noun, story.text)
        assert adjective in words, (adjective, story.text)


def test_the_required_words_vary(stories: list[Story]) -> None:
    kinds = [{story.labels["words"][place] for story in stories} for place in range(3)]
    assert [len(kind) > least for kind, least in zip(kinds, (60, 100, 70), strict=True)] == [True] * 3


def test_features_are_known_and_in_their_order(stories: list[Story]) -> None:
    for story in stories:
        features = story.labels["features"]
        assert features == [feature for feature in FEATURES if feature in features]


def test_dialogue_is_a_quoted_line(stories: list[Story]) -> None:
    for story in stories:
        assert ("Dialogue" in story.labels["features"]) == ('"' in story.text)


def test_a_bad_ending_is_a_want_that_is_not_fulfilled(stories: list[Story]) -> None:
    for story in stories:
        assert ("BadEnding" in story.labels["features"]) == (not story.labels["truth"]["fulfilled"])


def test_a_moral_names_its_lesson_and_is_told_near_the_end(stories: list[Story]) -> None:
    told = re.compile(r"learned that|knew that|remembered that|never forgot that|found out that|I know that")
    for story in stories:
        moral = "MoralValue" in story.labels["features"]
        assert moral == ("lesson" in story.labels["truth"])
        if moral:
            assert told.search(story.text.rpartition("\n")[2]), story.text


def test_every_feature_is_common_and_none_is_everywhere(stories: list[Story]) -> None:
    for feature in FEATURES:
        share = sum(feature in story.labels["features"] for story in stories) / len(stories)
        assert 0.1 < share < 0.9, feature


def test_a_summary_is_one_or_two_sentences_about_the_hero(stories: list[Story]) -> None:
    for story in stories:
        summary = story.labels["summary"].replace("Mr.", "Mr").replace("Mrs.", "Mrs")
        assert 1 <= len(re.findall(r"[.!?]", summary)) <= 2, summary
        assert story.labels["truth"]["hero"] in summary, summary


def test_a_lost_thing_is_found_where_it_was_lost(stories: list[Story]) -> None:
    lost = [story for story in stories if story.labels["truth"]["plot"] == "lost"]
    found = [story for story in lost if story.labels["truth"]["found"]]
    assert 0 < len(found) < len(lost)
    for story in found:
        truth = story.labels["truth"]
        assert truth["lost_at"] in story.text
        assert truth["things"][0]["holder"] == truth["hero"]
        assert truth["things"][0]["state"] == "found"
    for story in lost:
        if not story.labels["truth"]["found"]:
            assert story.labels["truth"]["things"][0]["holder"] is None


def test_a_kept_promise_is_fulfilled_and_a_broken_one_is_not(stories: list[Story]) -> None:
    promises = [s.labels["truth"] for s in stories if s.labels["truth"]["plot"] == "promise"]
    assert {truth["kept"] for truth in promises} == {True, False}
    assert all(truth["kept"] == truth["fulfilled"] for truth in promises)


def test_good_characters_do_right_more_often_than_hard_ones(stories: list[Story]) -> None:
    def kept(trait: str) -> float:
        truths = [s.labels["truth"] for s in stories if s.labels["truth"]["plot"] == "promise"]
        kept = [truth for truth in truths if truth["characters"][0]["trait"] in trait.split()]
        return sum(1 for truth in kept if truth["kept"]) / len(kept)

    assert kept("kind honest helpful gentle caring") > kept("selfish lazy naughty careless greedy") + 0.3


def test_who_helps_a_stuck_animal_may_be_helped_and_who_does_not_is_not(stories: list[Story]) -> None:
    truths = [s.labels["truth"] for s in stories if s.labels["truth"]["plot"] == "stuck"]
    assert any(truth.get("repaid") for truth in truths)
    assert all(truth["freed"] for truth in truths if truth.get("repaid"))


def test_a_word_occurs_only_as_a_whole() -> None:
    assert occurs("cat", "The cat sat.")
    assert occurs("cat", "Cat!")
    assert not occurs("cat", "A catalog of cats.")
