"""What a cartridge knows of its tokenizer: characters and their classes, cuts, merges.

NAME.text, in any bank: the id of each byte (NO_ID: the unknown one), and the class of each ASCII character;
then ranges of all other characters: UTF-8 of the first, filled up with zeros to 4 bytes (so their order is
that of the code points), the class and, where characters have ids, the id of the one that the range then is.
Then tables of states (tokens/cuts.py), a word a cell: where the next state's row lies, 0 for none, and MATCH.

NAME.merges.0 and so on: for each id on the left of merges, in parts of up to 255: how many; the low bytes of
the ids on the right; and for each of these the high byte, the rank + 1, and what comes of it. Behind the last
part a 0. Where ids are in the order of the merges that make them, they are their own ranks.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from lilliput.deploy.gameboy.machine.block import Block, Relocation
from lilliput.deploy.gameboy.machine.expressions import Tree
from lilliput.deploy.gameboy.machine.memory import ROM_BANK_BYTES
from lilliput.deploy.gameboy.words.id_tables import IdTable, make_id_table
from lilliput.deploy.tokens_read import FOREIGN, Read, join_classes, read_image
from lilliput.errors import ConfigError, FormatError
from lilliput.tokens.image import tokenizer_image
from lilliput.tokens.tokenizer import Tokenizer

BYTE_LEVEL, STRIP_LEFT, COLLAPSE, PREPEND, PREPEND_UNLESS, LOW_LINE, STRIP_RIGHT, FUSE_UNKNOWN = (
    1 << bit for bit in range(8)
)
MATCH = 0x8000
CONTINUES = 0x7F
"""The class of a symbol that is a character's second byte, or third."""
_SPACE, _LOW_LINE_POINT, _REPLACEMENT = 0x20, 0x2581, 0xFFFD
_SURROGATES = range(0xD800, 0xE000)
NO_ID = 0xFFFF
_MOST_IDS, _MOST_MERGES, _MOST_OF_PART = 0xFFFF, 0xFFFD, 255
_KEY_BYTES = 4


@dataclass(frozen=True)
class EncodeTables:
    """Sections of ROM by name, each for any bank but bank 0, and what the code must know of them."""

    text: Block
    text_name: str
    merges: IdTable
    flags: int
    n_classes: int
    first_rows: tuple[str, ...]
    """Of each stage of cutting, the label of its first state's row."""
    n_ranges: int
    range_bytes: int
    has_characters: bool
    """Ranges have ids: a character is looked for before its bytes are."""
    spells_bytes: bool
    """A character without an id becomes as many ids as it has bytes, and not one, the unknown."""
    ranks_are_ids: bool
    unknown: int | None
    """The id of what has none, which is NO_ID in the tables; None where all has one."""
    space: int
    """The id of a space."""
    space_class: int
    broken_class: int
    """The class of a byte that is no UTF-8."""

    @property
    def sections(self) -> dict[str, Block]:
        """All of them."""
        return {self.text_name: self.text, **self.merges.sections}


def make_encode_tables(name: str, tokenizer: Tokenizer) -> EncodeTables:
    """The tables with which write_encode gives the ids of the tokenizer's own `encode`.

    Raises ConfigError, naming what of it, for a tokenizer that a cartridge cannot follow: one that no
    tokenizer image can say, that changes characters beyond spaces before it cuts, looks for added tokens or
    whole words, lacks the id of a space or of a byte, or is too large.
    """
    try:
        read = read_image(tokenizer_image(tokenizer))
    except FormatError as error:
        raise ConfigError(f"a cartridge cannot have this tokenizer: {error}") from None
    plan = _Plan(read, tokenizer.vocab_size)
    plan.check()
    text, first_rows = plan.write_text(f"{name}.text")
    if len(text) > ROM_BANK_BYTES:
        raise ConfigError(
            f"the tokenizer's characters and cuts take {len(text):,} bytes, and a bank has "
            f"{ROM_BANK_BYTES:,}: take one with fewer characters, or train a byte-level one"
        )
    return EncodeTables(
        text=text,
        text_name=f"{name}.text",
        merges=make_id_table(f"{name}.merges", plan.write_merges(), "the merges"),
        flags=read.flags,
        n_classes=plan.n_classes,
        first_rows=first_rows,
        n_ranges=len(plan.ranges),
        range_bytes=_KEY_BYTES + (3 if plan.characters else 1),
        has_characters=bool(plan.characters),
        spells_bytes=plan.spells_bytes,
        ranks_are_ids=plan.ranks_are_ids,
        unknown=read.unknown if NO_ID in plan.units else None,
        space=plan.units[_SPACE],
        space_class=plan.class_of(_SPACE),
        broken_class=plan.class_of(_REPLACEMENT),
    )


