"""Matrices as code: every result against numpy, every cycle against PyBoy's count."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.lookup_shapes import Shape, choose_shape
from lilliput.deploy.gameboy.lookup_tables import MOST_WALK
from lilliput.deploy.gameboy.lookups import Ending, Matrix, Workplace, count_entry_cycles
from lilliput.errors import ConfigError


@pytest.fixture(scope="module")
def roms(load):
    return load("deploy/gameboy/matrix_roms.py")


@pytest.fixture(scope="module")
def emulators(load):
    return load("deploy/gameboy/emulators.py")


def make_weights(rng, rows, columns, planes, groups=None):
    """Odd integers of `planes` planes; with groups, a row's weights of a group have 1 to `planes`."""
    if groups is None:
        return 2 * rng.integers(-(1 << planes - 1), 1 << planes - 1, (rows, columns)) + 1
    weights = np.empty((rows, columns), np.int64)
    for columns_of_group in groups:
        few = 1 << rng.integers(0, planes, (rows, 1))  # 2 ** (planes - 1)
        weights[:, columns_of_group] = 2 * rng.integers(-few, few, (rows, len(columns_of_group))) + 1
    return weights


def make_matrix(roms, weights, shape, endings=None, words=False, bounds=None):
    rows, columns = weights.shape
    return Matrix(
        weights,
        shape.deal(np.random.default_rng(columns).random(columns)),
        shape.half,
        roms.INPUTS + (1 + words) * np.arange(columns),
        endings or [Ending()] * rows,
        roms.RESULTS + 2 * np.arange(rows),
        np.full(rows, 32000) if bounds is None else bounds,
        words,
    )


def run(roms, emulators, matrix, inputs, before=None, **how):
    """Results, and M-cycles measured and predicted, of one matrix in PyBoy."""
    rows = len(matrix.endings)
    memory = inputs.astype("<i2" if matrix.words else "i1").tobytes()
    memory = memory.ljust(roms.RESULTS - roms.INPUTS, b"\0")
    memory += (np.zeros(rows) if before is None else before).astype("<i2").tobytes()
    image, symbols, entries = roms.make_rom({"matrix": matrix}, memory, **how)
    with emulators.open_pyboy(image) as machine:
        cycles = machine.cycles_between(symbols["matrix"], symbols["matrix_done"])
        machine.run(2)
        assert machine.memory(0, roms.SAVED, 2) == roms.STACK.to_bytes(2, "little")
        raw = machine.memory(0, roms.RESULTS, 2 * rows)
    words = np.frombuffer(raw, "<i2")
    bytes_ = np.frombuffer(raw, "i1")[::2]
    kinds = np.array([ending.kind for ending in matrix.endings])
    return np.where(kinds == "byte", bytes_, words).tolist(), cycles, count_entry_cycles(entries["matrix"])


def wrap(sums):
    """Sums as 16 bits hold them."""
    return (sums + 32768) % 65536 - 32768


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("size", range(3, 11))
def test_tables_of_every_size_give_every_row_and_the_cycles_are_those_predicted(roms, emulators, size, half):
    rng = np.random.default_rng(size)
    shape = Shape(((size, size - 1) if size > 3 else (size, size),), half)
    columns, planes = sum(shape.sizes), 2 + size % 6
    weights = make_weights(rng, 24, columns, planes)
    matrix = make_matrix(roms, weights, shape)
    inputs = rng.integers(-127, 128, columns)
    results, cycles, predicted = run(roms, emulators, matrix, inputs)
    assert results == wrap(weights @ inputs).tolist()
    assert cycles == predicted


