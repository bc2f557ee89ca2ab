"""Basic words: which words of a text belong to a list of base forms."""

from pathlib import Path

import pytest

from lilliput.errors import DataError
from lilliput.stories.portrait import BasicWords, read_basic_words
from lilliput.stories.wording import split_words
from lilliput.stories.world import iter_world


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("Run", "run"), ("runs", "run"), ("running", "run"), ("ran", "run"), ("cried", "cry"),
        ("hoped", "hope"), ("hopping", "hop"), ("biggest", "big"), ("happily", "happy"), ("gently", "gentle"),
        ("boxes", "box"), ("wolves", "wolf"), ("children", "child"), ("doesn't", "do"), ("won’t", "will"),
        ("Tom's", None), ("boys'", "boy"),
        ("sky", "sky"), ("skating", "skate"), ("cats", None), ("ring", None),
    ],
)  # fmt: skip
def test_a_word_belongs_by_its_ending_or_the_table(word: str, base: str | None) -> None:
    listed = split_words("run cry hope hop big happy gentle box wolf child do will boy sky skate")
    assert BasicWords(listed, "test").base_of(word) == base


def test_compounds_belong_if_their_parts_do() -> None:
    basic = BasicWords(["ice", "cream"], "test")
    assert basic.covers("ice-cream")
    assert not basic.covers("ice-box")


def test_both_shares_are_of_running_words_and_of_the_list() -> None:
    measured = BasicWords(["run", "dog", "cat", "sun"], "test").measure({"ran": 3, "dogs": 1, "zebra": 4})
    assert measured == {"words_covered": 0.5, "list_used": 0.5}


def test_our_list_covers_what_the_world_says_but_names() -> None:
    basic, small, covered = read_basic_words(None), 0, 0
    for story in iter_world(11, 300):
        for word in split_words(story.text):
            if word.islower():
                small += 1
                covered += basic.covers(word)
    assert covered / small > 0.99


def test_a_list_may_hold_comments_and_several_words_a_line(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("# mine\nsun moon # in the sky\n\nSTAR\n")
    assert read_basic_words(path).words == {"sun", "moon", "star"}


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("# nothing\n")
    with pytest.raises(DataError, match="holds no words"):
        read_basic_words(tmp_path / "empty.txt")
    (tmp_path / "latin1.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(DataError, match="not UTF-8"):
        read_basic_words(tmp_path / "latin1.txt")
    with pytest.raises(DataError, match="cannot be read"):
        read_basic_words(tmp_path / "none.txt")
