"""Attention in PyBoy: every mean against quantize/reference.py, whatever scores are; cycles as predicted."""

from dataclasses import replace

import numpy as np
import pytest

from lilliput.deploy.gameboy.attention.room import plan_room
from lilliput.deploy.gameboy.attention.scores import count_query_cycles, count_score_cycles
from lilliput.deploy.gameboy.attention.shape import AttendShape, find_shape
from lilliput.deploy.gameboy.steps.turn import find_key_bits
from lilliput.errors import ConfigError
from lilliput.models.config import LlamaConfig
from lilliput.quantize.settings import CARTRIDGE

SMALL = AttendShape(
    layers=2,
    kv_heads=2,
    group=2,
    d_head=8,
    slots=20,
    planes=6,
    value_limit=15,
    chance_bits=7,
    o_shift=3,
    score_shifts=(-2, -3),
)
STORIES = replace(SMALL, layers=5, kv_heads=4, slots=128, score_shifts=(-2, -3, -2, -3, -2))
FULL = replace(SMALL, layers=1, kv_heads=1, slots=128, score_shifts=(-2,))
NARROW = {"value_limit": 7, "o_shift": 4}
SHAPES = {
    "two shifts": SMALL,
    "7 planes, wide heads": replace(SMALL, layers=1, d_head=16, planes=7, score_shifts=(0,), **NARROW),
    "coarse": replace(SMALL, layers=1, kv_heads=3, group=1, d_head=16, slots=30, score_shifts=(1,), **NARROW),
    "coarser": replace(SMALL, score_shifts=(2, 4)),
    "of little weight": replace(SMALL, score_shifts=(5, 6), planes=7, chance_bits=6),
    "of least weight": replace(SMALL, layers=1, score_shifts=(11,)),
    "4-bit chances": replace(SMALL, slots=33, chance_bits=4, o_shift=2),
}


@pytest.fixture(scope="module")
def roms(load):
    return load("deploy/gameboy/attend_roms.py")


def draw(shape, tokens, size, seed=0):
    """Queries up to ±size, keys and values of all sizes, token by token."""
    rng = np.random.default_rng(seed)
    queries = rng.integers(-size, size + 1, (tokens, shape.kv_heads * shape.group, shape.d_head))
    half, limit = 2 ** (shape.planes - 1), shape.value_limit
    keys = 2 * rng.integers(-half, half, (tokens, shape.kv_heads, shape.d_head)) + 1
    values = rng.integers(-limit, limit + 1, (tokens, shape.kv_heads, shape.d_head))
    return queries, keys, values


def draw_queries_at_limits(shape, tokens):
    """Token by token: all in one channel, 0, small, all equal, all but one 0; up to what 16 bits hold."""
    rng = np.random.default_rng(5)
    most, d_head = 32767 // (2**shape.planes - 1), shape.d_head
    queries = np.zeros((tokens, shape.kv_heads * shape.group, d_head), np.int64)
    for token, query in enumerate(queries):
        kind = token % 8
        if kind in (0, 5):
            query[:, 0] = most if kind else -most
        elif kind in (3, 4):
            query[:] = most // d_head * (1 if kind == 3 else -1)
        elif kind == 7:
            query[:, rng.integers(d_head)] = rng.integers(-8, 9)
        elif kind:
            size = 3 if kind == 2 else most // d_head
            query[:] = rng.integers(-size, size + 1, query.shape) * (kind != 1)
    return queries


def check(roms, emulators, shape, layer, queries, keys, values, in_work=False):
    """Every token's means, and that they are not all alike."""
    wanted = roms.define(shape, layer, queries, keys, values)
    assert len(np.unique(wanted)) > 30
    places = roms.PLACES_IN_WORK if in_work else roms.PLACES
    with roms.AttendBench(emulators, shape, places=places) as bench:
        for token in range(len(queries)):
            bench.advance()
            means = bench.attend(layer, queries[token], keys[token], values[token])
            assert means.tolist() == wanted[token].tolist(), f"token {token}"


