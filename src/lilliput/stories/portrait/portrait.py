"""The portrait: one pass over stories that gathers every measure, and the measures by name."""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from lilliput.errors import DataError
from lilliput.stories.portrait.basic import BasicWords
from lilliput.stories.portrait.counting import BoundedCounter, Repeats, Sample, hash_text, quantiles
from lilliput.stories.portrait.diversity import distinct_n, self_bleu
from lilliput.stories.portrait.letters import (
    automated_readability,
    coleman_liau,
    count_letters,
    count_signs,
)
from lilliput.stories.sources import Fingerprint
from lilliput.stories.story import Story
from lilliput.stories.wording import split_sentences, split_words

SAMPLE_STORIES = 500
"""Different stories in the sample that diversity is measured on."""
DIVERSITY_WORDS = 50_000
"""Words of the sample, its first, that distinct-n is measured on."""
SHOWN = 10
"""Entries of each list of common things."""
LENGTH_SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

_MOST_WORDS, _MOST_GRAMS, _MOST_ENDS, _MOST_LABELS = 1 << 19, 1 << 20, 1 << 16, 1 << 10  # kept at once
_MOST_TEXTS = 1 << 19
_LATIN_SHARE = 0.8  # of letters, from which on formulas made for English are told
_FULL_STOPS = (".", "!", "?", "…", "।", "॥", "؟", "۔", "。", "！", "？")
_CLOSING = "\"'”’»)]」』）*_ "


class Portrait:
    """Takes in stories one by one; `facts` tells what they are like so far.

    Memory is bounded whatever is taken in, at some hundred megabytes: common things are counted by
    `BoundedCounter`, copies by `Repeats`.
    """

    def __init__(self, basic: BasicWords) -> None:
        self._basic = basic
        self._fingerprint = Fingerprint()
        self._bytes = self._longest = self._sentences = self._signs = self._finished = 0
        self._letters: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()  # words of a story: how many stories
        self._words = BoundedCounter(_MOST_WORDS)
        self._grams = BoundedCounter(_MOST_GRAMS)
        self._first_words, self._openings, self._endings = (BoundedCounter(_MOST_ENDS) for _ in range(3))
        self._first_sentences, self._last_sentences = (BoundedCounter(_MOST_ENDS) for _ in range(2))
        self._labels = BoundedCounter(_MOST_LABELS)
        self._copies, self._near_copies = Repeats(_MOST_TEXTS), Repeats(_MOST_TEXTS)
        self._sample = Sample(SAMPLE_STORIES)
        self._packer, self._packed = zlib.compressobj(), 0

    def add(self, story: Story) -> None:
        """Take in one story."""
        text = story.text
        self._fingerprint.add(story)
        data = text.encode("utf-8")
        self._bytes += len(data)
        self._longest = max(self._longest, len(data))
        self._packed += len(self._packer.compress(data + b"\n"))
        self._labels.add(list(story.labels))
        self._letters += count_letters(text)
        self._signs += count_signs(text)
        self._finished += text.rstrip(_CLOSING).endswith(_FULL_STOPS)
        words = split_words(text.lower())
        self._lengths[len(words)] += 1
        self._words.add(words)
        self._grams.add(
            [" ".join(gram) for gram in zip(words, words[1:], words[2:], words[3:], strict=False)]
        )
        self._add_ends(words, split_sentences(text))
        key = hash_text(text)
        self._copies.add(key)
        self._near_copies.add(hash_text(" ".join(words)))
        self._sample.add(key, text)

    def sample(self) -> list[str]:
        """SAMPLE_STORIES different texts, or as many as there are: those with the smallest hashes."""
        return self._sample.texts()

    def facts(self) -> dict[str, Any]:
        """Every measure but diversity, by name; shares lie in 0 to 1. Raises DataError without any story."""
        stories, words, sentences = self._lengths.total(), self._words.total, self._sentences
        if stories == 0:
            raise DataError("there is no story to describe")
        lengths = quantiles(self._lengths, LENGTH_SHARES)
        packed = self._packed + len(self._packer.copy().flush())
        return {
            "stories": stories,
            "bytes": self._bytes,
            "words": words,
            "words_per_story": words / stories,
            "words_per_sentence": words / sentences if sentences else 0.0,
            "longest_bytes": self._longest,
            "length_words": {f"{share:.0%}": n for share, n in zip(LENGTH_SHARES, lengths, strict=True)},
            "different_words": len(self._words.counts),
            "basic_words": {"list": self._basic.name, **self._basic.measure(self._words.counts)},
            "readability": self._readability(words, sentences),
            "compression_ratio": (self._bytes + stories) / packed,
            "copies_share": self._copies.share,
            "near_copies_share": self._near_copies.share,
            "copies_are_exact": self._copies.is_exact and self._near_copies.is_exact,
            "finished_share": self._finished / stories,
            "scripts": {name: count / self._letters.total() for name, count in self._letters.most_common()},
            "labels": {name: count / stories for name, count in self._labels.counts.most_common(SHOWN)},
            "commonest_opening": self._openings.common(1)[0][0],
            "commonest_opening_share": self._openings.common(1)[0][1],
            "first_words": _listed(self._first_words),
            "openings": _listed(self._openings),
            "first_sentences": _listed(self._first_sentences),
            "endings": _listed(self._endings),
            "last_sentences": _listed(self._last_sentences),
            "four_grams": _listed(self._grams),
            "four_grams_undercount": self._grams.undercount / max(1, self._grams.total),
            "fingerprint": str(self._fingerprint),
        }

    def _add_ends(self, words: list[str], sentences: list[str]) -> None:
        self._sentences += len(sentences)
        self._first_words.add(words[:1])
        self._openings.add([" ".join(words[:4])])
        self._endings.add([" ".join(words[-4:])])
        self._first_sentences.add([" ".join(line.split()) for line in sentences[:1]])
        self._last_sentences.add([" ".join(line.split()) for line in sentences[-1:]])

    def _readability(self, words: int, sentences: int) -> dict[str, float] | None:
        latin, letters = self._letters["Latin"], self._letters.total()
        if not words or not sentences or latin < _LATIN_SHARE * letters:
            return None
        return {
            "automated_readability": automated_readability(self._signs, words, sentences),
            "coleman_liau": coleman_liau(letters, words, sentences),
        }


def measure_diversity(samples: Sequence[Iterable[str]]) -> list[dict[str, Any]]:
    """distinct-1 to distinct-4 and self-BLEU of each sample of texts, on as much of each.

    All samples are cut to the stories of the smallest, and for distinct-n to as many words as all have,
    DIVERSITY_WORDS at most: both measures depend on how much is looked at. Words are in lower case,
    without punctuation. self-BLEU is None where there is one story only.
    """
    cut = [[split_words(text.lower()) for text in sample] for sample in samples]
    stories = min(map(len, cut))
    cut = [texts[:stories] for texts in cut]
    words = min(DIVERSITY_WORDS, *(sum(map(len, texts)) for texts in cut))
    return [
        {
            "sample_stories": stories,
            "sample_words": words,
            **{f"distinct_{n}": distinct_n(_first_words(texts, words), n) for n in range(1, 5)},
            "self_bleu": self_bleu(texts) if stories > 1 else None,
        }
        for texts in cut
    ]


def _first_words(texts: list[list[str]], words: int) -> list[list[str]]:
    kept = []
    for text in texts:
        kept.append(text[:words])
        words -= len(kept[-1])
    return kept


def _listed(counter: BoundedCounter) -> list[dict[str, Any]]:
    return [{"text": text, "share": share} for text, share in counter.common(SHOWN)]
