"""Code in units and banks, shapes of tables: what holds without an emulator."""

from itertools import pairwise

import numpy as np
import pytest

from lilliput.deploy.gameboy.matrices.banks import lay_out
from lilliput.deploy.gameboy.matrices.digits import count_planes, find_lookups
from lilliput.deploy.gameboy.matrices.lookups import Ending, Matrix, Workplace, compile_matrix, write_entry
from lilliput.deploy.gameboy.matrices.shapes import Shape, choose_shape
from lilliput.deploy.gameboy.matrices.streams import LONGEST_UNIT, Stream, make_template
from lilliput.errors import ConfigError

ROOM, BANK = 0x4000 - 8, 0x4000


@pytest.fixture(scope="module")
def roms(load):
    return load("deploy/gameboy/matrix_roms.py")


def make_stream(sizes):
    """Units of these sizes; each byte tells its unit."""
    starts = np.cumsum([0, *sizes])[:-1]
    data = np.repeat(np.arange(len(sizes)) % 251, sizes).astype(np.uint8)
    return Stream(data, starts, 1000)


def walk(pieces, entry, size):
    """The bytes of code from an entry on, with those that change the bank left out."""
    banks = {}
    for piece in pieces:
        bank = banks.setdefault(piece.bank, bytearray(BANK))
        bank[piece.address - 0x4000 : piece.address - 0x4000 + len(piece.data)] = piece.data
    found, bank, at = b"", entry.bank, entry.address - 0x4000
    while len(found) + ROOM - at < size:
        data = banks[bank]
        assert bytes(data[ROOM:]) == bytes([0x3E, bank + 1, 0xEA, 0x00, 0x20, 0xC3, 0x00, 0x40])
        assert bytes(banks[bank + 1][BANK - 3 :]) == b"\xc3\x00\x40"
        found += bytes(data[at:ROOM])
        bank, at = bank + 1, 0
    return found + bytes(banks[bank][at : at + size - len(found)])


