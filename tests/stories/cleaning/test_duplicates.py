"""Duplicates are those that comparing every story with every other finds."""

import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lilliput.stories.cleaning.chunks import Cleaner, iter_chunks
from lilliput.stories.cleaning.config import Cleaning, Language, Near
from lilliput.stories.cleaning.corpus import look_at_corpus
from lilliput.stories.cleaning.duplicates import Parts, Twin, find_duplicates
from lilliput.stories.cleaning.minhash import make_bands, measure_similarity, shingle_set
from lilliput.stories.cleaning.prints import make_prints
from lilliput.stories.cleaning.stages import EXACT, NEAR, Known
from lilliput.stories.story import Story
from lilliput.stories.world import iter_world

pytest.importorskip("rensa", reason="needs the extra data")

WORLD = [story.text for story in iter_world(5, 120)]


def duplicates_of(texts: list[str], folder: Path, near: Near, names: tuple[str, ...]) -> dict[int, Twin]:
    config = Cleaning(near=near)
    cleaner = Cleaner(names, Known(config, look_at_corpus(texts, Language())), "")
    chunks = list(iter_chunks(iter(map(Story, texts)), 5_000))
    for chunk in chunks:
        cleaner.write_part(chunk, folder)
    parts = Parts(folder, len(chunks))
    assert [parts.text(place) for place in range(len(parts))] == texts
    found = find_duplicates(parts, names, near)
    parts.close()
    return found


def jaccard(one: str, other: str, size: int) -> float:
    """By the definition, on Python's sets of words."""
    first, second = shingles(one, size), shingles(other, size)
    return len(first & second) / max(1, len(first | second))


@cache
def shingles(text: str, size: int) -> set[tuple[str, ...]]:
    """The sets themselves."""
    words = "".join(sign if sign.isalnum() else " " for sign in text.lower().replace("'", "")).split()
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def test_of_equal_stories_the_first_stays(tmp_path: Path) -> None:
    texts = [*WORLD[:20], WORLD[4], WORLD[0], WORLD[4]]
    found = duplicates_of(texts, tmp_path, Near(), (EXACT,))
    assert {place: twin.kept for place, twin in found.items()} == {20: 4, 21: 0, 22: 4}
    assert {twin.stage for twin in found.values()} == {EXACT}


def test_near_duplicates_are_those_of_a_comparison_of_all_pairs(tmp_path: Path) -> None:
    chance = random.Random(0)
    near = Near(similarity=0.6, shingle_words=2, bands=100, rows=3)  # misses one in 10^10 at 0.6
    texts = list(WORLD)
    for story in WORLD[:60]:
        words = story.split(" ")
        for _ in range(chance.randrange(1, 25)):
            words[chance.randrange(len(words))] = chance.choice(["zebra", "hums", "nine", "so"])
        texts.insert(chance.randrange(len(texts)), " ".join(words))
    expected: dict[int, float] = {}
    for later in range(len(texts)):
        for earlier in range(later):
            if earlier not in expected and jaccard(texts[earlier], texts[later], 2) >= near.similarity:
                expected[later] = jaccard(texts[earlier], texts[later], 2)
                break
    found = duplicates_of(texts, tmp_path, near, (NEAR,))
    assert 10 < len(expected) < len(texts) / 2
    assert set(found) == set(expected)
    for place, twin in found.items():
        assert twin.similarity == pytest.approx(jaccard(texts[twin.kept], texts[place], 2))
        assert twin.kept not in found


def test_similarity_is_the_jaccard_index() -> None:
    for one, other in zip(WORLD[:30], WORLD[30:60], strict=True):
        mixed = one[: len(one) // 2] + other[len(other) // 2 :]
        sets = [shingle_set(text, Near()) for text in (one, mixed)]
        assert measure_similarity(sets[0], sets[1]) == pytest.approx(jaccard(one, mixed, 3))


def test_bands_agree_as_often_as_stories_are_alike() -> None:
    near = Near(bands=500, rows=1)
    mixed = [one[: len(one) * 2 // 3] + other for one, other in zip(WORLD[:20], WORLD[20:40], strict=True)]
    first, second = make_bands(make_prints(WORLD[:20]), near), make_bands(make_prints(mixed), near)
    agreed = (first == second).mean(axis=0)
    alike = [jaccard(one, other, 3) for one, other in zip(WORLD[:20], mixed, strict=True)]
    assert np.abs(agreed - alike).max() < 5 * np.sqrt(0.25 / near.bands)


def test_a_story_too_short_for_a_shingle_is_no_near_duplicate(tmp_path: Path) -> None:
    assert duplicates_of(["One two.", "Three four.", "One two!"], tmp_path, Near(), (EXACT, NEAR)) == {}
