"""Sums that join the residual stream with an exponent, against the definition."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.steps.rejoin import (
    HIGH_BYTES,
    find_most_exponent,
    make_rejoin_table,
    write_rejoin,
)
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import round_shift, saturate

SUMS, TARGET, EXPONENT, HIGH = 0xC000, 0xC200, 0xFFA0, 0xFF80


@pytest.mark.parametrize("size", [64, 70, 33])
def test_sums_are_shifted_by_what_the_exponent_leaves_and_added(roms, emulators, size):
    rng = np.random.default_rng(size)
    shifts = rng.integers(0, 15, size)
    if size == 64:
        shifts = rng.integers(3, 8, size)
    code = write_rejoin("rejoin", size=size, sums=SUMS, target=TARGET, exponent=EXPONENT, high=HIGH)
    most = find_most_exponent(shifts)
    step = f"step: ld a, {most}\nld d, hi(shifts)\nld e, bank(shifts)\njp rejoin"
    data = [("shifts", make_rejoin_table("shifts", shifts), 256)]
    edges = [-32767, -32766, -16385, -16384, -16383, -1, 0, 1, 16383, 16384, 32766, 32767]
    cycles = []
    with roms.Bench(emulators, [assemble(step), code], data) as bench:
        for number in range(40):
            e = number % (most + 3)
            sums, h = rng.integers(-32767, 32768, (2, size))
            if number % 3 == 0:
                sums, h = rng.choice(edges, (2, size))
            if number % 3 == 1:
                h = rng.integers(-8000, 8000, size)
            took = bench.call(
                {
                    SUMS: sums.astype("<i2").tobytes(),
                    TARGET: h.astype("<i2").tobytes(),
                    EXPONENT: bytes([e]),
                    HIGH + HIGH_BYTES: b"\x5a",
                }
            )
            made = np.frombuffer(bench.read(TARGET, 2 * size), "<i2")
            wanted = saturate(h + round_shift(sums, np.maximum(shifts - e, 0)), 32767)
            assert made.tolist() == wanted.tolist(), e
            assert bench.read(HIGH + HIGH_BYTES, 1) == b"\x5a"
            if number % 3 == 1:
                cycles.append(took / size)
    assert max(cycles) < 100


def test_shifts_beyond_16_bits_and_too_many_rows_are_refused():
    with pytest.raises(ConfigError, match="shifts of 0 to 14"):
        make_rejoin_table("shifts", np.array([3, 15]))
    with pytest.raises(ConfigError, match="256 are possible"):
        write_rejoin("rejoin", size=257, sums=SUMS, target=TARGET, exponent=EXPONENT, high=HIGH)
