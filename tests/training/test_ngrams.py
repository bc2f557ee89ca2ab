"""The n-gram teacher: the formula, computed once more in plain Python, with a token's own place left out."""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from lilliput.stories.shard_files import Shard, open_shard, write_shard
from lilliput.training import ngrams
from lilliput.training.ngrams import iter_ngram_lessons

VOCABULARY = 9


def make_shard(path: Path, stories: list[list[int]]) -> Shard:
    rows = [(ids, len(ids)) for ids in stories]
    write_shard(path, rows, tokenizer_fingerprint="a", vocab_size=VOCABULARY, bos=1, end=2, source="s")
    return open_shard(path)


def drawn_stories(count: int) -> list[list[int]]:
    draw = np.random.default_rng(0)
    return [draw.choice([3, 4, 5, 6, 7, 8], size=draw.integers(0, 9)).tolist() for _ in range(count)]


def plain(shard: Shard, order: int) -> list[dict[int, float]]:
    """Witten-Bell over all ids, recounted for each token from all places but its own."""
    places = [
        (story[:number], story[number])
        for story in (shard.story(number).tolist() for number in range(len(shard)))
        for number in range(len(story))
    ]

    def expect(own: int, before: list[int], length: int) -> dict[int, float]:
        context = before[len(before) - length :]
        followers = Counter(
            token
            for number, (others, token) in enumerate(places)
            if number != own
            and others
            and len(others) >= length
            and others[len(others) - length :] == context
        )
        lower = expect(own, before, length - 1) if length else defaultdict(float)
        seen = followers.total() + len(followers)
        if not seen:
            return lower
        return defaultdict(
            float,
            {token: (followers[token] + len(followers) * lower[token]) / seen for token in range(VOCABULARY)},
        )

    return [
        expect(number, before, min(order - 1, len(before))) if before else {}
        for number, (before, _) in enumerate(places)
    ]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_are_those_of_the_formula(tmp_path: Path, order: int) -> None:
    shard = make_shard(tmp_path / "s", drawn_stories(25))
    [lesson] = iter_ngram_lessons(shard, order, VOCABULARY)
    wanted = plain(shard, order)
    assert len(lesson.ids) == len(wanted) == shard.header.tokens
    for ids, chances, expected in zip(lesson.ids, lesson.chances, wanted, strict=True):
        found = dict.fromkeys(range(VOCABULARY), 0.0) | {
            int(token): float(chance) for token, chance in zip(ids, chances, strict=True) if chance > 0
        }
        assert found == pytest.approx(dict.fromkeys(range(VOCABULARY), 0.0) | dict(expected), abs=1e-6)


def test_a_long_text_is_taken_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = make_shard(tmp_path / "s", drawn_stories(60))
    [whole] = iter_ngram_lessons(shard, 3, 2)
    monkeypatch.setattr(ngrams, "_AT_ONCE", 40)
    parts = list(iter_ngram_lessons(shard, 3, 2))
    assert len(parts) > 10
    assert np.array_equal(np.concatenate([part.ids for part in parts]), whole.ids)
    assert np.array_equal(np.concatenate([part.chances for part in parts]), whole.chances)


def test_only_the_likeliest_are_kept_and_never_more_than_all_probability(tmp_path: Path) -> None:
    shard = make_shard(tmp_path / "s", drawn_stories(60))
    [whole], [few] = (list(iter_ngram_lessons(shard, 2, top)) for top in (VOCABULARY, 2))
    np.testing.assert_allclose(few.chances[:, 0], whole.chances[:, 0], atol=0.1)
    assert (few.chances.sum(1) <= 1 + 1e-6).all()
    assert (np.diff(few.chances, axis=1) <= 0).all()


def test_a_token_seen_once_behind_its_context_is_not_known_by_heart(tmp_path: Path) -> None:
    shard = make_shard(tmp_path / "s", [[3, 4, 5], [3, 4, 6], [7, 7, 8]])
    [lesson] = iter_ngram_lessons(shard, 3, 1)
    assert lesson.ids[3, 0] == 6  # behind 3 4 the other story has 6
    assert lesson.ids[8, 0] == 5


@pytest.mark.parametrize("order", [3, 4, 8])
def test_a_bos_is_not_foretold_and_short_stories_have_no_long_contexts(tmp_path: Path, order: int) -> None:
    shard = make_shard(tmp_path / "s", [[3], [4]])
    [lesson] = iter_ngram_lessons(shard, order, 2)
    assert lesson.chances[[0, 3]].tolist() == [[0, 0], [0, 0]]
    assert (lesson.chances[1] > 0).any()
