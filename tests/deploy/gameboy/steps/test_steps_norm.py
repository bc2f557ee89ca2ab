"""The narrow norm on the Game Boy against the reference's own, bit for bit."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.steps.multiply import write_long_multiply
from lilliput.deploy.gameboy.steps.norm import write_norm
from lilliput.deploy.gameboy.steps.norm_tables import make_norm_rows, make_norm_tables
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import make_rsqrt_table
from lilliput.quantize.intmodel import IntNorm
from lilliput.quantize.narrow import narrow_shift
from lilliput.quantize.reference import Reference

SOURCE, TARGET, PAIRS, PAGE, HIGH = 0xC100, 0xC400, 0xC600, 0xC800, 0xFF80


def make_norm(size, epsilon=8, limit=127):
    return IntNorm(np.zeros(0, np.int16), narrow_shift(size), epsilon, 8, limit, narrow=True)


def compute(norm, v):
    """The reference's own step, without a model around it."""
    reference = Reference.__new__(Reference)
    reference._rsqrt, reference._checked = make_rsqrt_table().astype(np.int64), True
    return reference._norm(norm, v)


def make_bench(roms, emulators, norm, size, rows, target=TARGET):
    code = write_norm(
        "step",
        norm=norm,
        size=size,
        source=SOURCE,
        target=target,
        pairs=PAIRS,
        page=PAGE,
        high=HIGH,
        tables="norms",
        rows="rows" if rows else None,
    )
    data = [("norms", make_norm_tables("norms", norm, size), 256)]
    data += [(f"rows{at}", block, 256) for at, block in enumerate(make_norm_rows("rows", norm)) if rows]
    return roms.Bench(emulators, [code, write_long_multiply()], data)


def draw(rng, size):
    """Vectors of every size, and such as lie at the edges of what d sees and what 8 bits hold."""
    for bits in range(1, 16):
        yield rng.integers(-(1 << bits) + 1, 1 << bits, size)
        peak = np.zeros(size, np.int64)
        peak[rng.integers(size)] = (1 << bits) - 1
        yield peak
        for most in (1 << bits, (1 << bits) - 1, (1 << bits) + 1):
            v = rng.integers(-(1 << bits), (1 << bits) + 1, size)
            at = rng.permutation(size)[: max(2, size // 4)]
            v[at] = np.resize([-most, most - 1, 1 - most, -most], at.size)
            yield np.clip(v, -32767, 32767)
            alone = np.clip(v, -most + 1, most - 1)
            alone[at[0]] = -most
            yield np.clip(alone, -32767, 32767)
    for value in (0, 1, -1, 255, -255, 256, -256, 257, -257, 32767, -32767):
        yield np.full(size, value)
    yield np.where(np.arange(size) % 2, 32767, -32767)
    for _ in range(40):
        yield np.clip(rng.normal(0, 2.0 ** rng.uniform(0, 13), size).round(), -32767, 32767).astype(np.int64)


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize(
    ("size", "epsilon", "limit"), [(64, 8, 127), (64, 70000, 127), (24, 0, 63), (7, 1, 127), (136, 300, 127)]
)
def test_norms_are_the_references(roms, emulators, size, epsilon, limit, rows):
    rng = np.random.default_rng(size + epsilon)
    norm = make_norm(size, epsilon, limit)
    with make_bench(roms, emulators, norm, size, rows) as bench:
        for v in draw(rng, size):
            bench.call({SOURCE: v.astype("<i2").tobytes(), TARGET: bytes(size)})
            found = np.frombuffer(bench.read(TARGET, size), np.int8).tolist()
            assert found == compute(norm, v).tolist(), v.tolist()


def test_results_may_cross_a_page(roms, emulators):
    norm = make_norm(256)
    with make_bench(roms, emulators, norm, 256, True, TARGET + 100) as bench:
        for v in list(draw(np.random.default_rng(1), 256))[::9]:
            bench.call({SOURCE: v.astype("<i2").tobytes()})
            found = np.frombuffer(bench.read(TARGET + 100, 256), np.int8).tolist()
            assert found == compute(norm, v).tolist()


def test_what_is_no_norm_of_a_cartridge_is_refused():
    with pytest.raises(ConfigError, match="narrow"):
        make_norm_tables("norms", IntNorm(np.zeros(64, np.int16), 8, 8, 12, 127), 64)
    with pytest.raises(ConfigError, match="smaller d_model"):
        make_norm_tables("norms", make_norm(300), 300)
    with pytest.raises(ConfigError, match="24 bits"):
        make_norm_tables("norms", make_norm(64, 2**24), 64)
    with pytest.raises(ConfigError, match="multiple of 256"):
        write_norm(
            "step",
            norm=make_norm(64),
            size=64,
            source=0,
            target=0,
            pairs=0,
            page=8,
            high=HIGH,
            tables="norms",
        )
