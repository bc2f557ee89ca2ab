"""Prints of text: 64-bit hashes of its words, and from these of any run of words, for a block at once.

Words are compared without case, punctuation and the kind of quotation marks. A word's hash is a polynomial
in its bytes modulo 2^64, taken from prefix sums, so that a run of words costs one subtraction and one
multiplication; no Python loop touches a word.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

_SPACELESS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")  # each sign is a word
_APOSTROPHES = "'\u2019\u2018\u02bc`"
_LINE, _END = 10, 0  # bytes that end a paragraph, a story
_SPLITMIX_1, _SPLITMIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_BYTE_BASE, _WORD_BASE = 0x9E3779B97F4A7C15, 0xD1342543DE82EF95  # odd, so that powers can be undone


@dataclass(frozen=True)
class Prints:
    """Hashes of the W words of S stories in P paragraphs."""

    words: Hashes  # (W,)
    stories: Places  # (S + 1,) index of each story's first word; W at the end
    paragraphs: Places  # (P + 1,) likewise of each line that holds words
    sums: Hashes  # (W + 1,) prefix sums of words × powers of the base

    def runs(self, first: Places, behind: Places) -> Hashes:
        """The hash of each run of words [first, behind)."""
        inverse = _powers(_WORD_BASE, len(self.words))[1]
        difference = self.sums[behind] - self.sums[first]
        return mix(difference * inverse[first] + (behind - first).astype(np.uint64))

    def grams(self, length: int) -> tuple[Hashes, Places]:
        """The hashes of all runs of `length` words inside a story, and the word at which each begins."""
        first = np.arange(max(0, len(self.words) - length + 1))
        inside = np.ones(len(first), bool)
        for back in range(1, length):  # a run that reaches over a story's end is none
            crossing = self.stories[1:-1] - back
            inside[crossing[(crossing >= 0) & (crossing < len(first))]] = False
        first = first[inside]
        return self.runs(first, first + length), first

    def count_by_story(self, words: Places) -> Places:
        """(S,) how many of `words`, ascending, lie in each story."""
        return np.diff(np.searchsorted(words, self.stories))


def make_prints(texts: Sequence[str]) -> Prints:
    """The prints of `texts`, in their order."""
    joined = b"\0" + b"\0".join(map(plain_bytes, texts)) + b"\0"
    signs = np.frombuffer(joined, np.uint8)
    inside = signs > 32
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    first, behind = edges[0::2], edges[1::2]
    powers, inverse = _powers(_BYTE_BASE, len(signs))
    sums = np.zeros(len(signs) + 1, np.uint64)
    np.cumsum(_byte_values()[signs] * powers, out=sums[1:])
    words = mix((sums[behind] - sums[first]) * inverse[first])
    stories = np.searchsorted(first, np.flatnonzero(signs == _END))
    lines = np.searchsorted(first, np.flatnonzero((signs == _LINE) | (signs == _END)))
    word_sums = np.zeros(len(words) + 1, np.uint64)
    np.cumsum(words * _powers(_WORD_BASE, len(words))[0], out=word_sums[1:])
    lines = lines[np.concatenate(([True], lines[1:] != lines[:-1]))]
    return Prints(words, stories, lines, word_sums)


def plain_bytes(text: str) -> bytes:
    """`text` in UTF-8 as words are compared: small letters, spaces for punctuation, line feeds kept."""
    if text.isascii():
        return text.encode().translate(_ascii_table(), b"'`")
    return text.lower().translate(_PLAIN).encode()


def hash_words(words: Sequence[str]) -> Hashes:
    """The hash of each single word, as in `Prints.words`; a word that holds none is left out."""
    return make_prints(list(words)).words


class Among:
    """Asks of hashes whether they are known; a table of bits answers for most."""

    def __init__(self, known: Hashes) -> None:
        """`known` is sorted."""
        self.known = known
        bits = min(26, max(19, len(known).bit_length() + 5))
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << bits, bool)
        self._table[known >> self._shift] = True

    def roughly(self, values: Hashes) -> NDArray[np.bool_]:
        """(N,) the same, quicker, but that one unknown hash in dozens or more passes for known."""
        found: NDArray[np.bool_] = self._table[values >> self._shift]
        return found

    def __call__(self, values: Hashes) -> NDArray[np.bool_]:
        """(N,) whether each of `values` is known."""
        found = self.roughly(values)
        places = np.flatnonzero(found)
        if len(places):
            maybe = values[places]
            at = np.minimum(np.searchsorted(self.known, maybe), len(self.known) - 1)
            found[places] = self.known[at] == maybe
        return found


def mix(values: Hashes) -> Hashes:
    """A bijection of 64 bits that lets each bit depend on all (the finalizer of splitmix64)."""
    values = values ^ (values >> np.uint64(30))
    values *= _SPLITMIX_1
    values ^= values >> np.uint64(27)
    values *= _SPLITMIX_2
    values ^= values >> np.uint64(31)
    return values


class _Plain(dict[int, str]):
    """A table for str.translate that finds each character's plain form once."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        kind = unicodedata.category(sign)
        if sign in _APOSTROPHES or kind == "Cf":
            plain = ""
        elif sign in ("\n", "\u2028", "\u2029"):
            plain = "\n"
        elif kind[0] not in "LMN":
            plain = " "
        else:
            spaceless = unicodedata.name(sign, "").startswith(_SPACELESS) and kind[0] != "M"
            plain = f" {sign}" if spaceless else sign
        self[code] = plain
        return plain


_PLAIN = _Plain()


@lru_cache(maxsize=1)
def _ascii_table() -> bytes:
    signs = [chr(code).lower() for code in range(128)]
    plain = [sign if sign.isalnum() or sign == "\n" else " " for sign in signs]
    return "".join(plain).encode() + bytes(range(128, 256))


@lru_cache(maxsize=1)
def _byte_values() -> Hashes:
    return mix(np.arange(1, 257, dtype=np.uint64) * np.uint64(_BYTE_BASE))


_power_tables: dict[int, tuple[Hashes, Hashes]] = {}


def _powers(base: int, count: int) -> tuple[Hashes, Hashes]:
    """`count` powers of `base`, and at least as many of its inverse, modulo 2^64; kept, grown by doubling."""
    table = _power_tables.get(base)
    if table is None or len(table[0]) < count:
        size = max(1 << 16, 2 * count)
        inverse = pow(base, -1, 1 << 64)
        table = _geometric(base, size), _geometric(inverse, size)
        _power_tables[base] = table
    return table[0][:count], table[1]


def _geometric(base: int, size: int) -> Hashes:
    powers = np.full(size, np.uint64(base), np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)