def test_rows_may_use_fewer_planes_multiples_of_a_power_of_two_or_nothing(roms, emulators):
    rng = np.random.default_rng(1)
    shape = Shape(((7, 6, 5),), True)
    groups = shape.deal(np.random.default_rng(18).random(18))[0]
    weights = make_weights(rng, 40, 18, 6, groups)
    weights[3, groups[0]] *= 4
    weights[4, groups[1]] = 0
    weights[5] = 0
    weights[6] = -abs(weights[6])
    weights[7] = 1
    weights[8] = -1
    for half in (True, False):
        matrix = make_matrix(roms, weights, Shape(shape.passes, half))
        inputs = rng.integers(-127, 128, 18)
        results, cycles, predicted = run(roms, emulators, matrix, inputs)
        assert results == wrap(weights @ inputs).tolist()
        assert cycles == predicted


@pytest.mark.parametrize("inputs", ["greatest", "least", "turns", "zeros", "aligned"])
def test_greatest_inputs_and_weights_are_exact(roms, emulators, inputs):
    """Sums up to the greatest that 16 bits hold, with parts that pass them on the way."""
    weights = make_weights(np.random.default_rng(2), 30, 34, 5)
    weights[0], weights[1] = 31, -31  # 31 * 34 * 31 = 32674
    limit = 31
    x = {
        "greatest": np.full(34, limit),
        "least": np.full(34, -limit),
        "turns": np.where(np.arange(34) % 2, limit, -limit),
        "zeros": np.zeros(34, np.int64),
        "aligned": limit * np.sign(weights[7]),
    }[inputs]
    for shape in (choose_shape(30, 34, 5, 4096), Shape(((9, 8), (9, 8)), True), Shape(((9, 8, 9, 8),), False)):
        matrix = make_matrix(roms, weights, shape)
        results, cycles, predicted = run(roms, emulators, matrix, x)
        assert results == (weights @ x).tolist()
        assert cycles == predicted


def test_inputs_may_be_words(roms, emulators):
    rng = np.random.default_rng(3)
    weights = make_weights(rng, 20, 21, 4)
    inputs = rng.integers(-1400, 1401, 21)
    for shape in (Shape(((11, 10),), True), Shape(((6,), (7, 8)), False)):
        results, cycles, predicted = run(roms, emulators, make_matrix(roms, weights, shape, words=True), inputs)
        assert results == wrap(weights @ inputs).tolist()
        assert cycles == predicted


@pytest.mark.parametrize("half", [True, False])
def test_passes_add_up(roms, emulators, half):
    rng = np.random.default_rng(4)
    weights = make_weights(rng, 12, 36, 3)
    shape = Shape(((4, 5), (5, 6), (8, 8)), half)
    inputs = rng.integers(-127, 128, 36)
    endings = [Ending("byte", 7), Ending("word", 2), Ending("add", 3)] * 4
    before = rng.integers(-3000, 3000, 12)
    matrix = make_matrix(roms, weights, shape, endings)
    results, cycles, predicted = run(roms, emulators, matrix, inputs, before)
    assert results == roms.apply(endings, weights @ inputs, before)
    assert cycles == predicted


@pytest.mark.parametrize("first_bank", [2, 253])
def test_code_walks_through_banks_by_itself(roms, emulators, first_bank):
    rng = np.random.default_rng(5)
    weights = make_weights(rng, 250, 64, 7)
    matrix = make_matrix(roms, weights, choose_shape(250, 64, 7, 4096))
    inputs = rng.integers(-8, 9, 64)
    image, symbols, entries = roms.make_rom(
        {"first": matrix, "second": matrix}, inputs.astype("i1").tobytes(), first_bank=first_bank
    )
    assert max(entry.bank for entry in entries.values()) >= first_bank + 3
    with emulators.open_emulator("pyboy", image) as machine:
        machine.run_until(0, roms.SAVED + 1, roms.STACK >> 8, 600)
        found = np.frombuffer(machine.memory(0, roms.RESULTS, 500), "<i2")
    assert found.tolist() == wrap(weights @ inputs).tolist()
    assert entries["second"].cycles != 0
    if first_bank == 2:
        measured = run(roms, emulators, matrix, inputs, first_bank=first_bank)
        assert measured[1] == measured[2]
        assert measured[2] > entries["first"].cycles


