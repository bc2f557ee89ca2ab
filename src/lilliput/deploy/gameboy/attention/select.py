"""From scores to chances: the greatest score, who is near enough to it, and code for each chance above 0.

A score lies as 0x8000 less the score, so the greatest is the least of numbers without a sign. The scan walks
from the newest slot down and keeps the addresses of those whose upper byte is near the least so far. The
second walk looks up their chances. A chance of 1 becomes a byte in a list; greater ones are written into the
code of values.py, from its end to its beginning: one stretch of code here for each place there.

Chances that must be halved are looked up once more, in a table of halved ones. Where neither serves, the slow
way does: scores near the end of 16 bits or of little weight, or tables too great for the bank.
"""

from lilliput.deploy.gameboy.attention.shape import UNIT_BYTES, AttendPlaces, AttendShape
from lilliput.deploy.gameboy.attention.slow import write_slow
from lilliput.deploy.gameboy.attention.tables import make_chances, make_reciprocals, reach
from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.memory import ROM_BANK_BYTES, SWITCHED_ROM
from lilliput.errors import ConfigError

SCAN_BYTES = 10
_SLOT_AT, _CHANCE_AT = 1, 5
"""Where in a unit of code the slot and the chance are."""

_TO_TABLE = "sub e\nld e, a\nld a, hi(c_table) + 1\nsbc a, c"
_TO_HALF = "ld a, lo(c_half)\nsub e\nld e, a\nld a, 1\nsbc a, c"
"""The table's address, or half a unit of what is shifted out, less the least score: A and E."""
_SHIFT = "srl h\nrr l\n"
_AT_TABLE = "ld a, h\nadd a, hi(c_table)\nld h, a\n"
_SCANNED = """
@_scanned:
        ld   a, b
        inc  a
        jp   z, @_slow
        xor  a
        ldh  (h_over), a
        @difference
        ld   d, a
        ld   c, 0
        ld   a, 0xFE
        ldh  (h_ones), a
        ld   (a_listed_from), sp
        jp   @_walk
@_less: inc  a
        cp   c
        jr   z, .equal
        ld   c, a
        ld   e, (hl)
        ld   b, 255
        add  a, c_reach
        ret  c
        ld   b, a
        ret
.equal: ld   a, e
        cp   (hl)
        ret  c
        ld   e, (hl)
        ret
"""
"""Behind the scan, and what it calls for a score that may be the least so far."""


def make_select_bank(name: str, shape: AttendShape, places: AttendPlaces, score_shift: int) -> Block:
    """A whole bank of the ROM for layers of one score_shift, with the routine `name`.

    Reads h_score (address of the upper byte of slot 0's score), a_count and the scores; it is jumped to, and
    jumps to `attend_chosen`, with the code of values filled in, h_ones, and HL the sum of chances; then the
    reciprocal is at `NAME_reciprocals` + HL. Changes every register. A position takes 7 or 14 M-cycles, one
    whose chance is looked up 35 to 51 more; the slow way some 200 a position. Raises ConfigError where a bank
    does not hold it.
    """
    chances = make_chances(score_shift, shape.chance_bits).tobytes()
    constants = places.names() | {
        "c_reach": reach(score_shift, shape.chance_bits),
        "c_pages": len(chances) // 256,
    }
    right = max(score_shift, 0)
    constants["c_half"] = 1 << right >> 1
    constants["c_table"] = SWITCHED_ROM + ROM_BANK_BYTES - len(chances)
    sums = Block.of(make_reciprocals(shape).tobytes(), {f"{name}_reciprocals": 0})
    text = _write_scan(shape, right) + _write_second_walk(shape, right, True) + write_slow(shape, right)
    code = assemble(text.replace("@", name), constants, name)
    halved = [
        make_chances(score_shift, shape.chance_bits, down).tobytes() for down in range(shape.most_down, 0, -1)
    ]
    if right or len(code) + len(sums) + len(chances) * (1 + len(halved)) > ROM_BANK_BYTES:
        text, halved = (
            _write_scan(shape, right) + _write_second_walk(shape, right, False) + write_slow(shape, right),
            [],
        )
        code = assemble(text.replace("@", name), constants, name)
    gap = ROM_BANK_BYTES - len(code) - len(sums) - len(chances) * (1 + len(halved))
    if gap < 0:
        raise ConfigError(
            f"attention's choice of {shape.slots} positions takes {-gap} bytes more than a bank has"
        )
    return Block.join((sums, code, Block.of(bytes(gap) + b"".join(halved) + chances)))


