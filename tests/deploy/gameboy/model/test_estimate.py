"""Estimates beside what PyBoy counts: steps, matrices, attention; and shapes that have no room."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.matrices.endings import Ending
from lilliput.deploy.gameboy.matrices.lookups import compile_matrix
from lilliput.deploy.gameboy.matrices.shapes import choose_shape
from lilliput.deploy.gameboy.model import (
    estimate_steps,
)
from lilliput.deploy.gameboy.model.estimate import estimate, estimate_matrix
from lilliput.deploy.gameboy.model.estimate_attend import Habits, count_attend, make_shape
from lilliput.deploy.gameboy.steps.draw import count_chance_banks, make_chance_tables, write_draw
from lilliput.deploy.gameboy.steps.halve import make_square_tables, write_halve
from lilliput.deploy.gameboy.steps.hidden import make_hidden_places, make_hidden_rows, write_hidden
from lilliput.deploy.gameboy.steps.multiply import write_long_multiply
from lilliput.deploy.gameboy.steps.norm import write_norm
from lilliput.deploy.gameboy.steps.norm_tables import make_norm_rows, make_norm_tables
from lilliput.deploy.gameboy.steps.rejoin import find_most_exponent, make_rejoin_table, write_rejoin
from lilliput.deploy.gameboy.steps.turn import (
    make_key_offsets,
    write_angles,
    write_turn_keys,
    write_turn_queries,
)
from lilliput.deploy.gameboy.steps.turn_tables import make_angles, make_turn_rows
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
        "step",
        norm=norm,
        size=size,
        source=A,
        target=B,
        pairs=C,
        page=PAGE,
        high=HIGH,
        tables="norms",
        rows="rows",
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
        "step",
        count=count,
        source=A,
        stride=stride,
        square_limit=limit,
        tables="squares",
        exponent=0xFFA0,
        high=HIGH,
    )
    rng = np.random.default_rng(count)
    with roms.Bench(emulators, [code], [("squares", make_square_tables("squares"), 256)]) as bench:
        memory = np.zeros((5, count * stride), np.int8)
        memory[:, ::stride] = rng.normal(0, 20, (5, count)).round()
        times = [bench.call({A: part.tobytes(), 0xFFA0: b"\0"}) for part in memory]
    assert np.mean(times) == pytest.approx(estimate_steps.count_halve(count, stride, is_halved), rel=NEAR)


def test_rejoining(roms, emulators):
    shifts = np.random.default_rng(1).integers(4, 9, 64)
    code = write_rejoin("rejoin", size=64, sums=A, target=B, exponent=0xFFA0, high=HIGH)
    most = find_most_exponent(shifts)
    step = assemble(f"step: ld a, {most}\nld d, hi(table)\nld e, bank(table)\njp rejoin\n")
    rng = np.random.default_rng(2)
    with roms.Bench(emulators, [step, code], [("table", make_rejoin_table("table", shifts), 256)]) as bench:
        times = [
            bench.call({A: rng.normal(0, 900, 128).astype("<i2").tobytes(), 0xFFA0: bytes([1])})
            for _ in range(5)
        ]
    assert np.mean(times) == pytest.approx(estimate_steps.count_rejoin(64), rel=NEAR)


def test_drawing(roms, emulators):
    plan = plan_draws(0.8, 0, 1.0, 0.0, 9)
    banks = count_chance_banks([plan])
    assert banks == 1
    code = write_draw("step", vocabulary=512, logits=A, banks=banks, plan=0xFFA0, state=PAGE, high=HIGH)
    tables = [
        (f"chances{at}", block, 17 + at) for at, block in enumerate(make_chance_tables("chances", plan, 1))
    ]
    rng = np.random.default_rng(5)
    with roms.Bench(emulators, [code], banks=tables) as bench:
        bench.write({PAGE: b"\x12\x34\x56\x78", 0xFFA0: bytes([17])})
        logits = [rng.normal(0, 1500, 512).astype("<i2") for _ in range(20)]
        times = [bench.call({A: part.tobytes()}) for part in logits]
    assert np.mean(times) == pytest.approx(estimate_steps.count_draw(512), rel=0.25)  # by where it ends


@pytest.mark.parametrize(("heads", "kv_heads"), [(8, 4), (4, 2)])  # of 8 channels, of 16
def test_turning(roms, emulators, heads, kv_heads):
    d_head, bits = 64 // heads, 7
    pairs = d_head // 2
    places = {"pairs": pairs, "angles": 0xFFA0, "high": HIGH, "limit": 511}
    angle = np.arange(64)[:, np.newaxis] * 10000.0 ** (-np.arange(pairs) / pairs)
    cos, sin = (np.rint(part * 128).astype(np.int16) for part in (np.cos(angle), np.sin(angle)))
    code = [
        assemble("step: ld de, 33\ncall angles\ncall queries\nld de, offsets\njp keys\n"),
        write_angles("angles", pairs=pairs, table="table", rows="rows", angles=0xFFA0),
        write_turn_queries(
            "queries", heads=heads, queries=A, q_shift=0, q_limit=511, sum_limit=258, **places
        ),
        write_turn_keys(
            "keys", heads=kv_heads, keys=B, key_bits=bits, k_shift=0, offsets="offsets", **places
        ),
    ]
    offsets = Block.of(make_key_offsets(np.zeros((kv_heads, d_head), np.int16), bits, 0))
    banks = [(f"rows{at}", block, 20 + at) for at, block in enumerate(make_turn_rows("rows"))]
    data = [("table", make_angles("table", cos, sin), 1)]
    rng = np.random.default_rng(heads)
    with roms.Bench(emulators, code, data, banks=[*banks, ("offsets", offsets, 40)]) as bench:
        given = [rng.normal(0, 60, (2, 64)).astype("<i2") for _ in range(5)]
        times = [bench.call({A: q.tobytes(), B: k.tobytes()}) for q, k in given]
    assert np.mean(times) == pytest.approx(estimate_steps.count_turn(heads, kv_heads, d_head, bits), rel=NEAR)


@pytest.mark.parametrize(("rows", "columns"), [(208, 64), (64, 104), (300, 64)])
def test_matrices(load, rows, columns):
    roms = load("deploy/gameboy/matrix_roms.py")
    rng = np.random.default_rng(rows)
    shape = choose_shape(rows, columns, 4, 4096)
    weights = roms.make_weights(rng, rows, columns, 4)
    matrix = roms.make_matrix(weights, shape, [Ending("word", 6)] * rows)
    stream, wanted = compile_matrix(matrix, roms.WORK), estimate_matrix(rows, columns, 4, Ending("word", 6))
    assert stream.cycles == pytest.approx(wanted.cycles, rel=0.03)
    assert stream.data.size == pytest.approx(wanted.bytes, rel=0.03)


@pytest.mark.parametrize("heads", [(8, 4), (4, 2)])
@pytest.mark.parametrize(("size", "habits"), [(0, Habits(1, 0, 1)), (100, Habits(0.1, 0, 0.1))])
def test_attention(load, emulators, heads, size, habits):
    """Where all have the same chance, and where one has all of it."""
    roms = load("deploy/gameboy/attend_roms.py")
    shape = make_shape(shape_of(n_layers=1, n_heads=heads[0], n_kv_heads=heads[1]), 128)
    queries = np.zeros((heads[0], shape.d_head), np.int64)
    queries[:, 0] = size
    keys = np.ones((heads[1], shape.d_head), np.int64)
    values = np.full((heads[1], shape.d_head), 5)
    with roms.AttendBench(emulators, shape, ("call0", "done0")) as bench:
        for token in range(10):
            bench.advance()
            bench.seen.clear()
            keys[:, 0] = 127 if token == 4 else -127
            bench.attend(0, queries, keys, values)
        (_, first), (_, last) = bench.seen
    assert last - first == pytest.approx(count_attend(shape, 10, habits), rel=NEAR)


def test_a_story_is_the_mean_of_its_tokens_and_a_window_bounds_it():
    config = shape_of()
    one, many, more = (
        estimate(config, bits=5, window=64, positions=positions) for positions in (1, 64, 1000)
    )
    assert one.cycles_per_token < many.cycles_per_token < more.cycles_per_token
    full = estimate(config, bits=5, window=128, positions=1000)
    assert more.cycles["attention"] < full.cycles["attention"]
    same = set(one.cycles) - {"attention"}
    assert all(one.cycles[part] == more.cycles[part] for part in same)
    assert one.seconds_per_token == sum(one.cycles.values()) / 2_097_152


def test_fewer_bits_take_less_time_and_less_rom():
    config = shape_of(vocab_size=2048, n_heads=4, n_kv_heads=2, n_layers=4, d_ff=104)
    few, many = (estimate(config, bits=bits, window=128, positions=128) for bits in (4, 5))
    assert few.cycles_per_token < many.cycles_per_token
    assert few.rom_bytes["matrices"] < many.rom_bytes["matrices"]
    assert few.rom == 2**21
    less = estimate(config, bits=5, bits_head=4, window=128, positions=128)
    assert few.cycles["head"] == less.cycles["head"] < many.cycles["head"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"n_heads": 2, "n_kv_heads": 2}, "32 wide"),
        ({"vocab_size": 4096}, "2,048 logits"),
        ({"d_ff": 300}, "d_ff 300"),
        ({"n_kv_heads": 8}, "more banks"),
        ({"d_model": 512, "n_heads": 32}, "d_model 512"),
    ],
)
def test_shapes_without_room_are_refused(wrong, says):
    with pytest.raises(ConfigError, match=says):
        estimate(shape_of(**wrong), bits=5, window=128, positions=128)
