"""What of a validation set lies in the data is found at its level, and nothing else."""

from lilliput.stories.cleaning.block import Block
from lilliput.stories.cleaning.config import Leaks
from lilliput.stories.cleaning.leaks import LEVELS, leaked_from, make_leak, make_leak_index
from lilliput.stories.story import Story
from lilliput.stories.world import iter_world

VALID = [story.text for story in iter_world(1, 40)]
OWN = [story.text for story in iter_world(2, 4)]
CONFIG = Leaks(words=12, paragraph_words=8)
INDEX = make_leak_index(map(Story, VALID), CONFIG)


def test_each_level_is_found_and_names_its_validation_story() -> None:
    words = VALID[3].split()
    paragraph = max(VALID[5].split("\n"), key=lambda line: len(line.split()))
    assert len(paragraph.split()) >= CONFIG.paragraph_words
    texts = [
        VALID[7].upper().replace(".", " !"),
        f"Zebras hum.\n{paragraph}\nZebras nap.",
        " ".join(["Zebras", "hum", *words[4 : 4 + CONFIG.words], "zebras", "nap."]),
        " ".join(["Zebras", "hum", *words[4 : 3 + CONFIG.words], "zebras", "nap."]),  # a word too few
    ]
    found = dict(make_leak(CONFIG, INDEX)(Block(texts, [{}] * 4)))
    assert {place: verdict.why for place, verdict in found.items()} == dict(enumerate(LEVELS))
    for place, owner in enumerate((7, 5, 3)):
        assert owner in leaked_from(texts[place], CONFIG, INDEX)


def test_a_run_does_not_reach_over_a_storys_end() -> None:
    words = VALID[3].split()
    half = CONFIG.words // 2
    texts = [" ".join(words[4 : 4 + half]), " ".join(words[4 + half : 4 + CONFIG.words])]
    assert list(make_leak(CONFIG, INDEX)(Block(texts, [{}] * 2))) == []
    assert list(make_leak(CONFIG, INDEX)(Block([" ".join(texts)], [{}])))


def test_an_empty_validation_set_finds_nothing() -> None:
    nothing = make_leak_index(iter(()), CONFIG)
    assert list(make_leak(CONFIG, nothing)(Block(OWN, [{}] * len(OWN)))) == []
