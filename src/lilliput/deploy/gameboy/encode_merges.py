"""Merging the symbols of a text, word by word, the merge of the lowest rank first and the leftmost of equals.

A word's symbols are records, of three words each: the rank + 1 of the merge with the next one (_NONE where
there is none), what would come of it, the symbol's id. A record of rank 0 ends every walk.
"""

from lilliput.deploy.gameboy.encode_tables import FUSE_UNKNOWN, NO_ID, EncodeTables
from lilliput.deploy.gameboy.id_tables import write_find_id

RECORD_BYTES = 6
_NONE = 0xFFFF
_COPY = "ld a, (hl+)\nld (de), a\ninc de\n"


def write_words(name: str, tables: EncodeTables) -> str:
    """Assembly, with what it calls: the symbols from class_at and id_at on become ids from `ids` on.

    BC = how many; it returns.
    """
    return (
        _write_gather(tables)
        + _write_merge(name)
        + _write_pair(f"{name}_pair", f"{name}_merges", tables)
        + write_find_id(f"{name}_merges", tables.merges)
    )


def _write_gather(tables: EncodeTables) -> str:
    """Records of the next word, from the symbols at HL = id_at and BC = class_at on, which then go on."""
    fuse = """
        ld   a, (was_unknown)
        or   a
        jr   nz, .fused
        inc  a
        ld   (was_unknown), a
"""
    unknown = f"""
        ld   a, (hl+)
        and  (hl)
        dec  hl
        inc  a
        jr   nz, .known
        {fuse if tables.flags & FUSE_UNKNOWN else ""}
        ld   a, {(tables.unknown or 0) & 0xFF}
        ld   (de), a
        inc  de
        ld   a, {(tables.unknown or 0) >> 8}
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
        {unknown if tables.unknown is not None else ""}
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


def _write_merge(name: str) -> str:
    """The records merge as far as they go; then they are ids; then the next word, if there is one."""
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
        ld   de, {_NONE}
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
.walked:
        ld   a, d
        and  e
        inc  a
        jr   z, .merged
        push bc                 ; the record of the least rank: it becomes what comes of it
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
.move:  ld   a, (hl+)           ; and the records behind its right neighbour move up
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


def _write_pair(name: str, find: str, tables: EncodeTables) -> str:
    """`name`: the rank of the record at HL, and what comes of it, by its id and the next one's."""
    width = 3 if tables.ranks_are_ids else 5
    skip = "add hl, de\n" * width
    if tables.ranks_are_ids:
        copy = """
        ld   a, (hl+)
        ld   (de), a
        inc  de
        ld   b, a
        ld   a, (hl)
        ld   (de), a
        inc  de
        ld   h, d
        ld   l, e
        ld   (hl), b
        inc  hl
        ld   (hl), a
"""
    else:
        copy = _COPY * 4
    return f"""
{name}: push hl
        ld   bc, 4
        add  hl, bc
        ld   e, (hl)
        inc  hl
        ld   d, (hl)
        ld   bc, {RECORD_BYTES - 1}
        add  hl, bc
        ld   a, (hl+)
        ld   b, (hl)
        ld   c, a
        call {find}
.part:  ld   a, (hl+)
        or   a
        jr   z, .none
        ld   d, a
        ld   e, a
.low:   ld   a, (hl+)
        cp   c
        jr   z, .hit
.next:  dec  e
        jr   nz, .low
        ld   e, d
        ld   d, 0
        {skip}
        jr   .part
.hit:   push hl
        push de
        ld   a, d
        sub  e
        dec  e
        ld   d, 0
        add  hl, de             ; behind the low bytes
        ld   e, a
        {skip}
        pop  de
        ld   a, (hl+)
        cp   b
        jr   z, .found
        pop  hl
        jr   .next
.found: pop  de
        pop  de
        {copy}
        ret
.none:  pop  hl
        ld   a, {_NONE & 0xFF}
        ld   (hl+), a
        ld   (hl), a
        ret
"""
