"""What becomes of turned heads: queries are halved, keys turned into bits."""

from lilliput.deploy.gameboy.steps.turn_pairs import HIGH_BYTES


def halve_all(heads: int, width: int, first: int, limit: int, high: int) -> str:
    """Heads whose magnitudes' sum is above the limit, each by as many halvings as that takes."""
    text = f"""
        ld   sp, {first}
        ld   a, {heads}
        ldh  ({high + 2}), a
.sum:   ld   de, 0
"""
    for at in range(width):
        text += f"""
        pop  hl
        bit  7, h
        jr   z, .plus{at}
        ld   a, e
        sub  l
        ld   e, a
        ld   a, d
        sbc  a, h
        ld   d, a
        jr   .added{at}
.plus{at}: add hl, de
        ld   d, h
        ld   e, l
.added{at}:
"""
    return f"""{text}
.check: ld   hl, {-limit - 1}
        add  hl, de
        jr   c, .over
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jp   nz, .sum
        jp   .halved
.over:  add  sp, {-2 * width}
        ld   b, {width}
.halve: pop  hl
        bit  7, h
        jr   z, .plus
        inc  hl             ; toward zero
.plus:  sra  h
        rr   l
        push hl
        pop  hl
        dec  b
        jr   nz, .halve
        srl  d
        rr   e
        jr   .check
.halved:
"""


def make_bits(width: int, bits: int, k_shift: int, high: int) -> str:
    """Of each head: every channel's number into high memory, then these turned into bytes of a bit each."""
    down, numbers = 5 + k_shift, high + HIGH_BYTES + 2
    shift = "sla e\nrla\n" * (8 - down) + "srl a\n" * (down - 8)
    text = f"""
.key:   ldh  a, ({high + HIGH_BYTES})
        ld   l, a
        ldh  a, ({high + HIGH_BYTES + 1})
        ld   h, a
"""
    for word in range(width):
        text += f"""
        pop  de
        ld   a, (hl+)
        add  a, e
        ld   e, a
        ld   a, (hl+)
        adc  a, d
        cp   {1 << bits + down - 8}
        jr   c, .within{word}
        add  a, a
        sbc  a, a
        cpl
        and  {(1 << bits) - 1}
        jr   .number{word}
.within{word}: {shift}
.number{word}: ldh ({numbers + word}), a
"""
    text += f"""
        ld   a, l
        ldh  ({high + HIGH_BYTES}), a
        ld   a, h
        ldh  ({high + HIGH_BYTES + 1}), a
"""
    size = 0
    for first in reversed(range(0, width, 8)):
        for lowest in reversed(range(0, bits, 6)):
            count = min(6, bits - lowest)
            text += _gather_bits(range(numbers + first, numbers + min(width, first + 8)), lowest, count)
            size += count + 1 & ~1
    return f"""{text}
        add  sp, {size}
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jp   nz, .key
"""


def _gather_bits(numbers: range, lowest: int, count: int) -> str:
    """Push `count` bytes, the lowest bit's last: bits of numbers in high memory, one number a bit."""
    registers = "cbedlh"[:count]
    text = "".join(f"ld {register}, 0\n" for register in registers if len(numbers) < 8)
    for number in reversed(numbers):
        text += f"ldh a, ({number})\n" + "rra\n" * lowest
        text += "".join(f"rra\nrl {register}\n" for register in registers)
    return text + "".join(f"push {pair}\n" for pair in ("hl", "de", "bc")[3 - (count + 1) // 2 :])
