"""Sums of a matrix whose inputs have an exponent, shifted by what that leaves, into the residual stream.

A row's shift is known, the exponent only when it runs: for each exponent a table in the ROM has what each
row is shifted by then. What was shifted by 2 or more has 14 bits, so 16 hold its sum with an h of 15; only
beyond, and for shifts of 0 and 1, is it looked at closely.
"""

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.stack import restore_stack
from lilliput.errors import ConfigError

HIGH_BYTES = 3
_MOST_SHIFT = 14
_HALF = "sra h\nrr l\n"


def find_most_exponent(shifts: NDArray[np.int64]) -> int:
    """The exponent from which on all of these shifts are 0."""
    return int(shifts.max(initial=0))


def make_rejoin_table(label: str, shifts: NDArray[np.int64]) -> Block:
    """For each exponent up to the greatest that matters and each row what it is shifted by, in any bank.

    It needs a multiple of 256: a page for each exponent, up to 256 rows of `shifts` (R,). Raises ConfigError
    for more rows, and for shifts that are not 0 to 14.
    """
    if len(shifts) > 256 or shifts.min() < 0 or shifts.max() > _MOST_SHIFT:
        raise ConfigError(
            f"{len(shifts)} rows with shifts of {shifts.min()} to {shifts.max()}: a cartridge has 256 rows "
            f"that join the residual stream, and shifts of 0 to {_MOST_SHIFT}"
        )
    exponents = np.arange(find_most_exponent(shifts) + 1)[:, np.newaxis]
    left = np.maximum(shifts - exponents, 0)
    entries = np.where(left < 2, 2 * left + 1, 2 * (left - 1))
    pages = np.zeros((len(entries), 256), np.uint8)
    pages[:, : len(shifts)] = entries
    return Block.of(pages.tobytes(), {label: 0})


def write_rejoin(name: str, *, size: int, sums: int, target: int, exponent: int, high: int) -> Block:
    """A routine for bank 0, `name`: h becomes sat(h + rsh(sum, max(shift - e, 0)), 32767) for `size` rows.

    Sums are words at `sums`, h words at `target`. A has the greatest exponent that matters of
    make_rejoin_table's block, D the block's page, E its bank, below 256; e is the byte at `exponent` in high
    memory. `high`: HIGH_BYTES of it. It changes every register and the bank of the ROM; the stack may be
    anywhere. A row takes some 60 M-cycles.
    """
    if size > 256:
        raise ConfigError(f"a residual stream of {size} is too wide: 256 are possible")
    unroll = max(part for part in (4, 2, 1) if size % part == 0)
    step = "inc e" if target % 2 == 0 else "inc de"
    rows = "".join(_write_row(at, step) for at in range(unroll))
    rare = "".join(_write_rarely(at, step) for at in range(unroll))
    return assemble(
        f"""
{name}: ld   ({high}), sp
        ld   b, a
        ld   a, e
        ld   (rROMB0), a
        ldh  a, ({exponent})
        cp   b
        jr   c, .known
        ld   a, b
.known: add  a, d
        ld   b, a
        ld   c, 0
        ld   sp, {sums}
        ld   de, {target}
        ld   a, {size // unroll & 0xFF}
        ldh  ({high + 2}), a
.row:   {rows}
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jp   nz, .row
        {restore_stack(high)}
        ret
{rare}
""",
        name=name,
    )


def _write_row(at: int, step: str) -> str:
    """HL = the sum, floored to half its unit and then rounded; then h and HL."""
    return f"""
        pop  hl
        ld   a, (bc)
        inc  c
        rra
        jp   c, .seldom{at}
        rra
        jr   nc, .two{at}
        {_HALF}
.two{at}: rra
        jr   nc, .four{at}
        {_HALF * 2}
.four{at}: rra
        jr   nc, .eight{at}
        {_HALF * 4}
.eight{at}: rra
        jr   nc, .round{at}
        ld   l, h
        ld   a, h
        rla
        sbc  a, a
        ld   h, a
.round{at}: inc hl
        {_HALF}
        {step}
        ld   a, (de)
        add  a, 0x40
        rla
        jp   c, .far{at}
        dec  de
        ld   a, (de)
        add  a, l
        ld   (de), a
        {step}
        ld   a, (de)
        adc  a, h
        ld   (de), a
.done{at}: inc de
"""


def _write_rarely(at: int, step: str) -> str:
    """A shift of 0 or 1; h beyond 14 bits, its upper byte at DE. The sum that was read may be overwritten."""
    return f"""
.seldom{at}: rra
        jr   nc, .whole{at}
        {_HALF}
        ld   a, l           ; the bit that left rounds
        adc  a, 0
        ld   l, a
        ld   a, h
        adc  a, 0
        ld   h, a
.whole{at}: {step}
.far{at}: push bc
        ld   a, (de)
        ld   b, a
        dec  de
        ld   a, (de)
        add  a, l
        ld   l, a
        ld   a, b
        adc  a, h
        ld   c, a           ; C, L: the sum
        xor  b
        ld   b, a
        ld   a, c
        xor  h
        and  b
        rla                 ; its sign is neither's
        jr   nc, .inside{at}
        ld   c, 0x7F
        ld   l, 0xFF
        bit  7, h
        jr   z, .store{at}
        ld   c, 0x80
        ld   l, 1
        jr   .store{at}
.inside{at}: ld a, c
        xor  0x80
        or   l
        jr   nz, .store{at}
        inc  l              ; -32768 does not occur
.store{at}: ld a, l
        ld   (de), a
        {step}
        ld   a, c
        ld   (de), a
        pop  bc
        jp   .done{at}
"""
