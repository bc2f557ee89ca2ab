"""About what the steps between matrices take, counted in their own code: ways through it, and how often.

Where a way depends on numbers, half of them are taken to be below zero, and few beyond what has 8 bits.
"""

from collections.abc import Collection, Sequence

import numpy as np

from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.model.paths import count_path
from lilliput.deploy.gameboy.steps.draw import write_draw
from lilliput.deploy.gameboy.steps.halve import write_halve
from lilliput.deploy.gameboy.steps.hidden import write_hidden
from lilliput.deploy.gameboy.steps.norm import write_norm
from lilliput.deploy.gameboy.steps.rejoin import write_rejoin
from lilliput.deploy.gameboy.steps.residual import write_embed
from lilliput.deploy.gameboy.steps.turn import write_turn_keys, write_turn_queries
from lilliput.quantize.intmodel import IntNorm
from lilliput.quantize.narrow import narrow_shift

_RAM, _HIGH = 0xC000, 0xFF80
_TURN_LIMIT, _SUM_LIMIT = 511, 500
_SHIFTS = 4
"""How often a loop over bits runs."""
_TURN, _ONCE, _MULTIPLY, _PUT = 11, 100, 80, 7
"""M-cycles of a loop's counter in high memory, of what a step does once, of a long product, of `push de` and
`pop de`."""


