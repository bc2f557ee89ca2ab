"""Hidden values of 12 bits, their exponent, and halvings on the Game Boy against the reference's own
steps."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.steps.halve import make_square_tables, write_halve
from lilliput.deploy.gameboy.steps.hidden import make_hidden_places, make_hidden_rows, write_hidden
from lilliput.deploy.gameboy.steps.norm_tables import make_norm_tables
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import halvings, narrow, round_shift, saturate
from lilliput.quantize.intmodel import IntNorm

PAIRS, HIGH, EXPONENT = 0xC100, 0xFF80, 0xFFA0
NORM = IntNorm(np.zeros(0, np.int16), 8, 8, 8, 127, narrow=True)


def make_silu(limit, most):
    """As ptq makes it: whole numbers, the greatest of them `most`."""
    x = np.arange(-limit, limit + 1) * (8 / limit)
    y = x / (1 + np.exp(-x))
    return np.rint(y / np.abs(y).max() * most).astype(np.int16)


def draw(rng, count):
    edges = np.array([-32767, -257, -256, -255, -254, -1, 0, 1, 254, 255, 256, 257, 32767])
    for number in range(40):
        yield rng.integers(-(2 << number % 9), (2 << number % 9) + 1, (count, 2))
    for _ in range(20):
        yield rng.choice(edges, (count, 2))
    yield np.zeros((count, 2), np.int64)
    yield np.full((count, 2), 255)
    yield np.stack([np.full(count, 255), np.full(count, -255)], axis=1)


@pytest.mark.parametrize(
    ("kind", "shift", "limit", "count"),
    [("silu", 3, 2047, 172), ("silu", 5, 2047, 60), ("relu", 6, 1023, 43), ("silu", 0, 127, 8)],
)
@pytest.mark.parametrize("is_narrow", [True, False])
def test_hidden_values_are_the_references(roms, emulators, kind, shift, limit, count, is_narrow):
    rng = np.random.default_rng(count)
    activation = (
        make_silu(255, 255) if kind == "silu" else np.maximum(np.arange(-200, 201), 0).astype(np.int16)
    )
    most = len(activation) // 2
    code = write_hidden(
        "step",
        count=count,
        pairs=PAIRS,
        places="places",
        rows="rows",
        tables="norms",
        high=HIGH,
        narrow=is_narrow,
    )
    blocks = make_hidden_rows("rows", activation, shift, limit)
    banks = [(f"rows{at}", block, 7 + at) for at, block in enumerate(blocks)]
    fixed = [("places", make_hidden_places("places", activation), 256)]
    data = [("norms", make_norm_tables("norms", NORM, 64), 256)]
    with roms.Bench(emulators, [code], data, fixed, banks) as bench:
        for part in draw(rng, count):
            part[:, 0] = (
                np.clip(part[:, 0], -32767, 32767) if most == 255 else np.clip(part[:, 0], -most, most)
            )
            bench.call({PAIRS: part.astype("<i2").tobytes()})
            g, u = saturate(part[:, 0], most), saturate(part[:, 1], 255)
            wanted = saturate(round_shift(activation[g + most].astype(np.int64) * u, shift), limit)
            if is_narrow:
                wanted, down = narrow(wanted, 127)
                made = np.frombuffer(bench.read(PAIRS, 4 * count), np.int8).reshape(count, 4)[:, 2]
                assert bench.read(HIGH + 4, 1)[0] == int(down[0])
            else:
                made = np.frombuffer(bench.read(PAIRS, 4 * count), "<i2").reshape(count, 2)[:, 1]
            assert made.tolist() == wanted.tolist()


@pytest.mark.parametrize("shift", [2, 3, 5])
def test_half_a_unit_below_zero_does_not_count_for_the_exponent(roms, emulators, shift):
    """Of 255.5 comes 256, of -255.5 only -255, which is a bit shorter."""
    activation = make_silu(255, 255)
    code = write_hidden("step", count=2, pairs=PAIRS, places="places", rows="rows", tables="norms", high=HIGH)
    banks = [
        (f"rows{at}", b, 7 + at) for at, b in enumerate(make_hidden_rows("rows", activation, shift, 2047))
    ]
    fixed = [("places", make_hidden_places("places", activation), 256)]
    data = [("norms", make_norm_tables("norms", NORM, 64), 256)]
    ups = np.arange(1, 256)
    found = 0
    with roms.Bench(emulators, [code], data, fixed, banks) as bench:
        for whole in (128, 256, 512, 1024):
            tie = (2 * whole - 1) << shift - 1
            pairs = [(g, tie // a) for g in range(1, 256) if (a := int(activation[g + 255])) and tie % a == 0]
            for g, u in [(g, u) for g, u in pairs if u in ups][:3]:
                for sign in (1, -1):
                    part = np.array([[g, sign * u], [3, 5]])
                    bench.call({PAIRS: part.astype("<i2").tobytes()})
                    products = activation[part[:, 0] + 255].astype(np.int64) * part[:, 1]
                    wanted, down = narrow(saturate(round_shift(products, shift), 2047), 127)
                    assert bench.read(HIGH + 4, 1)[0] == int(down[0])
                    made = np.frombuffer(bench.read(PAIRS, 8), np.int8).reshape(2, 4)[:, 2]
                    assert made.tolist() == wanted.tolist()
                    found += 1
    assert found >= 8


@pytest.mark.parametrize(
    ("count", "stride", "limit"), [(172, 4, 100427), (64, 1, 20000), (43, 2, 300), (256, 4, 9)]
)
def test_vectors_too_long_are_halved_as_in_the_reference(roms, emulators, count, stride, limit):
    rng = np.random.default_rng(count)
    code = write_halve(
        "step",
        count=count,
        source=PAIRS,
        stride=stride,
        square_limit=limit,
        tables="squares",
        exponent=EXPONENT,
        high=HIGH,
    )
    found = set()
    with roms.Bench(emulators, [code], [("squares", make_square_tables("squares"), 256)]) as bench:
        spread = (limit / count) ** 0.5
        for number in range(60):
            x = np.clip(rng.normal(0, spread * (0.5 + number / 40), count).round(), -127, 127).astype(
                np.int64
            )
            x = np.full(count, 127 - 254 * (number % 2)) if number > 57 else x
            memory = rng.integers(0, 256, count * stride).astype(np.uint8)
            memory[::stride] = x & 0xFF
            bench.call({PAIRS: memory.tobytes(), EXPONENT: bytes([3])})
            down = int(halvings((x**2).sum(), limit, 2))
            found.add(down)
            memory[::stride] = round_shift(x, down) & 0xFF
            assert bench.read(PAIRS, memory.size) == memory.tobytes()
            assert bench.read(EXPONENT, 1)[0] == 3 + down
    assert {0, 1} <= found


def test_wider_numbers_are_refused():
    with pytest.raises(ConfigError, match="gate_bits"):
        make_hidden_places("places", np.zeros(601, np.int16))
    with pytest.raises(ConfigError, match="silu"):
        make_hidden_places("places", np.full(9, 1, np.int16))
    with pytest.raises(ConfigError, match="hidden_bits"):
        make_hidden_rows("rows", make_silu(255, 255), 3, 4095)
    with pytest.raises(ConfigError, match="too wide"):
        write_hidden("step", count=1030, pairs=PAIRS, places="p", rows="r", tables="t", high=HIGH)
    with pytest.raises(ConfigError, match="256 are possible"):
        write_halve(
            "step", count=65, source=PAIRS, stride=1, square_limit=9, tables="t", exponent=EXPONENT, high=HIGH
        )
