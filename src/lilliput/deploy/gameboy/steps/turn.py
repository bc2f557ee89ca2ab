"""Rotary positions: the angles of a position, queries and keys turned by them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.stack import restore_stack
from lilliput.deploy.gameboy.steps.turn_endings import halve_all, make_bits
from lilliput.deploy.gameboy.steps.turn_pairs import (
    BYTES_OF_ANGLE,
    EIGHTH,
    HIGH_BYTES,
    MOST_TURNED,
    TURN_LIMITS,
    turn_all,
)
from lilliput.deploy.gameboy.steps.turn_tables import BYTES_OF_PAIR, COSINE_BITS, MIDDLE, ROWS_OF_BANK
from lilliput.errors import ConfigError

_MOST_KEY_BITS = 14
_MOST_OFFSET = 511


def write_angles(name: str, *, pairs: int, table: str, rows: str, angles: int) -> Block:
    """A routine, `name`: from the position in DE to what write_turn needs at `angles` in high memory.

    `pairs` is half the width of a head, `table` the label of make_angles' block, rows the name of
    make_turn_rows' blocks; all in banks below 256. It changes every register and the bank of the ROM.
    """
    stride = BYTES_OF_PAIR * pairs
    times = "ld hl, 0\n" + "".join("add hl, hl\n" + "add hl, de\n" * int(digit) for digit in f"{stride:b}")
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
        push hl
        ldh  a, ({at + 1})
        call .twice
        ld   a, l
        ldh  ({at + 7}), a
        ld   a, h
        ldh  ({at + 8}), a
        ld   c, e
        ldh  a, ({at + 3})
        call .twice
        ld   a, l
        ldh  ({at + 9}), a
        ld   a, h
        ldh  ({at + 10}), a
        ldh  a, ({at + 4})
        call .twice
        ld   a, l
        ldh  ({at + 5}), a
        ld   a, h
        ldh  ({at + 6}), a
        pop  hl
"""
    return assemble(
        f"""{text}
        ret
{_rows_and_doubles(rows)}
""",
        name=name,
    )


def _rows_and_doubles(rows: str) -> str:
    return f"""
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
.twice: ld   h, 0           ; HL = 2 C, below zero where the page in A says so
        ld   l, c
        add  hl, hl
        rra
        ret  nc
        xor  a
        sub  l
        ld   l, a
        sbc  a, a
        sub  h
        ld   h, a
        ret
"""


def write_turn_queries(
    name: str,
    *,
    heads: int,
    pairs: int,
    queries: int,
    limit: int,
    q_shift: int,
    q_limit: int,
    sum_limit: int,
    angles: int,
    high: int,
) -> Block:
    """A routine for bank 0, `name`: queries turned, rounded, and halved until they are within `sum_limit`.

    At `queries` lie words, for each head and each of its `pairs` of channels i and i + pairs, one behind the
    other; the results take their places. What is beyond `limit`, 255 or 511, is taken as that. `angles`: as
    write_angles left them; `high`: HIGH_BYTES of high memory. It changes every register and the bank of the
    ROM; the stack may be anywhere. Raises ConfigError for a q_shift beyond 0 to 7.
    """
    if not 0 <= q_shift <= 7:
        raise ConfigError(f"queries have a shift of {q_shift}: 0 to 7 are possible")
    if MOST_TURNED >> q_shift > q_limit:
        raise ConfigError(f"queries of up to {q_limit} with a shift of {q_shift} would often be cut")
    beyond = 2 * MOST_TURNED + 1 >> q_shift > q_limit and limit > TURN_LIMITS[0]
    return assemble(
        f"{name}: ld ({high}), sp\n"
        + turn_all(
            heads,
            pairs,
            queries,
            _round_query(q_shift),
            angles,
            high,
            limit,
            down=q_shift,
            most=q_limit << q_shift if beyond else 0,
        )
        + (halve_all(heads, 2 * pairs, queries, sum_limit, high) if sum_limit else "")
        + _leave(high),
        name=name,
    )


def write_turn_keys(
    name: str,
    *,
    heads: int,
    pairs: int,
    keys: int,
    limit: int,
    key_bits: int,
    k_shift: int,
    offsets: str,
    angles: int,
    high: int,
) -> Block:
    """A routine for bank 0, `name`: keys turned, less their offsets, as bits of odd numbers.

    At `keys` lie words as write_turn_queries has them; DE is the address of the layer's numbers that
    make_key_offsets made, in the bank of the label `offsets`. A key is 2 t + 1, and t + 2^(key_bits - 1) is
    written as bits: of each head and each 8 words one byte for each bit, the lowest first, in which
    word j is bit j; they take the place of the head's last words (see find_key_bits). `angles`: as
    write_angles left them; `high`: HIGH_BYTES + 2 + 2 * pairs of high memory. It changes every register and
    the bank of the ROM; the stack may be anywhere. Raises ConfigError for shifts that 16 bits do not hold.
    """
    if key_bits + k_shift + 5 > _MOST_KEY_BITS:
        raise ConfigError(f"keys of {key_bits} bits with {k_shift} more behind them: 9 are possible together")
    return assemble(
        f"{name}: ld ({high}), sp\nld a, e\nldh ({high + HIGH_BYTES}), a\n"
        f"ld a, d\nldh ({high + HIGH_BYTES + 1}), a\n"
        + turn_all(heads, pairs, keys, EIGHTH, angles, high, limit, up=4)
        + f"ld a, bank({offsets})\nld (rROMB0), a\nld sp, {keys}\nld a, {heads}\nldh ({high + 2}), a\n"
        + make_bits(2 * pairs, key_bits, k_shift, high)
        + _leave(high),
        name=name,
    )


def make_key_offsets(offsets: NDArray[np.int16], key_bits: int, k_shift: int) -> bytes:
    """What write_turn_keys adds, of a layer's k_offset (heads, K). Raises ConfigError for too great ones."""
    least = int(np.abs(offsets.astype(np.int64)).max())
    if least > _MOST_OFFSET:
        raise ConfigError(f"a key's offset is {least}: {_MOST_OFFSET} are possible")
    numbers = (1 << key_bits + 4 + k_shift) - (2 * MIDDLE >> 3) - 16 * offsets.astype(np.int64)
    return in_pairs(numbers).astype("<i2").tobytes()


def in_pairs(rows: NDArray[Any]) -> NDArray[Any]:
    """(heads, K) with channels i and i + K / 2 one behind the other, as the routines here read and write
    them."""
    return np.stack(np.split(rows, 2, axis=-1), -1).reshape(len(rows), -1)


def find_key_bits(keys: int, head: int, pairs: int, key_bits: int) -> int:
    """The address of the first byte of a head's bits; the next 8 channels' bytes are an even number
    behind."""
    return keys + 4 * pairs * (head + 1) - -(-2 * pairs // 8) * (key_bits + 1 & ~1)


def _round_query(q_shift: int) -> str:
    """A:H = the 17 bits carry, A, L, less 2 MIDDLE, in 128ths that are rounded when q_shift places more
    go."""
    half = f"ld FREE, {(64 << q_shift) - 64}\nadd hl, FREE\nadc a, 0\n" if q_shift else ""
    return f"ld h, a\nld a, 0\nrla\n{half}add hl, hl\nrla\nsub {2 * MIDDLE >> COSINE_BITS + 8}"


def _leave(high: int) -> str:
    return f"{restore_stack(high)}ret\n"
