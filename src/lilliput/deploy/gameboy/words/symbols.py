"""A text as symbols, an id and a class each: characters, or their bytes; and spaces at its ends.

`classes` and `ids` have a place more in front, for a space that is put before the text.
"""

from lilliput.deploy.gameboy.words.id_tables import choose_bank_of
from lilliput.deploy.gameboy.words.tables import (
    COLLAPSE,
    PREPEND,
    PREPEND_UNLESS,
    STRIP_LEFT,
    STRIP_RIGHT,
    EncodeTables,
)

_RESTORE = "pop bc\npop hl\nld b, a\n"


def write_symbols(name: str, tables: EncodeTables) -> str:
    """Assembly: the BC bytes at HL become symbols, of which the first lies at class_at and id_at.

    If there is none, it returns with BC = 0. It calls write_put's, NAME_measure and NAME_find.
    """
    return (
        _write_start(name, tables)
        + _write_ascii(name, tables)
        + _write_wide(name, tables)
        + _write_ends(tables)
    )


def _write_start(name: str, tables: EncodeTables) -> str:
    """HL and C: the text; symbols are put from the second place on, so that a space can be put before."""
    strip = """
.strip: ld   a, c
        or   a
        jr   z, .started
        ld   a, (hl)
        cp   ' '
        jr   nz, .started
        inc  hl
        dec  c
        jr   .strip
.started:
"""
    return f"""
{name}: ld   a, b
        or   a
        jr   nz, .long
        ld   a, longest
        cp   c
        jr   nc, .short
.long:  ld   c, longest
.short: {choose_bank_of(tables.text_name)}
        ld   a, lo(classes + 1)
        ld   (class_at), a
        ld   a, hi(classes + 1)
        ld   (class_at + 1), a
        ld   a, lo(ids + 2)
        ld   (id_at), a
        ld   a, hi(ids + 2)
        ld   (id_at + 1), a
        {strip if tables.flags & STRIP_LEFT else ""}
"""


def _write_ascii(name: str, tables: EncodeTables) -> str:
    """The characters from HL on, C bytes, become symbols; then on to .read. Others than ASCII: to .wide."""
    advance = "inc hl\ndec c\njr .character\n"
    collapse = """
        ld   a, (hl+)
        dec  c
        cp   ' '
        jr   nz, .character
.more:  ld   a, c
        or   a
        jr   z, .read
        ld   a, (hl)
        cp   ' '
        jr   nz, .character
        inc  hl
        dec  c
        jr   .more
"""
    return f"""
.character:
        ld   a, c
        or   a
        jp   z, .read
        ld   a, (hl)
        cp   0x80
        jr   nc, .wide
        push hl
        ld   e, a
        ld   d, 0
        ld   hl, {tables.text_name}.classes
        add  hl, de
        ld   b, (hl)
        pop  hl
        call {name}_put_unit
        {collapse if tables.flags & COLLAPSE else advance}
"""


def _write_wide(name: str, tables: EncodeTables) -> str:
    """A character beyond ASCII, or a byte that begins none: a symbol, or one for each byte."""
    return f"""
.wide:  call {name}_measure
        or   a
        jr   nz, .whole
        ld   b, broken_class
        inc  a
        ld   (length), a
        jr   .bytes
.whole: ld   (length), a
        push hl
        push bc
        ld   b, a
        ld   de, key            ; what is left behind a short one does not count: its first byte says so
.key:   ld   a, (hl+)
        ld   (de), a
        inc  de
        dec  b
        jr   nz, .key
        call {name}_find
        ld   de, 4
        add  hl, de
        ld   a, (hl+)           ; the class
        {_write_own(name, tables) if tables.has_characters else _RESTORE}
.bytes: call {name}_put_unit
        ld   b, continues
        inc  hl
        dec  c
        ld   a, (length)
        dec  a
        ld   (length), a
        jr   nz, .bytes
        jp   .character
"""


