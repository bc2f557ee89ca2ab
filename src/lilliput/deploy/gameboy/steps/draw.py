"""Drawing a token (docs/integer-arithmetic.md, section 4): chances are looked up by distance from the
greatest logit.

A plan's multiplication and power of two are one table in the ROM, made here by the reference's own formulas.
Only its last entries that are not 0 need room: 8,192 words a bank. Three walks over the logits: the
greatest; the sum of chances; and, as far as the drawn number leads, their running sum.
"""

import numpy as np

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.memory import ROM_BANK_BYTES
from lilliput.deploy.gameboy.machine.stack import restore_stack
from lilliput.deploy.gameboy.steps.random_numbers import write_random
from lilliput.errors import ConfigError
from lilliput.quantize.draw import DRAW_BITS, DrawPlan, cut_chances
from lilliput.quantize.fixed import Ints, make_exp2_table

HIGH_BYTES = 14
_WORDS_OF_BANK = ROM_BANK_BYTES // 2
_MOST_DISTANCE = 65534
_UNROLL = (8, 4, 2, 1)


def make_chances(plan: DrawPlan) -> Ints:
    """(distances,) the chance of a token so far below the likeliest, up to the last that is not 0.

    Raises ConfigError for a plan that cuts by rank or by sum.
    """
    if plan.top_k or plan.top_p != 65536:
        raise ConfigError("a cartridge draws with temperature and min_p; leave top_k at 0 and top_p at 1")
    table = make_exp2_table(DRAW_BITS).astype(np.int64)
    chances = cut_chances(-np.arange(_MOST_DISTANCE + 1), plan, table)
    return chances[: int(np.flatnonzero(chances)[-1]) + 1]


