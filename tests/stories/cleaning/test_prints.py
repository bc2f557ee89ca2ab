"""Prints are equal exactly where words are, and runs of words are the runs that a plain loop finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lilliput.stories.cleaning.prints import Among, make_prints, plain_bytes

WORDS = st.lists(st.sampled_from(["a", "ab", "ba", "Lily's", "été", "कुत्ता", "don't", "b"]), max_size=12)
TEXTS = st.lists(st.builds(" ".join, WORDS), min_size=1, max_size=6)


def words_of(text: str) -> list[bytes]:
    return plain_bytes(text).split()


@given(TEXTS)
def test_every_word_of_every_story_has_its_print(texts: list[str]) -> None:
    prints = make_prints(texts)
    words = [word for text in texts for word in words_of(text)]
    assert len(prints.words) == len(words)
    counts = [len(words_of(text)) for text in texts]
    assert np.diff(prints.stories).tolist() == counts
    same = {(one, other) for one in range(len(words)) for other in range(one) if words[one] == words[other]}
    hashes = prints.words.tolist()
    assert same == {
        (one, other) for one in range(len(words)) for other in range(one) if hashes[one] == hashes[other]
    }


@given(TEXTS, st.integers(1, 5))
def test_runs_of_words_stay_inside_stories_and_are_equal_where_their_words_are(
    texts: list[str], length: int
) -> None:
    prints = make_prints(texts)
    hashes, first = prints.grams(length)
    runs = [
        tuple(words[at : at + length])
        for words in map(words_of, texts)
        for at in range(len(words) - length + 1)
    ]
    assert len(hashes) == len(runs)
    assert len(set(hashes.tolist())) == len(set(runs))
    assert len(dict(zip(hashes.tolist(), runs, strict=True))) == len(set(runs))
    kept = [max(0, len(words_of(text)) - length + 1) for text in texts]
    assert prints.count_by_story(first).tolist() == kept


def test_case_punctuation_quotes_and_spaces_do_not_count() -> None:
    told = ["“Don’t!” said Tom;\nhe ran.", "'don't' SAID tom -- he   ran", "\u200bDon't said, Tom. He ran…"]
    wholes = [make_prints([text]) for text in told]
    assert all(np.array_equal(prints.words, wholes[0].words) for prints in wholes)


def test_order_and_boundaries_of_words_count() -> None:
    told = ["ab a", "a ab", "aba", "a b a"]
    hashes = {
        int(prints.runs(prints.stories[:1], prints.stories[1:])[0])
        for prints in map(make_prints, [[t] for t in told])
    }
    assert len(hashes) == len(told)


def test_signs_of_a_script_without_spaces_are_words() -> None:
    assert len(make_prints(["むかしむかし、"]).words) == 6
    assert len(make_prints(["कुत्ता भागा।"]).words) == 2  # vowel signs do not cut a word


@given(st.lists(st.integers(0, 2**64 - 1)), st.lists(st.integers(0, 2**64 - 1)))
def test_known_hashes_are_told_from_unknown_ones(known: list[int], others: list[int]) -> None:
    among = Among(np.unique(np.array(known, np.uint64)))
    asked = np.array([*known, *others], np.uint64)
    assert among(asked).tolist() == [int(value) in set(known) for value in asked]
