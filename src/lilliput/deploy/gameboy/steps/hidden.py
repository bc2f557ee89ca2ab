"""The gated layer with 9-bit factors: hidden values of 12 bits, and the exponent that leaves 8 of them.

A product is a look in the ROM: of a magnitude |A| and a magnitude |u|, rsh(|A| |u|, hidden_shift) within its
limit, with a mark where below zero it would be one less. Of what is made, one walk keeps the greatest length;
a second shifts all down to bytes, by the tables that norms have.
"""

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.memory import ROM_BANK_BYTES, SWITCHED_ROM
from lilliput.deploy.gameboy.machine.stack import restore_stack
from lilliput.deploy.gameboy.steps.norm_tables import SHIFTS_PAGE
from lilliput.errors import ConfigError

HIGH_BYTES = 5
_ROWS_OF_BANK = ROM_BANK_BYTES // 512
_MOST = 255
_MOST_MADE = 2047
_TIE = 1 << 15


def make_hidden_places(label: str, activation: NDArray[np.int16]) -> Block:
    """Where the rows for a gate's value lie: 1,024 bytes for bank 0, at a multiple of 256, by its magnitude.

    Banks, counted from the first, and pages for values that are not below zero; the same for those below.
    Raises ConfigError for more than 9 bits, and for an activation that is above zero for a gate below, or
    below for one above.
    """
    limit, table = len(activation) // 2, activation.astype(np.int64)
    most = int(np.abs(table).max())
    if limit > _MOST or most > _MOST:
        raise ConfigError(
            f"a gate of ±{limit} and an activation of ±{most}: a cartridge has ±{_MOST} of each; set "
            "gate_bits and table_bits to 9"
        )
    if (table[limit:] < 0).any() or (table[:limit] > 0).any():
        raise ConfigError("the activation's sign is not its gate's: a cartridge has silu, gelu and relu")
    pages = np.zeros((4, 256), np.uint8)
    magnitude = np.minimum(np.arange(256), limit)
    for at, values in enumerate((table[limit + magnitude], -table[limit - magnitude])):
        pages[2 * at] = values // _ROWS_OF_BANK
        pages[2 * at + 1] = (SWITCHED_ROM >> 8) + 2 * (values % _ROWS_OF_BANK)
    return Block.of(pages.tobytes(), {label: 0})


def make_hidden_rows(
    name: str, activation: NDArray[np.int16], hidden_shift: int, made_limit: int
) -> tuple[Block, ...]:
    """Rows for layers of this hidden_shift and down.made_limit, for consecutive banks, from 0x4000 on.

    512 bytes for each magnitude up to the activation's greatest, low bytes before high bytes; NAME.0, NAME.1
    …. Raises ConfigError for hidden values of more than 12 bits.
    """
    if made_limit > _MOST_MADE:
        raise ConfigError(
            f"hidden values of ±{made_limit}: a cartridge has ±{_MOST_MADE}; set hidden_bits to 12"
        )
    most = int(np.abs(activation.astype(np.int64)).max())
    products = np.arange(most + 1)[:, np.newaxis] * np.arange(256)
    half = 1 << hidden_shift >> 1
    made = np.minimum(products + half >> hidden_shift, made_limit)
    below = np.minimum(products + half - (half > 0) >> hidden_shift, made_limit)
    words = made + _TIE * (made != below)
    data = np.concatenate([words & 0xFF, words >> 8], axis=1).astype(np.uint8).tobytes()
    firsts = range(0, len(data), ROM_BANK_BYTES)
    parts = [data[first : first + ROM_BANK_BYTES] for first in firsts]
    return tuple(Block.of(part, {f"{name}.{at}": 0}) for at, part in enumerate(parts))