def _write_own(name: str, tables: EncodeTables) -> str:
    """The id of a range, as of a character; where it has none, on to its bytes, if they are spelled."""
    spell = "ld a, d\nand e\ninc a\njr z, .spelled\n" if tables.spells_bytes else ""
    return f"""
        ld   e, (hl)
        inc  hl
        ld   d, (hl)
        {_RESTORE}
        {spell}
        call {name}_put
.skip:  inc  hl
        dec  c
        ld   a, (length)
        dec  a
        ld   (length), a
        jr   nz, .skip
        jr   .character
.spelled:
"""


def _write_ends(tables: EncodeTables) -> str:
    """Spaces at the ends; then class_at and id_at are where the first symbol lies, if there is one."""
    strip = _write_strip(tables.space) if tables.flags & STRIP_RIGHT else ""
    unless = f"""
        ld   hl, ids + 3
        ld   a, (hl-)
        {_compare_space(tables.space, ".put_space")}
        jr   z, .no_space
"""
    prepend = f"""
        {unless if tables.flags & PREPEND_UNLESS else ""}
.put_space:
        ld   a, {tables.space_class}
        ld   (classes), a
        ld   a, {tables.space & 0xFF}
        ld   (ids), a
        ld   a, {tables.space >> 8}
        ld   (ids + 1), a
        ld   bc, classes
        ld   hl, ids
"""
    return f"""
.read:  ld   hl, class_at
        ld   a, (hl+)
        ld   b, (hl)
        ld   c, a
        ld   hl, id_at
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        {strip}
        ld   a, end_class | 0x80
        ld   (bc), a
        ld   bc, classes + 1
        ld   a, l
        sub  lo(ids + 2)
        ld   l, a
        ld   a, h
        sbc  a, hi(ids + 2)
        or   l
        jr   nz, .begins
        ld   b, a
        ld   c, a
        ret
.begins:
        ld   hl, ids + 2
        {prepend if tables.flags & (PREPEND | PREPEND_UNLESS) else ""}
.no_space:
        ld   a, c
        ld   (class_at), a
        ld   a, b
        ld   (class_at + 1), a
        ld   a, l
        ld   (id_at), a
        ld   a, h
        ld   (id_at + 1), a
"""


def _write_strip(space: int) -> str:
    """BC and HL, behind the last class and id, go back over spaces."""
    return f"""
.strip_right:
        ld   a, l
        cp   lo(ids + 2)
        jr   nz, .some
        ld   a, h
        cp   hi(ids + 2)
        jr   z, .stripped
.some:  dec  hl
        ld   a, (hl-)
        {_compare_space(space, ".letter")}
        jr   nz, .letter
        dec  bc
        jr   .strip_right
.letter:
        inc  hl
        inc  hl
.stripped:
"""


def _compare_space(space: int, other: str) -> str:
    """Z if the id whose high byte is in A, its low byte at HL, is a space's; it may go to `other` if not."""
    return f"""
        cp   {space >> 8}
        jr   nz, {other}
        ld   a, (hl)
        cp   {space & 0xFF}
"""


def write_put(name: str, tables: EncodeTables) -> str:
    """A symbol goes behind the others: of class B, the one of the byte at HL, or DE. Changes A and DE."""
    return f"""
{name}_put_unit:
        push hl
        ld   l, (hl)
        ld   h, 0
        add  hl, hl
        ld   de, {tables.text_name}
        add  hl, de
        ld   a, (hl+)
        ld   d, (hl)
        ld   e, a
        pop  hl
{name}_put:
        push hl
        ld   hl, class_at
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ld   (hl), b
        inc  hl
        ld   a, l
        ld   (class_at), a
        ld   a, h
        ld   (class_at + 1), a
        ld   hl, id_at
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ld   (hl), e
        inc  hl
        ld   (hl), d
        inc  hl
        ld   a, l
        ld   (id_at), a
        ld   a, h
        ld   (id_at + 1), a
        pop  hl
        ret
"""
