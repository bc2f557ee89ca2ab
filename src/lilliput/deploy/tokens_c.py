"""A tokenizer as constant arrays of C, for `c/tokens.inc`: a tokenizer image in a tenth of its bytes.

What an image says twice or spells out is left out here: a piece's text follows from its merge, an id from its
rank where the vocabulary is in the order of the merges, a byte's id from the first one's. The classes of all
code points are runs of little more than a byte each. The head of `c/tokens.inc` says what is in each array.
"""

from importlib.resources import files

import numpy as np

from lilliput.deploy.tokens_read import FOREIGN, Read, join_classes, read_image
from lilliput.errors import ConfigError, FormatError
from lilliput.tokens.image import tokenizer_image
from lilliput.tokens.tokenizer import Tokenizer

_MOST_IDS, _MOST_NARROW = 65_536, 4_096
_LONGEST_LITERAL, _LONGEST_PIECE = 127, 1_024
_NO_BYTE = 65_535
_MATCH, _SMALL_MATCH = 0x8000, 0x80  # in a cell of an image, and in one of 8 bits
_FLAGS = {
    "BYTE_LEVEL": 1,
    "STRIP_LEFT": 2,
    "COLLAPSE": 4,
    "PREPEND": 8,
    "PREPEND_UNLESS": 16,
    "LOW_LINE": 32,
    "STRIP_RIGHT": 64,
    "FUSE_UNKNOWN": 128,
    "DROP_FIRST_SPACE": 256,
}

Pair = tuple[int, int]


def tokens_code() -> str:
    """The C functions `lp_encode` and `lp_piece`, to stand behind what `write_tokens` gives."""
    return files("lilliput.deploy").joinpath("c/tokens.inc").read_text(encoding="utf-8")


def write_tokens(tokenizer: Tokenizer) -> str:
    """The C macros and arrays of `tokenizer`, on which the code of `tokens_code` works.

    They need `<stdint.h>` before them, and take LP_API as given (`static` where it is not defined). Raises
    ConfigError, naming what of it, for a tokenizer that they cannot hold: one that no tokenizer image can
    say, over 65,536 ids, or with added tokens that are looked for in a text.
    """
    if tokenizer.vocab_size > _MOST_IDS:
        raise ConfigError(
            f"the tokenizer has {tokenizer.vocab_size:,} ids, and C keeps ids in 16 bits ({_MOST_IDS:,}): "
            "train one of fewer"
        )
    try:
        read = read_image(tokenizer_image(tokenizer))
    except FormatError as error:
        raise ConfigError(f"this tokenizer cannot be written as C: {error}") from None
    if read.has_foreign_texts:
        raise ConfigError(
            "the tokenizer has added tokens that are looked for in every text, which the C source cannot do: "
            "make them special tokens, or take them out"
        )
    vocabulary = _Vocabulary(tokenizer, read)
    lines = [*_write_scalars(tokenizer, read), *vocabulary.lines(), *_write_cuts(read)]
    return "\n".join(lines) + "\n"


def _write_scalars(tokenizer: Tokenizer, read: Read) -> list[str]:
    longest = max(1, int(tokenizer.bytes_per_id().max()))
    if longest > _LONGEST_PIECE:
        raise ConfigError(
            f"the tokenizer has a piece of {longest:,} bytes; the C source takes at most {_LONGEST_PIECE:,}"
        )
    lines = ["#ifndef LP_API", "#define LP_API static", "#endif"]
    lines += ["#ifndef LP_LONGEST_PIECE", _define("LP_LONGEST_PIECE", longest), "#endif"]
    lines += [f"#if LP_LONGEST_PIECE < {longest}", f"#error a piece has {longest} bytes", "#endif"]
    lines += [_define(f"LP_TOKENS_{name}", int(bool(read.flags & flag))) for name, flag in _FLAGS.items()]
    lines.append(_define("LP_TOKENS_VOCAB", f"{tokenizer.vocab_size}u"))
    if read.unknown is not None:
        lines.append(_define("LP_TOKENS_UNKNOWN", read.unknown))
    silent = _intervals([token for token, mark in enumerate(read.silent) if mark])
    tests = [_between(first, last) for first, last in silent]
    lines.append(f"#define LP_TOKENS_SPECIAL(id) ({' || '.join(tests) or '0'})")
    return lines


def _intervals(ids: list[int]) -> list[Pair]:
    """First and last of each run of ascending ids."""
    found: list[Pair] = []
    for token in ids:
        follows = found and found[-1][1] == token - 1
        found[-1 if follows else len(found) :] = [(found[-1][0] if follows else token, token)]
    return found


