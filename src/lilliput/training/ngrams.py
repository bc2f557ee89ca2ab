"""A teacher that needs no training: what followed the last few tokens elsewhere in the same text.

Probabilities of an n-gram model with Witten-Bell smoothing (Witten and Bell 1991): of the tokens w behind a
context h of m tokens, seen n(h) times before t(h) different ones,

    p(w | h) = (n(h w) + t(h) p(w | h without its first token)) / (n(h) + t(h)).

Each token is foretold by all the text but itself: its own occurrence is taken out of every count, or the
teacher would know by heart what it is to foretell. Only the `top` likeliest ids of each shorter context are
carried on to the longer one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lilliput.stories.lessons import Lesson
from lilliput.stories.shard_files import Shard

_AT_ONCE = 1 << 23
"""So many pairs of an id from the longer context and one from the shorter are compared at once."""


@dataclass(frozen=True)
class _Counts:
    """What followed each context of one length."""

    context: NDArray[np.int64]  # (tokens,) number of the context before each token; -1: it has none
    begins: NDArray[np.int64]  # (contexts + 1,) where a context's followers begin below
    ids: NDArray[np.int64]  # followers, of each context the most frequent first
    counts: NDArray[np.int64]
    totals: NDArray[np.int64]  # (contexts,) how often the context was seen
    own: NDArray[np.int64]  # (tokens,) how often this token followed its context, this time included


def iter_ngram_lessons(shard: Shard, order: int, top: int) -> Iterator[Lesson]:
    """Lessons of all tokens of a shard by counts of up to `order` tokens in a row; BOS tokens have none."""
    tokens = np.asarray(shard.tokens[: shard.header.tokens]).astype(np.int64)
    offsets = shard.offsets.astype(np.int64)
    place = np.arange(len(tokens)) - np.repeat(offsets[:-1], offsets[1:] - offsets[:-1])  # in its story
    is_bos = place == 0
    counts = _count(tokens, place, order, shard.header.vocab_size)
    at_once = max(1, _AT_ONCE // (top * (top + 1)))
    for first in range(0, len(tokens), at_once):
        part = slice(first, first + at_once)
        yield _foretell(counts, tokens, is_bos, part, top)


def _count(tokens: NDArray[np.int64], place: NDArray[np.int64], order: int, vocabulary: int) -> list[_Counts]:
    """Counts behind contexts of 0, 1, ... order - 1 tokens, within stories."""
    context = np.where(place > 0, 0, -1)
    counts = []
    for length in range(order):
        if length:  # one token more, where the story has as many and its BOS is not passed
            has = (place >= length) & (context >= 0)
            if not has.any():
                break
            context = _number(np.where(has, context * vocabulary + np.roll(tokens, length), -1))
        counts.append(_count_followers(context, tokens, vocabulary))
    return counts


def _number(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keys as numbers from 0; what is negative stays -1."""
    has = keys >= 0
    numbers = np.full(len(keys), -1)
    numbers[has] = np.unique(keys[has], return_inverse=True)[1]
    return numbers


def _count_followers(context: NDArray[np.int64], tokens: NDArray[np.int64], vocabulary: int) -> _Counts:
    has = context >= 0
    keys = context[has] * vocabulary + tokens[has]
    pairs, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    own = np.zeros(len(tokens), np.int64)
    own[has] = counts[which]
    contexts, ids = np.divmod(pairs, vocabulary)
    order = np.lexsort((-counts, contexts))
    number = int(contexts[-1]) + 1 if len(contexts) else 0
    begins = np.searchsorted(contexts, np.arange(number + 1))
    totals = np.bincount(contexts, counts, number).astype(np.int64)
    return _Counts(context, begins, ids[order], counts[order], totals, own)


def _foretell(
    counts: list[_Counts], tokens: NDArray[np.int64], is_bos: NDArray[np.bool_], part: slice, top: int
) -> Lesson:
    """The likeliest ids of a part of the tokens, from the shortest context to the longest. (n, top)"""
    wanted = tokens[part]
    ids = np.full((len(wanted), top), -1)
    chances = np.zeros((len(wanted), top))
    for level in counts:
        ids, chances = _mix(level, part, wanted, ids, chances)
    ids[is_bos[part]] = -1
    chances = np.where(ids < 0, 0, chances)
    return Lesson(np.where(ids < 0, 0, ids).astype(np.int32), chances.astype(np.float32))


def _mix(
    level: _Counts,
    part: slice,
    wanted: NDArray[np.int64],
    lower_ids: NDArray[np.int64],
    lower: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """A longer context's counts over what a shorter one expects. (n, top) both ways; id -1: none."""
    top, context = lower_ids.shape[1], level.context[part]
    has = context >= 0
    known = np.where(has, context, 0)
    begin, end = level.begins[known], level.begins[known + 1]
    at = begin[:, None] + np.arange(top + 1)  # one more: the token's own occurrence may be taken out
    valid = (at < end[:, None]) & has[:, None]
    at = np.where(valid, at, 0)
    ids = np.where(valid, level.ids[at], -1)  # (n, top + 1)
    found = np.where(valid, level.counts[at], 0) - (ids == wanted[:, None])
    types = (end - begin - (level.own[part] == 1)) * has
    seen = (level.totals[known] - 1) * has + types
    weight = np.where(seen > 0, 1 / np.maximum(seen, 1), 0)[:, None]
    keep = np.where(seen > 0, types / np.maximum(seen, 1), 1)[:, None]  # of what the shorter context expects
    same = ids[:, :, None] == lower_ids[:, None, :]  # (n, top + 1, top)
    below = np.einsum("nij,nj->ni", same, lower)
    mixed = np.where(ids >= 0, found * weight + keep * below, 0)
    left = np.where(same.any(1), 0, keep * lower)  # ids that the shorter context alone expects
    all_ids, all_chances = np.hstack((ids, lower_ids)), np.hstack((mixed, left))
    best = np.argsort(-all_chances, axis=1, kind="stable")[:, :top]
    chances = np.take_along_axis(all_chances, best, 1)
    return np.where(chances > 0, np.take_along_axis(all_ids, best, 1), -1), chances
