"""The ids of a text (tokens/tokenizer.py, `encode`; for bytes that are no UTF-8 the engine's tokenizer in C).

    tables = make_encode_tables("tokens", tokenizer)
    code = write_encode("encode", tables=tables, ids=..., scratch=..., longest=80)
    for name, block in tables.sections.items():
        rom.place(name, block)

Three walks, as in C: bytes become symbols, an id and a class each; tables of states mark where a word begins;
and in each word (encode_merges.py) the merge of the lowest rank comes first.
"""

from lilliput.deploy.gameboy.assembler import assemble
from lilliput.deploy.gameboy.block import Block
from lilliput.deploy.gameboy.encode_characters import write_find, write_measure
from lilliput.deploy.gameboy.encode_merges import RECORD_BYTES, write_words
from lilliput.deploy.gameboy.encode_tables import (
    COLLAPSE,
    CONTINUES,
    PREPEND,
    PREPEND_UNLESS,
    STRIP_LEFT,
    STRIP_RIGHT,
    EncodeTables,
)
from lilliput.deploy.gameboy.id_tables import choose_bank_of
from lilliput.errors import ConfigError

_VARIABLES = {
    **{"key": 4, "length": 1, "was_unknown": 1, "class_at": 2, "id_at": 2, "made_at": 2},
    **{"first_row": 2, "last_record": 2},
}
"""Names and bytes of what lies at the beginning of the scratch."""


def count_encode_scratch(longest: int) -> int:
    """Bytes of scratch for texts of so many bytes: 16, and 7 for each of the text and for two more."""
    return sum(_VARIABLES.values()) + (1 + RECORD_BYTES) * (longest + 2)


def write_encode(name: str, *, tables: EncodeTables, ids: int, scratch: int, longest: int) -> Block:
    """A routine for bank 0, `name`: the ids of the BC bytes at HL as words at `ids`; BC = how many.

    Of a text of more than `longest` bytes (255 at most) the first so many count. `ids` has room for
    longest + 1 words, `scratch` for count_encode_scratch(longest) bytes; both, like the text, in RAM. It
    changes every register and the bank of the ROM. Raises ConfigError for a `longest` out of range.
    """
    if not 1 <= longest <= 255:
        raise ConfigError(f"beginnings of {longest} bytes: 1 to 255 are possible")
    places, at = {"ids": ids}, scratch
    for variable, size in _VARIABLES.items():
        places[variable] = at
        at += size
    places |= {"classes": at, "records": at + longest + 2, "longest": longest}
    places |= {"continues": CONTINUES, "end_class": tables.n_classes, "broken_class": tables.broken_class}
    text = _write_start(name, tables) + _write_characters(name, tables) + _write_ends(tables)
    text += "".join(f"ld hl, {row}\ncall {name}_cut\n" for row in tables.first_rows)
    text += write_words(name, tables)
    text += _write_put(name, tables) + write_measure(f"{name}_measure") + write_find(f"{name}_find", tables)
    text += _write_cut(name) if tables.first_rows else ""
    return assemble(text, places, name)


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


def _write_characters(name: str, tables: EncodeTables) -> str:
    """All characters become symbols; then on to .read."""
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
    one = f"""
        call {name}_put
.skip:  inc  hl
        dec  c
        ld   a, (length)
        dec  a
        ld   (length), a
        jr   nz, .skip
        jr   .character
"""
    advance, restore = "inc hl\ndec c\njr .character\n", "pop bc\npop hl\nld b, a\n"
    own = f"ld e, (hl)\ninc hl\nld d, (hl)\n{restore}"
    own += f"ld a, d\nand e\ninc a\njr z, .spelled\n{one}.spelled:\n" if tables.spells_bytes else one
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
        xor  a
        ld   (key + 2), a
        ld   (key + 3), a
        ld   de, key
.key:   ld   a, (hl+)
        ld   (de), a
        inc  de
        dec  b
        jr   nz, .key
        call {name}_find
        ld   de, 4
        add  hl, de
        ld   a, (hl+)           ; the class
        {own if tables.has_characters else restore}
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


def _write_ends(tables: EncodeTables) -> str:
    """Spaces at the ends; then class_at and id_at are where the first symbol lies, if there is one."""
    is_space = f"""
        cp   {tables.space >> 8}
        jr   nz, {{0}}
        ld   a, (hl)
        cp   {tables.space & 0xFF}
"""
    strip = f"""
.strip_right:
        ld   a, l
        cp   lo(ids + 2)
        jr   nz, .some
        ld   a, h
        cp   hi(ids + 2)
        jr   z, .stripped
.some:  dec  hl
        ld   a, (hl-)
        {is_space.format(".letter")}
        jr   nz, .letter
        dec  bc
        jr   .strip_right
.letter:
        inc  hl
        inc  hl
.stripped:
"""
    unless = f"""
        ld   hl, ids + 3
        ld   a, (hl-)
        {is_space.format(".put_space")}
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
        {strip if tables.flags & STRIP_RIGHT else ""}
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


def _write_put(name: str, tables: EncodeTables) -> str:
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


def _write_cut(name: str) -> str:
    """NAME_cut, one stage of cutting: bit 7 of the class of each symbol with which a part begins becomes 1.

    HL: the row of the first state. Parts of stages before are cut each for itself: the next part's bit is
    the end. What lies before the first match, or between two, is a part too.
    """
    return f"""
{name}_cut:
        ld   a, l
        ld   (first_row), a
        ld   a, h
        ld   (first_row + 1), a
        ld   hl, class_at
        ld   a, (hl+)
        ld   d, (hl)
        ld   e, a
.part:  call {name}_match
        ld   a, c
        cp   e
        jr   nz, .found
        ld   a, b
        cp   d
        jr   z, .none
.found: ld   d, b
        ld   e, c
.mark:  ld   a, (de)
        or   0x80
        ld   (de), a
        cp   end_class | 0x80
        jr   nz, .part
        ret
.none:  inc  de
        ld   a, (de)
        cp   continues
        jr   z, .none
        add  a, a
        jr   c, .mark           ; the end of the part
        call {name}_match
        ld   a, c
        cp   e
        jr   nz, .mark          ; a match begins here
        ld   a, b
        cp   d
        jr   z, .none
        jr   .mark

; BC: where the match ends that begins at the symbol DE, DE itself where there is none. Keeps DE.
{name}_match:
        push de
        ld   hl, first_row
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ld   b, d
        ld   c, e
        ld   a, (de)
        and  0x7F
.step:  add  a, a
        add  a, l
        ld   l, a
        jr   nc, .cell
        inc  h
.cell:  ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        bit  7, h
        jr   z, .next
        res  7, h
        ld   b, d
        ld   c, e
.next:  ld   a, h
        or   a
        jr   z, .over           ; there is no next state
.symbol:
        inc  de
        ld   a, (de)
        cp   continues
        jr   z, .symbol
        cp   0x80
        jr   c, .step
        ld   a, end_class
        jr   .step
.over:  pop  de
        ret
"""
