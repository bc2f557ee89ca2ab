"""Scripts and readability."""

import pytest

from lilliput.stories.portrait.letters import (
    automated_readability,
    coleman_liau,
    count_letters,
    count_signs,
)
from lilliput.stories.wording import split_sentences, split_words

TEXT = """The quick brown fox jumped over a very lazy dog. It rained all day. Nobody wanted to go outside and
play with the enormous ball. Was everybody disappointed? Certainly nobody was! They found
wonderful things inside."""


def test_scripts_are_counted_by_letters() -> None:
    assert count_letters("Tom, 3!") == {"Latin": 3}
    assert count_letters("naïve кот राम") == {"Latin": 5, "Cyrillic": 3, "Devanagari": 2}
    assert count_letters("猫とネコ 사람 ولد") == {"Han": 1, "Japanese kana": 3, "Hangul": 2, "Arabic": 3}
    assert count_letters("12 …") == {}


def test_signs_are_all_but_whitespace() -> None:
    assert count_signs("a b,\n c.") == 5
    assert count_signs("é b,\n c.") == 5


def test_readability_is_textstats() -> None:
    textstat = pytest.importorskip("textstat", reason="needs textstat")
    words, sentences = len(split_words(TEXT)), len(split_sentences(TEXT))
    letters = count_letters(TEXT)["Latin"]
    ours = automated_readability(count_signs(TEXT), words, sentences)
    assert ours == pytest.approx(textstat.automated_readability_index(TEXT), abs=0.01)
    shortened = (0.0588 - 0.058) * 100 * letters / words  # textstat has 0.058, the paper 0.0588
    expected = textstat.coleman_liau_index(TEXT) + shortened
    assert coleman_liau(letters, words, sentences) == pytest.approx(expected, abs=0.01)


def test_the_formulas_are_those_of_their_papers() -> None:
    assert automated_readability(90, 20, 2) == pytest.approx(4.71 * 4.5 + 0.5 * 10 - 21.43)
    assert coleman_liau(400, 100, 10) == pytest.approx(0.0588 * 400 - 0.296 * 10 - 15.8)
