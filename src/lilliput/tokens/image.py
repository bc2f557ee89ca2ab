"""A tokenizer as one block of bytes that the C engine opens where it lies.

The file, in little-endian 32-bit words unless said otherwise:

    16 words   "LILTOKEN" · version · flags · V · bos · end · pad · unknown · M merges · S slots · R ranges ·
               F foreign texts · bytes of text · bytes of foreign text · classes + (stages of cutting << 16)
    256        the id of each byte, where one stands for it
    V + 1      where the text of each id begins
    V + 1      where the merges with each id on the left begin
    M × 3      the id on the right (ascending for a left one), the rank, the id that comes of it
    S          ids by their text: open addressing by FNV-1a, a power of two
    R          ranges of code points, ascending: first << 8 | class (+ 128: the host's, see below)
    F + 1      where the foreign texts begin
    128 bytes  the class of each ASCII character
    32 bytes   a bit for each byte that a foreign text begins with
    V bytes    marks: 1 decodes to nothing, 2 a word of this text is this id at once
    bytes      the texts of all ids; the foreign texts
    each stage a word, its number of states; then for each state a 16-bit cell for each class, and one for
               the end of the text (cuts.py says what is in a cell)

No id is 0xFFFFFFFF. A text with a foreign character (one that the normalizer, NFC or its like, may change)
or with a foreign text (an added token that is not special) is left to the host: C says so, and
`Tokenizer.encode` does it.
"""

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as HFTokenizer

from lilliput.errors import FormatError
from lilliput.tokens.byte_alphabet import ALPHABET, bytes_of_piece, piece_of_bytes
from lilliput.tokens.cuts import Cuts
from lilliput.tokens.documents import SPACE
from lilliput.tokens.stages import LOW_LINE, Plan, plan_stages
from lilliput.tokens.tokenizer import Tokenizer
from lilliput.tokens.tokenizer_json import BYTE_LEVEL

_MAGIC, _VERSION = b"LILTOKEN", 1
_NO_ID = 0xFFFFFFFF
_BYTE_LEVEL, _FUSE_UNKNOWN, _DROP_FIRST_SPACE, _ANY_FOREIGN = 1, 128, 256, 512
_SILENT, _WHOLE = 1, 2
_FOREIGN = 128
_LONGEST_PROBE = 256


def tokenizer_image(tokenizer: Tokenizer) -> bytes:
    """The image of `tokenizer`, with which C gives the ids of its `encode` and the bytes of its `decode`.

    Raises FormatError for a tokenizer that no image can say, naming what of it: a step of its normalizer or
    pre-tokenizer that is not among those of GPT-2, SentencePiece and their relatives.
    """
    document = json.loads(tokenizer.to_json())
    model = document["model"]
    _check_model(tokenizer, model)
    plan = plan_stages(document, tokenizer.kind)
    words = _Words(tokenizer, model, plan)
    merges = _sort_merges(model)
    foreign_texts = _foreign_texts(document)
    starts, atoms = _ranges(plan.cuts, plan.foreign)
    flags = plan.flags | _ANY_FOREIGN * bool(foreign_texts or (atoms & _FOREIGN).any())
    flags |= _BYTE_LEVEL * (tokenizer.kind == BYTE_LEVEL) | _FUSE_UNKNOWN * bool(model.get("fuse_unk"))
    flags |= _DROP_FIRST_SPACE * tokenizer.dummy_prefix
    slots = _make_slots(words)
    head = [
        *(_VERSION, flags, tokenizer.vocab_size, tokenizer.bos, tokenizer.end),
        _NO_ID if tokenizer.pad is None else tokenizer.pad,
        _NO_ID if tokenizer.unknown is None else tokenizer.unknown,
        *(len(merges), len(slots), len(starts), len(foreign_texts)),
        sum(map(len, words.texts)),
        sum(map(len, foreign_texts)),
        plan.cuts.n_atoms | len(plan.cuts.tables) << 16,
    ]
    first = np.searchsorted(merges[:, 0], np.arange(tokenizer.vocab_size + 1))
    sections = [
        _MAGIC + struct.pack("<14I", *head),
        *map(_words, (words.byte_ids, _offsets(words.texts), first, merges[:, 1:], slots)),
        *map(_words, (starts.astype(np.int64) << 8 | atoms, _offsets(foreign_texts))),
        _class_of_ascii(starts, atoms),
        _bits([text[0] for text in foreign_texts]),
        bytes(words.marks),
        *words.texts,
        *foreign_texts,
        *(_words([len(table)]) + table.astype("<u2").tobytes() for table in plan.cuts.tables),
    ]
    return b"".join(sections)


def _check_model(tokenizer: Tokenizer, model: dict[str, Any]) -> None:
    known = set(model["vocab"])
    if tokenizer.kind == BYTE_LEVEL and model.get("byte_fallback") and not known.issuperset(ALPHABET):
        raise FormatError(
            "a byte-level tokenizer with byte_fallback and without all bytes: no tokenizer image can say it"
        )


