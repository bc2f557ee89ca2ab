"""What becomes of a row's 16-bit sum, in HL: rounded, saturated, stored or added to the residual stream.

A row's shift and address are in its own code, so rows of one matrix may differ in both.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from lilliput.deploy.gameboy.matrices.streams import Cost, make_template
from lilliput.errors import ConfigError

MOST_SHIFT = 14
MOST_SUM = 32767
_LIMITS = tuple((1 << bits) - 1 for bits in range(1, 8))
_DOUBLE = "add hl, hl\n"


@dataclass(frozen=True)
class Ending:
    """What is done with a row's sum `a`.

    word: rsh(a, shift) is stored in two bytes. byte: sat(rsh(a, shift), limit) in one. add: sat(h + rsh(a,
    shift), 32767) replaces the word h.
    """

    kind: Literal["word", "byte", "add"] = "word"
    shift: int = 0
    limit: int = 127
    """Of byte: 127, 63 and so on to 1."""
    loose: bool = False
    """Of byte: -limit - 1 may stand for -limit, which saves 5 M-cycles where a table is looked up with it."""
    store: str | None = None
    """Assembly that does something else with the result than to store it: a byte is in A, a word in HL.

    It may use every register and the words `out` and `behind` (see write_ending). Its jumps are conditional,
    lead forward and count as taken. Its labels must not be `fits`, `inside`, `small` or `store`.
    """

    @property
    def half(self) -> int:
        """Half a unit of the shift: what is added to the sum before its lower bits are cut off."""
        return 1 << self.shift >> 1


@lru_cache(maxsize=1024)
def write_ending(ending: Ending, bound: int) -> str:
    """Assembly from a sum of at most ±`bound` in HL, to which early_half was added, to the result at `out`.

    It may use every register. `out`, and `behind` for out + 2, are words to be filled in. Raises ConfigError
    where the sum could pass 16 bits, and for a shift or limit out of range.
    """
    if not 0 <= ending.shift <= MOST_SHIFT or ending.limit not in _LIMITS:
        raise ConfigError(
            f"a row's ending has a shift of {ending.shift} and a limit of {ending.limit}: there are shifts "
            f"of 0 to {MOST_SHIFT}, and limits of {', '.join(map(str, _LIMITS))}"
        )
    half = ending.half
    if bound > MOST_SUM:
        raise ConfigError(
            f"a row's sum may reach {bound}: 16 bits hold {MOST_SUM}. Give the row a coarser step"
        )
    if bound + half > MOST_SUM:
        return _round_late(ending, bound)
    if ending.kind == "byte":
        return _write_byte(ending, bound)
    shifted = _shift_word(ending.shift)
    if ending.kind == "word":
        return shifted + (ending.store or "ld sp, behind\npush hl")
    return shifted + _add(bound + half >> ending.shift) + (ending.store or "push hl")


def early_half(ending: Ending, bound: int) -> int:
    """What is added to a row's sum of at most ±`bound` before its ending: half a unit of the shift, where 16
    bits hold that."""
    return ending.half if bound + ending.half <= MOST_SUM else 0


def measure_ending(ending: Ending, bound: int) -> Cost:
    """About what a row's ending takes (see write_ending), and the adding of half a unit."""
    return make_template((write_ending(ending, bound),)).cost + Cost(1, 1) * (early_half(ending, bound) > 0)


def _round_late(ending: Ending, bound: int) -> str:
    """The same by half the sum, floored, which is as good: rsh(a, s) is rsh(a >> 1, s - 1) for s from 2."""
    if ending.shift == 1:  # the bit that leaves rounds
        if ending.kind == "byte":
            raise ConfigError(f"a row's sum may reach {bound}, too far for a byte at a shift of 1")
        rounded = "sra h\nrr l\nld a, l\nadc a, 0\nld l, a\nld a, h\nadc a, 0\nld h, a\n"
        return rounded + write_ending(replace(ending, shift=0), (bound + 1) // 2)
    less = replace(ending, shift=ending.shift - 1)
    return f"sra h\nrr l\nld de, {less.half}\nadd hl, de\n" + write_ending(less, (bound + 1) // 2)


def _shift_word(shift: int) -> str:
    """HL >> shift: four places or fewer to the right; the rest of eight to the left and a byte along; or the
    upper byte alone."""
    if shift <= 4:
        return "sra h\nrr l\n" * shift
    if shift > 8:
        return "ld a, h\n" + "sra a\n" * (shift - 8) + "ld l, a\nrla\nsbc a, a\nld h, a\n"
    return "ld a, h\nadd a, a\nsbc a, a\n" + "add hl, hl\nrla\n" * (8 - shift) + "ld l, h\nld h, a\n"


def _add(greatest: int) -> str:
    """Add HL, at most ±`greatest`, to the word at `out`, behind which SP is then.

    Where one of the two passes 14 bits, that takes 17 to 22 M-cycles more.
    """
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
store:  """


def _write_byte(ending: Ending, bound: int) -> str:
    """sat(HL >> shift, limit) as a byte. A row that saturates takes 0 to 8 M-cycles more, never less."""
    shift, limit = ending.shift, ending.limit
    half, bits = ending.half, limit.bit_length()
    store = ending.store or "ld (out), a"
    if bound <= (limit << shift) + max(half - 1, 0):  # the byte holds it whatever the inputs are
        return (_take_byte(8 - shift) if shift else "ld a, l\n") + store
    before = max(0, 8 - bits - shift)  # H alone must tell whether it saturates
    if bound + half << before > MOST_SUM:
        raise ConfigError(
            f"a row's sum may reach {bound}, too far beyond the limit of {limit} of its byte at a shift of "
            f"{shift}: give the row a coarser step"
        )
    behind, window = 8 - shift - before, 1 << bits + shift + before - 8
    lowest = "" if ending.loose else f"cp {~limit & 0xFF}\njr nz, store\ninc a\n"  # one below -limit
    if window >= 128:  # all that H holds is inside
        return f"{_take_byte(behind)}{lowest}store: {store}"
    main = 2 * abs(behind) + (4 if ending.loose else 9)  # M-cycles from the jump to the store
    idle = "nop\n" * max(0, main - 12)  # and 12 are those of the other way
    return f"""{_DOUBLE * before}ld a, h
        add a, {window}
        cp {2 * window}
        jr c, fits
        ld a, h
        rla
        sbc a, a
        and {-2 * limit & 0xFF}
        add a, {limit}
        {idle}jr store
fits:   {_take_byte(behind)}{lowest}store:  {store}"""


def _take_byte(up: int) -> str:
    """A = HL shifted up so many places, or down, its upper byte alone."""
    return _DOUBLE * max(up, 0) + "ld a, h\n" + "sra a\n" * max(-up, 0)
