"""Words and sentences, in more scripts than one."""

import pytest

from lilliput.stories.wording import split_sentences, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tom's well-known cat, no. 3!", ["Tom's", "well-known", "cat", "no", "3"]),
        ("don’t – 'stop'", ["don’t", "stop"]),
        ("the boys' hats -- and_so", ["the", "boys", "hats", "and", "so"]),
        ("कुत्ते ने कहा।", ["कुत्ते", "ने", "कहा"]),  # vowel signs belong to their letters
        ("Жила-была птичка.", ["Жила-была", "птичка"]),
        ("قالَ الولد", ["قالَ", "الولد"]),
        ("…", []),
    ],
)
def test_words_are_runs_of_letters_marks_and_digits(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One ran. Two sat", ["One ran.", "Two sat"]),
        ('"Stop!" said Tom. "No."', ['"Stop!" said Tom.', '"No."']),
        ("He met Mr. Fox. Then Mrs. Owl.", ["He met Mr. Fox.", "Then Mrs. Owl."]),
        ("Well... maybe. Wait… What?!", ["Well... maybe.", "Wait…", "What?!"]),
        ("No stop\n\nNew part\nof it.", ["No stop", "New part\nof it."]),
        ("राम गया। वह खुश था॥", ["राम गया।", "वह खुश था॥"]),
        ("猫がいた。「ねえ！」犬もいた。", ["猫がいた。", "「ねえ！」", "犬もいた。"]),
        ("It cost 3.5 or so.", ["It cost 3.5 or so."]),
        ("  ", []),
    ],
)
def test_sentences_end_where_people_end_them(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_sentences_are_parts_of_the_text_and_lose_no_word(shared) -> None:  # type: ignore[no-untyped-def]
    text = (shared / "data/tinystories-valid.txt").read_text()[:200_000]
    sentences = split_sentences(text)
    assert all(sentence in text for sentence in sentences)
    assert [w for sentence in sentences for w in split_words(sentence)] == split_words(text)
