"""Characters beyond ASCII: how long one is, and the range of code points in which it lies."""

from lilliput.deploy.gameboy.words.tables import EncodeTables


def write_measure(name: str) -> str:
    """Assembly of `name`: A = bytes of the character at HL, of C bytes that are left, 0 where there is none.

    The first byte is 0x80 or above. As strict as UTF-8 is: nothing too long, no surrogates, no more than
    U+10FFFF. It changes B and DE.
    """
    return f"""
{name}: ld   a, (hl)
        ld   de, 0x80C0         ; the second byte: at least D, below E
        ld   b, 2
        cp   0xC2
        jr   c, .none
        cp   0xE0
        jr   c, .tail
        inc  b
        cp   0xF0
        jr   nc, .four
        cp   0xE0
        jr   nz, .surrogates
        ld   d, 0xA0
.surrogates:
        cp   0xED
        jr   nz, .tail
        ld   e, 0xA0
        jr   .tail
.four:  inc  b
        cp   0xF5
        jr   nc, .none
        cp   0xF0
        jr   nz, .last
        ld   d, 0x90
.last:  cp   0xF4
        jr   nz, .tail
        ld   e, 0x90
.tail:  ld   a, c
        cp   b
        jr   c, .none
        push hl
        push bc
        inc  hl
        ld   a, (hl+)
        cp   d
        jr   c, .bad
        cp   e
        jr   nc, .bad
        dec  b
.byte:  dec  b
        jr   z, .good
        ld   a, (hl+)
        and  0xC0
        cp   0x80
        jr   z, .byte
.bad:   pop  bc
        pop  hl
.none:  xor  a
        ret
.good:  pop  bc
        pop  hl
        ld   a, b
        ret
"""


def write_find(name: str, tables: EncodeTables) -> str:
    """Assembly of `name`: HL = the last range that does not begin behind `key`. It changes A, BC and DE.

    Steps of half as many ranges each time, taken where they lead to no later one.
    """
    steps = (tables.n_ranges - 1).bit_length()
    if not steps:
        return f"{name}: ld hl, {tables.text_name}.ranges\nret\n"
    end = f"{tables.text_name}.ranges_end"
    return f"""
{name}: ld   hl, {tables.text_name}.ranges
        ld   de, {tables.range_bytes << steps - 1}
        ld   c, {steps}
.step:  push hl
        add  hl, de
        ld   a, l
        sub  lo({end})
        ld   a, h
        sbc  a, hi({end})
        jr   nc, .back
        push hl
        push de
        ld   de, key
        ld   b, 4
.byte:  ld   a, (de)
        cp   (hl)
        jr   c, .less
        jr   nz, .more
        inc  de
        inc  hl
        dec  b
        jr   nz, .byte
.more:  pop  de
        pop  hl
        inc  sp
        inc  sp
        jr   .halve
.less:  pop  de
        pop  hl
.back:  pop  hl
.halve: srl  d
        rr   e
        dec  c
        jr   nz, .step
        ret
"""
