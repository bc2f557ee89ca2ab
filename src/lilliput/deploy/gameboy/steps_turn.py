"""Rotary positions: pairs of channels are turned by products that are looked up.

A product of a value's magnitude with a cosine's is one word of a row of the ROM; its sign chooses between two
pages of the row. A sum of two has 17 bits, the uppermost in the carry.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.assembler import assemble
from lilliput.deploy.gameboy.block import Block
from lilliput.deploy.gameboy.turn_tables import BYTES_OF_PAIR, COSINE_BITS, MIDDLE, ROWS_OF_BANK, TURN_LIMIT
from lilliput.errors import ConfigError

BYTES_OF_ANGLE = 5
"""Of high memory, for each pair of channels: bank and page of the row of the cosine, of the sine, and the page
of minus the sine."""
HIGH_BYTES = 7
_MOST_KEY_BITS = 14
_MOST_OFFSET = 300


def write_angles(name: str, *, pairs: int, table: str, rows: str, angles: int) -> Block:
    """A routine, `name`: from the position in DE to what write_turn needs at `angles` in high memory.

    `pairs` is half the width of a head, `table` the label of make_angles' block, rows the name of
    make_turn_rows' blocks; all in banks below 256. It changes every register and the bank of the ROM.
    """
    stride = BYTES_OF_PAIR * pairs
    times = "ld hl, 0\n" + "".join(
        "add hl, hl\n" + "add hl, de\n" * int(digit) for digit in f"{stride:b}"
    )
    text = f"{name}: ld a, bank({table})\nld (rROMB0), a\n{times}ld de, {table}\nadd hl, de\n"
    for pair in range(pairs):
        at = angles + BYTES_OF_ANGLE * pair
        text += f"""
        ld   a, (hl+)
        ld   c, a
        ld   a, (hl+)
        ld   e, a
        ld   a, (hl+)
        ld   b, a
        ld   a, c
        call .row
        ldh  ({at + 1}), a
        ld   a, d
        ldh  ({at}), a
        ld   a, e
        call .row
        ldh  ({at + 3}), a
        xor  1
        ldh  ({at + 4}), a
        ld   a, d
        ldh  ({at + 2}), a
"""
    return assemble(
        f"""{text}
        ret
.row:   ld   d, a           ; the row's number in A, its sign the lowest bit of B: bank in D, page in A
        and  {ROWS_OF_BANK - 1}
        add  a, a
        srl  b
        adc  a, a
        add  a, 0x40
        push af
        ld   a, d
        swap a
        and  0x0F
        add  a, bank({rows}.0)
        ld   d, a
        pop  af
        ret
""",
        name=name,
    )


def write_turn_queries(
    name: str, *, heads: int, pairs: int, queries: int, q_shift: int, sum_limit: int, angles: int, high: int
) -> Block:
    """A routine for bank 0, `name`: queries turned, rounded, and halved until they are within `sum_limit`.

    At `queries` lie words, for each head and each of its `pairs` of channels i and i + pairs, one behind the
    other; the results take their places. What is beyond ±255 is taken as that. `angles`: as write_angles left
    them; `high`: HIGH_BYTES of high memory. It changes every register and the bank of the ROM; the stack may be
    anywhere. Raises ConfigError for a q_shift beyond 0 to 7.
    """
    if not 0 <= q_shift <= 7:
        raise ConfigError(f"queries have a shift of {q_shift}: 0 to 7 are possible")
    return assemble(
        f"{name}: ld ({high}), sp\n"
        + _turn_all(heads, pairs, queries, _round_query(q_shift), angles, high)
        + (_halve_all(heads, 2 * pairs, queries, sum_limit, high) if sum_limit else "")
        + _leave(high),
        name=name,
    )


def write_turn_keys(
    name: str, *, heads: int, pairs: int, keys: int, key_bits: int, k_shift: int, angles: int, high: int, offsets: str
) -> Block:
    """A routine for bank 0, `name`: keys turned, less their offsets, as bits of odd numbers.

    At `keys` lie words as write_turn_queries has them; DE is the address of the layer's numbers that
    make_key_offsets made, in the bank of the label `offsets`. A key is 2 t + 1, and t + 2^(key_bits - 1) is
    written as bits: of each head and each 8 channels one byte for each bit, the lowest first, in which channel
    j is bit j; they take the place of the head's last words (see find_key_bits). `angles`: as write_angles left
    them; `high`: HIGH_BYTES + 2 + 2 * pairs of high memory. It changes every register and the bank of the ROM;
    the stack may be anywhere. Raises ConfigError for shifts that 16 bits do not hold.
    """
    if key_bits + k_shift + 6 > _MOST_KEY_BITS:
        raise ConfigError(f"keys of {key_bits} bits with {k_shift} more behind them: 8 are possible together")
    return assemble(
        f"{name}: ld ({high}), sp\nld a, e\nldh ({high + HIGH_BYTES}), a\n"
        f"ld a, d\nldh ({high + HIGH_BYTES + 1}), a\n"
        + _turn_all(heads, pairs, keys, _QUARTER, angles, high)
        + f"ld a, bank({offsets})\nld (rROMB0), a\nld sp, {keys}\nld a, {heads}\nldh ({high + 2}), a\n"
        + _make_bits(2 * pairs, key_bits, k_shift, high)
        + _leave(high),
        name=name,
    )


def make_key_offsets(offsets: NDArray[np.int16], key_bits: int, k_shift: int) -> bytes:
    """What write_turn_keys adds, of a layer's k_offset (heads, K). Raises ConfigError for too great ones."""
    least = int(np.abs(offsets.astype(np.int64)).max())
    if least > _MOST_OFFSET:
        raise ConfigError(f"a key's offset is {least}: {_MOST_OFFSET} are possible")
    numbers = (1 << key_bits + 5 + k_shift) - (2 * MIDDLE >> 2) - 32 * offsets.astype(np.int64)
    return in_pairs(numbers).astype("<i2").tobytes()