@pytest.mark.parametrize("left", [*range(9), 129, 130, 250])
def test_a_stream_goes_on_in_the_next_bank_between_two_units(left):
    """A gap at the end of the bank: nothing, `nop`, or a jump over it."""
    units = [128] * ((ROOM - 500) // 128)
    units += [ROOM - sum(units) - left] if left < 4 else [100, ROOM - sum(units) - 100 - left]
    stream = make_stream([*units, 251, 50])
    (entry,), pieces = list(lay_out({"one": stream}, 5)[0].values()), lay_out({"one": stream}, 5)[1]
    jump = b"" if left < 4 else bytes([0x18, left - 2]) if left < 130 else b"\xc3\xf8\x7f"
    gap = jump + bytes(left - len(jump))
    whole = walk(pieces, entry, stream.data.size + left)
    cut = sum(units)
    assert whole == stream.data[:cut].tobytes() + gap + stream.data[cut:].tobytes()
    assert entry.cycles == 1000 + 10 + (4 if left > 129 else min(left, 3))


def test_units_are_never_cut_and_streams_follow_one_another():
    rng = np.random.default_rng(1)
    streams = {str(n): make_stream(rng.integers(1, LONGEST_UNIT + 1, 200 * n)) for n in range(1, 6)}
    entries, pieces = lay_out(streams, 1)
    for piece in pieces:
        assert 0x4000 <= piece.address < piece.address + len(piece.data) <= 0x8000
    assert len({(piece.bank, piece.address) for piece in pieces}) == len(pieces)
    for (_, first), (_, second) in pairwise(entries.items()):
        assert (first.bank, first.address) < (second.bank, second.address)
    last = max(piece.bank for piece in pieces)
    assert last <= sum(stream.data.size for stream in streams.values()) // (ROOM - LONGEST_UNIT) + 1


def test_no_stream_goes_from_bank_255_to_256_and_none_beyond_511():
    stream = make_stream([100] * 400)
    entries, _ = lay_out({"a": stream, "b": stream}, 252)
    assert [entry.bank for entry in entries.values()] == [252, 256]
    text = write_entry("b", entries["b"], Workplace(0xD000, 4096, 0xFF80))
    assert "rROMB1" in text
    with pytest.raises(ConfigError, match="512 banks"):
        lay_out({"a": stream}, 510)


def test_a_template_leaves_words_open_and_counts_the_way_on_which_nothing_saturates():
    template = make_template(("ld hl, place", "ld a, h\njr c, on\nnop\nnop\non: push hl"))
    assert template.cycles == 3 + 1 + 3 + 4
    stream = template.fill({"place": 0x1234})
    assert stream.data.tobytes() == bytes([0x21, 0x34, 0x12, 0x7C, 0x38, 0x02, 0, 0, 0xE5])
    assert stream.starts.tolist() == [0, 3]
    with pytest.raises(KeyError):
        template.fill({})


@pytest.mark.parametrize(("rows", "columns", "planes"), [(128, 64, 5), (64, 172, 4), (512, 64, 7), (3, 9, 2)])
def test_estimates_are_near_what_the_code_takes_and_the_chosen_shape_is_the_best(roms, rows, columns, planes):
    weights = roms.make_weights(np.random.default_rng(2), rows, columns, planes)
    best = choose_shape(rows, columns, planes, 4096)
    taken = []
    for shape in (best, choose_shape(rows, columns, planes, 1024), Shape((best.sizes,), False)):
        work = Workplace(0xC000, 0x4000, 0xFF80, 0xB000)
        cost = compile_matrix(roms.make_matrix(weights, shape), work).cost
        estimate = shape.estimate(rows, planes)
        assert abs(cost.cycles - 7 * rows - estimate.cycles) < 0.02 * cost.cycles + 60
        assert abs(cost.bytes - 4 * rows - estimate.bytes) < 0.02 * cost.bytes + 60
        taken.append(cost.cycles)
    assert taken[0] == min(taken)


def test_a_shape_deals_every_column_once_and_keeps_to_its_room():
    for columns in (3, 17, 64, 172, 500):
        for room in (512, 2048, 4096):
            try:
                shape = choose_shape(100, columns, 5, room)
            except ConfigError:
                assert columns == 500
                assert room < 4096
                continue
            assert shape.table_bytes() <= room
            dealt = shape.deal(np.random.default_rng(3).random(columns))
            assert sorted(c for groups in dealt for group in groups for c in group) == list(range(columns))
            assert tuple(tuple(map(len, groups)) for groups in dealt) == shape.passes
    with pytest.raises(ConfigError, match="3 columns"):
        Shape(((3,),), True).deal(np.ones(4))


def test_columns_of_like_importance_come_together():
    importance = np.array([1.0, 9, 2, 8, 3, 7, 4, 6, 5])
    dealt = Shape(((5, 4),), True).deal(importance)
    assert [sorted(importance[group]) for group in dealt[0]] == [[1, 2, 3, 4, 5], [6, 7, 8, 9]]


@pytest.mark.parametrize("half", [True, False])
def test_lookups_add_up_to_the_weights(half):
    rng = np.random.default_rng(4)
    weights = 2 * rng.integers(-16, 16, (20, 11)) + 1
    weights[0, :4], weights[1, 4:], weights[2] = 0, 8 * weights[1, 4:], 0
    groups = [[0, 1, 2, 3], [4, 10, 9, 5, 6, 7, 8]]
    found = find_lookups(weights, groups, half)
    back = np.zeros_like(weights)
    for row, minus, plane, group, entry in zip(*found, strict=True):
        columns = groups[group]
        digits = np.array([1 if entry >> j & 1 else -1 for j in range(len(columns) - half)] + [1] * half)
        back[row, columns] += (-1 if minus else 1) * digits << plane
    assert (back == weights).all()
    planes = count_planes(weights, groups)
    assert planes[0, 0] == 0
    assert planes[2].tolist() == [0, 0]
    assert planes.sum() + 2 == found.row.size


def test_what_cannot_be_compiled_is_refused(roms):
    work = Workplace(0xD000, 64, 0xFF80)
    weights = np.ones((2, 6), np.int64)
    shape = Shape(((3, 3),), True)

    def refuse(match, weights=weights, shape=shape, work=work, **changes):
        values = {**vars(roms.make_matrix(weights, shape)), **changes}
        with pytest.raises(ConfigError, match=match):
            compile_matrix(Matrix(**values), work)

    mixed = weights.copy()
    mixed[1, 2] = 2
    refuse("row 1 has weights", weights=mixed)
    refuse("more passes", shape=Shape(((6,),), False))
    refuse("give `sums`", shape=Shape(((3,), (3,)), True))
    refuse("each of them once", groups=[[[0, 1, 2], [2, 3, 4, 5]]])
    refuse("2 rows has 1 endings", endings=[Ending()])
    refuse("6 columns has 5 inputs", inputs=np.arange(5))
    refuse("coarser step", bounds=np.array([32768, 0]))
