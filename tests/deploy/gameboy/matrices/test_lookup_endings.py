"""What rows do with their sums: rounding, saturating, adding, against the definition, at every edge."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.matrices.endings import Ending, measure_ending, write_ending
from lilliput.deploy.gameboy.matrices.lookups import Matrix, compile_matrix
from lilliput.errors import ConfigError


@pytest.fixture(scope="module")
def roms(load):
    return load("deploy/gameboy/matrix_roms.py")


@pytest.mark.parametrize("loose", [False, True])
@pytest.mark.parametrize("limit", [127, 63, 15, 7, 1])
@pytest.mark.parametrize("bound", [32767, 32639, 9000, 900])
def test_bytes_are_rounded_and_saturate(roms, emulators, limit, bound, loose):
    shifts = [s for s in range(15) if is_near_enough(bound, limit, s)]
    endings = [Ending("byte", shift, limit, loose) for shift in shifts for _ in range(40)]
    sums = edges(endings, limit, bound)
    exact = roms.apply(endings, sums, np.zeros(len(endings)))
    matrix, inputs = aim(roms, endings, sums, bound)
    results, cycles, predicted = roms.run(emulators, matrix, inputs)
    assert min(results) >= -limit - loose
    assert [max(-limit, result) for result in results] == exact
    saturated = sum(abs(result) == limit for result in exact)
    assert 0 <= cycles - predicted <= 8 * saturated
    steps = 1 << np.array([ending.shift for ending in endings])
    matrix, inputs = aim(roms, endings, np.clip(sums, -limit * steps, limit * steps), bound)
    _, cycles, predicted = roms.run(emulators, matrix, inputs)
    assert cycles == predicted


@pytest.mark.parametrize("bound", [32767, 32639])
def test_words_are_rounded(roms, emulators, bound):
    endings = [Ending("word", shift) for shift in range(15) for _ in range(40)]
    sums = edges(endings, 127, bound)
    matrix, inputs = aim(roms, endings, sums, bound)
    results, cycles, predicted = roms.run(emulators, matrix, inputs)
    assert results == roms.apply(endings, sums, np.zeros(len(endings)))
    assert cycles == predicted


@pytest.mark.parametrize("bound", [32767, 32639, 16383])
def test_sums_are_added_to_the_residual_stream_and_saturate(roms, emulators, bound):
    endings = [Ending("add", shift) for shift in range(15) for _ in range(40)]
    sums = edges(endings, 127, bound)
    matrix, inputs = aim(roms, endings, sums, bound)
    rng = np.random.default_rng(6)
    places = [-32767, -32766, -16385, -16384, -16383, -1, 0, 1, 16383, 16384, 32766, 32767]
    before = rng.choice(places, len(endings))
    shifted = roms.rounded(sums, np.array([ending.shift for ending in endings]))
    before[::5] = np.clip(-32768 - shifted[::5], -32767, 32767)
    assert (shifted + before == -32768).any()  # which must become -32767
    results, cycles, predicted = roms.run(emulators, matrix, inputs, before)
    assert results == roms.apply(endings, sums, before)
    far, farther = abs(before + 0.5) > 1 << 14, abs(shifted + 0.5) > 1 << 14
    assert 17 * far.sum() <= cycles - predicted <= 22 * (far | farther).sum()


def test_small_sums_are_added_in_the_time_predicted(roms, emulators):
    endings = [Ending("add", shift) for shift in range(9) for _ in range(20)]
    for bound in (32639, 16383):
        sums = np.clip(edges(endings, 127, bound), -16384, 16383)
        matrix, inputs = aim(roms, endings, sums, bound)
        before = np.random.default_rng(6).integers(-16384, 16384, len(endings))
        results, cycles, predicted = roms.run(emulators, matrix, inputs, before)
        assert results == roms.apply(endings, sums, before)
        assert cycles == predicted


def test_a_row_may_store_its_result_in_its_own_way(roms, emulators):
    """Bytes are made positive, words doubled, and what is added to is tripled."""
    positive = "bit 7, a\njr z, plus\ncpl\ninc a\nplus: ld (out), a"
    doubled, tripled = (
        "add hl, hl\nld sp, behind\npush hl",
        "ld d, h\nld e, l\nadd hl, de\nadd hl, de\npush hl",
    )
    stores = {"byte": positive, "word": doubled, "add": tripled}
    endings = [Ending(kind, 5, store=store) for kind, store in stores.items() for _ in range(10)]
    sums = np.random.default_rng(8).integers(-5000, 5000, len(endings))
    matrix, inputs = aim(roms, endings, sums, 9000)
    before = np.arange(-15, 15) * 100
    results, _, _ = roms.run(emulators, matrix, inputs, before)
    plain = np.array(roms.apply(endings, sums, before))
    wanted = [*abs(plain[:10]), *2 * plain[10:20], *3 * plain[20:]]
    assert results == wanted
    with pytest.raises(ConfigError, match="more than 256 bytes"):
        aim_and_compile(roms, [Ending(store="nop\n" * 300)])


def test_a_sum_that_may_not_fit_is_refused():
    with pytest.raises(ConfigError, match="coarser step"):
        write_ending(Ending("word", 3), 32768)
    with pytest.raises(ConfigError, match="coarser step"):
        write_ending(Ending("byte", 0), 16384)
    with pytest.raises(ConfigError, match="shift of 15"):
        write_ending(Ending("word", 15), 100)
    with pytest.raises(ConfigError, match="a byte at a shift of 1"):
        write_ending(Ending("byte", 1), 32767)
    with pytest.raises(ConfigError, match="limit of 100"):
        write_ending(Ending("byte", 1, 100), 100)


def test_what_cannot_saturate_is_not_tested_for():
    assert measure_ending(Ending("byte", 6), 8159).cycles < measure_ending(Ending("byte", 6), 8160).cycles
    assert measure_ending(Ending("add"), 16383).cycles < measure_ending(Ending("add"), 16385).cycles


def aim_and_compile(roms, endings):
    matrix, _ = aim(roms, endings, np.ones(len(endings), np.int64), 100)
    return compile_matrix(matrix, roms.WORK)


def is_near_enough(bound, limit, shift):
    """Whether a sum of up to ±bound may become such a byte."""
    if bound + (1 << shift >> 1) > 32767:
        return shift > 1 and is_near_enough((bound + 1) // 2, limit, shift - 1)
    return (bound + (1 << shift >> 1)) << max(0, 8 - limit.bit_length() - shift) <= 32767


def edges(endings, limit, bound):
    """A sum for each ending: near zero, near where it saturates, near ±bound, or anything."""
    rng = np.random.default_rng(7)
    found = []
    for number, ending in enumerate(endings):
        last = limit << ending.shift
        edge = [0, last, -last, bound, -bound, rng.integers(-bound, bound + 1)]
        near = edge[number % 6] + rng.integers(-3, 4) + (1 << ending.shift >> 1) * (number % 3 - 1)
        found.append(int(np.clip(near, -bound, bound)))
    return np.array(found)


def aim(roms, endings, sums, bound):
    """A matrix with these sums and its inputs: 127 and one or two of 1."""
    inputs = np.array([127, 1, 0, 0, 1, 0, 0])
    odd = sums & 1
    first = np.clip(2 * ((sums // 127) // 2) + 1, -255, 255)
    weights = np.ones((len(sums), 7), np.int64)
    weights[:, 0], weights[:, 1] = first, sums - odd - 127 * first
    weights[:, 4:] = odd[:, None]
    assert (abs(weights) < 512).all()
    places, results = roms.INPUTS + np.arange(7), roms.RESULTS + 2 * np.arange(len(sums))
    groups, bounds = [[[0, 1, 2, 3], [4, 5, 6]]], np.full(len(sums), bound)
    return Matrix(weights, groups, True, places, endings, results, bounds), inputs
