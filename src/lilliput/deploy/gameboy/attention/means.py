"""Sums of values divided by the sum of chances: what the matrix o reads.

A product with the reciprocal's 8 bits is looked up in the reciprocal's row of the ROM, a byte at a time. All
that the sum of chances says is worked out once a head, in attend_chosen, and written into the code that
divides. The sums have the values' limit times the sum of chances too much; half a unit less the product of
that is added.
"""

from lilliput.deploy.gameboy.attention.shape import AttendShape
from lilliput.deploy.gameboy.attention.tables import ROWS_OF_BANK

ENDINGS = {15: "rl c\nrla", 16: "nop\nnop\nnop", 17: "sra a\nnop"}
"""Three bytes that end a mean whose product, in A, C and a byte below, is shifted right by so much."""
_HALVES = {15: 0x0040, 16: 0x0080, 17: 0x0100}
"""Half a unit, its two upper bytes: the uppermost first."""
_PATCH_SHIFTS = """
.left:  ld   (a_left + 1), a
        ld   a, l
        ld   (a_limited + 1), a
        ld   a, h
        ld   (a_limited + 2), a
        ld   a, (a_half1 + 1)
        ld   l, a
        ld   a, (a_half2 + 1)
        xor  b
        jr   nz, .patch
        ld   a, l
        cp   c
        jr   z, .patched
.patch: ld   h, d
        ld   l, e
        ld   a, (hl+)
        ld   (a_last_shift), a
        ld   a, (hl+)
        ld   (a_last_shift + 1), a
        ld   a, (hl)
        ld   (a_last_shift + 2), a
        ld   a, c
        ld   (a_half1 + 1), a
        ld   a, b
        ld   (a_half2 + 1), a
        jr   .patched
"""
"""A: how often sums are doubled; HL: limit times the sum, doubled too; BC: half a unit; DE: an ending."""
_DOUBLE = "add hl, hl\n"


def write_means(shape: AttendShape) -> str:
    """Assembly, part of make_program's: a_average, from the words at a_sums to bytes at h_mean."""
    return (
        _write_constant()
        + f"""
        ldh  a, (h_mean)
        ld   (a_mean + 1), a
        ldh  a, (h_mean + 1)
        ld   (a_mean + 2), a
        ld   sp, a_sums
        ld   d, {shape.d_head}
a_next: pop  hl
a_left: jr   a_left + 2 + {shape.most_left}
{_DOUBLE * shape.most_left}
        ld   b, h
a_page: ld   h, 0
        ld   a, (hl)
a_constant0: add a, 0
        inc  h
        ld   a, (hl)
a_constant1: adc a, 0
        ld   c, a
a_constant2: ld a, 0
        adc  a, 0
        ld   e, a
        ld   l, b
        ld   b, (hl)
        dec  h
        ld   a, c
        add  a, (hl)
        ld   c, a
        ld   a, b
        adc  a, e
a_last_shift:
        {ENDINGS[15]}
a_mean: ld   (0), a
        ld   hl, a_mean + 1
        inc  (hl)
        dec  d
        jr   nz, a_next
        jp   attend_averaged
"""
    )


def _write_constant() -> str:
    """Half a unit less the product of what all sums have too much."""
    return f"""
a_average: ld a, 0          ; the bank of the reciprocal's row
        ld   (rROMB0), a
a_limited: ld hl, 0         ; limit times the sum of chances, doubled as the sums will be
        ld   b, h
a_page0: ld  h, 0
        ld   e, (hl)
        inc  h
        ld   a, (hl)
        ld   l, b
        ld   b, (hl)
        dec  h
        add  a, (hl)
        ld   d, a
        jr   nc, a_half
        inc  b
a_half: xor  a
        sub  e
        ld   (a_constant0 + 1), a
a_half1: ld  a, {_HALVES[15] & 0xFF}
        sbc  a, d
        ld   (a_constant1 + 1), a
a_half2: ld  a, {_HALVES[15] >> 8}
        sbc  a, b
        ld   (a_constant2 + 1), a
"""


