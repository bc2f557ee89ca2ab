"""How different the texts of a sample are from one another: distinct-n and self-BLEU.

Both depend on how much text is measured, so two corpora can be compared only on samples of one size.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice

Gram = tuple[str, ...]
Counts = Counter[Gram]

_ORDERS = 4
_EPSILON = 0.1  # what counts as matched where nothing was


def grams(words: Sequence[str], n: int) -> list[Gram]:
    """All runs of n words, one behind another."""
    return list(zip(*(islice(words, start, None) for start in range(n)), strict=False))


def distinct_n(texts: Sequence[Sequence[str]], n: int) -> float:
    """Different n-grams as a share of all n-grams in texts of words; none crosses from one text into another.

    Li et al. 2016, A diversity-promoting objective function for neural conversation models. 0 without any.
    """
    found: Counts = Counter()
    for words in texts:
        found.update(grams(words, n))
    return len(found) / found.total() if found else 0.0


def self_bleu(texts: Sequence[Sequence[str]]) -> float:
    """The mean over texts of words of a text's BLEU-4 against all the others: 1 where all are alike.

    Zhu et al. 2018, Texygen. BLEU as in Papineni et al. 2002: n-grams of 1 to 4 words with equal weights,
    each counted at most as often as in the reference that has most of it, and a penalty for brevity
    against the reference of the closest length (the shorter of two as close). Where no n-gram of an
    order matches, a tenth of one counts as matched (Chen and Cherry 2014, method 1). A text in which not
    one word matches has 0. Raises ValueError for fewer than two texts.
    """
    if len(texts) < 2:
        raise ValueError(f"{len(texts)} texts: self-BLEU compares each with the others")
    scores = [[Counter(grams(words, n)) for n in range(1, _ORDERS + 1)] for words in texts]
    ceilings = [_two_best([counts[n] for counts in scores]) for n in range(_ORDERS)]
    lengths = Counter(map(len, texts))
    total = 0.0
    for index, (words, counts) in enumerate(zip(texts, scores, strict=True)):
        total += _bleu(index, len(words), counts, ceilings, lengths)
    return total / len(texts)


Best = dict[Gram, tuple[int, int, int]]
"""Of each n-gram: the highest count in a text, which text that is, and the highest count in the others."""


def _two_best(counts: list[Counts]) -> Best:
    best: Best = defaultdict(lambda: (0, -1, 0))
    for index, grams_of in enumerate(counts):
        for gram, count in grams_of.items():
            most, owner, second = best[gram]
            if count > most:
                best[gram] = (count, index, most)
            elif count > second:
                best[gram] = (most, owner, count)
    return best


def _bleu(
    index: int, length: int, counts: list[Counts], ceilings: list[Best], lengths: Counter[int]
) -> float:
    logs = 0.0
    for n, (grams_of, best) in enumerate(zip(counts, ceilings, strict=True)):
        matched = 0
        for gram, count in grams_of.items():
            most, owner, second = best[gram]
            matched += min(count, second if owner == index else most)
        if n == 0 and matched == 0:
            return 0.0
        logs += math.log((matched or _EPSILON) / max(1, grams_of.total())) / _ORDERS
    others = (other for other, number in lengths.items() if other != length or number > 1)
    closest = min(others, key=lambda other: (abs(other - length), other))
    penalty = 0.0 if length >= closest else 1 - closest / length
    return math.exp(logs + penalty)
