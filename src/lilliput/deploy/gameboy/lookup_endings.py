"""What becomes of a row's 16-bit sum, in HL: rounded, saturated, stored or added to the residual stream.

A row's shift and address are in its own code, so rows of one matrix may differ in both.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from lilliput.errors import ConfigError

MOST_SHIFT = 8
MOST_SUM = 32767
_LIMITS = tuple((1 << bits) - 1 for bits in range(1, 8))
_DOUBLE = "add hl, hl\n"


@dataclass(frozen=True)
class Ending:
    """What is done with a row's sum `a`.

    word: rsh(a, shift) is stored in two bytes. byte: sat(rsh(a, shift), limit) in one. add: sat(h + rsh(a,
    shift), 32767) replaces the word h. `limit` is that of byte: 127, 63 and so on to 1.
    """

    kind: Literal["word", "byte", "add"] = "word"
    shift: int = 0
    limit: int = 127


@lru_cache(maxsize=1024)
def write_ending(ending: Ending, bound: int) -> str:
    """Assembly from a sum of at most ±`bound` in HL to the result at `out`, `behind` being out + 2; it may use every register.

    Raises ConfigError where the sum and half a unit could pass 16 bits, and for a shift or limit out of range.
    """
    half = 1 << ending.shift >> 1
    if not 0 <= ending.shift <= MOST_SHIFT or ending.limit not in _LIMITS:
        raise ConfigError(
            f"a row's ending has shift {ending.shift}, limit {ending.limit}: 0 to {MOST_SHIFT}, 1, 3 … 127 are possible"
        )
    if bound + half > MOST_SUM:
        raise ConfigError(
            f"a row's sum may reach {bound}, with half a unit of its shift of {ending.shift} {bound + half}: "
            f"16 bits hold {MOST_SUM}. Give the row a coarser step"
        )
    if ending.kind == "byte":
        return _write_byte(ending, bound)
    shifted = _round(half) + _shift_word(ending.shift)
    if ending.kind == "word":
        return shifted + "ld sp, behind\npush hl"
    return shifted + _add(bound + half >> ending.shift)


def _round(half: int) -> str:
    return f"ld de, {half}\nadd hl, de\n" if half else ""


def _shift_word(shift: int) -> str:
    """HL >> shift; four places or fewer to the right, or the rest of eight to the left and a byte along."""
    if shift <= 4:
        return "sra h\nrr l\n" * shift
    return "ld a, h\nadd a, a\nsbc a, a\n" + "add hl, hl\nrla\n" * (8 - shift) + "ld l, h\nld h, a\n"


def _add(greatest: int) -> str:
    """Add HL, at most ±`greatest`, to the word at `out`. It is quick where neither has more than 14 bits."""
    both = "" if greatest <= 1 << 14 else "ld c, a\nld a, h\nadd a, 0x40\nor c\n"
    return f"""ld sp, out
        pop de
        ld a, d
        add a, 0x40
        {both}rla
        jr nc, small
        ld a, h
        xor d
        cpl
        ld c, a           ; bit 7: the signs are equal
        add hl, de
        ld a, h
        xor d
        and c
        rla               ; and the sum's is another
        jr nc, inside
        ld hl, {MOST_SUM}
        bit 7, d
        jr z, store
        ld hl, {-MOST_SUM}
        jr store
inside: ld a, h
        xor 0x80
        or l
        jr nz, store
        inc l             ; -32768 does not occur
        jr store
small:  add hl, de
store:  push hl"""


def _write_byte(ending: Ending, bound: int) -> str:
    """sat(rsh(HL, shift), limit) as a byte. A row takes the same time whether it saturates or not."""
    shift, limit = ending.shift, ending.limit
    half, bits = 1 << shift >> 1, limit.bit_length()
    if bound <= (limit << shift) + max(half - 1, 0):  # the byte holds it whatever the inputs are
        narrow = _DOUBLE * (8 - shift) + "ld a, h\n" if shift else "ld a, l\n"
        return f"{_round(half)}{narrow}ld (out), a"
    before = max(0, 8 - bits - shift)  # H alone must tell whether it saturates
    if bound + half << before > MOST_SUM:
        raise ConfigError(
            f"a row's sum may reach {bound}, too far beyond the limit of {limit} of its byte at a shift of "
            f"{shift}: give the row a coarser step"
        )
    behind, window = 8 - shift - before, 1 << bits + shift + before - 8
    idle, short = "nop\n" * max(0, 2 * behind - 3), "nop\n" * max(0, 3 - 2 * behind)
    return f"""{_round(half)}{_DOUBLE * before}ld a, h
        add a, {window}
        cp {2 * window}
        jr c, fits
        ld a, h
        rla
        sbc a, a
        and {-2 * limit & 0xFF}
        add a, {limit}
        {idle}jr store
fits:   {short}{_DOUBLE * behind}ld a, h
        cp {~limit & 0xFF}
        jr nz, store
        inc a             ; one below -limit
store:  ld (out), a"""
