"""Judgements of one story: fragments, scripts, languages, lengths, graphic words."""

import pytest

from lilliput.stories.cleaning.block import Block
from lilliput.stories.cleaning.config import Fragments, Graphic, Language, Length
from lilliput.stories.cleaning.corpus import look_at_corpus
from lilliput.stories.cleaning.judging import (
    begins_whole,
    ends_whole,
    make_empty,
    make_fragment,
    make_graphic,
    make_language,
    make_long,
    make_script,
)
from lilliput.stories.world import iter_world

ENGLISH = [story.text for story in iter_world(3, 200)]
CORPUS = look_at_corpus(ENGLISH, Language())


@pytest.mark.parametrize(
    "text",
    [
        "He ran.",
        'He said, "Go!"',
        "«Go!»",
        "He ran…",
        "He ran. The End",
        "THE END",
        "वह भागा।",
        "犬が走った。",
        "Yes! 🎉",
    ],
)
def test_whole_endings(text: str) -> None:
    assert ends_whole(text)


@pytest.mark.parametrize(
    "text", ["He ran", "He ran,", "The fairy said:", '"Go', "He was in the", "At the end of", ""]
)
def test_cut_endings(text: str) -> None:
    assert not ends_whole(text)


@pytest.mark.parametrize(
    "text", ["He ran.", '"Go!" he said.', "¿Qué?", "7 cats ran.", "वह भागा।", "— Да!", "Élan."]
)
def test_whole_beginnings(text: str) -> None:
    assert begins_whole(text)


@pytest.mark.parametrize("text", ["and he ran.", ", he ran.", "…then he ran.", ") He ran.", ""])
def test_cut_beginnings(text: str) -> None:
    assert not begins_whole(text)


def test_fragments_are_judged_only_where_a_corpus_has_the_habit() -> None:
    poems = look_at_corpus(["roses are red\nviolets blue", "the fog comes\non little cat feet"], Language())
    assert make_fragment(Fragments(), poems)("the fog comes") is None
    assert make_fragment(Fragments(), CORPUS)("The fog comes").why == "no end mark"
    assert make_fragment(Fragments(), CORPUS)("the fog comes.").why == "begins in the middle"
    assert make_fragment(Fragments(ends=False, begins=False), CORPUS)("the fog comes") is None


def test_another_script_is_told_whole_or_in_part() -> None:
    look = make_script(Language(), CORPUS)
    assert look("Жила-была кошка.").why == "Cyrillic letters"
    assert look("A cat ran home. Жила-была кошка.") is not None
    assert look("Zoë met a naïve señor.") is None
    russian = look_at_corpus(["Жила-была кошка.", "Кошка бежала домой."], Language())
    assert russian.scripts == ("CYRILLIC",)
    assert make_script(Language(), russian)("A cat ran home.").why == "Latin letters"
    japanese = look_at_corpus(["むかしむかし、犬がいた。", "ネコが走った。"], Language())
    assert make_script(Language(), japanese)("犬とネコ。") is None
    asked = look_at_corpus(ENGLISH, Language(scripts=("LATIN", "CYRILLIC")))
    assert make_script(Language(), asked)("Жила-была кошка.") is None


def test_another_language_of_the_same_script_is_told_by_its_words() -> None:
    spanish = "Había una vez una niña que vivía en un bosque muy grande y quería mucho a su perro."
    block = Block([*ENGLISH, spanish], [{} for _ in range(len(ENGLISH) + 1)])
    found = [place for place, _ in make_language(Language(), CORPUS)(block)]
    assert found == [len(ENGLISH)]


def test_lengths_are_counted_in_words() -> None:
    block = Block(["", "...", "Two words.", "One two three.", "word " * 11], [{}] * 5)
    assert [place for place, _ in make_empty(Length())(block)] == [0, 1, 2]
    assert [place for place, _ in make_long(Length(max_words=10))(block)] == [4]


def test_graphic_words_flag_whole_words_only() -> None:
    block = Block(
        ["The Gun and the blood.", "He had skill and begun.", "A skillet of bloodhounds."], [{}, {}, {}]
    )
    found = dict(make_graphic(Graphic())(block))
    assert set(found) == {0}
    assert found[0].labels == {"graphic": ["blood", "gun"]}
    assert dict(make_graphic(Graphic(remove=True))(block))[0].removes