class _Plan:
    """The tokenizer in the terms of the tables."""

    def __init__(self, read: Read, vocab_size: int) -> None:
        self._read = read
        self._vocab_size = vocab_size
        self.n_classes, runs, self._states = join_classes(read)
        self._starts = np.cumsum([0, *(length for _, length in runs[:-1])])
        self._kinds = [kind for kind, _ in runs]
        self.is_byte_level = bool(read.flags & BYTE_LEVEL)
        self.spells_bytes = self.is_byte_level or read.byte_ids[0x80] is not None
        self.units = [self._unit(byte) for byte in range(256)]
        self.characters = {ord(raw.decode()): token for raw, token in read.characters.items() if len(raw) > 1}
        if read.flags & LOW_LINE:
            self.characters[_LOW_LINE_POINT] = self.units[_SPACE]
        made = [merge[2] for merge in read.merges]
        self.ranks_are_ids = all(first < second for first, second in pairwise([0, *made]))

    def _unit(self, byte: int) -> int:
        """The id of an ASCII character, or of a byte of another character."""
        token = self._read.characters.get(bytes([byte])) if byte < 0x80 else None
        token = self._read.byte_ids[byte] if token is None else token
        return NO_ID if token is None else token

    def class_of(self, point: int) -> int:
        """The class of a code point."""
        return self._kinds[int(np.searchsorted(self._starts, point, side="right")) - 1]

    def check(self) -> None:
        """Raise ConfigError for what the tables cannot hold."""
        read = self._read
        known = sum(token is not None for token in read.byte_ids)
        missing = [byte for byte, token in enumerate(self.units) if token == NO_ID and read.unknown is None]
        if self._vocab_size > _MOST_IDS or len(read.merges) > _MOST_MERGES:
            raise ConfigError(
                f"the tokenizer has {self._vocab_size:,} ids and {len(read.merges):,} merges; a cartridge "
                f"takes {_MOST_IDS:,} and {_MOST_MERGES:,}: train a smaller one"
            )
        if read.has_foreign_texts:
            raise ConfigError(
                "the tokenizer has added tokens that are looked for in every text, which a cartridge cannot "
                "do: make them special tokens, or take them out"
            )
        if any(kind & FOREIGN for _, kind in read.ranges):
            raise ConfigError(
                "the tokenizer changes characters before it cuts a text (NFC or its like), which a cartridge "
                "cannot do: take the normalizer out"
            )
        if missing:
            raise ConfigError(
                f"the tokenizer has no id for byte 0x{missing[0]:02X} and no unknown id, so that a beginning "
                "with it could not be said: train one that has all bytes"
            )
        if not self.is_byte_level and 0 < known < 256:
            raise ConfigError(
                f"the tokenizer has byte pieces for {known} bytes: a cartridge needs all 256, or none"
            )
        if self.units[_SPACE] == NO_ID:
            raise ConfigError("the tokenizer has no id for a space, which a cartridge's text is full of")
        if read.find_wholes():
            raise ConfigError(
                "the tokenizer looks words up before it merges (ignore_merges), which a cartridge cannot do"
            )
        if self.n_classes >= CONTINUES:
            raise ConfigError(f"the tokenizer tells {self.n_classes} classes of characters apart: too many")

    @cached_property
    def ranges(self) -> list[tuple[int, int, int]]:
        """First code point, class and id (NO_ID: none) of each range from U+0080 on."""
        points = {0x80, *self.characters, *(point + 1 for point in self.characters), *self._starts.tolist()}
        points = {_SURROGATES.stop if point in _SURROGATES else point for point in points}
        found: list[tuple[int, int, int]] = []
        for point in sorted(point for point in points if 0x80 <= point < 0x110000):
            row = (point, self.class_of(point), self.characters.get(point, NO_ID))
            if not found or found[-1][1:] != row[1:]:
                found.append(row)
        return found

    def write_text(self, name: str) -> tuple[Block, tuple[str, ...]]:
        """The section `name`, and the labels of first rows in it."""
        data = bytearray(np.array(self.units, "<u2").tobytes())
        labels = {name: 0, f"{name}.classes": len(data)}
        data += bytes(self.class_of(point) for point in range(0x80))
        labels[f"{name}.ranges"] = len(data)
        for point, kind, token in self.ranges:
            data += chr(point).encode().ljust(_KEY_BYTES, b"\0") + bytes([kind])
            data += token.to_bytes(2, "little") if self.characters else b""
        labels[f"{name}.ranges_end"] = len(data)
        cells: list[Relocation] = []
        first_rows = []
        for stage, table in enumerate(self._states):
            pitch, at = 2 * (self.n_classes + 1), len(data)
            first_rows.append(f"{name}.stage{stage}")
            labels[first_rows[-1]] = at
            for number, cell in enumerate(table[1:].reshape(-1).tolist()):
                state, match = cell & ~MATCH, cell & MATCH
                row: Tree = ("+", name, at + (state - 1) * pitch + match) if state else match
                cells.append(Relocation(at + 2 * number, "word", row, f"{name}, stage {stage}"))
            data += bytes(pitch * (len(table) - 1))
        return Block(bytes(data), labels, tuple(cells)), tuple(first_rows)

    def write_merges(self) -> list[bytes]:
        """What merges with each id on its left."""
        rows: list[list[tuple[int, int, int]]] = [[] for _ in range(self._vocab_size)]
        for rank, (left, right, made) in enumerate(self._read.merges):
            rows[left].append((right, rank + 1, made))
        return [self._write_lists(row) for row in rows]

    def _write_lists(self, row: list[tuple[int, int, int]]) -> bytes:
        data = bytearray()
        for first in range(0, len(row), _MOST_OF_PART):
            part = row[first : first + _MOST_OF_PART]
            data += bytes([len(part), *(right & 0xFF for right, _, _ in part)])
            for right, rank, made in part:
                data.append(right >> 8)
                data += b"" if self.ranks_are_ids else rank.to_bytes(2, "little")
                data += made.to_bytes(2, "little")
        return bytes(data) + b"\0"