def in_pairs(rows: NDArray[Any]) -> NDArray[Any]:
    """(heads, K) with channels i and i + K / 2 one behind the other, as the routines here read and write them."""
    return np.stack(np.split(rows, 2, axis=-1), -1).reshape(len(rows), -1)


def find_key_bits(keys: int, head: int, pairs: int, key_bits: int) -> int:
    """The address of the first byte of a head's bits; the next 8 channels' bytes are an even number behind."""
    return keys + 4 * pairs * (head + 1) - -(-2 * pairs // 8) * (key_bits + 1 & ~1)


def _turn_all(heads: int, pairs: int, first: int, ending: str, angles: int, high: int) -> str:
    """All heads; `ending` makes the word A:H of the 17 bits carry, A, L, and may change L."""
    text = f"""
        ld   sp, {first}
        ld   a, {heads}
        ldh  ({high + 2}), a
.head:
"""
    for pair in range(pairs):
        text += _turn_pair(pair, angles + BYTES_OF_ANGLE * pair, high + 3, ending)
    text += f"""
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jp   nz, .head
        jp   .turned
"""
    for pair in range(pairs):
        text += _classify_rarely(f"a{pair}", "d", "e") + _classify_rarely(f"b{pair}", "b", "c")
    return text + ".turned:\n"


def _turn_pair(pair: int, angle: int, products: int, ending: str) -> str:
    return f"""
        pop  de             ; a
        pop  bc             ; b
        ld   a, d
        or   a
        jp   nz, .a{pair}
.a{pair}_known: ld a, b
        or   a
        jp   nz, .b{pair}
.b{pair}_known: ldh a, ({angle})
        ld   (rROMB0), a
        ldh  a, ({angle + 1})
        xor  d
        ld   h, a
        ld   l, e
        ld   a, (hl)        ; a cos
        ldh  ({products}), a
        inc  h
        inc  h
        ld   a, (hl)
        ldh  ({products + 1}), a
        ldh  a, ({angle + 1})
        xor  b
        ld   h, a
        ld   l, c
        ld   a, (hl)        ; b cos
        ldh  ({products + 2}), a
        inc  h
        inc  h
        ld   a, (hl)
        ldh  ({products + 3}), a
        ldh  a, ({angle + 2})
        ld   (rROMB0), a
        ldh  a, ({angle + 4})
        xor  b
        ld   h, a
        ld   l, c
        ldh  a, ({products})
        add  a, (hl)        ; - b sin
        ld   c, a
        inc  h
        inc  h
        ldh  a, ({products + 1})
        adc  a, (hl)
        ld   l, c
        {ending}
        ld   b, a
        ld   c, h
        ldh  a, ({angle + 3})
        xor  d
        ld   h, a
        ld   l, e
        ldh  a, ({products + 2})
        add  a, (hl)        ; a sin
        ld   e, a
        inc  h
        inc  h
        ldh  a, ({products + 3})
        adc  a, (hl)
        ld   l, e
        {ending}
        ld   d, a
        ld   e, h
        push de
        push bc
        add  sp, 4
"""


def _classify_rarely(name: str, high: str, low: str) -> str:
    """From a word whose high byte, in A, is not 0 to 1 for a negative one, else 0, and its magnitude."""
    return f"""
.{name}: inc a
        jr   nz, .{name}_great
        sub  {low}
        jr   z, .{name}_least
        ld   {low}, a
        ld   {high}, 1
        jp   .{name}_known
.{name}_great: ld a, {high}
        rlca
        and  1
        ld   {high}, a
        ld   {low}, {TURN_LIMIT}
        jp   .{name}_known
.{name}_least: ld {low}, {TURN_LIMIT}
        ld   {high}, 1
        jp   .{name}_known
"""


_QUARTER = "rra\nrr l\nsrl a\nrr l\nld h, l"
"""A:H = a fourth of the 17 bits carry, A, L, rounded down."""


def _round_query(q_shift: int) -> str:
    """A:H = rsh(x, 7 + q_shift) of x + 2 MIDDLE."""
    text = "ld h, a\nld a, 0\nrla\n"
    if q_shift:
        text += f"push de\nld de, {(64 << q_shift) - 64}\nadd hl, de\npop de\nadc a, 0\n"
    else:
        text += "add hl, hl\nrla\n"
    text += "srl a\nrr h\n" * max(0, q_shift - 1)
    middle = 2 * MIDDLE >> COSINE_BITS + q_shift
    if middle >= 256:
        return text + f"sub {middle >> 8}"
    return text + f"ld l, a\nld a, h\nsub {middle}\nld h, a\nld a, l\nsbc a, 0"


def _halve_all(heads: int, width: int, first: int, limit: int, high: int) -> str:
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


def _make_bits(width: int, bits: int, k_shift: int, high: int) -> str:
    """Of each head: every channel's number into high memory, then these turned into bytes of a bit each."""
    down, numbers = 6 + k_shift, high + HIGH_BYTES + 2
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
.number{word}: ldh ({numbers + word // 2 + word % 2 * (width // 2)}), a
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


def _leave(high: int) -> str:
    return f"ldh a, ({high})\nld l, a\nldh a, ({high + 1})\nld h, a\nld sp, hl\nret\n"
