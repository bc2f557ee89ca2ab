"""The gated layer's hidden values on the Game Boy against the reference's formula, bit for bit."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.steps_gate import count_gate_cycles, make_gate_places, make_gate_rows, write_gate
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import round_shift, saturate

PAIRS, HIGH = 0xC100, 0xFF80


def make_silu(limit=127, most=127):
    """As ptq makes it: whole numbers, the greatest of them `most`."""
    x = np.arange(-limit, limit + 1) * (8 / limit)
    y = x / (1 + np.exp(-x))
    return np.rint(y / np.abs(y).max() * most).astype(np.int16)


def make_bench(roms, emulators, activation, shift, limit, count):
    code = write_gate("step", count=count, pairs=PAIRS, places="places", rows="rows", high=HIGH)
    rows = make_gate_rows("rows", activation, shift, limit)
    banks = [(f"rows{at}", block, 7 + at) for at, block in enumerate(rows)]
    places = make_gate_places("places", activation)
    return roms.Bench(emulators, [code], fixed=[("places", places, 256)], banks=banks)


@pytest.mark.parametrize(
    ("kind", "shift", "limit", "count"),
    [
        ("silu", 3, 127, 172),
        ("silu", 4, 127, 172),
        ("silu", 7, 63, 129),
        ("odd", 0, 127, 255),
        ("relu", 5, 31, 43),
    ],
)
def test_hidden_values_are_the_references(roms, emulators, kind, shift, limit, count):
    rng = np.random.default_rng(count)
    activation = {
        "silu": make_silu(),
        "odd": rng.permutation(np.arange(-127, 128)).astype(np.int16),  # a row for each g, in any order
        "relu": np.maximum(np.arange(-63, 64), 0).astype(np.int16),
    }[kind]
    most = len(activation) // 2
    with make_bench(roms, emulators, activation, shift, limit, count) as bench:
        all_pairs = np.stack(np.meshgrid(np.arange(-most, most + 1), np.arange(-127, 128)), -1).reshape(-1, 2)
        rng.shuffle(all_pairs)
        edges = np.array([[g, u] for g in (-most, -1, 0, 1, most) for u in (-127, -1, 0, 1, 127)])
        rows = np.concatenate([edges, all_pairs])
        few = all_pairs[np.abs(activation[all_pairs[:, 0] + most]) < 20]
        for first in range(0, 60 * count, count):
            part = (rows if first < 50 * count else few)[first % len(few) : first % len(few) + count]
            part = part if len(part) == count else few[:count]
            cycles = bench.call({PAIRS: part.astype(np.int8).tobytes()})
            made = np.frombuffer(bench.read(PAIRS, 2 * count), np.int8).reshape(count, 2)
            gates = activation[part[:, 0] + most].astype(np.int64)
            assert made[:, 1].tolist() == saturate(round_shift(gates * part[:, 1], shift), limit).tolist()
            assert made[:, 0].tolist() == part[:, 0].tolist()
            values = sorted(set(activation.tolist()), key=lambda value: (abs(value), value))
            far = sum(values.index(gate) >= 64 for gate in gates.tolist())
            assert cycles == count_gate_cycles(count, far)


def test_wider_numbers_are_refused():
    with pytest.raises(ConfigError, match="gate_bits"):
        make_gate_places("places", np.zeros(401, np.int16))
    with pytest.raises(ConfigError, match="±128"):
        make_gate_rows("rows", np.full(9, 128, np.int16), 3, 127)
    with pytest.raises(ConfigError, match="activation_bits"):
        make_gate_rows("rows", np.full(9, 127, np.int16), 3, 255)
    with pytest.raises(ConfigError, match="too wide"):
        write_gate("step", count=2000, pairs=PAIRS, places="places", rows="rows", high=HIGH)