def write_hidden(
    name: str, *, count: int, pairs: int, places: str, rows: str, tables: str, high: int, narrow: bool = True
) -> Block:
    """A routine for bank 0, `name`: hidden values in the places of the ups that they are made of.

    It reads `count` pairs of words from `pairs` on, g and behind it u, each taken as ±255 where it is
    beyond. The places of u then hold words; or, if narrow, a byte each (twice), and A and the byte at high +
    4 are the exponent that fixed.narrow takes out for a limit of 127. `places` is the label of
    make_hidden_places' block, `rows` the name of make_hidden_rows' blocks, `tables` the label of
    norm_tables.make_norm_tables' block, in banks below 256. `high`: HIGH_BYTES of high memory. It changes
    every register and the bank of the ROM; the stack may be anywhere.
    """
    unroll = max(part for part in (4, 2, 1) if count % part == 0)
    if count // unroll > 256:
        raise ConfigError(f"a gated layer of {count} is too wide: 1,024 are possible, or 256 times 2 or 1")
    turn = f"""
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
"""
    start = f"ld a, {count // unroll & 0xFF}\nldh ({high + 2}), a\nld sp, {pairs}\n"
    text = f"{name}: ld ({high}), sp\nxor a\nldh ({high + 3}), a\n{start}.gate:\n"
    text += "".join(_make_word(at, places, rows, high) for at in range(unroll)) + turn
    text += "jp nz, .gate\njp .made\n"
    text += "".join(_take_rarely(at, places) for at in range(unroll)) + ".made:\n"
    if narrow:
        text += _find_exponent(tables, high) + start + ".narrow:\n"
        text += "".join(_make_byte(at) for at in range(unroll)) + turn + "jp nz, .narrow\n"
    leave = f"{restore_stack(high)}ldh a, ({high + 4})\nret\n"
    return assemble(text + leave, name=name)


def _make_word(at: int, places: str, rows: str, high: int) -> str:
    return f"""
        pop  bc             ; g
        pop  de             ; u
        ld   h, hi({places})
        ld   a, b
        or   a
        jr   z, .g{at}_known
        inc  a
        jp   nz, .g{at}_far
        sub  c
        jp   z, .g{at}_least
        ld   c, a
        ld   b, 1
        ld   h, hi({places}) + 2
.g{at}_known: ld a, d
        or   a
        jr   z, .u{at}_known
        inc  a
        jp   nz, .u{at}_far
        sub  e
        jp   z, .u{at}_least
        ld   e, a
        ld   d, 1
.u{at}_known: ld l, c
        ld   a, (hl)
        add  a, bank({rows}.0)
        ld   (rROMB0), a
        inc  h
        ld   h, (hl)
        ld   l, e
        ld   e, (hl)
        inc  h
        ld   c, (hl)        ; the magnitude in C, E, and the mark
{_put_word(at, high)}"""


def _put_word(at: int, high: int) -> str:
    """The magnitude C, E with the sign of both factors into the place of the second."""
    keep_length = f"""
        ld   a, e
        rlca
        ld   a, c
        rla
        ld   l, a
        ldh  a, ({high + 3})
        or   l
        ldh  ({high + 3}), a ; all that is above 7 bits
"""
    return f"""
        ld   a, b
        xor  d
        jr   nz, .minus{at}
        {keep_length}
        ld   d, c
        res  7, d
        jr   .put{at}
.minus{at}: bit 7, c
        jr   z, .whole{at}
        res  7, c
        ld   a, e
        sub  1
        ld   e, a
        jr   nc, .whole{at}
        dec  c
.whole{at}: {keep_length}
        xor  a
        sub  e
        ld   e, a
        sbc  a, a
        sub  c
        ld   d, a
.put{at}: push de
        pop  de
"""


def _take_rarely(at: int, places: str) -> str:
    """Of g and u beyond ±255: the sign in the high byte, 0 or 1, and 255 in the low byte."""
    text = ""
    for name, upper, lower, sign in (("g", "b", "c", f"ld h, hi({places}) + 2\n"), ("u", "d", "e", "")):
        text += f"""
.{name}{at}_far: bit 7, {upper}
        jr   nz, .{name}{at}_least
        ld   {lower}, 255
        ld   {upper}, 0
        jp   .{name}{at}_known
.{name}{at}_least: ld {lower}, 255
        ld   {upper}, 1
        {sign}
        jp   .{name}{at}_known
"""
    return text


def _find_exponent(tables: str, high: int) -> str:
    """At high + 4 the exponent, and the pages by which bytes are shifted down in H and B."""
    return f"""
        ldh  a, ({high + 3})
        ld   b, a
        xor  a
.bits:  inc  b
        dec  b
        jr   z, .exponent
        srl  b
        inc  a
        jr   .bits
.exponent: ldh ({high + 4}), a
        add  a, a
        add  a, hi({tables}) + {SHIFTS_PAGE}
        ld   h, a
        inc  a
        ld   b, a
        ld   a, bank({tables})
        ld   (rROMB0), a
"""


def _make_byte(at: int) -> str:
    return f"""
        pop  de
        pop  de
        ld   c, d
        ld   a, (bc)
        ld   l, e
        add  a, (hl)
        cp   0x80
        jr   nz, .byte{at}
        ld   a, d           ; 128 or -128: 127 or -127
        rlca
        sbc  a, a
        xor  0x7F
        bit  7, a
        jr   z, .byte{at}
        inc  a
.byte{at}: ld d, a
        ld   e, a
        push de
        pop  de
"""