@pytest.mark.parametrize("limit", [127, 63, 15, 7, 1])
@pytest.mark.parametrize("bound", [32639, 9000, 900])
def test_bytes_are_rounded_and_saturate_and_take_the_same_time(roms, emulators, limit, bound):
    shifts = [s for s in range(9) if (bound + (1 << s >> 1)) << max(0, 8 - limit.bit_length() - s) <= 32767]
    endings = [Ending("byte", shift, limit) for shift in shifts for _ in range(40)]
    sums = edges(endings, limit, bound)
    matrix, inputs = aim(roms, endings, sums, bound)
    results, cycles, predicted = run(roms, emulators, matrix, inputs)
    assert results == roms.apply(endings, sums, np.zeros(len(endings)))
    assert cycles == predicted


def test_words_are_rounded(roms, emulators):
    endings = [Ending("word", shift) for shift in range(9) for _ in range(40)]
    sums = edges(endings, 127, 32639)
    matrix, inputs = aim(roms, endings, sums, 32639)
    results, cycles, predicted = run(roms, emulators, matrix, inputs)
    assert results == roms.apply(endings, sums, np.zeros(len(endings)))
    assert cycles == predicted


@pytest.mark.parametrize("bound", [32639, 16383])
def test_sums_are_added_to_the_residual_stream_and_saturate(roms, emulators, bound):
    endings = [Ending("add", shift) for shift in range(9) for _ in range(60)]
    sums = edges(endings, 127, bound)
    matrix, inputs = aim(roms, endings, sums, bound)
    count = len(endings)
    rng = np.random.default_rng(6)
    before = rng.choice([-32767, -32766, -16385, -16384, -16383, -1, 0, 1, 16383, 16384, 32766, 32767], count)
    shifted = roms.rounded(sums, np.array([ending.shift for ending in endings]))
    before[:90:3] = np.clip(-32768 - shifted[:90:3], -32767, 32767)  # to -32768 exactly, where that can be reached
    results, _, _ = run(roms, emulators, matrix, inputs, before)
    assert results == roms.apply(endings, sums, before)
    assert -32768 in (shifted + before).tolist() or bound < 32639
    small = np.clip(before, -16000 + bound // 2, 16000 - bound // 2) if bound < 32000 else before // 33000
    results, cycles, predicted = run(roms, emulators, matrix, inputs, small)
    assert results == roms.apply(endings, sums, small)
    assert cycles == predicted or bound > 16383


def edges(endings, limit, bound):
    """A sum for each ending: near zero, near where it saturates, near ±bound, or anything."""
    rng = np.random.default_rng(7)
    found = []
    for number, ending in enumerate(endings):
        edge = [0, limit << ending.shift, -(limit << ending.shift), bound, -bound, rng.integers(-bound, bound + 1)]
        near = edge[number % 6] + rng.integers(-3, 4) + (1 << ending.shift >> 1) * (number % 3 - 1)
        found.append(int(np.clip(near, -bound, bound)))
    return np.array(found)


def aim(roms, endings, sums, bound):
    """A matrix with these sums, each within ±32639, and its inputs: 127 times one weight, and once another or two."""
    inputs = np.array([127, 1, 0, 0, 1, 0, 0])
    odd = sums & 1
    first = np.clip(2 * ((sums // 127) // 2) + 1, -255, 255)
    weights = np.ones((len(sums), 7), np.int64)
    weights[:, 0], weights[:, 1] = first, sums - odd - 127 * first
    weights[:, 4:] = odd[:, None]
    assert (abs(weights) < 256).all()
    rows = len(sums)
    results = roms.RESULTS + 2 * np.arange(rows)
    groups = [[[0, 1, 2, 3], [4, 5, 6]]]
    return Matrix(
        weights, groups, True, roms.INPUTS + np.arange(7), endings, results, np.full(rows, bound)
    ), inputs
