"""Products on the Game Boy against Python's, with every pair of bytes, and cycles as declared."""

import numpy as np

from lilliput.deploy.gameboy.assembler import assemble
from lilliput.deploy.gameboy.multiply import (
    CALL_CYCLES,
    INLINE_CYCLES,
    MOST_LONG_CYCLES,
    make_quarter_squares,
    multiply_inline,
    write_long_multiply,
    write_multiply,
)

ROW, OUT = 0xC000, 0xC100


def test_declared_cycles_are_those_of_the_code():
    assert assemble(multiply_inline()).cycles() == INLINE_CYCLES
    assert write_multiply().cycles(taken=True) + 6 == CALL_CYCLES


def test_every_pair_of_signed_bytes(roms, emulators):
    """A row of products with one factor at a time: 256 products a call."""
    step = assemble(f"""
step:   ld   a, ({ROW})
        ld   b, a
        ld   c, 0
.next:  call multiply
        ld   h, hi({OUT})
        ld   l, c
        ld   (hl), e
        inc  h
        ld   (hl), d
        inc  c
        jr   nz, .next
        ret
""")
    squares = ("squares", make_quarter_squares(), 256)
    with roms.Bench(emulators, [step, write_multiply()], fixed=[squares]) as bench:
        for a in range(-128, 128):
            bench.call({ROW: bytes([a + 128])})
            low, high = np.frombuffer(bench.read(OUT, 512), np.uint8).reshape(2, 256).astype(int)
            assert ((low + 256 * high ^ 0x8000) - 0x8000).tolist() == [a * b for b in range(-128, 128)]


def test_long_products(roms, emulators):
    step = assemble(f"""
step:   ld   hl, {ROW}
        ld   a, (hl+)
        ld   e, a
        ld   a, (hl+)
        ld   d, a
        ld   a, (hl)
        call multiply_long
        ld   ({OUT + 2}), a
        ld   a, l
        ld   ({OUT}), a
        ld   a, h
        ld   ({OUT + 1}), a
        ret
""")
    around = step.cycles() - 6
    rng = np.random.default_rng(0)
    pairs = [(0, 0), (65535, 255), (65535, 0), (0, 255), (1, 128), (32768, 2)]
    pairs += zip(rng.integers(0, 65536, 60).tolist(), rng.integers(0, 256, 60).tolist(), strict=True)
    with roms.Bench(emulators, [step, write_long_multiply()]) as bench:
        cycles = []
        for a, b in pairs:
            cycles.append(bench.call({ROW: a.to_bytes(2, "little") + bytes([b])}) - around)
            assert int.from_bytes(bench.read(OUT, 3), "little") == a * b
    assert max(cycles) == MOST_LONG_CYCLES
