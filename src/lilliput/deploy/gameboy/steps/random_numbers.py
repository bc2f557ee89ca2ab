"""The generator of random numbers: xorshift32 (13, 17, 5), as quantize.fixed.XorShift32 has it."""

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block


def write_random(name: str, state: int) -> Block:
    """A routine, `name`: the next number, in DE and HL, D the highest byte; also at `state`, the lowest
    first.

    It changes every register.
    """

    def xor(registers: str, first: int) -> str:
        """Bytes of the state from `first` on, exclusive or what registers hold, lowest first; in these
        too."""
        return "".join(
            f"ld a, ({state + first + at})\nxor {register}\nld {register}, a\nld ({state + first + at}), a\n"
            for at, register in enumerate(registers)
        )

    up_three, up_four = "sla l\nrl h\nrl e\n", "sla l\nrl h\nrl e\nrl d\n"
    return assemble(
        f"""
{name}: ld   hl, {state}
        ld   a, (hl+)
        ld   c, a
        ld   a, (hl+)
        ld   b, a
        ld   e, (hl)
        ld   l, c
        ld   h, b
        {up_three * 5}
        {xor("lhe", 1)}
        ld   a, ({state})
        ld   c, a           ; now E H L C
        ld   b, e
        ld   e, h
        ld   h, l           ; B E H C
        ld   l, e
        ld   d, b
        srl  d
        rr   l              ; D L: the upper half, a place down
        ld   a, h
        xor  d
        ld   h, a
        ld   a, c
        xor  l
        ld   l, a
        ld   ({state}), a
        ld   a, h
        ld   ({state + 1}), a
        ld   d, b           ; D E H L
        {up_four * 5}
        {xor("lhed", 0)}
        ret
""",
        name=name,
    )