def _between(first: int, last: int) -> str:
    if first == last:
        return f"(id) == {first}u"
    return f"(id) <= {last}u" if first == 0 else f"((id) >= {first}u && (id) <= {last}u)"


class _Vocabulary:
    """Merges, bytes, and the texts that follow from neither."""

    def __init__(self, tokenizer: Tokenizer, read: Read) -> None:
        self._read = read
        self._n_ids = tokenizer.vocab_size
        self._parts: dict[int, Pair] = {}  # what each id is made of, by its first merge
        for left, right, made in read.merges:
            self._parts.setdefault(made, (left, right))
        self._byte_of = {token: byte for byte, token in enumerate(read.byte_ids) if token is not None}
        self._literals = self._find_literals()

    def lines(self) -> list[str]:
        """Macros and arrays."""
        characters = sorted(set(self._read.characters.values()))
        others = sorted(self._literals - set(characters))
        wholes = self._read.find_wholes()
        texts = self._read.texts
        lines = [
            _define("LP_TOKENS_DEPTH", self._find_depth()),
            _define("LP_TOKENS_CHARACTERS", len(characters)),
            _define("LP_TOKENS_LITERALS", len(characters) + len(others)),
            _define("LP_TOKENS_WHOLES", len(wholes)),
        ]
        for name, ids in (("literals", [*characters, *others]), ("wholes", wholes)):
            if ids:
                lines += _array("uint8_t", name, _records(ids, texts))
        return lines + self._write_bytes() + self._write_merges()

    def _find_literals(self) -> set[int]:
        """The ids whose text must be spelled out: it is neither a byte's nor that of what merges to it."""
        literals = set(self._read.characters.values())
        used = {part for pair in self._parts.values() for part in pair}
        for token in sorted(range(self._n_ids), key=lambda token: len(self._read.texts[token])):
            text = self._read.texts[token]
            if token in self._byte_of:
                derived = bytes([self._byte_of[token]])
            elif token in self._parts:
                left, right = self._parts[token]
                derived = self._read.texts[left] + self._read.texts[right]
            else:
                derived = None
            if derived != text and (token in used or not self._read.silent[token]):
                literals.add(token)
        return literals

    def _find_depth(self) -> int:
        """How many ids wait at most while one is spelled out, left before right."""
        depths: dict[int, int] = {}
        for token in sorted(range(self._n_ids), key=lambda token: len(self._read.texts[token])):
            is_leaf = token in self._literals or token in self._byte_of or token not in self._parts
            left, right = (token, token) if is_leaf else self._parts[token]
            depths[token] = 1 if is_leaf else max(1 + depths.get(left, 1), depths.get(right, 1))
        return max(depths.values())

    def _write_bytes(self) -> list[str]:
        ids = self._read.byte_ids
        if all(token is None for token in ids):
            return [_define("LP_TOKENS_BYTE_TABLE", 0)]
        first = ids[0]
        if first is not None and ids == list(range(first, first + 256)):
            return [_define("LP_TOKENS_BYTE_TABLE", 0), _define("LP_TOKENS_FIRST_BYTE", f"{first}u")]
        if _NO_BYTE in ids:
            raise ConfigError(
                f"id {_NO_BYTE:,} stands for a byte, which the C source cannot say: give it another id"
            )
        cells = [_NO_BYTE if token is None else token for token in ids]
        return [_define("LP_TOKENS_BYTE_TABLE", 1), *_array("uint16_t", "bytes", cells)]

    def _write_merges(self) -> list[str]:
        merges = self._read.merges
        lines = [_define("LP_TOKENS_MERGES", f"{len(merges)}u" if merges else 0)]
        if not merges:
            return lines
        is_wide = self._n_ids > _MOST_NARROW
        packed = bytearray()
        for left, right, _ in merges:
            packed += (left | right << (16 if is_wide else 12)).to_bytes(4 if is_wide else 3, "little")
        made = [merge[2] for merge in merges]
        steps = [after - before for before, after in zip([made[0] - 1, *made[:-1]], made, strict=True)]
        kind = 0 if set(steps) == {1} else 1 if set(steps) <= {0, 1} else 2
        lines += [
            _define("LP_TOKENS_WIDE", int(is_wide)),
            _define("LP_TOKENS_FIRST_MERGE", made[0]),
            _define("LP_TOKENS_RESTART", int(self._may_go_back())),
            _define("LP_TOKENS_RESULTS", kind),
            *_array("uint8_t", "merges", packed),
        ]
        if kind == 1:
            bits = np.packbits([step == 0 for step in steps], bitorder="little")
            lines += _array("uint8_t", "repeats", bits.tolist())
        elif kind == 2:
            lines += _array("uint16_t", "results", made)
        return lines

    def _may_go_back(self) -> bool:
        """Whether an id may be in a merge that comes before the one which made it."""
        first_use: dict[int, int] = {}
        for rank, (left, right, _) in enumerate(self._read.merges):
            first_use.setdefault(left, rank)
            first_use.setdefault(right, rank)
        last = len(self._read.merges)
        return any(first_use.get(made, last) < rank for rank, (_, _, made) in enumerate(self._read.merges))


