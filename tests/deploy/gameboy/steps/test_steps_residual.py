"""Embeddings and the residual stream's units on the Game Boy against the reference's, bit for bit."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.steps.residual import make_embedding, write_coarsen, write_embed
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import round_shift
from lilliput.quantize.intmodel import IntMatrix
from lilliput.quantize.reference import Reference

TARGET, TOKEN, HIGH = 0xC100, 0xC000, 0xFF80


@pytest.mark.parametrize(("vocabulary", "size"), [(512, 64), (300, 24), (1030, 7)])
def test_embeddings_are_the_references(roms, emulators, vocabulary, size):
    rng = np.random.default_rng(size)
    embed = IntMatrix(
        "int8",
        rng.integers(-127, 128, (vocabulary, size)).astype(np.int8),
        rng.integers(1, 32768, vocabulary).astype(np.int16),
        rng.integers(5, 20, vocabulary).astype(np.uint8),
        1,
        1,
        32767,
    )
    embed.values[0], embed.multipliers[0], embed.shifts[0] = 127, 32767, 1  # saturates
    reference = Reference.__new__(Reference)
    reference.model = type("Model", (), {"embed": embed})
    wanted = reference.embed(np.arange(vocabulary))
    call = assemble(f"step: ld a, ({TOKEN})\nld e, a\nld a, ({TOKEN + 1})\nld d, a\njp embed")
    code = write_embed("embed", size=size, vocabulary=vocabulary, rows="rows", target=TARGET, high=HIGH)
    banks = [(f"rows{at}", block, 9 + at) for at, block in enumerate(make_embedding("rows", embed))]
    with roms.Bench(emulators, [call, code], banks=banks) as bench:
        cycles = set()
        for token in [
            0,
            1,
            127,
            128,
            129,
            255,
            256,
            vocabulary - 1,
            *rng.integers(0, vocabulary, 40).tolist(),
        ]:
            cycles.add(bench.call({TOKEN: token.to_bytes(2, "little"), TARGET + 2 * size: b"\x55"}))
            assert np.frombuffer(bench.read(TARGET, 2 * size), "<i2").tolist() == wanted[token].tolist()
            assert bench.read(TARGET + 2 * size, 1) == b"\x55"
    assert len(cycles) == 1
    assert np.abs(wanted).max() == 32767


@pytest.mark.parametrize("shift", range(1, 8))
def test_a_coarser_unit_rounds(roms, emulators, shift):
    rng = np.random.default_rng(shift)
    code = write_coarsen("step", size=64, shift=shift, source=TARGET, high=HIGH)
    with roms.Bench(emulators, [code]) as bench:
        for most in (3, 200, 5000, 32767):
            h = rng.integers(-most, most + 1, 64)
            h[:4] = 32767, -32767, 0, -1
            bench.call({TARGET: h.astype("<i2").tobytes()})
            found = np.frombuffer(bench.read(TARGET, 128), "<i2")
            assert found.tolist() == round_shift(h, shift).tolist()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="1 to 7"):
        write_coarsen("step", size=64, shift=8, source=TARGET, high=HIGH)
    with pytest.raises(ConfigError, match="too wide"):
        write_coarsen("step", size=1030, shift=1, source=TARGET, high=HIGH)
    with pytest.raises(ConfigError, match="255 banks"):
        write_embed("embed", size=4096, vocabulary=512, rows="rows", target=TARGET, high=HIGH)
