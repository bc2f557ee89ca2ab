"""The gated layer's hidden values: sat(rsh(A[g] u, hidden_shift), limit) as one look in a table of the ROM.

Both factors have 8 bits, so all products that can occur fit tables: for each value that the activation A
takes, a row of 256 bytes by u as a byte. Rows lie by rising |A| in banks of 64, so that the bank seldom
changes: most gates are small. A device finds the row by 256 bytes indexed by g.
"""

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.assembler import assemble
from lilliput.deploy.gameboy.block import Block
from lilliput.deploy.gameboy.memory import ROM_BANK_BYTES, SWITCHED_ROM
from lilliput.deploy.gameboy.stack import restore_stack
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import round_shift, saturate

_ROWS_OF_BANK = ROM_BANK_BYTES // 256
_MOST = 127


def _list_rows(activation: NDArray[np.int16]) -> list[int]:
    """The values that the activation takes, as rows follow one another."""
    limit, most = len(activation) // 2, int(np.abs(activation.astype(np.int64)).max())
    if limit > _MOST or most > _MOST:
        raise ConfigError(
            f"a gate of ±{limit} and an activation of ±{most}: a cartridge has ±{_MOST} of each; set "
            "gate_bits and table_bits to 8"
        )
    return sorted(set(activation.tolist()), key=lambda value: (abs(value), value))


def make_gate_places(label: str, activation: NDArray[np.int16]) -> Block:
    """Where the rows of an IntModel's activation (2 gate_limit + 1,) lie: 512 bytes, for bank 0.

    They need a multiple of 256, and are indexed by g as a byte. First twice the row's page, and 1 more if it
    is not in the first bank; then the row's bank, counted from the first. Raises ConfigError where gate or
    activation have more than 8 bits.
    """
    number = {value: at for at, value in enumerate(_list_rows(activation))}
    pages, banks = bytearray(256), bytearray(256)
    limit = len(activation) // 2
    for g in range(-limit, limit + 1):
        bank, row = divmod(number[int(activation[g + limit])], _ROWS_OF_BANK)
        pages[g & 0xFF] = 2 * ((SWITCHED_ROM >> 8) + row) + (bank > 0)
        banks[g & 0xFF] = bank
    return Block.of(bytes(pages + banks), {label: 0})


def make_gate_rows(
    name: str, activation: NDArray[np.int16], hidden_shift: int, made_limit: int
) -> tuple[Block, ...]:
    """Rows for layers of this hidden_shift and down.made_limit, for consecutive banks, from 0x4000 on.

    Their labels are NAME.0, NAME.1 …. Raises ConfigError where a number has more than 8 bits.
    """
    if made_limit > _MOST:
        raise ConfigError(
            f"hidden values of ±{made_limit}: a cartridge has ±{_MOST}; set activation_bits to 8"
        )
    rows, up = np.array(_list_rows(activation)), (np.arange(256) ^ 128) - 128
    made = saturate(round_shift(rows[:, np.newaxis] * up, hidden_shift), made_limit)
    data = made.astype(np.int8).tobytes()
    firsts = range(0, len(data), ROM_BANK_BYTES)
    parts = [data[first : first + ROM_BANK_BYTES] for first in firsts]
    return tuple(Block.of(part, {f"{name}.{at}": 0}) for at, part in enumerate(parts))


def write_gate(name: str, *, count: int, pairs: int, places: str, rows: str, high: int) -> Block:
    """A routine for bank 0, `name`: hidden values in the places of the ups that they are made of.

    It reads `count` pairs of bytes from `pairs` on, g and behind it u, each within its limit, and leaves the
    hidden value where u was. `places` is the label of make_gate_places' block, `rows` the name of
    make_gate_rows' blocks, in banks below 256. `high`: 3 bytes of high memory. It changes every register and
    the bank of the ROM; the stack may be anywhere. Cycles: count_gate_cycles.
    """
    unroll = _unroll(count)
    bank = f"bank({rows}.0)"
    text = f"""
{name}: ld   ({high}), sp
        ld   a, {bank}
        ld   (rROMB0), a
        ld   a, {count // unroll & 0xFF}
        ldh  ({high + 2}), a
        ld   b, hi({places})
        ld   sp, {pairs}
.next:
"""
    far = ""
    for at in range(unroll):
        text += f"""
        pop  de             ; E = g, D = u
        ld   c, e
        ld   a, (bc)
        rrca
        jr   c, .far{at}
        ld   h, a
        ld   l, d
        ld   a, (hl)
.made{at}: ld hl, sp-1
        ld   (hl), a
"""
        far += f"""
.far{at}: and 0x7F
        ld   h, a
        ld   l, d
        inc  b
        ld   a, (bc)
        dec  b
        add  a, {bank}
        ld   (rROMB0), a
        ld   d, (hl)
        ld   a, {bank}
        ld   (rROMB0), a
        ld   a, d
        jr   .made{at}
"""
    text += f"""
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jr   nz, .next
        {restore_stack(high)}
        ret
{far}"""
    return assemble(text, name=name)


def count_gate_cycles(count: int, far: int = 0) -> int:
    """M-cycles from write_gate's first instruction to its return; `far` gates are not in the first bank."""
    return 34 + count * 18 + far * 23 + count // _unroll(count) * 10


def _unroll(count: int) -> int:
    """Pairs in a turn of the loop."""
    unroll = max(size for size in (4, 3, 2, 1) if count % size == 0)
    if count // unroll > 256:
        raise ConfigError(f"a gated layer of {count} is too wide: 1,024 are possible, or 256 times 3, 2 or 1")
    return unroll
