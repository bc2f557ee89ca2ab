"""Matrices as code: every result against numpy, every cycle against PyBoy's count."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.matrices.lookups import Ending, Matrix, compile_tables, count_entry_cycles
from lilliput.deploy.gameboy.matrices.shapes import Shape, choose_shape


@pytest.fixture(scope="module")
def roms(load):
    return load("deploy/gameboy/matrix_roms.py")


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("size", range(3, 11))
def test_tables_of_every_size_give_every_row_and_the_cycles_are_those_predicted(roms, emulators, size, half):
    rng = np.random.default_rng(size)
    shape = Shape(((size, size - 1) if size > 3 else (size, size),), half)
    columns, planes = sum(shape.sizes), 2 + size % 6
    weights = roms.make_weights(rng, 24, columns, planes)
    matrix = roms.make_matrix(weights, shape)
    inputs = rng.integers(-127, 128, columns)
    results, cycles, predicted = roms.run(emulators, matrix, inputs)
    assert results == roms.wrap(weights @ inputs).tolist()
    assert cycles == predicted


@pytest.mark.parametrize(("words", "half"), [(True, False), (False, True)])
def test_tables_alone_hold_every_signed_sum(roms, emulators, words, half):
    limit = 1800 if words else 127
    values = np.random.default_rng(10).integers(-limit, limit + 1, (2, 8))
    places = roms.INPUTS + (1 + words) * np.arange(16).reshape(2, 8)
    size = 2 << 8 - half
    stream = compile_tables({0xD000: places[0], 0xD000 + size: places[1]}, words, half, roms.WORK)
    memory = values.astype("<i2" if words else "i1").tobytes()
    image, symbols, entries = roms.make_rom_of({"tables": stream}, memory)
    with emulators.open_pyboy(image) as machine:
        cycles = machine.cycles_between(symbols["tables"], symbols["tables_done"])
        found = np.frombuffer(machine.memory(1, 0xD000, 2 * size), "<i2").reshape(2, -1)
    signs = 2 * (np.arange(size // 2)[:, None] >> np.arange(8) & 1) - 1
    signs[:, 8 - half :] = 1
    assert (found == values @ signs.T).all()
    assert cycles == count_entry_cycles(entries["tables"])


def test_rows_may_use_fewer_planes_multiples_of_a_power_of_two_or_nothing(roms, emulators):
    rng = np.random.default_rng(1)
    shape = Shape(((7, 6, 5),), True)
    groups = shape.deal(np.random.default_rng(18).random(18))[0]
    weights = roms.make_weights(rng, 40, 18, 6, groups)
    weights[3, groups[0]] *= 4
    weights[4, groups[1]] = 0
    weights[5] = 0
    weights[6] = -abs(weights[6])
    weights[7] = 1
    weights[8] = -1
    for half in (True, False):
        matrix = roms.make_matrix(weights, Shape(shape.passes, half))
        inputs = rng.integers(-127, 128, 18)
        results, cycles, predicted = roms.run(emulators, matrix, inputs)
        assert results == roms.wrap(weights @ inputs).tolist()
        assert cycles == predicted


@pytest.mark.parametrize("inputs", ["greatest", "least", "turns", "zeros", "aligned"])
def test_greatest_inputs_and_weights_are_exact(roms, emulators, inputs):
    """Sums up to the greatest that 16 bits hold, with parts that pass them on the way."""
    weights = roms.make_weights(np.random.default_rng(2), 30, 34, 5)
    weights[0], weights[1] = 31, -31  # 31 * 34 * 31 = 32674
    limit = 31
    x = {
        "greatest": np.full(34, limit),
        "least": np.full(34, -limit),
        "turns": np.where(np.arange(34) % 2, limit, -limit),
        "zeros": np.zeros(34, np.int64),
        "aligned": limit * np.sign(weights[7]),
    }[inputs]
    for shape in (
        choose_shape(30, 34, 5, 4096),
        Shape(((9, 8), (9, 8)), True),
        Shape(((9, 8, 9, 8),), False),
    ):
        matrix = roms.make_matrix(weights, shape)
        results, cycles, predicted = roms.run(emulators, matrix, x)
        assert results == (weights @ x).tolist()
        assert cycles == predicted


def test_inputs_may_be_words(roms, emulators):
    rng = np.random.default_rng(3)
    weights = roms.make_weights(rng, 20, 21, 4)
    inputs = rng.integers(-1400, 1401, 21)
    for shape in (Shape(((11, 10),), True), Shape(((6,), (7, 8)), False)):
        matrix = roms.make_matrix(weights, shape, words=True)
        results, cycles, predicted = roms.run(emulators, matrix, inputs)
        assert results == roms.wrap(weights @ inputs).tolist()
        assert cycles == predicted


@pytest.mark.parametrize("half", [True, False])
def test_passes_add_up(roms, emulators, half):
    rng = np.random.default_rng(4)
    weights = roms.make_weights(rng, 12, 36, 3)
    shape = Shape(((4, 5), (5, 6), (8, 8)), half)
    inputs = rng.integers(-127, 128, 36)
    endings = [Ending("byte", 7), Ending("word", 2), Ending("add", 3)] * 4
    before = rng.integers(-3000, 3000, 12)
    matrix = roms.make_matrix(weights, shape, endings)
    results, cycles, predicted = roms.run(emulators, matrix, inputs, before)
    assert results == roms.apply(endings, weights @ inputs, before)
    assert cycles == predicted


@pytest.mark.parametrize("first_bank", [2, 253])
def test_code_walks_through_banks_by_itself(roms, emulators, first_bank):
    rng = np.random.default_rng(5)
    weights = roms.make_weights(rng, 250, 64, 7)
    matrix = roms.make_matrix(weights, choose_shape(250, 64, 7, 4096))
    inputs = rng.integers(-8, 9, 64)
    image, _, entries = roms.make_rom(
        {"first": matrix, "second": matrix}, inputs.astype("i1").tobytes(), first_bank=first_bank
    )
    assert max(entry.bank for entry in entries.values()) >= first_bank + 3
    with emulators.open_emulator("pyboy", image) as machine:
        machine.run_until(0, roms.SAVED + 1, roms.STACK >> 8, 600)
        found = np.frombuffer(machine.memory(0, roms.RESULTS, 500), "<i2")
    assert found.tolist() == roms.wrap(weights @ inputs).tolist()
    assert entries["second"].cycles != 0
    if first_bank == 2:
        measured = roms.run(emulators, matrix, inputs, first_bank=first_bank)
        assert measured[1] == measured[2]
        assert measured[2] > entries["first"].cycles


def make_layer(roms, rng):
    """Matrices of stories260K's shape, a layer's four and the head, by name; inputs; what should come out.

    Results lie one behind the other from RESULTS on, each in two bytes that are 0 before.
    """
    kinds = {
        "qkv": (64, [Ending("word", 2)] * 96 + [Ending("byte", 8, 63)] * 32),
        "heads": (64, [Ending("add", 4)] * 64),
        "gated": (64, [Ending("byte", 6)] * 344),
        "down": (172, [Ending("add", 5)] * 64),
        "head": (64, [Ending()] * 512),
    }
    inputs = rng.integers(-45, 46, 172)
    matrices, wanted, at = {}, [], roms.RESULTS
    for name, (columns, endings) in kinds.items():
        rows = len(endings)
        weights = roms.make_weights(rng, rows, columns, 5)
        shape = choose_shape(rows, columns, 5, roms.WORK.table_bytes)
        sums = weights @ inputs[:columns]
        assert abs(sums).max() < 32000
        places, results = roms.INPUTS + np.arange(columns), at + 2 * np.arange(rows)
        groups = shape.deal(abs(weights).sum(axis=0))
        bounds = np.full(rows, 32000)
        matrices[name] = Matrix(weights, groups, shape.half, places, endings, results, bounds)
        wanted += roms.apply(endings, sums, np.zeros(rows))
        at += 2 * rows
    kinds = [ending.kind for matrix in matrices.values() for ending in matrix.endings]
    return matrices, inputs, np.where(np.array(kinds) == "byte", np.array(wanted) & 0xFF, wanted).tolist()


@pytest.mark.parametrize("name", ["pyboy", "gambatte"])
def test_a_layer_of_stories260k_and_the_head_are_exact_in_two_emulators(roms, emulators, name):
    matrices, inputs, wanted = make_layer(roms, np.random.default_rng(8))
    memory = inputs.astype("i1").tobytes().ljust(roms.SAVED - roms.INPUTS, b"\0")
    image, _, _ = roms.make_rom(matrices, memory)
    with emulators.open_emulator(name, image) as machine:
        machine.run_until(0, roms.SAVED + 1, roms.STACK >> 8, 600)
        found = machine.memory(0, roms.RESULTS, 2 * len(wanted))
    assert np.frombuffer(found, "<i2").tolist() == wanted


def test_the_cycles_of_a_layer_are_those_predicted(roms, emulators):
    matrices, inputs, _ = make_layer(roms, np.random.default_rng(9))
    memory = inputs.astype("i1").tobytes().ljust(roms.SAVED - roms.INPUTS, b"\0")
    image, symbols, entries = roms.make_rom(matrices, memory)
    with emulators.open_pyboy(image) as machine:
        measured = machine.cycles_between(symbols["qkv_call"], symbols["done"])
    around = 6 + 1  # call, and the nop behind it
    assert measured == sum(count_entry_cycles(entry) + around for entry in entries.values()) + 5