def count_chance_banks(plans: list[DrawPlan]) -> int:
    """Banks that the longest of the plans' tables takes: what write_draw is told, and each of them is
    given."""
    return max(
        (-(-len(make_chances(plan)) // _WORDS_OF_BANK) for plan in plans if plan.multiplier), default=1
    )


def make_chance_tables(name: str, plan: DrawPlan, banks: int) -> tuple[Block, ...]:
    """The table of one plan with a temperature for so many consecutive banks, from 0x4000 on: NAME.0 and so
    on.

    Raises ConfigError where it does not fit.
    """
    chances = make_chances(plan)
    if len(chances) > banks * _WORDS_OF_BANK:
        raise ConfigError(f"a plan has chances for {len(chances)} distances: more than {banks} banks hold")
    padded = np.pad(chances, (0, banks * _WORDS_OF_BANK - len(chances))).astype("<u2")
    parts = padded.reshape(banks, _WORDS_OF_BANK)
    return tuple(Block.of(part.tobytes(), {f"{name}.{at}": 0}) for at, part in enumerate(parts))


def write_draw(
    name: str, *, vocabulary: int, logits: int, banks: int, plan: int, state: int, high: int
) -> Block:
    """A routine for bank 0, `name`: a token in DE, of the `vocabulary` words at `logits`.

    At `plan` in high memory lies a byte, the first of the `banks` banks of the plan's table (below 256), or
    0: then it is the likeliest token, of equals the first. At `state` lie the generator's 32 bits, the
    lowest byte first. `high`: HIGH_BYTES of high memory. It changes every register and the bank of the ROM;
    the stack may be anywhere. Raises ConfigError for more tables than an address of distances has bits for.
    """
    if not 1 <= banks <= 8 or not 1 <= vocabulary <= 32768:
        raise ConfigError(f"{banks} banks of chances and {vocabulary} tokens: 8 and 32,768 are possible")
    unroll = max(part for part in _UNROLL if vocabulary % part == 0)
    turns = vocabulary // unroll
    counts = turns & 0xFF, -(-turns // 256)
    text = (
        f"{name}: ld ({high}), sp\n"
        + _find_greatest(logits, counts, unroll)
        + f"ldh a, ({plan})\nor a\njr nz, .draw\n"
        + _find_first(logits)
        + _sum_chances(logits, counts, unroll, banks, plan, high)
        + _count_idle_bits(high)
        + _draw_below(high, f"{name}_random")
        + _find_drawn(logits, unroll, banks, plan, high)
        + f"""
.found: ld   hl, sp+0
        ld   de, {-logits - 2 & 0xFFFF}
        add  hl, de
        srl  h
        rr   l
        ld   d, h
        ld   e, l
        {restore_stack(high)}
        ret
"""
    )
    return assemble(text, name=name) + write_random(f"{name}_random", state)


def _find_greatest(logits: int, counts: tuple[int, int], unroll: int) -> str:
    """BC = the greatest logit."""
    text = f"ld sp, {logits}\nld bc, 0\nld hl, {counts[1] << 8 | counts[0]}\n.greatest:\n"
    for at in range(unroll):
        text += f"""
        pop  de
        ld   a, d
        xor  0x80           ; bytes above in order without a sign
        cp   b
        jr   c, .less{at}
        jr   nz, .more{at}
        ld   a, c
        cp   e
        jr   nc, .less{at}
        ld   a, b
.more{at}: ld b, a
        ld   c, e
.less{at}:
"""
    return (
        text
        + """
        dec  l
        jp   nz, .greatest
        dec  h
        jp   nz, .greatest
        ld   a, b
        xor  0x80
        ld   b, a
"""
    )


def _find_first(logits: int) -> str:
    """The first token of the greatest logit, which exists."""
    return f"""
        ld   sp, {logits}
.first: pop  de
        ld   a, e
        cp   c
        jr   nz, .first
        ld   a, d
        cp   b
        jr   nz, .first
        jp   .found
"""


def _look_up(at: str, banks: int, plan: int, high: int) -> str:
    """HL = the chance of the next logit, or on to .no where it is 0 for certain; BC is the greatest logit."""
    beyond = "" if banks == 8 else f"cp {32 * banks}\njr nc, .no{at}\n"
    choose = f"""
        ldh  ({high + 13}), a
        swap a
        rrca
        and  7
        ld   h, a
        ldh  a, ({plan})
        add  a, h
        ld   (rROMB0), a
        ldh  a, ({high + 13})
        and  0x1F
"""
    return f"""
        pop  hl
        ld   a, c
        sub  l
        ld   l, a
        ld   a, b
        sbc  a, h
        {beyond}
        {choose if banks > 1 else ""}
        ld   h, a
        add  hl, hl
        set  6, h
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
"""


def _sum_chances(logits: int, counts: tuple[int, int], unroll: int, banks: int, plan: int, high: int) -> str:
    """The sum of all chances, 32 bits from high + 4 on; the greatest logit at high + 11."""
    text = f"""
.draw:  ld   (rROMB0), a
        ld   sp, {logits}
        ld   de, 0
        xor  a
        ldh  ({high + 6}), a
        ldh  ({high + 7}), a
        ld   a, {counts[0]}
        ldh  ({high + 2}), a
        ld   a, {counts[1]}
        ldh  ({high + 3}), a
.sum:
"""
    for at in range(unroll):
        text += (
            _look_up(f"s{at}", banks, plan, high)
            + f"""
        add  hl, de
        ld   d, h
        ld   e, l
        jr   nc, .nos{at}
        ldh  a, ({high + 6})
        add  a, 1
        ldh  ({high + 6}), a
        ldh  a, ({high + 7})
        adc  a, 0
        ldh  ({high + 7}), a
.nos{at}:
"""
        )
    return (
        text
        + f"""
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jp   nz, .sum
        ldh  a, ({high + 3})
        dec  a
        ldh  ({high + 3}), a
        jp   nz, .sum
        ld   a, e
        ldh  ({high + 4}), a
        ld   a, d
        ldh  ({high + 5}), a
        ld   a, c
        ldh  ({high + 11}), a
        ld   a, b
        ldh  ({high + 12}), a
"""
    )


def _count_idle_bits(high: int) -> str:
    """At high + 8: how many bits of a number of 32 go, so that the sum less one has as many as are left."""
    return f"""
        {restore_stack(high)}
        ldh  a, ({high + 7})
        ld   d, a
        ldh  a, ({high + 6})
        ld   e, a
        ldh  a, ({high + 5})
        ld   h, a
        ldh  a, ({high + 4})
        sub  1
        ld   l, a
        ld   a, h
        sbc  a, 0
        ld   h, a
        ld   a, e
        sbc  a, 0
        ld   e, a
        ld   a, d
        sbc  a, 0
        ld   d, a
        ld   b, 0
.lead:  bit  7, d
        jr   nz, .places
        add  hl, hl
        rl   e
        rl   d
        inc  b
        bit  5, b
        jr   z, .lead
.places: ld  a, b
        ldh  ({high + 8}), a
"""


def _draw_below(high: int, random: str) -> str:
    """A number below the sum: its lower half in DE, its upper half at high + 6; BC is the greatest logit
    again."""
    compare = "".join(
        f"ldh a, ({high + 4 + at})\nld c, a\nld a, {register}\n{'sbc' if at else 'sub'} a, c\n"
        for at, register in enumerate("lhed")
    )
    return f"""
.again: call {random}
        ldh  a, ({high + 8})
        or   a
        jr   z, .upper
        ld   b, a
.place: srl  d
        rr   e
        rr   h
        rr   l
        dec  b
        jr   nz, .place
.upper: {compare}
        jr   nc, .again
        ld   a, e
        ldh  ({high + 6}), a
        ld   a, d
        ldh  ({high + 7}), a
        ld   d, h
        ld   e, l
        ldh  a, ({high + 11})
        ld   c, a
        ldh  a, ({high + 12})
        ld   b, a
"""


def _find_drawn(logits: int, unroll: int, banks: int, plan: int, high: int) -> str:
    """Take chances away until the number is below 0: it is below their sum."""
    text = f"""
        ld   sp, {logits}
.walk:
"""
    for at in range(unroll):
        text += (
            _look_up(f"d{at}", banks, plan, high)
            + f"""
        ld   a, e
        sub  l
        ld   e, a
        ld   a, d
        sbc  a, h
        ld   d, a
        jr   nc, .nod{at}
        ldh  a, ({high + 6})
        sub  1
        ldh  ({high + 6}), a
        ldh  a, ({high + 7})
        sbc  a, 0
        ldh  ({high + 7}), a
        jp   c, .found
.nod{at}:
"""
        )
    return text + "jp .walk\n"
