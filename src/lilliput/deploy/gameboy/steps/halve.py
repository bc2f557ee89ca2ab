"""Inputs of a matrix whose squares' sum is beyond what its rows' sums bear: shifted down by one more
exponent.

A quick sum of squares, rounded up in units of 128, is enough to see that nearly all are within. Only what is
near the limit is summed exactly.
"""

import numpy as np

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.stack import restore_stack
from lilliput.errors import ConfigError

HIGH_BYTES = 4
_UNIT_BITS = 7
_STRIDES = (1, 2, 4)


def make_square_tables(label: str) -> Block:
    """768 bytes for a bank of the ROM, at a multiple of 256, by a signed byte: its square in units of 128,
    rounded up; the low byte of its square; the high byte."""
    squares = ((np.arange(256) ^ 128) - 128) ** 2
    pages = [-(-squares >> _UNIT_BITS), squares & 0xFF, squares >> 8]
    return Block.of(np.stack(pages).astype(np.uint8).tobytes(), {label: 0})


def write_halve(
    name: str,
    *,
    count: int,
    source: int,
    stride: int,
    square_limit: int,
    tables: str,
    exponent: int,
    high: int,
) -> Block:
    """A routine for bank 0, `name`: rsh(x, e) of `count` signed bytes, with the least e for which the sum of
    their squares, shifted down by 2 e, is within `square_limit`; e is added to the byte at `exponent`.

    The bytes lie at `source` and every 1, 2 or 4 behind; up to 256 of them, an even number where they lie
    together. `tables` is the label of make_square_tables' block, in a bank below 256; `exponent` in high
    memory; `high`: HIGH_BYTES of it. It changes every register and the bank of the ROM; the stack may be
    anywhere. Raises ConfigError for other counts.
    """
    together = 2 if stride == 1 else 1
    if stride not in _STRIDES or not 1 <= count <= 256 or count % together:
        raise ConfigError(f"{count} bytes, one every {stride}: 256 are possible, every 1 (then even), 2 or 4")
    turns, fetch = count // together & 0xFF, "pop de\n" * max(1, stride // 2)
    first = source - 2 * (stride == 4)  # of two words that are fetched the second tells
    return assemble(
        f"{name}: ld ({high}), sp\nld a, bank({tables})\nld (rROMB0), a\n"
        + _sum_roughly(turns, fetch, "ed"[:together], first, square_limit, tables)
        + _sum_exactly(turns, fetch, "ed"[:together], first, tables, high)
        + _shift(count, source, stride, square_limit, exponent)
        + f".leave:\n{restore_stack(high)}ret\n",
        name=name,
    )


def _sum_roughly(turns: int, fetch: str, registers: str, source: int, limit: int, tables: str) -> str:
    """On to .leave where even the sum of what is rounded up is within the limit."""
    units = min(limit >> _UNIT_BITS, 0xFFFF)
    add = "".join(f"ld l, {r}\nadd a, (hl)\njr nc, .rough_{r}\ninc b\n.rough_{r}:\n" for r in registers)
    return f"""
        ld   sp, {source}
        ld   h, hi({tables})
        ld   bc, {turns}
        xor  a
.rough: {fetch}{add}
        dec  c
        jr   nz, .rough
        ld   c, a
        ld   a, {units & 0xFF}
        sub  c
        ld   a, {units >> 8}
        sbc  a, b
        jp   nc, .leave
"""


def _sum_exactly(turns: int, fetch: str, registers: str, source: int, tables: str, high: int) -> str:
    """D, B, C: the sum of squares."""
    add = "".join(
        f"ld l, {r}\nld a, c\nadd a, (hl)\nld c, a\ninc h\nld a, b\nadc a, (hl)\nld b, a\ndec h\n"
        f"jr nc, .sum_{r}\nldh a, ({high + 2})\ninc a\nldh ({high + 2}), a\n.sum_{r}:\n"
        for r in registers
    )
    return f"""
        ld   sp, {source}
        ld   h, hi({tables}) + 1
        ld   bc, 0
        xor  a
        ldh  ({high + 2}), a
        ld   a, {turns}
        ldh  ({high + 3}), a
.sum:   {fetch}{add}
        ldh  a, ({high + 3})
        dec  a
        ldh  ({high + 3}), a
        jr   nz, .sum
        ldh  a, ({high + 2})
        ld   d, a
"""


def _shift(count: int, source: int, stride: int, limit: int, exponent: int) -> str:
    """From the sum D, B, C to the exponent E, and all bytes down by it."""
    limit, skip = min(limit, 2**24 - 1), "inc hl\n"
    return f"""
        ld   e, 0
.check: ld   a, {limit & 0xFF}
        sub  c
        ld   a, {limit >> 8 & 0xFF}
        sbc  a, b
        ld   a, {limit >> 16}
        sbc  a, d
        jr   nc, .known
        srl  d
        rr   b
        rr   c
        srl  d
        rr   b
        rr   c
        inc  e
        jr   .check
.known: ld   a, e
        or   a
        jr   z, .leave
        ldh  a, ({exponent})
        add  a, e
        ldh  ({exponent}), a
        ld   hl, {source}
        ld   c, {count & 0xFF}
.byte:  ld   b, e
        ld   a, (hl)
.place: sra  a
        dec  b
        jr   nz, .place
        adc  a, 0           ; the last bit that left rounds
        ld   (hl), a
        {skip * stride}
        dec  c
        jr   nz, .byte
"""
