"""Sums of chances times values, and their division by the sum of chances, channel by channel.

The bank of products has a page for each value, in which a chance finds their product. A channel's values lie in
one page of battery memory, a slot's at the byte that its score's address has. So a chance is 13 bytes of code
in work memory, filled in once for all channels and run once for each: 16 M-cycles. Chances of 1 need no product:
their values are summed in A, eight before it could overflow: 5.25 M-cycles each.

A value v counts as v + limit throughout, which is taken away at the end as limit times the sum of chances.
"""

from lilliput.deploy.gameboy.assembler import assemble
from lilliput.deploy.gameboy.attend_shape import AttendPlaces, AttendShape
from lilliput.deploy.gameboy.attend_tables import ROWS_OF_BANK
from lilliput.deploy.gameboy.block import Block

_UNIT = """
        ld   l, 0           ; the slot
        ld   h, d           ; the channel
        ld   h, (hl)
        ld   l, 0           ; the chance
        ld   a, (hl)
        add  a, c
        ld   c, a
        inc  l
        ld   a, (hl)
        adc  a, b
        ld   b, a
"""
_PAIR = "pop de\nld l, e\nadd a, (hl)\nld l, d\nadd a, (hl)\n"
_FLUSH = "add a, c\nld c, a\njr nc, .kept{n}\ninc b\n.kept{n}: xor a\n"
_PAIR_BYTES, _HALF_PAIR_BYTES, _BLOCK_BYTES, _FLUSH_BYTES = 5, 3, 26, 6
_ENDINGS = {15: "rl c\nrla", 16: "nop\nnop\nnop", 17: "sra a\nnop"}
"""Three bytes that end a mean whose product, in A, C and a byte below, is shifted right by so much."""


def make_program(shape: AttendShape, places: AttendPlaces) -> Block:
    """Code to be copied to a_program in attention's bank of work memory, where it runs and is written to.

    a_channel: from the list of ones and the units that are filled in, to means of all channels at h_mean. It
    needs the banks of products and values, D = the page of channel 0, and what attend_chosen set; it changes
    every register and goes on at attend_averaged.
    """
    most_left = shape.left_shift(1 << shape.chance_bits)
    return assemble(
        f"""
{_UNIT * shape.slots}
a_summed: ld a, d
        and  {shape.d_head - 1}
        add  a, a
        ld   l, a
        ld   h, hi(a_sums)
        ld   (hl), c
        inc  l
        ld   (hl), b
        inc  d
        ld   a, d
        and  {shape.d_head - 1}
        jr   z, a_average
a_channel: ld h, d
        ld   bc, 0
a_ones_from: ld sp, 0
a_ones_start: ld a, 0
a_ones_go: jp a_odd
a_odd:  pop  de
a_odd_go: jp a_odd
a_listed: ld d, h
attend_values: jp a_summed
attend_scan: jp a_summed

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
a_half: xor  a              ; half a unit less that product
        sub  e
        ld   (a_constant0 + 1), a
a_half1: ld  a, 0
        sbc  a, d
        ld   (a_constant1 + 1), a
a_half2: ld  a, 0
        sbc  a, b
        ld   (a_constant2 + 1), a
        ldh  a, (h_mean)
        ld   (a_mean + 1), a
        ldh  a, (h_mean + 1)
        ld   (a_mean + 2), a
        ld   sp, a_sums
        ld   d, {shape.d_head}
a_next: pop  hl
a_left: jr   a_doubled
{"        add  hl, hl" + chr(10) if most_left else ""}{("        add  hl, hl" + chr(10)) * max(most_left - 1, 0)}
a_doubled: ld b, h
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
{_ENDINGS[16]}
a_mean: ld   (0), a
        ld   hl, a_mean + 1
        inc  (hl)
        dec  d
        jr   nz, a_next
        jp   attend_averaged
""",
        places.names(),
        "attention's program",
    )


def write_ones(shape: AttendShape) -> str:
    """Assembly for the bank of products: sums of values whose chance is 1, on top of BC; on to a_listed.

    attend_entries has a word for each count: where to begin; for odd ones, with two slots in DE, the first of
    which does not count.
    """
    blocks = -(-shape.slots // 8)
    text = "attend_ones:\n" + "".join(_PAIR * 4 + _FLUSH.format(n=n) for n in range(blocks)) + "jp a_listed\n"
    entries = []
    for count in range(shape.slots + 1):
        whole, rest = divmod(count, 8)
        back = whole * _BLOCK_BYTES
        if rest:
            back += _FLUSH_BYTES + _PAIR_BYTES * (-(-rest // 2)) - _HALF_PAIR_BYTES * (rest % 2)
        entries.append(f".word attend_ones + {blocks * _BLOCK_BYTES - back}\n")
    return text + "attend_entries:\n" + "".join(entries)


def write_chosen(shape: AttendShape, reciprocals: str, products: str, rows: str) -> str:
    """Assembly for bank 0, attend_chosen: HL is the sum of chances; all that the program needs is set.

    reciprocals: a label in the bank of the ROM that is seen. products and rows: sections, the rows in banks
    that follow one another.
    """
    bits = shape.value_limit.bit_length()
    return f"""
attend_chosen:
        ld   b, h
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
        ld   h, b
        ld   l, c
        ld   a, 17
.bits:  dec  a              ; the sum's bits
        add  hl, hl
        jr   nc, .bits
        ld   d, a
        ld   h, b
        ld   l, c
{"add hl, hl" + chr(10)}{("add hl, hl" + chr(10)) * (bits - 1)}
        ld   a, l
        sub  c
        ld   l, a
        ld   a, h
        sbc  a, b
        ld   h, a
        ld   a, {8 + shape.o_shift}
        sub  d
        jr   c, .far
        ld   d, a
        ld   b, a
        inc  b
.double: dec b
        jr   z, .doubled
        add  hl, hl
        jr   .double
.doubled: ld a, l
        ld   (a_limited + 1), a
        ld   a, h
        ld   (a_limited + 2), a
        ld   a, {shape.left_shift(1 << shape.chance_bits)}
        sub  d
        ld   (a_left + 1), a
        ld   hl, .ending15
        ld   bc, 0x0040
        jr   .patch
.far:   cpl
        inc  a
        ld   d, a
        ld   a, l
        ld   (a_limited + 1), a
        ld   a, h
        ld   (a_limited + 2), a
        ld   a, {shape.left_shift(1 << shape.chance_bits)}
        ld   (a_left + 1), a
        dec  d
        ld   hl, .ending16
        ld   bc, 0x0080
        jr   z, .patch
        ld   hl, .ending17
        ld   bc, 0x0100
.patch: ld   a, (hl+)
        ld   (a_last_shift), a
        ld   a, (hl+)
        ld   (a_last_shift + 1), a
        ld   a, (hl)
        ld   (a_last_shift + 2), a
        ld   a, c
        ld   (a_half1 + 1), a
        ld   a, b
        ld   (a_half2 + 1), a
        ld   a, bank({products})
        ld   (rROMB0), a
        ldh  a, (h_ones)
        ld   c, a
        cpl
        dec  a
        ld   e, a           ; how many ones
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
        ld   (rRAMB), a
        ldh  a, (h_value_page)
        ld   d, a
        jp   a_channel
.ending15: {_ENDINGS[15]}
.ending16: {_ENDINGS[16]}
.ending17: {_ENDINGS[17]}
"""
