"""The narrow norm: 16-bit numbers divided by their root mean square, as signed bytes.

Four walks over the elements: (1) the upper bytes of all magnitudes, or-ed, tell the shift d; (2) each is
shifted down by two looks, one for each of its bytes, and its magnitude pushed with its sign in the carry;
(3) squares are summed; (4) the product with the reciprocal root is a look for its upper byte, and a look for
what is left to shift.
"""

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.stack import restore_stack
from lilliput.deploy.gameboy.steps.norm_tables import (
    EPSILON_AT,
    POST_PAGE,
    POSTS_OF_BLOCK,
    ROOTS_PAGE,
    ROWS_OF_BLOCK,
    SHIFTS_PAGE,
    SQUARES_PAGE,
    check_norm,
)
from lilliput.errors import ConfigError
from lilliput.quantize.intmodel import IntNorm

HIGH_BYTES = 5


def write_norm(
    name: str,
    *,
    norm: IntNorm,
    size: int,
    source: int,
    target: int,
    pairs: int,
    page: int,
    high: int,
    tables: str,
    rows: str | None = None,
    multiply: str = "multiply_long",
) -> Block:
    """A routine for bank 0, `name`: the norm of `size` words at `source` as signed bytes at `target`.

    `pairs`: 2 * size bytes, `page`: 256 at a multiple of 256, for the meanwhile, in work memory that is seen;
    `high`: HIGH_BYTES of high memory. `tables`: the label of make_norm_tables; rows: that of make_norm_rows,
    if they are there, all in banks below 256; `multiply`: write_long_multiply's routine. It changes every
    register and the bank of the ROM; the stack may be anywhere. Raises ConfigError for norms that are not
    narrow or too great.
    """
    check_norm(norm, size)
    if page % 256:
        raise ConfigError(f"the page of a norm is at a multiple of 256, not at {page:#06x}")
    unroll = max(part for part in (4, 3, 2, 1) if size % part == 0)
    turns = size // unroll & 0xFF
    text = (
        f"{name}: ld ({high}), sp\nld a, bank({tables})\nld (rROMB0), a\n"
        + _find_shift(source, turns, unroll, high)
        + _shift_down(source + 2 * size - 1, pairs + 2 * size, turns, unroll, high, tables)
        + _sum_squares(pairs, turns, unroll, tables)
        + _find_root(norm, high, tables)
        + _interpolate(high, f"hi({tables}) + {ROOTS_PAGE}", multiply)
        + (_use_rows(rows) if rows else "")
        + _make_page(page, tables, norm, high)
        + _multiply(pairs, target, size, high)
    )
    return assemble(text, name=name)


def _find_shift(source: int, turns: int, unroll: int, high: int) -> str:
    """d in A; of -2^m it sees m bits, one too few: what comes next finds out."""
    one = "pop de\nld a, d\nadd a, a\nsbc a, a\nxor d\nor b\nld b, a\n"
    return f"""
        ld   bc, {turns}
        ld   sp, {source}
.scan:  {one * unroll}
        dec  c
        jr   nz, .scan
        xor  a
.bit:   inc  b
        dec  b
        jr   z, .down
        srl  b
        inc  a
        jr   .bit
.down:  ldh  ({high + 3}), a
"""


def _shift_down(last: int, pairs: int, turns: int, unroll: int, high: int, tables: str) -> str:
    """Push A = |w|, with the carry where it is negative, from the last element to the first."""
    text = f"""
        add  a, a
        add  a, hi({tables}) + {SHIFTS_PAGE}
        ld   b, a           ; by low byte
        inc  a
        ld   d, a           ; by high byte
        ld   hl, {last}
        ld   sp, {pairs}
        ld   a, {turns}
        ldh  ({high + 2}), a
.shift:
"""
    rare = ""
    for at in range(unroll):
        text += f"""
        ld   a, (hl-)
        ld   e, a
        ld   a, (hl-)
        ld   c, a
        ld   a, (bc)
        ld   c, a
        ld   a, (de)
        add  a, c           ; w, but for its sign: as that of its high byte
        bit  7, e
        jr   nz, .minus{at}
        jr   c, .full{at}
.put{at}: push af
"""
        rare += f"""
.minus{at}: jr c, .put{at}  ; 0
        cpl
        inc  a
        scf
        jr   nz, .put{at}
        inc  hl             ; -256: saturates, or is a power of two, which d did not see
        ld   a, (hl-)
        or   a
        jp   z, .again
        ld   a, 255
        scf
        jr   .put{at}
.full{at}: ld a, 255
        or   a
        jr   .put{at}
"""
    return (
        text
        + f"""
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jr   nz, .shift
        jp   .squares
.again: ldh  a, ({high + 3})
        inc  a
        jp   .down
{rare}"""
    )


def _sum_squares(pairs: int, turns: int, unroll: int, tables: str) -> str:
    """E, B, C: the sum of squares."""
    text = f"""
.squares: ld sp, {pairs}
        ld   bc, 0
        ld   de, {turns << 8}
        ld   h, hi({tables}) + {SQUARES_PAGE}
.square:
"""
    for at in range(unroll):
        text += f"""
        pop  af
        ld   l, a
        ld   a, (hl)
        add  a, c
        ld   c, a
        inc  h
        ld   a, (hl)
        adc  a, b
        ld   b, a
        dec  h
        jr   nc, .sum{at}
        inc  e
.sum{at}:
"""
    return text + "dec d\njr nz, .square\n"


