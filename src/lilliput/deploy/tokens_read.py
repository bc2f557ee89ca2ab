"""What a tokenizer image says, as Python values: the source from which C arrays are written."""

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_NO_ID = 0xFFFFFFFF
_SILENT, _WHOLE = 1, 2
_BYTE_LEVEL = 1
_POINTS = 0x110000
FOREIGN = 128  # in a class: the tokenizer may change such a character before it cuts


@dataclass(frozen=True)
class Read:
    """The contents of a tokenizer image, of V ids (tokens/image.py says what each is)."""

    flags: int
    unknown: int | None
    byte_ids: list[int | None]  # (256,)
    texts: list[bytes]  # (V,) of special ids too, if text may look like them
    silent: list[bool]  # (V,) decodes to nothing
    whole: list[bool]  # (V,) a word of this text is this id
    merges: list[tuple[int, int, int]]  # left, right, what comes of them; the first to be done first
    characters: dict[bytes, int]  # single characters that are looked for by their text; none at byte level
    n_classes: int
    ranges: list[tuple[int, int]]  # first code point and class (+ 128: foreign)
    tables: list[NDArray[np.int64]]  # (states, n_classes + 1) each
    has_foreign_texts: bool

    def spell(self, text: bytes) -> list[int]:
        """The ids of a word before it is merged; -1 where there is no id."""
        if self.flags & _BYTE_LEVEL:
            return self._spell_bytes(text)
        ids: list[int] = []
        for character in text.decode("utf-8"):
            raw = character.encode("utf-8")
            found = self.characters.get(raw)
            ids += self._spell_bytes(raw) if found is None else [found]
        return ids

    def find_wholes(self) -> list[int]:
        """The ids that a word of their text is at once, although merges would give others."""
        ranks = {(left, right): (rank, made) for rank, (left, right, made) in enumerate(self.merges)}
        found = [token for token, mark in enumerate(self.whole) if mark]
        return [token for token in found if _merge(self.spell(self.texts[token]), ranks) != [token]]

    def _spell_bytes(self, text: bytes) -> list[int]:
        return [-1 if (token := self.byte_ids[byte]) is None else token for byte in text]


def read_image(image: bytes) -> Read:
    """The contents of an image that `tokenizer_image` made."""
    head = struct.unpack_from("<14I", image, 8)
    (
        _,
        flags,
        vocab,
        _,
        _,
        _,
        unknown,
        n_merges,
        n_slots,
        n_ranges,
        n_foreign,
        text_bytes,
        foreign_bytes,
        last,
    ) = head
    n_classes, n_stages = last & 0xFFFF, last >> 16
    at = 64

    def take(n_bytes: int) -> bytes:
        nonlocal at
        at += n_bytes
        return image[at - n_bytes : at]

    def take_words(count: int) -> list[int]:
        words: list[int] = np.frombuffer(take(4 * count), "<u4").tolist()
        return words

    byte_ids, offsets, first = take_words(256), take_words(vocab + 1), take_words(vocab + 1)
    merges = np.array(take_words(3 * n_merges), dtype=np.int64).reshape(-1, 3)
    slots, ranges = take_words(n_slots), take_words(n_ranges)
    take(4 * (n_foreign + 1) + 128 + 32)
    marks, text = take(vocab), take(text_bytes)
    take(foreign_bytes)
    tables = []
    for _ in range(n_stages):
        cells = np.frombuffer(take(2 * take_words(1)[0] * (n_classes + 1)), "<u2")
        tables.append(cells.astype(np.int64).reshape(-1, n_classes + 1))
    texts = [text[begin:end] for begin, end in pairwise(offsets)]
    findable = set() if flags & _BYTE_LEVEL else set(slots) - {_NO_ID}
    left = np.repeat(np.arange(vocab), np.diff(first))
    ranked = np.argsort(merges[:, 1])
    return Read(
        flags=flags,
        unknown=_known(unknown),
        byte_ids=list(map(_known, byte_ids)),
        texts=texts,
        silent=[bool(mark & _SILENT) for mark in marks],
        whole=[bool(mark & _WHOLE) for mark in marks],
        merges=list(
            zip(left[ranked].tolist(), merges[ranked, 0].tolist(), merges[ranked, 2].tolist(), strict=True)
        ),
        characters={texts[token]: token for token in sorted(findable) if _is_character(texts[token])},
        n_classes=n_classes,
        ranges=[(word >> 8, word & 255) for word in ranges],
        tables=tables,
        has_foreign_texts=n_foreign > 0,
    )


def _merge(ids: list[int], ranks: dict[tuple[int, int], tuple[int, int]]) -> list[int]:
    """`ids` after all merges of `ranks`: by a pair, its rank and what comes of it."""
    while len(ids) > 1:
        found = [ranks.get(pair, (len(ranks), 0)) for pair in pairwise(ids)]
        rank, made = min(found)
        if rank == len(ranks):
            break
        at = found.index((rank, made))
        ids[at : at + 2] = [made]
    return ids


def join_classes(read: Read) -> tuple[int, list[tuple[int, int]], list[NDArray[np.int64]]]:
    """Classes that some table tells apart: how many, runs of code points, and the tables.

    A run is its class, or for foreign characters the number of classes, and how many code points; together
    they are all of Unicode. Tables are (states, classes + 1) each, the last column for the end of the text.
    """
    columns = np.concatenate([np.zeros((1, read.n_classes + 1), np.int64), *read.tables])[:, :-1]
    _, chosen, merged = np.unique(columns, axis=1, return_index=True, return_inverse=True)
    merged = merged.reshape(-1)
    kinds = [len(chosen) if kind & FOREIGN else int(merged[kind]) for _, kind in read.ranges]
    lengths = np.diff([*(first for first, _ in read.ranges), _POINTS]).tolist()
    joined: list[tuple[int, int]] = []
    for kind, length in zip(kinds, lengths, strict=True):
        if joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + length)
        else:
            joined.append((kind, length))
    return len(chosen), joined, [table[:, [*chosen, read.n_classes]] for table in read.tables]


def _known(token: int) -> int | None:
    return None if token == _NO_ID else token


def _is_character(text: bytes) -> bool:
    try:
        return len(text.decode("utf-8")) == 1
    except UnicodeDecodeError:
        return False
