"""Rotary positions: pairs of channels are turned by products that are looked up.

A product of a magnitude's lower 8 bits with a cosine's is one word of a row of the ROM; its sign chooses between
two pages of the row. A sum of two has 17 bits, the uppermost in the carry. A magnitude of 9 bits is seldom: 256
times a cosine is 2 of it when 7 bits have been shifted away, so results are corrected afterwards.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.assembler import assemble
from lilliput.deploy.gameboy.block import Block
from lilliput.deploy.gameboy.turn_tables import BYTES_OF_PAIR, COSINE_BITS, MIDDLE, ROWS_OF_BANK
from lilliput.errors import ConfigError

BYTES_OF_ANGLE = 11
"""Of high memory, for each pair of channels: bank and page of the row of the cosine, of the sine, and the page of
minus the sine; then words: -2 sin, 2 cos, 2 sin."""
HIGH_BYTES = 12
TURN_LIMITS = (255, 511)
_MOST_KEY_BITS = 14
_MOST_OFFSET = 511


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
""",
        name=name,
    )


def write_turn_queries(
    name: str, *, heads: int, pairs: int, queries: int, q_shift: int, sum_limit: int, angles: int, high: int, limit: int
) -> Block:
    """A routine for bank 0, `name`: queries turned, rounded, and halved until they are within `sum_limit`.

    At `queries` lie words, for each head and each of its `pairs` of channels i and i + pairs, one behind the
    other; the results take their places. What is beyond `limit`, 255 or 511, is taken as that. `angles`: as write_angles left
    them; `high`: HIGH_BYTES of high memory. It changes every register and the bank of the ROM; the stack may be
    anywhere. Raises ConfigError for a q_shift beyond 0 to 7.
    """
    if not 0 <= q_shift <= 7:
        raise ConfigError(f"queries have a shift of {q_shift}: 0 to 7 are possible")
    return assemble(
        f"{name}: ld ({high}), sp\n"
        + _turn_all(heads, pairs, queries, _round_query(q_shift), angles, high, limit, down=q_shift)
        + (_halve_all(heads, 2 * pairs, queries, sum_limit, high) if sum_limit else "")
        + _leave(high),
        name=name,
    )


