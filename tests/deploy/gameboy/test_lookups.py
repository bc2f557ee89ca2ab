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
