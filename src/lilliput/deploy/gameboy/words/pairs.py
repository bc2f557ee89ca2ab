"""What two neighbours of a word merge to (tables.py says how lists of merges lie)."""

from lilliput.deploy.gameboy.words.tables import EncodeTables

RECORD_BYTES = 6
NONE = 0xFFFF
"""The rank of two that do not merge."""
_COPY = "ld a, (hl+)\nld (de), a\ninc de\n"
_COPY_ID = """
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


def write_pair(name: str, find: str, tables: EncodeTables) -> str:
    """Assembly of `name`: the rank of the record at HL and what comes of it, by its id and the next one's.

    `find` is write_find_id's routine for the merges.
    """
    width = 3 if tables.ranks_are_ids else 5
    skip = "add hl, de\n" * width
    copy = _COPY_ID if tables.ranks_are_ids else _COPY * 4
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
        ld   a, {NONE & 0xFF}
        ld   (hl+), a
        ld   (hl), a
        ret
"""
