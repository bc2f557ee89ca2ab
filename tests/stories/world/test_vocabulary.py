"""The vocabulary: small, whole, and each word of it used."""

import re
from collections import Counter

from lilliput.stories.world import iter_world

UNKIND = frozenset(
    [
        "kill",
        "killed",
        "dead",
        "die",
        "died",
        "blood",
        "gun",
        "knife",
        "hate",
        "stupid",
        "ugly",
        "hell",
        "drunk",
        "beer",
        "wine",
        "smoke",
        "war",
        "weapon",
        "shoot",
        "shot",
        "murder",
        "poison",
        "devil",
    ]
)
RARE = 8  # times in 50,000 stories


def test_fifty_thousand_stories_use_1300_to_1800_words_each_of_them_often() -> None:
    counts: Counter[str] = Counter()
    for story in iter_world(seed=3, count=50_000):
        counts.update(re.findall(r"[a-z]+", story.text.lower()))
    assert 1300 <= len(counts) <= 1800
    rare = [word for word, count in counts.items() if count < RARE]
    assert not rare
    assert not UNKIND & set(counts)


def test_a_text_holds_plain_ascii_only() -> None:
    assert all(story.text.isascii() for story in iter_world(seed=4, count=2000))
