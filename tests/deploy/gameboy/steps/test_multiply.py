"""Products on the Game Boy against Python's, and cycles as declared."""

import numpy as np

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.steps.multiply import MOST_LONG_CYCLES, write_long_multiply

ROW, OUT = 0xC000, 0xC100


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
