"""Products without a multiplier.

Of signed bytes by quarter squares: a b = f(a + b) - f(a - b), where f(x) = floor(x^2 / 4); both arguments
are even, or both odd, so what the floors leave out is the same. Of longer numbers, which are few, by shifts.
"""

from lilliput.deploy.gameboy.assembler import assemble
from lilliput.deploy.gameboy.block import Block

INLINE_CYCLES = 31
"""Of multiply_inline."""
CALL_CYCLES = 6 + INLINE_CYCLES + 4
"""Of a call of write_multiply's routine."""
MOST_LONG_CYCLES = 6 + 2 + 3 + 8 * 13 - 1 + 4
"""Of a call of write_long_multiply's routine, at most."""


def make_quarter_squares(label: str = "quarter_squares") -> Block:
    """1,024 bytes, to be placed at a multiple of 256: f(-256) to f(255), low bytes before high bytes."""
    squares = [x * x // 4 for x in range(-256, 256)]
    return Block.of(bytes(s & 0xFF for s in squares) + bytes(s >> 8 for s in squares), {label: 0})


def multiply_inline(squares: str | int = "quarter_squares") -> str:
    """Assembly that leaves a b in DE, of B = a + 128 and C = b + 128, which stay; a, b are -128..127.

    It changes A, HL and flags. `squares` is where make_quarter_squares lies, and can be seen: a label or an
    address.
    """
    middle = f"hi({squares}) + 1"
    return f"""
        ld   a, b
        add  a, c           ; a + b + 256: the carry says that a + b is not negative
        ld   l, a
        ccf
        sbc  a, a
        add  a, {middle}
        ld   h, a
        ld   e, (hl)
        inc  h
        inc  h
        ld   d, (hl)
        ld   a, b
        sub  c              ; the carry says that a - b is negative
        ld   l, a
        sbc  a, a
        add  a, {middle}
        ld   h, a
        ld   a, e
        sub  (hl)
        ld   e, a
        inc  h
        inc  h
        ld   a, d
        sbc  a, (hl)
        ld   d, a
"""


def write_multiply(name: str = "multiply", squares: str | int = "quarter_squares") -> Block:
    """multiply_inline as a routine that returns."""
    return assemble(f"{name}:{multiply_inline(squares)}ret", name=name)


def write_long_multiply(name: str = "multiply_long") -> Block:
    """A routine: A:HL = DE times A, 24 bits of 16 and 8, without signs. B is 0 then; C and DE stay."""
    return assemble(
        f"""
{name}: ld   b, 8
        ld   hl, 0
.bit:   add  hl, hl         ; bits of the factor leave A above while those of the product come in below
        rla
        jr   nc, .next
        add  hl, de
        adc  a, 0
.next:  dec  b
        jr   nz, .bit
        ret
""",
        name=name,
    )
