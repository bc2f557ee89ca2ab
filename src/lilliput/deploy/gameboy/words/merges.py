"""Merging the symbols of a text, word by word, the merge of the lowest rank first and the leftmost of equals.

A word's symbols are records, of three words each: the rank + 1 of the merge with the next one (NONE where
there is none), what would come of it, the symbol's id. A record of rank 0 ends every walk.
"""

from lilliput.deploy.gameboy.words.id_tables import write_find_id
from lilliput.deploy.gameboy.words.pairs import NONE, RECORD_BYTES, write_pair
from lilliput.deploy.gameboy.words.tables import FUSE_UNKNOWN, NO_ID, EncodeTables

_COPY = "ld a, (hl+)\nld (de), a\ninc de\n"


def write_words(name: str, tables: EncodeTables) -> str:
    """Assembly, with what it calls: the symbols from class_at and id_at on become ids from `ids` on.

    BC = how many; it returns.
    """
    return (
        _write_gather(tables)
        + _write_least(name)
        + _write_merge(name)
        + _write_made()
        + write_pair(f"{name}_pair", f"{name}_merges", tables)
        + write_find_id(f"{name}_merges", tables.merges)
    )


def _write_gather(tables: EncodeTables) -> str:
    """Records of the next word, from the symbols at HL = id_at and BC = class_at on, which then go on."""
    fuses = bool(tables.flags & FUSE_UNKNOWN)
    unknown = "" if tables.unknown is None else _write_unknown(tables.unknown, fuses)
    return f"""
        ld   a, lo(ids)
        ld   (made_at), a
        ld   a, hi(ids)
        ld   (made_at + 1), a
.word:  ld   hl, class_at
        ld   a, (hl+)
        ld   b, (hl)
        ld   c, a
        ld   hl, id_at
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        xor  a
        ld   (was_unknown), a
        ld   de, records
.gather:
        inc  de
        inc  de
        inc  de
        inc  de
        {unknown}
        ld   a, (hl+)
        ld   (de), a
        inc  de
        ld   a, (hl+)
        ld   (de), a
        inc  de
.advance:
        inc  bc
        ld   a, (bc)
        add  a, a
        jr   nc, .gather
        ld   a, c
        ld   (class_at), a
        ld   a, b
        ld   (class_at + 1), a
        ld   a, l
        ld   (id_at), a
        ld   a, h
        ld   (id_at + 1), a
        ld   h, d
        ld   l, e
        ld   a, l
        ld   (last_record), a
        ld   a, h
        ld   (last_record + 1), a
        xor  a
        ld   (hl+), a
        ld   (hl+), a
        inc  hl
        inc  hl
        ld   a, {NO_ID & 0xFF}  ; so that nothing merges with it
        ld   (hl+), a
        ld   (hl), a
"""


def _write_unknown(unknown: int, fuses: bool) -> str:
    """A symbol without an id becomes the unknown id; where these fuse, only the first of a row does."""
    fuse = """
        ld   a, (was_unknown)
        or   a
        jr   nz, .fused
        inc  a
        ld   (was_unknown), a
"""
    return f"""
        ld   a, (hl+)
        and  (hl)
        dec  hl
        inc  a
        jr   nz, .known
        {fuse if fuses else ""}
        ld   a, {unknown & 0xFF}
        ld   (de), a
        inc  de
        ld   a, {unknown >> 8}
        ld   (de), a
        inc  de
        jr   .gathered
.fused: dec  de
        dec  de
        dec  de
        dec  de
.gathered:
        inc  hl
        inc  hl
        jr   .advance
.known: xor  a
        ld   (was_unknown), a
"""


def _write_least(name: str) -> str:
    """The ranks of all records; then, from .merge on, the least of them: BC its record, DE the rank."""
    return f"""
        ld   hl, records
.pair:  push hl
        call {name}_pair
        pop  hl
        ld   de, {RECORD_BYTES}
        add  hl, de
        ld   a, (last_record)
        cp   l
        jr   nz, .pair
        ld   a, (last_record + 1)
        cp   h
        jr   nz, .pair
.merge: ld   hl, records
        ld   de, {NONE}
.least: ld   a, (hl+)
        sub  e
        ld   a, (hl+)
        sbc  a, d
        jr   nc, .other
        dec  hl
        ld   a, (hl-)
        or   (hl)
        jr   z, .walked
        ld   b, h
        ld   c, l
        ld   e, (hl)
        inc  hl
        ld   d, (hl)
        inc  hl
.other: ld   a, l
        add  a, {RECORD_BYTES - 2}
        ld   l, a
        jr   nc, .least
        inc  h
        jr   .least
"""


def _write_merge(name: str) -> str:
    """The record BC becomes what comes of it, and those behind its right neighbour move up."""
    return f"""
.walked:
        ld   a, d
        and  e
        inc  a
        jr   z, .merged
        push bc
        ld   h, b
        ld   l, c
        inc  hl
        inc  hl
        ld   a, (hl+)
        ld   e, a
        ld   a, (hl+)
        ld   (hl), e
        inc  hl
        ld   (hl+), a
        ld   d, h
        ld   e, l
        ld   bc, {RECORD_BYTES}
        add  hl, bc
.move:  ld   a, (hl+)
        ld   (de), a
        inc  de
        ld   b, a
        ld   a, (hl+)
        ld   (de), a
        inc  de
        or   b                  ; 0 for the last; nothing below changes that
        {_COPY * 4}
        jr   nz, .move
        pop  hl
        push hl
        call {name}_pair
        pop  hl
        ld   a, l
        cp   lo(records)
        jr   nz, .left
        ld   a, h
        cp   hi(records)
        jr   z, .merge
.left:  ld   bc, {-RECORD_BYTES}
        add  hl, bc
        call {name}_pair
        jr   .merge
"""


def _write_made() -> str:
    """The records are ids; then the next word, or BC = how many ids there are."""
    return """
.merged:
        ld   hl, made_at
        ld   a, (hl+)
        ld   d, (hl)
        ld   e, a
        ld   hl, records
.made:  ld   a, (hl+)
        or   (hl)
        jr   z, .written
        inc  hl
        inc  hl
        inc  hl
        ld   a, (hl+)
        ld   (de), a
        inc  de
        ld   a, (hl+)
        ld   (de), a
        inc  de
        jr   .made
.written:
        ld   a, e
        ld   (made_at), a
        ld   a, d
        ld   (made_at + 1), a
        ld   hl, class_at
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ld   a, (hl)
        cp   end_class | 0x80
        jp   nz, .word
        ld   a, e
        sub  lo(ids)
        ld   c, a
        ld   a, d
        sbc  a, hi(ids)
        ld   b, a
        srl  b
        rr   c
        ret
"""
