"""Counts in bounded memory: never too high, wrong by no more than they say."""

import random
from collections import Counter

import numpy as np
import pytest

from lilliput.stories.portrait.counting import BoundedCounter, Repeats, Sample, hash_text, quantiles


def test_few_different_things_are_counted_exactly() -> None:
    counter = BoundedCounter(10)
    counter.add(list("banana"))
    counter.add(list("bandana"))
    assert counter.common(2) == [("a", 6 / 13), ("n", 4 / 13)]
    assert counter.undercount == 0


@pytest.mark.parametrize("most", [2, 20, 300])
def test_many_different_things_are_undercounted_by_no_more_than_it_says(most: int) -> None:
    draw = random.Random(most)
    things = [str(min(int(draw.paretovariate(0.7)), 5000)) for _ in range(20_000)]
    counter, truth = BoundedCounter(most), Counter(things)
    for start in range(0, len(things), 100):
        counter.add(things[start : start + 100])
        assert len(counter.counts) <= most
    assert 0 < counter.undercount <= 2 * len(things) / most
    for thing, count in truth.items():
        assert count - counter.undercount <= counter.counts[thing] <= count


def test_equally_common_things_come_by_name_whatever_their_order() -> None:
    for things in (["b", "a", "c"], ["c", "b", "a"]):
        counter = BoundedCounter(5)
        counter.add(things)
        assert [name for name, _ in counter.common(2)] == ["a", "b"]


def test_copies_are_counted_exactly_while_there_is_room() -> None:
    repeats = Repeats(100)
    for text in ["x", "y", "x", "x", "z"]:
        repeats.add(hash_text(text))
    assert repeats.share == 2 / 5
    assert repeats.is_exact


def test_copies_beyond_the_room_are_estimated() -> None:
    repeats = Repeats(2000)
    for number in range(20_000):
        for _ in range(1 + (number % 5 == 0)):  # a fifth of the texts comes twice: a sixth are copies
            repeats.add(hash_text(str(number)))
    assert not repeats.is_exact
    assert repeats.share == pytest.approx(1 / 6, abs=0.02)


def test_no_texts_have_no_copies() -> None:
    assert Repeats(10).share == 0


def test_a_sample_is_the_same_whatever_the_order_and_holds_no_copies() -> None:
    texts = [f"story {number % 50}" for number in range(200)]
    kept = set()
    for seed in range(4):
        random.Random(seed).shuffle(texts)
        sample = Sample(12)
        for text in texts:
            sample.add(hash_text(text), text)
        kept.add(tuple(sample.texts()))
    (only,) = kept
    smallest = sorted({hash_text(text) for text in texts})[:12]
    assert [hash_text(text) for text in only] == smallest


def test_quantiles_are_numpys() -> None:
    draw = random.Random(5)
    values = [draw.randrange(40) for _ in range(101)]
    shares = (0.0, 0.05, 0.25, 0.5, 0.9, 1.0)
    expected = np.quantile(values, shares, method="inverted_cdf").tolist()
    assert quantiles(Counter(values), shares) == expected
