"""The slow way from scores to chances, which serves all (see select.py)."""

from lilliput.deploy.gameboy.attention.shape import UNIT_BYTES, AttendShape
from lilliput.deploy.gameboy.attention.tables import NO_CHANCE

_SHIFT = """
        ld   h, a
        ld   a, l
        add  a, lo(c_half)
        ld   l, a
        ld   a, h
        adc  a, hi(c_half)
        rra
        rr   l
"""
_SHIFT_ON = "srl a\nrr l\n"
_HELPERS = f"""
.top:   ldh  a, (h_score + 1)   ; HL: the upper byte of the newest slot, B: how many
        ld   h, a
        ld   a, (a_count)
        ld   b, a
        dec  a
        add  a, a
        ld   l, a
        ldh  a, (h_score)
        add  a, l
        ld   l, a
        ret
.add:   ld   c, a               ; the chance in A to h_total; A stays
        ldh  a, (h_total)
        add  a, c
        ldh  (h_total), a
        ldh  a, (h_total + 1)
        adc  a, 0
        ldh  (h_total + 1), a
        ld   a, c
        ret
.chance: ld  a, (hl-)           ; of the score at HL, which goes on to the next: A, and whether it is 0
        ld   c, a
        ld   a, (hl-)
        push hl
        sub  e
        ld   l, a
        ld   a, c
        sbc  a, d
        @shift
        cp   c_pages
        jr   nc, .none
        add  a, hi(c_table)
        ld   h, a
        ld   a, (hl)
        pop  hl
        cp   {NO_CHANCE}
        jr   z, .zero
        srl  a
        inc  a
        ret
.none:  pop  hl
.zero:  xor  a
        ret
"""
"""Where walks begin; adding a chance; finding a score's."""


_ONE = """
.one:   ldh  a, (h_ones)
        dec  a
        ldh  (h_ones), a
        ld   h, hi(a_ones)
        ld   l, a
        ld   (hl), b
.put:   pop  hl
        pop  bc
"""
"""A chance of 1, of the slot in B."""


def write_slow(shape: AttendShape, right: int) -> str:
    """Assembly, @_slow: it does what the rest of make_select_bank's code does.

    `right`: by how much scores are shifted right. DE is the least score, HL walks over upper bytes, B counts
    slots; the stack serves for calls.
    """
    return (
        _write_sum(shape)
        + _write_filling(shape)
        + _HELPERS.replace("@shift", _SHIFT + _SHIFT_ON * (right - 1) if right else "")
    )


def _write_sum(shape: AttendShape) -> str:
    """The least score, and how often chances are halved: h_down."""
    return f"""
@_slow: ld   sp, a_stack
        call .top
        ld   de, 0xFFFF
.least: ld   a, (hl-)
        ld   c, a
        ld   a, (hl)
        sub  e
        ld   a, c
        sbc  a, d
        jr   nc, .not_less
        ld   d, c
        ld   e, (hl)
.not_less: dec hl
        dec  b
        jr   nz, .least
        xor  a
        ldh  (h_total), a
        ldh  (h_total + 1), a
        call .top
.sum_up: call .chance
        jr   z, .nothing
        call .add
.nothing: dec b
        jr   nz, .sum_up
        xor  a
        ldh  (h_down), a
.halve: ldh  a, (h_total)
        ld   c, a
        ldh  a, (h_total + 1)
        ld   b, a
        ld   a, lo({shape.most_sum})
        sub  c
        ld   a, hi({shape.most_sum})
        sbc  a, b
        jr   nc, .halved
        srl  b
        rr   c
        ld   a, c
        ldh  (h_total), a
        ld   a, b
        ldh  (h_total + 1), a
        ldh  a, (h_down)
        inc  a
        ldh  (h_down), a
        jr   .halve
"""


def _write_filling(shape: AttendShape) -> str:
    """Chances above 0 to the list of ones and the program of values."""
    return f"""
.halved: xor a
        ldh  (h_total), a
        ldh  (h_total + 1), a
        ld   a, 0xFE
        ldh  (h_ones), a
        ld   hl, a_program + {UNIT_BYTES * shape.slots}
        ld   a, l
        ld   (attend_values + 1), a
        ld   a, h
        ld   (attend_values + 2), a
        call .top
.fill:  call .chance
        jr   z, .filled
        ld   c, a
        ldh  a, (h_down)
        or   a
        jr   z, .whole
.shift: srl  c
        dec  a
        jr   nz, .shift
.whole: ld   a, c
        or   a
        jr   z, .filled
        call .add
        push bc
        push hl
        inc  hl             ; the address of the score's lower byte
        ld   b, l
        dec  a
        jr   z, .one
        add  a, a
        ld   c, a
        ld   a, (attend_values + 1)
        sub  {UNIT_BYTES}
        ld   (attend_values + 1), a
        ld   l, a
        ld   a, (attend_values + 2)
        sbc  a, 0
        ld   (attend_values + 2), a
        ld   h, a
        inc  hl
        ld   (hl), b
        inc  hl
        inc  hl
        inc  hl
        inc  hl
        ld   (hl), c
        jr   .put
{_ONE}
.filled: dec b
        jr   nz, .fill
        ldh  a, (h_total)
        ld   l, a
        ldh  a, (h_total + 1)
        ld   h, a
        jp   attend_chosen
"""
