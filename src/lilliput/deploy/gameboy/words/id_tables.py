"""Bytes for every id of a vocabulary, in as many banks as they take: the pieces, and what merges with an id.

A section holds a power of two of ids: a word of address for each, then their bytes, equal ones once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lilliput.deploy.gameboy.machine.block import Block, Relocation
from lilliput.deploy.gameboy.machine.memory import ROM_BANK_BYTES
from lilliput.errors import ConfigError

_FEWEST_BITS, _MOST_SECTIONS = 4, 256


@dataclass(frozen=True)
class IdTable:
    """Sections by name, each for any bank of the ROM but bank 0, and how an id leads to one of them."""

    sections: Mapping[str, Block]
    bits: int
    """A section holds 2 ** bits ids, the last one perhaps fewer."""


def make_id_table(name: str, entries: Sequence[bytes], subject: str) -> IdTable:
    """The table of `entries`, by id; its sections are NAME.0, NAME.1 and so on.

    Raises ConfigError, which says that it is about `subject`, where they would need more sections than bank 0
    has room to list.
    """
    for bits in range(max(_FEWEST_BITS, (len(entries) - 1).bit_length()), _FEWEST_BITS - 1, -1):
        size = 1 << bits
        parts = [entries[first : first + size] for first in range(0, len(entries), size)]
        blocks = {f"{name}.{at}": _make_section(f"{name}.{at}", part) for at, part in enumerate(parts)}
        if len(parts) <= _MOST_SECTIONS and all(len(block) <= ROM_BANK_BYTES for block in blocks.values()):
            return IdTable(blocks, bits)
    raise ConfigError(
        f"{subject} of {len(entries):,} ids do not fit in {_MOST_SECTIONS} banks of 16 KB: take a smaller "
        "vocabulary"
    )


def _make_section(name: str, entries: Sequence[bytes]) -> Block:
    data = bytearray(2 * len(entries))
    places: dict[bytes, int] = {}
    addresses = []
    for at, entry in enumerate(entries):
        if entry not in places:
            places[entry] = len(data)
            data += entry
        addresses.append(Relocation(2 * at, "word", ("+", name, places[entry]), f"{name}, id {at}"))
    return Block(bytes(data), {name: 0}, tuple(addresses))


def write_find_id(name: str, table: IdTable) -> str:
    """Assembly of a routine for bank 0, `name`: HL = the bytes of the id in DE, whose bank is then chosen.

    It changes A and DE. The id must be one.
    """
    names = list(table.sections)
    if len(names) == 1:
        return f"""
{name}: {choose_bank_of(names[0])}
        ld   hl, {names[0]}
        add  hl, de
        add  hl, de
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ret
"""
    rows = "\n".join(f".word bank({section}), {section}" for section in names)
    halve, mask = "srl h\nrr l\n", (1 << table.bits) - 1
    return f"""
{name}: ld   h, d
        ld   l, e
        {halve * table.bits}
        ld   a, e
        and  {mask & 0xFF}
        ld   e, a
        ld   a, d
        and  {mask >> 8}
        ld   d, a
        push de
        add  hl, hl
        add  hl, hl
        ld   de, .banks
        add  hl, de
        pop  de
        ld   a, (hl+)
        ld   (rROMB0), a
        ld   a, (hl+)
        ld   (rROMB1), a
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        add  hl, de
        add  hl, de
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ret
.banks: {rows}
"""


def choose_bank_of(label: str) -> str:
    """Assembly that chooses the bank in which `label` lies. It changes A."""
    return f"ld a, lo(bank({label}))\nld (rROMB0), a\nld a, hi(bank({label}))\nld (rROMB1), a\n"