@pytest.mark.parametrize("size", [2, 12, 60])
@pytest.mark.parametrize("name", SHAPES)
def test_means_are_the_reference_s(roms, emulators, name, size):
    shape = SHAPES[name]
    size = min(size, 32767 // (2**shape.planes - 1) // shape.d_head)
    check(roms, emulators, shape, shape.layers - 1, *draw(shape, 2 * shape.slots + 5, size, size))


def test_heads_of_a_quantized_model_are_the_reference_s(roms, emulators, integers, monkeypatch):
    config = LlamaConfig(vocab_size=61, d_model=32, n_layers=2, d_ff=44, context=40, n_heads=4, n_kv_heads=2)
    model = integers.quantized(config, *CARTRIDGE, "window=16").model
    shape = find_shape(model)
    assert (shape.slots, shape.d_head, shape.group) == (16, 8, 2)
    listening = roms.Listening(model, monkeypatch)
    listening.read(integers.draw_stories(config, seed=3)[0], listening.start())
    assert len(listening.means[0]) > shape.slots
    with roms.AttendBench(emulators, shape) as bench:
        for token in range(len(listening.means[0])):
            bench.advance()
            for layer in range(shape.layers):
                read = (listening.queries, listening.keys, listening.values)
                means = bench.attend(layer, *(part[layer][token] for part in read))
                assert means.tolist() == listening.means[layer][token].tolist()


def test_a_model_in_other_numbers_is_refused(integers):
    with pytest.raises(ConfigError, match="quantized with keys=odd"):
        find_shape(integers.draw_model(0))


@pytest.mark.parametrize("layer", [0, 4])
def test_keys_of_7_bits_fit_when_values_lie_in_work_memory(roms, emulators, layer):
    shape = replace(STORIES, planes=7)
    with pytest.raises(ConfigError, match="take 133,180 bytes, and 122,880 are there"):
        plan_room(shape)
    check(roms, emulators, shape, layer, *draw(shape, 140, 12), in_work=True)
    with pytest.raises(ConfigError, match="values take 20,480 bytes, and 16,384 of work memory"):
        plan_room(shape, value_banks=(1, 3, 4, 5))


def test_wide_heads_with_values_in_work_memory(roms, emulators):
    shape = SHAPES["7 planes, wide heads"]
    check(roms, emulators, shape, 0, *draw(shape, 45, 9), in_work=True)


def test_layers_do_not_disturb_one_another(roms, emulators):
    shape, tokens = SMALL, 30
    given = [draw(shape, tokens, 9, seed) for seed in range(shape.layers)]
    wanted = [roms.define(shape, layer, *numbers) for layer, numbers in enumerate(given)]
    with roms.AttendBench(emulators, shape) as bench:
        for token in range(tokens):
            bench.advance()
            for layer, (queries, keys, values) in enumerate(given):
                means = bench.attend(layer, queries[token], keys[token], values[token])
                assert means.tolist() == wanted[layer][token].tolist()


@pytest.mark.parametrize("size", [0, 1])
def test_equal_scores_are_halved_when_they_are_many(roms, emulators, size):
    """A query of zeros makes all chances 128: at 128 positions they are halved three times."""
    check(roms, emulators, FULL, 0, *draw(FULL, 150, size))


def test_halving_without_tables_of_halved_chances(roms, emulators):
    shape = replace(FULL, score_shifts=(0,))
    check(roms, emulators, shape, 0, *draw(shape, 135, 0))


@pytest.mark.parametrize("shift", [-2, 1, 4, 5])
@pytest.mark.parametrize("keys_are", ["random", "at a limit", "at both", "rising"])
def test_queries_and_keys_at_their_limits(roms, emulators, keys_are, shift):
    shape = replace(SMALL, layers=1, slots=24, score_shifts=(shift,))
    _, keys, values = draw(shape, 90, 1)
    if keys_are == "at a limit":
        keys[:] = 63
        keys[40:60] = -63
    elif keys_are == "at both":
        keys = 63 * np.sign(keys)
    elif keys_are == "rising":
        keys[:] = (2 * np.arange(90)[:, None, None] // 3) - 61 | 1
    queries = draw_queries_at_limits(shape, 90)
    check(roms, emulators, shape, 0, queries, keys, values)


def test_one_score_far_above_all_others(roms, emulators):
    queries, keys, values = draw(FULL, 140, 1)
    queries[:, :, 0] = 400
    keys[:, :, 0] = 2 * (np.arange(140)[:, None] % 13) - 63
    keys[::31, :, 0] = 63
    check(roms, emulators, FULL, 0, queries, keys, values)


def test_cycles_are_as_predicted_in_both_parts_of_a_head_s_code(roms, emulators):
    shape = replace(STORIES, layers=1, kv_heads=2, group=1, score_shifts=(-2,))
    first, second = plan_room(shape)[0]
    assert first.split > shape.slots > second.split
    queries, keys, values = draw(shape, second.split + 3, 9)
    wanted = roms.define(shape, 0, queries, keys, values)
    with roms.AttendBench(emulators, shape, ("attend_query", "attend_score", "attend_scored")) as bench:
        for token in range(len(queries)):
            bench.advance()
            bench.seen.clear()
            means = bench.attend(0, queries[token], keys[token], values[token])
            assert means.tolist() == wanted[token].tolist()
            times = [time for _, time in bench.seen]
            for number, head in enumerate((first, second)):
                query, score, scored = times[3 * number : 3 * number + 3]
                assert score - query == count_query_cycles(shape)
                assert scored - score == count_score_cycles(shape, token + 1, token + 1 >= head.split)


@pytest.mark.parametrize(("d_head", "planes"), [(8, 6), (8, 7), (16, 7)])
def test_keys_are_read_where_turning_leaves_them(d_head, planes):
    first, second = (find_key_bits(0xC000, head, d_head // 2, planes) for head in (0, 1))
    assert second - first == 2 * d_head


def test_everything_has_its_own_bytes_of_battery_memory():
    in_work = replace(STORIES, planes=7)
    for shape in (STORIES, in_work, *SHAPES.values()):
        taken = set()
        rooms = plan_room(shape, value_banks=(3, 4, 5, 6, 7) if shape is in_work else ())
        for head in (head for heads in rooms for head in heads):
            for slot in range(shape.slots):
                bank, address = head.find_slot(slot, shape)
                taken_now = {(bank, at) for at in range(address, address + shape.slot_bytes)}
                low = head.column - 1 + 2 * slot & 0xFF
                pages = range(head.value_page, head.value_page + shape.d_head)
                taken_now |= {(head.value_bank, 256 * page + low) for page in pages}
                assert not taken & taken_now
                taken |= taken_now
        first = {at for _, at in taken if shape is not in_work or at < 0xD000}
        assert 0xA000 <= min(first) <= max(first) < 0xC000
        assert max(bank for bank, _ in taken) < 15
        assert all(3 <= bank < 8 and at < 0xE000 for bank, at in taken if at >= 0xC000)


def test_what_does_not_fit_is_refused_with_its_bytes():
    with pytest.raises(
        ConfigError, match=r"5 layers, 4 heads and 128 positions take .* bytes, and 57,344 are there"
    ):
        plan_room(STORIES, banks=7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d_head": 12}, "heads are 12 wide"),
        ({"slots": 129}, "a window of 129"),
        ({"planes": 8}, "keys of 8 bits"),
        ({"value_limit": 31}, "values up to 31"),
        ({"chance_bits": 8}, "chances of 8 bits"),
        ({"score_shifts": (-2, 16)}, "scores are shifted"),
        ({"o_shift": 4}, "means are shifted by 4"),
    ],
)
def test_other_models_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        replace(SMALL, **change)