def _write_scan(shape: AttendShape, right: int) -> str:
    """C is the least upper byte so far plus 1, E the lower byte; B what an upper byte must be below."""
    unit = """
        ld   a, (hl-)
        cp   b
        jr   nc, .far{n}
        cp   c
        call c, @_less
        push hl
.far{n}: dec l
"""
    return f"""
@:      ldh  a, (h_score + 1)
        ld   h, a
        ld   a, (a_count)
        dec  a
        add  a, a
        ld   l, a
        ldh  a, (h_score)
        add  a, l
        ld   l, a
        ld   sp, a_list
        ld   a, (hl-)
        ld   e, (hl)
        ld   b, 255
        inc  a
        jr   z, .last       ; it cannot be told from those below: the slow way
        ld   c, a
        add  a, c_reach
        jr   c, .first
        ld   b, a
        jr   .first
.last:  dec  a
        ld   c, a
.first: push hl
        dec  l
        jp   attend_scan
@_scan:
{"".join(unit.format(n=n) for n in range(shape.slots - 1))}
{_SCANNED.replace("@difference", _TO_HALF if right else _TO_TABLE)}"""


def _write_place(number: int, shape: AttendShape, right: int) -> str:
    """The walk on from a score when `number` places of the code of values are filled."""
    unit = f"a_program + {UNIT_BYTES * (shape.slots - 1 - number)}"
    return f"""
.u{number}: pop hl
        ld   a, l
        ld   ({unit} + {_SLOT_AT}), a
        inc  hl
        ld   a, (hl-)
        cp   b
        jr   nc, .end{number}
        ld   l, (hl)
        ld   h, a
        add  hl, de
        {_SHIFT * right + _AT_TABLE if right else ""}
        ld   a, (hl)
        cp   2
        jr   c, .one{number}
        ld   ({unit} + {_CHANCE_AT}), a
        add  a, c
        ld   c, a
        jr   nc, .u{number + 1}
        ldh  a, (h_over)
        inc  a
        ldh  (h_over), a
        jr   .u{number + 1}
.one{number}: rra
        jr   c, .u{number}
        ldh  a, (h_ones)
        dec  a
        ldh  (h_ones), a
        ld   l, a
        ld   h, hi(a_ones)
        ld   a, ({unit} + {_SLOT_AT})
        ld   (hl), a
        jr   .u{number}
.end{number}: ld hl, sp+0
        ld   a, h
        cp   hi(a_list + 2)
        jr   nz, .u{number}
        ld   hl, {unit} + {UNIT_BYTES}
        ld   a, {number}
        jp   .walked
"""


def _write_second_walk(shape: AttendShape, right: int, halved: bool) -> str:
    """C is the sum of 2 c - 2, its carries in h_over; DE the table's address less the least score."""
    text = "@_walk:\n" + "".join(_write_place(number, shape, right) for number in range(shape.slots))
    compare = f"ld a, lo({shape.most_sum})\nsub l\nld a, hi({shape.most_sum})\nsbc a, h\n"
    again = f"""
.halve: ld   a, d           ; the table before has chances halved once more
        sub  c_pages
        ld   d, a
        srl  h
        rr   l
        {compare}
        jr   c, .halve
        xor  a
        ldh  (h_over), a
        ld   c, a
        ld   a, 0xFE
        ldh  (h_ones), a
        ld   a, (a_listed_from)
        ld   l, a
        ld   a, (a_listed_from + 1)
        ld   h, a
        ld   sp, hl
        jp   .u0
"""
    return f"""{text}
.u{shape.slots}: ld hl, a_program   ; every place is filled
        ld   a, {shape.slots}
.walked: ld  sp, hl
        ld   (attend_values + 1), sp
        ld   l, a           ; how many
        ldh  a, (h_over)
        srl  a
        ld   h, a
        ld   a, c
        rra
        add  a, l
        jr   nc, .more
        inc  h
.more:  ld   l, a
        ldh  a, (h_ones)
        cpl
        dec  a              ; 0xFE less h_ones: how many
        add  a, l
        ld   l, a
        jr   nc, .sum
        inc  h
.sum:   {compare}
        jp   nc, attend_chosen
{again if halved else ""}
"""