def write_chosen(shape: AttendShape, reciprocals: str, products: str, rows: str) -> str:
    """Assembly for bank 0, attend_chosen: HL is the sum of chances; all that the program needs is set.

    reciprocals: a label in the bank of the ROM that is seen. products and rows: sections, the rows in banks
    that follow one another. Some 220 M-cycles, by the sum's bits; it goes on at a_channel.
    """
    return _find_row(reciprocals, rows) + _find_shifts(shape) + _find_ones(products)


def _find_row(reciprocals: str, rows: str) -> str:
    """The reciprocal's row; BC is the sum afterwards."""
    return f"""
attend_chosen: ld b, h
        ld   c, l
        ld   de, {reciprocals}
        add  hl, de
        ld   a, (hl)
        ld   e, a
        and  {ROWS_OF_BANK - 1}
        add  a, a
        add  a, 0x40
        ld   (a_page + 1), a
        ld   (a_page0 + 1), a
        ld   a, e
        rlca
        rlca
        rlca
        and  3
        add  a, bank({rows}.0)
        ld   (a_average + 1), a
"""


def _find_shifts(shape: AttendShape) -> str:
    """D: 8 + o_shift less the sum's bits, so how often sums are doubled, or, below 0, shifts beyond 15."""
    endings = "".join(f".ending{shift}: {ending}\n" for shift, ending in ENDINGS.items())
    return f"""
        ld   d, {shape.o_shift}
        ld   a, b
        or   a
        jr   z, .short
.long:  dec  d
        srl  a
        jr   nz, .long
        jr   .counted
.more:  inc  d
        jr   .counting
.short: ld   a, c
.counting: add a, a
        jr   nc, .more
.counted: ld h, b
        ld   l, c
        {_DOUBLE * shape.value_limit.bit_length()}
        ld   a, l
        sub  c
        ld   l, a
        ld   a, h
        sbc  a, b
        ld   h, a           ; limit times the sum
        ld   bc, {_HALVES[15]}
        bit  7, d
        jr   nz, .far
        ld   a, d
        or   a
        jr   z, .doubled
        ld   e, d
.double: add hl, hl
        dec  e
        jr   nz, .double
.doubled: ld de, .ending15
        cpl
        add  a, {shape.most_left + 1}
        jr   .left
.far:   inc  d
        ld   de, .ending16
        ld   bc, {_HALVES[16]}
        jr   z, .most
        ld   de, .ending17
        ld   bc, {_HALVES[17]}
.most:  ld   a, {shape.most_left}
{_PATCH_SHIFTS}
{endings}
.patched:
"""


def _find_ones(products: str) -> str:
    """Where the list of chances of 1 begins, and the code for as many."""
    return f"""
        ld   a, bank({products})
        ld   (rROMB0), a
        ldh  a, (h_ones)
        ld   c, a
        cpl
        dec  a
        ld   e, a           ; how many
        rrca
        rrca
        and  0xC0
        cpl
        inc  a
        ld   (a_ones_start + 1), a
        ld   d, 0
        ld   hl, attend_entries
        add  hl, de
        add  hl, de
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        bit  0, e
        jr   z, .even
        dec  c
        ld   (a_odd_go + 1), a
        ld   a, h
        ld   (a_odd_go + 2), a
        ld   hl, a_odd
.even:  ld   a, l
        ld   (a_ones_go + 1), a
        ld   a, h
        ld   (a_ones_go + 2), a
        ld   a, c
        ld   (a_ones_from + 1), a
        ld   a, hi(a_ones)
        ld   (a_ones_from + 2), a
        ldh  a, (h_value_bank)
        ld   (a_value_bank), a
        ldh  a, (h_value_page)
        ld   d, a
        jp   a_channel
"""
