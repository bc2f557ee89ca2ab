"""The portrait of a few stories, number by number, and of real ones."""

import zlib
from pathlib import Path

import pytest

from lilliput.errors import DataError
from lilliput.stories.portrait import BasicWords, Portrait, measure_diversity
from lilliput.stories.sources import fingerprint_stories, open_stories
from lilliput.stories.story import Story

STORIES = [
    Story("Once upon a time a cat sat. The end.", {"topic": "cats"}),
    Story("Once upon a time a dog ran. The end."),
    Story("A cat sat", {"topic": "cats"}),
    Story("once upon a time, a dog ran! the end."),
]


def paint(stories: list[Story]) -> Portrait:
    portrait = Portrait(BasicWords(["cat", "a", "sit", "once", "the", "sun"], "test"))
    for story in stories:
        portrait.add(story)
    return portrait


def test_every_number_of_a_small_corpus_is_right() -> None:
    facts = paint(STORIES).facts()
    assert facts["stories"] == 4
    assert facts["words"] == 9 + 9 + 3 + 9
    assert facts["bytes"] == sum(len(story.text) for story in STORIES)
    assert facts["words_per_sentence"] == 30 / (2 + 2 + 1 + 1)  # a small letter begins no sentence
    assert facts["length_words"]["0%"] == 3
    assert facts["length_words"]["50%"] == 9
    assert facts["different_words"] == 10
    assert facts["basic_words"]["words_covered"] == (6 + 4 + 3 + 4) / 30
    assert facts["basic_words"]["list_used"] == 5 / 6
    assert facts["copies_share"] == 0
    assert facts["near_copies_share"] == 1 / 4
    assert facts["copies_are_exact"]
    assert facts["finished_share"] == 3 / 4
    assert facts["labels"] == {"topic": 0.5}
    assert facts["scripts"] == {"Latin": 1.0}
    assert facts["commonest_opening"] == "once upon a time"
    assert facts["commonest_opening_share"] == 0.75
    assert facts["first_words"] == [{"text": "once", "share": 0.75}, {"text": "a", "share": 0.25}]
    assert facts["endings"][0] == {"text": "dog ran the end", "share": 0.5}
    assert facts["last_sentences"][0] == {"text": "The end.", "share": 0.5}
    assert facts["four_grams"][0] == {"text": "once upon a time", "share": 3 / 18}
    assert facts["fingerprint"] == fingerprint_stories(STORIES)


def test_compression_is_zlibs() -> None:
    text = "".join(story.text + "\n" for story in STORIES).encode()
    portrait = paint(STORIES)
    for _ in range(2):  # asking does not change it
        assert portrait.facts()["compression_ratio"] == len(text) / len(zlib.compress(text))


def test_facts_do_not_depend_on_the_order_but_for_fingerprint_and_compression() -> None:
    one, other = paint(STORIES).facts(), paint(STORIES[::-1]).facts()
    for key in ("fingerprint", "compression_ratio"):
        del one[key], other[key]
    assert one == other
    assert paint(STORIES).sample() == paint(STORIES[::-1]).sample()


def test_a_script_that_the_formulas_are_not_for_has_no_grade() -> None:
    facts = paint([Story("Жила-была маленькая птичка. Она пела.")]).facts()
    assert facts["readability"] is None
    assert facts["scripts"] == {"Cyrillic": 1.0}


def test_stories_without_a_word_and_no_stories_at_all_are_told_about() -> None:
    facts = paint([Story("…!")]).facts()
    assert facts["words"] == 0
    assert facts["four_grams"] == []
    with pytest.raises(DataError, match="no story"):
        paint([]).facts()


def test_samples_are_compared_on_as_much_of_each() -> None:
    small, large = measure_diversity([["a b c d", "a b x y"], ["a b c", "d e f", "g h i"]])
    assert small["sample_stories"] == large["sample_stories"] == 2
    assert small["sample_words"] == large["sample_words"] == 6
    assert small["distinct_1"] == 4 / 6  # a b c d a b
    assert large["distinct_1"] == 1
    assert small["self_bleu"] > large["self_bleu"] == 0


def test_one_story_has_no_self_bleu() -> None:
    (alone,) = measure_diversity([["a b c d"]])
    assert alone["self_bleu"] is None


def test_tinystories_begins_as_is_known(shared: Path) -> None:
    stories = list(open_stories([str(shared / "data/tinystories-valid.txt")]).stories)
    facts = paint(stories).facts()
    assert facts["commonest_opening"] == "once upon a time"
    starts = sum(story.text.lower().startswith("once upon a time") for story in stories)
    assert facts["commonest_opening_share"] == starts / len(stories)
    assert 1 < facts["readability"]["automated_readability"] < 3
