"""Tokens drawn on the Game Boy against the sampler that defines them, seed by seed."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.steps.draw import (
    count_chance_banks,
    make_chance_tables,
    write_draw,
)
from lilliput.deploy.gameboy.steps.random_numbers import write_random
from lilliput.errors import ConfigError
from lilliput.quantize.draw import DrawPlan, make_int_sampler, plan_draws
from lilliput.quantize.fixed import XorShift32

LOGITS, OUT, STATE, HIGH, PLAN = 0xC100, 0xC000, 0xC010, 0xFF80, 0xFFA0
FIRST = 17


def state_of(seed):
    """The generator's bits as the sampler begins with them."""
    return XorShift32(seed)._state.to_bytes(4, "little")


def test_random_numbers_are_the_generators(roms, emulators):
    step = assemble(
        f"step: call random\nld a, l\nld ({OUT}), a\nld a, h\nld ({OUT + 1}), a\nld a, e\n"
        f"ld ({OUT + 2}), a\nld a, d\nld ({OUT + 3}), a\nret"
    )
    with roms.Bench(emulators, [step, write_random("random", STATE)]) as bench:
        for seed in (0, 1, 2**63 + 12345):
            random = XorShift32(seed)
            bench.write({STATE: state_of(seed)})
            for _ in range(40):
                bench.call({})
                assert bench.read(OUT, 4) == bench.read(STATE, 4) == random.draw().to_bytes(4, "little")


def make_bench(roms, emulators, plan, vocabulary):
    banks = count_chance_banks([plan])
    code = write_draw(
        "draw", vocabulary=vocabulary, logits=LOGITS, banks=banks, plan=PLAN, state=STATE, high=HIGH
    )
    step = assemble(f"step: call draw\nld a, e\nld ({OUT}), a\nld a, d\nld ({OUT + 1}), a\nret")
    tables = make_chance_tables("chances", plan, banks) if plan.multiplier else ()
    banks = [(f"chances{at}", block, FIRST + at) for at, block in enumerate(tables)]
    return roms.Bench(emulators, [step, code], banks=banks)


def draw_logits(rng, size):
    for spread in (0, 1, 30, 500, 2000, 8000):
        for _ in range(4):
            yield np.clip(rng.normal(0, spread, size).round(), -32767, 32767).astype(np.int64)
    yield np.full(size, -32767)
    yield np.where(np.arange(size) == size - 1, 32767, -32767)
    yield rng.choice([-32767, 32767, 0, -1], size)
    yield np.minimum(rng.integers(-4000, 4000, size), 3000)  # many are likeliest


PLANS = {
    "greedy": plan_draws(0.0, 0, 1.0, 0.0, 9),
    "one": plan_draws(1.0, 0, 1.0, 0.0, 9),
    "cool": plan_draws(0.6, 0, 1.0, 0.0, 9),
    "cold": plan_draws(1e-4, 0, 1.0, 0.0, 9),
    "near": plan_draws(1.1, 0, 1.0, 0.05, 9),
    "hot": plan_draws(3.0, 0, 1.0, 0.0, 9),
    "hottest": plan_draws(1e9, 0, 1.0, 0.0, 9),
}


@pytest.mark.parametrize(
    ("name", "vocabulary"), [*((name, 512) for name in PLANS), ("one", 1001), ("one", 1), ("hot", 3000)]
)
def test_tokens_are_the_samplers(roms, emulators, name, vocabulary):
    rng = np.random.default_rng(vocabulary)
    plan, seed = PLANS[name], 2**40 + 7
    sample = make_int_sampler(plan, seed)
    with make_bench(roms, emulators, plan, vocabulary) as bench:
        bench.write({STATE: state_of(seed), PLAN: bytes([FIRST if plan.multiplier else 0])})
        for logits in draw_logits(rng, vocabulary):
            before = logits.astype("<i2").tobytes()
            for _ in range(1 if name == "greedy" else 4):
                bench.call({LOGITS: before})
                assert int.from_bytes(bench.read(OUT, 2), "little") == sample(logits)
            assert bench.read(LOGITS, len(before)) == before


def test_other_cuts_are_refused():
    with pytest.raises(ConfigError, match="top_k"):
        make_chance_tables("chances", DrawPlan(20000, 15, 40, 65536, 65535), 1)
    with pytest.raises(ConfigError, match="top_p"):
        count_chance_banks([DrawPlan(20000, 15, 0, 60000, 65535)])
    with pytest.raises(ConfigError, match="more than 1 banks"):
        make_chance_tables("chances", PLANS["hot"], 1)
    with pytest.raises(ConfigError, match="8 and"):
        write_draw("draw", vocabulary=40000, logits=LOGITS, banks=1, plan=PLAN, state=STATE, high=HIGH)