def write_turn_keys(
    name: str, *, heads: int, pairs: int, keys: int, key_bits: int, k_shift: int, angles: int, high: int, offsets: str, limit: int
) -> Block:
    """A routine for bank 0, `name`: keys turned, less their offsets, as bits of odd numbers.

    At `keys` lie words as write_turn_queries has them; DE is the address of the layer's numbers that
    make_key_offsets made, in the bank of the label `offsets`. A key is 2 t + 1, and t + 2^(key_bits - 1) is
    written as bits: of each head and each 8 channels one byte for each bit, the lowest first, in which channel
    j is bit j; they take the place of the head's last words (see find_key_bits). `angles`: as write_angles left
    them; `high`: HIGH_BYTES + 2 + 2 * pairs of high memory. It changes every register and the bank of the ROM;
    the stack may be anywhere. Raises ConfigError for shifts that 16 bits do not hold.
    """
    if key_bits + k_shift + 5 > _MOST_KEY_BITS:
        raise ConfigError(f"keys of {key_bits} bits with {k_shift} more behind them: 9 are possible together")
    return assemble(
        f"{name}: ld ({high}), sp\nld a, e\nldh ({high + HIGH_BYTES}), a\n"
        f"ld a, d\nldh ({high + HIGH_BYTES + 1}), a\n"
        + _turn_all(heads, pairs, keys, _EIGHTH, angles, high, limit, up=4)
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
    numbers = (1 << key_bits + 4 + k_shift) - (2 * MIDDLE >> 3) - 16 * offsets.astype(np.int64)
    return in_pairs(numbers).astype("<i2").tobytes()


def in_pairs(rows: NDArray[Any]) -> NDArray[Any]:
    """(heads, K) with channels i and i + K / 2 one behind the other, as the routines here read and write them."""
    return np.stack(np.split(rows, 2, axis=-1), -1).reshape(len(rows), -1)


def find_key_bits(keys: int, head: int, pairs: int, key_bits: int) -> int:
    """The address of the first byte of a head's bits; the next 8 channels' bytes are an even number behind."""
    return keys + 4 * pairs * (head + 1) - -(-2 * pairs // 8) * (key_bits + 1 & ~1)


def _turn_all(
    heads: int,
    pairs: int,
    first: int,
    ending: str,
    angles: int,
    high: int,
    limit: int,
    up: int = 0,
    down: int = 0,
) -> str:
    """All heads; `ending` makes the word A:H of the 17 bits carry, A, L; it may change L, and what stands for FREE.

    up: by how many places what it makes is finer than a 128th; down: by how many that is shifted then.
    """
    if limit not in TURN_LIMITS:
        raise ConfigError(f"queries and keys of up to {limit} before they are turned: set turn_bits to 9 or 10")
    clear = "".join(f"ldh ({high + at}), a\n" for at in range(7, 12))
    text = f"""
        ld   sp, {first}
        xor  a
        {clear}
        ld   a, {heads}
        ldh  ({high + 2}), a
.head:
"""
    for pair in range(pairs):
        text += _turn_pair(pair, angles + BYTES_OF_ANGLE * pair, high, ending, down)
    text += f"""
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jp   nz, .head
        jp   .turned
"""
    for pair in range(pairs):
        text += _take_sign(pair, angles + BYTES_OF_ANGLE * pair + 5)
    return text + (_CLIP if limit == TURN_LIMITS[0] else _take_far(high)) + _correct(high, up) + ".turned:\n"


def _turn_pair(pair: int, angle: int, high: int, ending: str, down: int) -> str:
    products, shift = high + 3, "sra b\nrr c\nsra d\nrr e\n"
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
        {ending.replace("FREE", "bc")}
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
        {ending.replace("FREE", "de")}
        ld   d, a
        ld   e, h
        ldh  a, ({high + 11})
        or   a
        call nz, .correct
        {shift * down}
        push de
        push bc
        add  sp, 4
"""


def _take_sign(pair: int, words: int) -> str:
    """Of words whose high byte, in A, is not 0: 1 for a negative one in the high byte, the magnitude in the low.

    The stack is where the pair was read: there is room for two words.
    """
    return f"""
.a{pair}: inc a
        jr   nz, .a{pair}_far
        sub  e
        jr   z, .a{pair}_far
        ld   e, a
        ld   d, 1
        jp   .a{pair}_known
.a{pair}_far: ld a, {words + 2 & 0xFF}
        call .far
        jp   .a{pair}_known
.b{pair}: inc a
        jr   nz, .b{pair}_far
        sub  c
        jr   z, .b{pair}_far
        ld   c, a
        ld   b, 1
        jp   .b{pair}_known
.b{pair}_far: push de
        ld   d, b
        ld   e, c
        ld   a, {words & 0xFF}
        call .far
        ld   b, d
        ld   c, e
        pop  de
        jp   .b{pair}_known
"""


_CLIP = """
.far:   ld   a, d
        rlca
        and  1
        ld   d, a
        ld   e, 255
        ret
"""
"""What is beyond ±255."""


def _take_far(high: int) -> str:
    """DE beyond ±255: its sign in D, the lower byte in E, and 256 times its turned pair's words to the correction."""
    words = ""
    for at in (high + 7, high + 9):
        words += f"""
        ld   a, (hl+)
        ld   c, a
        ld   a, (hl+)
        ld   b, a
        bit  0, d
        jr   z, .add{at}
        xor  a
        sub  c
        ld   c, a
        sbc  a, a
        sub  b
        ld   b, a
.add{at}: ldh a, ({at})
        add  a, c
        ldh  ({at}), a
        ldh  a, ({at + 1})
        adc  a, b
        ldh  ({at + 1}), a
"""
    return f"""
.far:   ld   l, a
        ld   h, 0xFF
        ld   a, b
        ldh  ({high + 3}), a
        ld   a, c
        ldh  ({high + 4}), a
        ld   a, d
        rlca
        jr   c, .below
        ld   b, d
        ld   c, e
        ld   d, 0
        jr   .magnitude
.below: xor  a
        sub  e
        ld   c, a
        sbc  a, a
        sub  d
        ld   b, a
        ld   d, 1
.magnitude: ld a, b
        cp   2
        jr   c, .held
        ld   c, 255
.held:  ld   e, c
        {words}
        ld   a, 1
        ldh  ({high + 11}), a
        ldh  a, ({high + 3})
        ld   b, a
        ldh  a, ({high + 4})
        ld   c, a
        ret
"""


def _correct(high: int, up: int) -> str:
    """BC and DE and their corrections, which are cleared."""
    shift = "add hl, hl\n" * up
    text = ".correct:\n"
    for at, upper, lower in ((high + 7, "b", "c"), (high + 9, "d", "e")):
        text += f"""
        ldh  a, ({at})
        ld   l, a
        ldh  a, ({at + 1})
        ld   h, a
        {shift}
        add  hl, {upper}{lower}
        ld   {upper}, h
        ld   {lower}, l
"""
    clear = "".join(f"ldh ({high + at}), a\n" for at in range(7, 12))
    return f"{text}\nxor a\n{clear}ret\n"


_EIGHTH = "rra\nrr l\n" + 2 * "srl a\nrr l\n" + "ld h, l"
"""A:H = an eighth of the 17 bits carry, A, L, rounded down."""


def _round_query(q_shift: int) -> str:
    """A:H = the 17 bits carry, A, L, less 2 MIDDLE, in 128ths that are rounded when q_shift places more go."""
    half = f"ld FREE, {(64 << q_shift) - 64}\nadd hl, FREE\nadc a, 0\n" if q_shift else ""
    return f"ld h, a\nld a, 0\nrla\n{half}add hl, hl\nrla\nsub {2 * MIDDLE >> COSINE_BITS + 8}"


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