def _records(ids: list[int], texts: list[bytes]) -> bytes:
    packed = bytearray()
    before = -2  # the first id is always written
    for token in ids:
        text = texts[token]
        if len(text) > _LONGEST_LITERAL:
            raise ConfigError(
                f"the piece {text[:40]!r} has {len(text):,} bytes that no merge makes; the C source takes at "
                f"most {_LONGEST_LITERAL}"
            )
        follows = token == before + 1
        packed += bytes([len(text)] if follows else [len(text) | 128, token & 255, token >> 8])
        packed += text
        before = token
    return bytes(packed)


def _write_cuts(read: Read) -> list[str]:
    """The classes of code points and the tables of states; classes that no table tells apart become one."""
    has_foreign = any(kind & FOREIGN for _, kind in read.ranges)
    if not read.tables and not has_foreign:
        return [_define(f"LP_TOKENS_{name}", 0) for name in ("STAGES", "FOREIGN", "CLASS_BITS")]
    n_classes, runs, tables = join_classes(read)
    often = sorted(range(n_classes), key=lambda kind: (-sum(kind == other for other, _ in runs), kind))
    new = {kind: place for place, kind in enumerate([*often, n_classes])}
    runs = [(new[kind], length) for kind, length in runs]
    packed = {bits: _pack_runs(runs, bits) for bits in range(1, 8)}
    bits = min(packed, key=lambda bits: len(packed[bits]))
    tables = [table[:, [*often, n_classes]] for table in tables]
    return [
        _define("LP_TOKENS_STAGES", f"{len(tables)}u" if tables else 0),
        _define("LP_TOKENS_FOREIGN", n_classes if has_foreign else 0),
        _define("LP_TOKENS_CLASSES", n_classes),
        _define("LP_TOKENS_CLASS_BITS", bits),
        _define("LP_TOKENS_CLASS_FOLLOWS", int(_needs_more(runs, bits))),
        *_array("uint8_t", "runs", packed[bits]),
        *_write_tables(tables),
    ]


def _needs_more(runs: list[Pair], bits: int) -> bool:
    return max(kind for kind, _ in runs) >= 1 << bits


def _pack_runs(runs: list[Pair], bits: int) -> bytes:
    """`bits` for the class and the rest of a byte for the length less one, each with a way out."""
    largest, longest = (1 << bits) - 1, 255 >> bits
    follows = _needs_more(runs, bits)
    packed = bytearray()
    for kind, length in runs:
        rest = length - 1
        packed.append(min(kind, largest) | min(rest, longest) << bits)
        if follows and kind >= largest:
            packed.append(kind)
        if rest >= longest:
            rest -= longest
            while rest > 127:
                packed.append(rest & 127 | 128)
                rest >>= 7
            packed.append(rest)
    return bytes(packed)


def _write_tables(tables: list[np.ndarray]) -> list[str]:
    if not tables:
        return []
    is_small = max(map(len, tables)) <= _SMALL_MATCH
    match = _SMALL_MATCH if is_small else _MATCH
    cells = np.concatenate([table.reshape(-1) for table in tables])
    cells = np.where(cells & _MATCH, cells & ~_MATCH | match, cells)
    starts = np.cumsum([0, *(table.size for table in tables[:-1])])
    return [
        _define("LP_TOKENS_MATCH", f"{match}u"),
        f"typedef uint{8 if is_small else 16}_t lp_tokens_cell;",
        *_array("lp_tokens_cell", "cells", cells.tolist()),
        *_array("uint32_t", "stages", starts.tolist()),
    ]


def _define(name: str, value: int | str) -> str:
    return f"#define {name} {value}"


def _array(kind: str, name: str, values: bytes | bytearray | list[int]) -> list[str]:
    lines = [f"static const {kind} lp_tokens_{name}[{len(values)}] = {{"]
    line = " "
    for value in values:
        word = f" {value},"
        if len(line) + len(word) > 119:
            lines.append(line)
            line = " "
        line += word
    return [*lines, line, "};"]