def count_norm(size: int) -> float:
    """M-cycles of one norm, with rows of products in the ROM."""
    norm = IntNorm(np.zeros(0, np.int16), narrow_shift(size), 8, 8, 127, narrow=True)
    step = write_norm(
        "step",
        norm=norm,
        size=size,
        source=_RAM,
        target=_RAM,
        pairs=_RAM,
        page=_RAM,
        high=_HIGH,
        tables="tables",
        rows="rows",
    )
    few, many = _unroll(size, (4, 3, 2, 1)), _unroll(size, (8, 4, 2, 1))
    scan = count_path(step, ".scan", ".bit") + 1
    shift = few * _mean(step, ".shift", ".put0", ("jr nz, .minus0", "jr nz, .put0")) + _TURN + 4 * few
    square = few * count_path(step, ".square", ".sum0", ("jr nc, .sum0",)) + _TURN
    look = many * _mean(step, ".element", ".plus0", ("jr nc, .plus0",)) + 4 * many + _TURN
    turns = (scan + shift + square) * (size // few) + look * (size // many)
    once = _SHIFTS * count_path(step, ".bit", ".down", ("jr z, .down",))
    ways = (("step", ".scan"), (".down", ".shift"), (".squares", ".square"), (".mantissa", ".root"))
    return once + sum(count_path(step, first, last) for first, last in ways) + _ONCE + _MULTIPLY + turns


def count_turn(heads: int, kv_heads: int, d_head: int, key_bits: int) -> float:
    """M-cycles of one layer's queries and keys, each query being halved once."""
    pairs = d_head // 2
    places = {"pairs": pairs, "limit": _TURN_LIMIT, "angles": _HIGH, "high": _HIGH}
    queries = write_turn_queries(
        "step", heads=heads, queries=_RAM, q_shift=0, q_limit=_TURN_LIMIT, sum_limit=_SUM_LIMIT, **places
    )
    keys = write_turn_keys(
        "step", heads=kv_heads, keys=_RAM, key_bits=key_bits, k_shift=0, offsets="offsets", **places
    )
    below = d_head * (_mean(queries, ".a0", ".a0_known", ()) + 1) / 2
    asked = count_path(queries, ".head", ".turned") + below
    asked += 2 * _mean(queries, ".sum", ".check", tuple(f"jr z, .plus{at}" for at in range(d_head)))
    asked += d_head * (count_path(queries, ".halve", ".halved", ("jr z, .plus",)) - 8)
    stored = count_path(keys, ".head", ".turned") + below
    stored += count_path(keys, ".key", None, [f"jr c, .within{word}" for word in range(d_head)])
    return heads * asked + kv_heads * stored


def count_hidden(count: int) -> float:
    """M-cycles of one layer's gated values."""
    step = write_hidden(
        "step", count=count, pairs=_RAM, places="places", rows="rows", tables="tables", high=_HIGH
    )
    unroll = _unroll(count, (4, 2, 1))
    kept = ("jr z, .g0_known", "jr z, .u0_known")
    positive = count_path(step, ".gate", ".put0", kept)
    negative = count_path(step, ".gate", ".put0", ("jr z, .u0_known", "jr nz, .minus0", "jr z, .whole0"))
    both = count_path(step, ".gate", ".put0", ())
    made = (2 * negative + positive + both) / 4 + _PUT
    narrowed = count_path(step, ".narrow", ".byte0", ("jr nz, .byte0",)) + _PUT + 2
    bits = _SHIFTS * count_path(step, ".bits", ".exponent", ("jr z, .exponent",))
    return count * (made + narrowed) + count // unroll * 2 * _TURN + bits + _ONCE


def count_halve(count: int, stride: int, shifted: float) -> float:
    """M-cycles of halving `count` inputs, one every `stride` bytes; `shifted`: how often it is done."""
    step = write_halve(
        "step",
        count=count,
        source=_RAM,
        stride=stride,
        square_limit=1 << 16,
        tables="tables",
        exponent=_HIGH,
        high=_HIGH,
    )
    turns = count // 2 if stride == 1 else count
    last = ".rough_d" if stride == 1 else ".rough_e"
    rough = turns * (_mean(step, ".rough", last, (f"jr nc, {last}",)) + 4)
    last = ".sum_d" if stride == 1 else ".sum_e"
    exact = turns * (_mean(step, ".sum", last, (f"jr nc, {last}",)) + _TURN)
    shift = count * (count_path(step, ".byte", ".leave") + 1)
    return rough + shifted * (exact + shift) + _ONCE


def count_rejoin(size: int) -> float:
    """M-cycles of joining a matrix's rows to the residual stream, with shifts of some 6."""
    step = write_rejoin("step", size=size, sums=_RAM, target=_RAM, exponent=_HIGH, high=_HIGH)
    row = count_path(step, ".row", ".done0", ("jr nc, .two0", "jr nc, .eight0")) + 2
    return size * row + size // _unroll(size, (4, 2, 1)) * _TURN + _ONCE


def count_embed(size: int, vocabulary: int) -> float:
    """M-cycles of taking a token's row of the embedding."""
    step = write_embed("step", size=size, vocabulary=vocabulary, rows="rows", target=_RAM, high=_HIGH)
    unroll = _unroll(size, (8, 4, 2, 1))
    return count_path(step, "step", ".word") + size // unroll * (count_path(step, ".word") + 1)


def count_draw(vocabulary: int, place: float = 0.5) -> float:
    """M-cycles of drawing a token, which is found after `place` of the vocabulary."""
    step = write_draw("step", vocabulary=vocabulary, logits=_RAM, banks=1, plan=_HIGH, state=_RAM, high=_HIGH)
    unroll = _unroll(vocabulary, (8, 4, 2, 1))
    greatest = count_path(step, ".greatest", ".less0", ("jr c, .less0",))
    summed = _mean(step, ".sum", ".nos0", ("jr nc, .nos0",))  # of the far ones and the near ones
    found = _mean(step, ".walk", ".nod0", ("jr nc, .nod0",))
    once = count_path(step, "step", ".greatest") + count_path(step, ".draw", ".sum") + 4 * _ONCE
    return once + vocabulary * (greatest + summed + found * place) + vocabulary // unroll * 2 * _TURN


def _unroll(count: int, sizes: Sequence[int]) -> int:
    """The greatest of `sizes` that divides `count`, as loops are unrolled."""
    return max(size for size in sizes if count % size == 0)


def _mean(step: Block, first: str, last: str, taken: Collection[str]) -> float:
    """Of two ways, one with these jumps taken and one without any."""
    return (count_path(step, first, last, taken) + count_path(step, first, last)) / 2
