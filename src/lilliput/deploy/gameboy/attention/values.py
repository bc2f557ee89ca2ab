"""Sums of chances times values, channel by channel.

The bank of products has a page for each value, in which a chance finds their product. A channel's values lie
in one page of battery memory, a slot's at the byte that its score's address has. So a chance is 13 bytes of
code in work memory, filled in once for all channels and run once for each: 16 M-cycles. Chances of 1 need no
product: their values are summed in A, eight before it could overflow: 5.25 M-cycles each.

A value v counts as v + limit throughout; means.py takes away what is too much.
"""

from lilliput.deploy.gameboy.attention.means import write_means
from lilliput.deploy.gameboy.attention.shape import AttendPlaces, AttendShape
from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block

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


def make_program(shape: AttendShape, places: AttendPlaces) -> Block:
    """Code to be copied to a_program in attention's bank of work memory, where it runs and is written to.

    a_channel: from the list of ones and the units that are filled in, to means of all channels at h_mean. It
    needs the banks of products and values, D = the page of channel 0, and what attend_chosen set; it changes
    every register and goes on at attend_averaged. A channel takes 40 M-cycles (47 where the list of ones has
    an odd length), 16 for each unit, 4.5 for each one, 6 for each eight of these, and its mean 53.
    """
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
{write_means(shape)}
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
