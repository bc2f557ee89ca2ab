"""Estimates beside what PyBoy counts: steps, matrices, attention; and shapes that have no room."""

import numpy as np
import pytest

from lilliput.deploy.gameboy import estimate_steps
from lilliput.deploy.gameboy.attend_shape import AttendShape
from lilliput.deploy.gameboy.estimate import estimate
from lilliput.deploy.gameboy.estimate_attend import Habits, count_attend, make_shape
from lilliput.deploy.gameboy.lookup_endings import Ending
from lilliput.deploy.gameboy.lookup_shapes import choose_shape
from lilliput.deploy.gameboy.lookups import compile_matrix
from lilliput.deploy.gameboy.multiply import write_long_multiply
from lilliput.deploy.gameboy.norm_tables import make_norm_rows, make_norm_tables
from lilliput.deploy.gameboy.steps_draw import count_chance_banks, make_chance_tables, write_draw
from lilliput.deploy.gameboy.steps_halve import make_square_tables, write_halve
from lilliput.deploy.gameboy.steps_hidden import make_hidden_places, make_hidden_rows, write_hidden
from lilliput.deploy.gameboy.steps_norm import write_norm
from lilliput.deploy.gameboy.steps_rejoin import find_most_exponent, make_rejoin_table, write_rejoin
from lilliput.errors import ConfigError
from lilliput.models.config import LlamaConfig
from lilliput.quantize.draw import plan_draws
from lilliput.quantize.intmodel import IntNorm
from lilliput.quantize.narrow import narrow_shift

A, B, C, PAGE, HIGH = 0xC100, 0xC600, 0xCB00, 0xC000, 0xFF80
NEAR = 0.12
"""How far from what is measured an estimate may be, of either."""


def shape_of(**other) -> LlamaConfig:
    given = {"vocab_size": 512, "d_model": 64, "n_layers": 5, "n_heads": 8, "n_kv_heads": 4, "d_ff": 172}
    return LlamaConfig(**{**given, "context": 256, "tied": False, **other})


@pytest.mark.parametrize("size", [64, 48])
def test_norms(roms, emulators, size):
    norm = IntNorm(np.zeros(0, np.int16), narrow_shift(size), 8, 8, 127, narrow=True)
    code = write_norm(
        "step", norm=norm, size=size, source=A, target=B, pairs=C, page=PAGE, high=HIGH, tables="norms", rows="rows"
    )
    data = [("norms", make_norm_tables("norms", norm, size), 256)]
    data += [(f"rows{at}", block, 256) for at, block in enumerate(make_norm_rows("rows", norm))]
    rng = np.random.default_rng(size)
    with roms.Bench(emulators, [code, write_long_multiply()], data) as bench:
        times = [bench.call({A: rng.normal(0, 900, size).astype("<i2").tobytes()}) for _ in range(5)]
    assert np.mean(times) == pytest.approx(estimate_steps.count_norm(size), rel=NEAR)


@pytest.mark.parametrize("count", [172, 104])
def test_hidden_values(roms, emulators, count):
    x = np.arange(-255, 256) / 32
    activation = np.rint(x / (1 + np.exp(-x)) * 32).astype(np.int16)
    code = write_hidden("step", count=count, pairs=A, places="places", rows="rows", tables="norms", high=HIGH)
    norm = IntNorm(np.zeros(0, np.int16), 8, 8, 8, 127, narrow=True)
    data = [("norms", make_norm_tables("norms", norm, 64), 256)]
    banks = [(f"rows{at}", b, 7 + at) for at, b in enumerate(make_hidden_rows("rows", activation, 4, 2047))]
    fixed = [("places", make_hidden_places("places", activation), 256)]
    rng = np.random.default_rng(count)
    with roms.Bench(emulators, [code], data, fixed, banks) as bench:
        pairs = [rng.normal(0, 60, (count, 2)).astype("<i2") for _ in range(5)]
        times = [bench.call({A: part.tobytes()}) for part in pairs]
    assert np.mean(times) == pytest.approx(estimate_steps.count_hidden(count), rel=NEAR)


@pytest.mark.parametrize(("count", "stride"), [(172, 4), (64, 1)])
@pytest.mark.parametrize("is_halved", [True, False])
def test_halvings(roms, emulators, count, stride, is_halved):
    limit = count * (200 if is_halved else 2000)
    code = write_halve(
        "step", count=count, source=A, stride=stride, square_limit=limit, tables="squares", exponent=0xFFA0, high=HIGH
    )
    rng = np.random.default_rng(count)
    with roms.Bench(emulators, [code], [("squares", make_square_tables("squares"), 256)]) as bench:
        memory = np.zeros((5, count * stride), np.int8)
        memory[:, ::stride] = rng.normal(0, 20, (5, count)).round()
        times = [bench.call({A: part.tobytes(), 0xFFA0: b"\0"}) for part in memory]
    assert np.mean(times) == pytest.approx(estimate_steps.count_halve(count, stride, is_halved), rel=NEAR)


def test_rejoining(roms, emulators):
    from lilliput.deploy.gameboy.assembler import assemble

    shifts = np.random.default_rng(1).integers(4, 9, 64)
    code = write_rejoin("rejoin", size=64, sums=A, target=B, exponent=0xFFA0, high=HIGH)
    most = find_most_exponent(shifts)
    step = assemble(f"step: ld a, {most}\nld d, hi(table)\nld e, bank(table)\njp rejoin\n")
    rng = np.random.default_rng(2)
    with roms.Bench(emulators, [step, code], [("table", make_rejoin_table("table", shifts), 256)]) as bench:
        times = [
            bench.call({A: rng.normal(0, 900, 128).astype("<i2").tobytes(), 0xFFA0: bytes([1])}) for _ in range(5)
        ]
    assert np.mean(times) == pytest.approx(estimate_steps.count_rejoin(64), rel=NEAR)


def test_drawing(roms, emulators):
    plan = plan_draws(0.8, 0, 1.0, 0.0, 9)
    banks = count_chance_banks([plan])
    assert banks == 1
    code = write_draw("step", vocabulary=512, logits=A, banks=banks, plan=0xFFA0, state=PAGE, high=HIGH)
    tables = [(f"chances{at}", block, 17 + at) for at, block in enumerate(make_chance_tables("chances", plan, 1))]
    rng = np.random.default_rng(5)
    with roms.Bench(emulators, [code], banks=tables) as bench:
        bench.write({PAGE: b"\x12\x34\x56\x78", 0xFFA0: bytes([17])})
        logits = [rng.normal(0, 1500, 512).astype("<i2") for _ in range(20)]
        times = [bench.call({A: part.tobytes()}) for part in logits]
    assert np.mean(times) == pytest.approx(estimate_steps.count_draw(512), rel=0.25)  # by where it ends