class _Words:
    """What every id spells: its text in C, how it decodes, and which id each byte has."""

    def __init__(self, tokenizer: Tokenizer, model: dict[str, Any], plan: Plan) -> None:
        self._vocabulary: dict[str, int] = model["vocab"]
        self._is_byte_level = tokenizer.kind == BYTE_LEVEL
        self._has_low_line = bool(plan.flags & LOW_LINE)
        spellings = ALPHABET if self._is_byte_level else [f"<0x{byte:02X}>" for byte in range(256)]
        usable = self._is_byte_level or model.get("byte_fallback")
        self.byte_ids = [self._vocabulary.get(name, _NO_ID) if usable else _NO_ID for name in spellings]
        self.texts = [tokenizer.token_bytes(token) for token in range(tokenizer.vocab_size)]
        self.marks = bytearray(tokenizer.vocab_size)
        self.findable: list[int] = []  # ids that C may find by their text
        whole = _find_whole_words(model)
        for piece, token in self._vocabulary.items():
            spelled = self._spell(piece)
            if spelled is None:
                continue  # no text looks like this
            if token in tokenizer.special_ids:
                self.texts[token] = spelled
            elif self.texts[token] != spelled:
                self._check_unneeded(piece, bool(model.get("ignore_merges")))
                continue
            self.findable.append(token)
            self.marks[token] |= _WHOLE * (token in whole)
        for token in tokenizer.special_ids:
            self.marks[token] |= _SILENT

    def _spell(self, piece: str) -> bytes | None:
        """What the text of C must be for HF to look up `piece`; None if it never does."""
        if not piece:
            return None
        if self._is_byte_level:
            raw = bytes_of_piece(piece)
            return raw if piece_of_bytes(raw) == piece else None
        if self._has_low_line:
            return None if " " in piece else piece.replace(SPACE, " ").encode("utf-8")
        return piece.encode("utf-8")

    def _check_unneeded(self, piece: str, ignore_merges: bool) -> None:
        """A piece that is read and written differently cannot be found by its text; some must be."""
        if ignore_merges or (len(piece) == 1 and not self._is_byte_level):
            raise FormatError(
                f"the piece {piece[:40]!r} decodes to another text, which no tokenizer image can say"
            )


def _find_whole_words(model: dict[str, Any]) -> set[int]:
    """The ids whose piece, alone in a word, is encoded as that id; merges may also go another way."""
    bare = HFTokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": [], "model": model}))
    pieces = [piece for piece in model["vocab"] if piece]
    encoded = bare.encode_batch_fast(pieces, add_special_tokens=False)
    return {
        model["vocab"][piece]
        for piece, encoding in zip(pieces, encoded, strict=True)
        if encoding.ids == [model["vocab"][piece]]
    }


def _sort_merges(model: dict[str, Any]) -> NDArray[np.int64]:
    """(M, 4) left, right, rank and what comes of it, in the order of left and right."""
    ids = model["vocab"]
    ranked = {
        (ids[left], ids[right]): (rank, ids[left + right])
        for rank, (left, right) in enumerate(model["merges"])
    }
    rows = sorted((*pair, *merge) for pair, merge in ranked.items())
    merges = np.array(rows, dtype=np.int64).reshape(-1, 4)
    merges[np.argsort(merges[:, 2]), 2] = np.arange(len(merges))  # without the ranks of pairs that came twice
    return merges


def _foreign_texts(document: dict[str, Any]) -> list[bytes]:
    """The added tokens that HF looks for in a text: those that are not special."""
    entries = [entry for entry in document["added_tokens"] if not entry["special"]]
    for entry in entries:
        if entry["normalized"] and document["normalizer"] is not None:
            raise FormatError(
                f"the added token {entry['content'][:40]!r} is looked for in normalized text, which no "
                "tokenizer image can say"
            )
    return sorted(entry["content"].encode("utf-8") for entry in entries)


def _make_slots(words: _Words) -> list[int]:
    """The table by which C finds an id by its text, at most half full."""
    size = 2 << len(words.findable).bit_length()
    while True:
        slots = [_NO_ID] * size
        for token in words.findable:
            place = _hash(words.texts[token]) % size
            while slots[place] != _NO_ID:
                place = (place + 1) % size
            slots[place] = token
        free = np.flatnonzero(np.array(slots) == _NO_ID)
        if np.diff(free, append=free[0] + size).max() <= _LONGEST_PROBE:
            return slots
        size *= 2


def _hash(text: bytes) -> int:
    value = 2166136261
    for byte in text:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value ^ value >> 15


def _ranges(cuts: Cuts, foreign: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Where a range of code points of one class begins, and its class."""
    atoms = cuts.atoms | np.where(foreign, np.uint8(_FOREIGN), np.uint8(0))
    starts = np.flatnonzero(np.diff(atoms, prepend=atoms[:1] ^ 1))
    return starts, atoms[starts]


def _class_of_ascii(starts: NDArray[np.intp], atoms: NDArray[np.uint8]) -> bytes:
    return atoms[np.searchsorted(starts, np.arange(128), side="right") - 1].tobytes()


def _offsets(texts: Sequence[bytes]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, texts)])


def _words(values: Any) -> bytes:
    return np.asarray(values, dtype=np.int64).astype("<u4").tobytes()


def _bits(numbers: list[int]) -> bytes:
    bits = bytearray(32)
    for number in numbers:
        bits[number // 8] |= 1 << number % 8
    return bytes(bits)