def _find_root(norm: IntNorm, high: int, tables: str) -> str:
    """The mantissa of the sum of squares in B, C, B less 64 in A; D = shift - 8 + k."""
    roots = f"hi({tables}) + {ROOTS_PAGE}"
    return f"""
        {restore_stack(high)}
        ldh  a, ({high + 3})
        add  a, a
        add  a, a
        add  a, {EPSILON_AT}
        ld   l, a
        ld   h, {roots}
        ld   a, (hl+)
        add  a, c
        ld   c, a
        ld   a, (hl+)
        adc  a, b
        ld   b, a
        ld   a, (hl)
        adc  a, e
        ld   e, a
        ld   d, {norm.shift - 8}
        or   b
        or   c
        jr   nz, .great
        inc  c
.great: ld   a, e           ; down to 16 bits, by even shifts
        or   a
        jr   z, .small
        srl  e
        rr   b
        rr   c
        srl  e
        rr   b
        rr   c
        inc  d
        jr   .great
.small: ld   a, b           ; up to 2^14
        sub  64
        jr   nc, .mantissa
        sla  c
        rl   b
        sla  c
        rl   b
        dec  d
        jr   .small
"""


def _interpolate(high: int, roots: str, multiply: str) -> str:
    """From the mantissa B, C (A is B less 64) and D to C = r8; D stays."""
    return f"""
.mantissa: ld l, a
        ld   h, {roots}
        ld   a, d
        ldh  ({high + 4}), a
        ld   a, (hl+)
        sub  (hl)
        ld   e, a
        ld   d, 0           ; how far the table falls, below 256
        push hl
        ld   a, c
        call {multiply}
        ld   de, 128
        add  hl, de
        ld   a, h
        pop  hl
        ld   b, a
        dec  l
        ld   a, (hl)
        sub  b
        ld   e, a
        inc  h
        ld   a, (hl)
        sbc  a, 0
        ld   d, a           ; r
        ld   hl, 64
        add  hl, de
        add  hl, hl
        ld   c, h
        jr   nc, .root
        ld   c, 255
.root:  ldh  a, ({high + 4})
        ld   d, a
"""


def _use_rows(rows: str) -> str:
    """For e = D of 1 to 4: H the page of products, B that of what becomes of them."""
    choices = "".join(
        f"""
        sub  {ROWS_OF_BLOCK}
        ld   b, hi({rows}.{number})
        ld   e, bank({rows}.{number})
        cp   {ROWS_OF_BLOCK}
        jr   c, .row
"""
        for number in range(3)
    )
    return f"""
        dec  a
        cp   {POSTS_OF_BLOCK - 1}
        jr   nc, .make
        ld   a, c
        sub  128 - {ROWS_OF_BLOCK}
{choices}
.row:   add  a, b
        add  a, {POSTS_OF_BLOCK}
        ld   h, a
        ld   a, e
        ld   (rROMB0), a
        ld   a, b
        add  a, d
        ld   b, a
        jr   .multiply
"""


def _make_page(page: int, tables: str, norm: IntNorm, high: int) -> str:
    """The same for every e: (|w| r8 >> 8) where e is above 0, else rsh(|w| r8 << -e, 8)."""
    wide = norm.shift < 8
    entry = "ld a, h\nld (bc), a\ninc c\nadd hl, de\n" + ("jr c, .rest\n" if wide else "")
    rest = """
        jr   .made
.rest:  ld   a, c
        or   a
        jr   z, .made
        ld   a, 255
.fill:  ld   (bc), a
        inc  c
        jr   nz, .fill
"""
    return f"""
.make:  ld   e, c
        ld   a, d
        ld   d, 0
        ld   hl, 0
        dec  a
        bit  7, a
        jr   z, .step
        ld   l, 128
        inc  a
        jr   z, .whole
.double: sla e
        rl   d
        inc  a
        jr   nz, .double
.whole: dec  a
.step:  inc  a
        add  a, hi({tables}) + {POST_PAGE}
        ldh  ({high + 4}), a
        ld   bc, {page}
.entry: {entry * 8}
        jr   nz, .entry
{rest if wide else ""}
.made:  ld   h, b
        ldh  a, ({high + 4})
        ld   b, a
"""


def _multiply(pairs: int, target: int, size: int, high: int) -> str:
    """Look up every product by the page H, what becomes of it by B, and give it its sign."""
    unroll = max(part for part in (8, 4, 2, 1) if size % part == 0)
    step = "inc e" if target % 256 + size <= 256 else "inc de"
    elements = "".join(
        f"""
        pop  af
        ld   l, a
        ld   a, (hl)
        ld   c, a
        ld   a, (bc)
        jr   nc, .plus{at}
        cpl
        inc  a
.plus{at}: ld (de), a
        {step}
"""
        for at in range(unroll)
    )
    return f"""
.multiply: ld de, {target}
        ld   sp, {pairs}
        ld   a, {size // unroll & 0xFF}
        ldh  ({high + 2}), a
.element:
{elements}
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jr   nz, .element
        {restore_stack(high)}
        ret
"""
