"""Products of long numbers, which are few: by shifts, there being no multiplier."""

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block

MOST_LONG_CYCLES = 6 + 2 + 3 + 8 * 13 - 1 + 4
"""Of a call of write_long_multiply's routine, at most."""


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
