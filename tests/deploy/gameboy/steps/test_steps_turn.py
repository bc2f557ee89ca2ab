"""Queries and keys turned on the Game Boy against the reference's own steps, bit for bit."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.steps.turn import (
    find_key_bits,
    in_pairs,
    make_key_offsets,
    write_angles,
    write_turn_keys,
    write_turn_queries,
)
from lilliput.deploy.gameboy.steps.turn_tables import make_angles, make_turn_rows
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import halvings, round_shift, saturate

QUERIES, KEYS, HIGH, ANGLES = 0xC100, 0xC400, 0xFF80, 0xFFA0
POSITION = 0xC000


def make_circle(positions, pairs):
    """Cosines and sines (positions, pairs) as ptq makes them; the first pair goes by the greatest angles."""
    angles = np.arange(positions)[:, np.newaxis] * 10000.0 ** (-np.arange(pairs) / pairs)
    return [np.rint(part * 128).astype(np.int16) for part in (np.cos(angles), np.sin(angles))]


def turn(v, limit, cos, sin):
    """v (heads, K), as the reference turns it."""
    a, b = np.split(saturate(v, limit), 2, axis=-1)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def draw(rng, heads, width):
    most = [3, 100, 255, 257, 513, 32767]
    for number in range(90):
        yield rng.integers(-most[number % 6], most[number % 6] + 1, (heads, width))
    edges = np.array(
        [
            -32767,
            -513,
            -512,
            -511,
            -510,
            -257,
            -256,
            -255,
            -254,
            -1,
            0,
            1,
            254,
            255,
            256,
            257,
            510,
            511,
            512,
            32767,
        ]
    )
    for _ in range(40):
        yield rng.choice(edges, (heads, width))
    for value in (255, -255, 511, -511):
        yield np.full((heads, width), value)
        yield np.where(np.arange(width) < width // 2, value, -value) + np.zeros((heads, 1), np.int64)


ROWS = [(f"rows{number}", block, 20 + number) for number, block in enumerate(make_turn_rows("rows"))]


def make_code(cos, sin):
    """What calls `turn` after it looked up the position's angles, and the table of these."""
    code = assemble(f"""
step:   ld   a, ({POSITION})
        ld   e, a
        ld   a, ({POSITION + 1})
        ld   d, a
        call angles
        ld   de, 0x4000
        jp   turn
""")
    pairs = cos.shape[1]
    angles = write_angles("angles", pairs=pairs, table="angle_table", rows="rows", angles=ANGLES)
    return [code, angles], [("angle_table", make_angles("angle_table", cos, sin), 1)]


@pytest.mark.parametrize(
    ("heads", "width", "q_shift", "q_limit", "sum_limit", "limit"),
    [
        (8, 8, 0, 1023, 520, 255),
        (8, 8, 0, 511, 258, 511),
        (8, 8, 0, 511, 0, 511),
        (3, 12, 1, 511, 258, 511),
        (4, 8, 1, 255, 0, 511),
        (1, 8, 2, 127, 0, 255),
        (5, 6, 4, 63, 100, 511),
        (2, 16, 7, 7, 40, 511),
    ],
)
def test_queries_are_the_references(roms, emulators, heads, width, q_shift, q_limit, sum_limit, limit):
    rng = np.random.default_rng(width)
    cos, sin = make_circle(300, width // 2)
    pairs = width // 2
    code, data = make_code(cos, sin)
    turning = write_turn_queries(
        "turn",
        heads=heads,
        pairs=pairs,
        queries=QUERIES,
        q_shift=q_shift,
        q_limit=q_limit,
        sum_limit=sum_limit,
        angles=ANGLES,
        high=HIGH,
        limit=limit,
    )
    with roms.Bench(emulators, [*code, turning], data, banks=ROWS) as bench:
        for number, v in enumerate(draw(rng, heads, width)):
            at = [0, 299, int(rng.integers(300))][number % 3]
            bench.call({POSITION: at.to_bytes(2, "little"), QUERIES: in_pairs(v).astype("<i2").tobytes()})
            made = np.frombuffer(bench.read(QUERIES, 2 * v.size), "<i2").reshape(heads, width)
            q = round_shift(turn(v, limit, cos[at].astype(int), sin[at].astype(int)), 7 + q_shift)
            q = saturate(q, q_limit)
            if sum_limit:
                down = halvings(np.abs(q).sum(axis=-1, keepdims=True), sum_limit, 1)
                q = np.sign(q) * (np.abs(q) >> down)
            assert made.tolist() == in_pairs(q).tolist()


@pytest.mark.parametrize(
    ("heads", "width", "bits", "k_shift", "limit"),
    [
        (4, 8, 6, 0, 255),
        (4, 8, 7, 0, 511),
        (2, 8, 7, 2, 511),
        (1, 8, 5, 4, 255),
        (3, 12, 6, 3, 511),
        (2, 16, 7, 1, 511),
    ],
)
def test_keys_are_the_references_odd_numbers(roms, emulators, heads, width, bits, k_shift, limit):
    rng = np.random.default_rng(bits)
    cos, sin = make_circle(200, width // 2)
    offsets = rng.integers(-511, 512, (heads, width)).astype(np.int16)
    code, data = make_code(cos, sin)
    turning = write_turn_keys(
        "turn",
        heads=heads,
        pairs=width // 2,
        keys=KEYS,
        key_bits=bits,
        k_shift=k_shift,
        angles=ANGLES,
        high=HIGH,
        limit=limit,
        offsets="offsets",
    )
    numbers = ("offsets", Block.of(make_key_offsets(offsets, bits, k_shift)), 40)
    with roms.Bench(emulators, [*code, turning], data, banks=[*ROWS, numbers]) as bench:
        for number, v in enumerate(draw(rng, heads, width)):
            at = [0, 199, int(rng.integers(200))][number % 3]
            bench.call({POSITION: at.to_bytes(2, "little"), KEYS: in_pairs(v).astype("<i2").tobytes()})
            k = turn(v, limit, cos[at].astype(int), sin[at].astype(int)) - (offsets.astype(int) << 7)
            k = saturate(2 * (k >> 7 + k_shift + 1) + 1, 2**bits - 1)
            for head in range(heads):
                first = find_key_bits(KEYS, head, width // 2, bits)
                for group in range(0, width, 8):
                    made = bench.read(first + group // 8 * (bits + 1 & ~1), bits)
                    part = in_pairs(k)[head, group : group + 8]
                    whole = [
                        sum((byte >> j & 1) << p for p, byte in enumerate(made)) for j in range(len(part))
                    ]
                    assert (2 * np.array(whole) + 1 - 2**bits).tolist() == part.tolist()


def test_other_bits_are_refused():
    given = {"heads": 8, "pairs": 4, "angles": ANGLES, "high": HIGH}
    query = {"queries": QUERIES, "limit": 511, "q_shift": 0, "q_limit": 511, "sum_limit": 0}
    key = {"keys": KEYS, "limit": 255, "key_bits": 6, "k_shift": 0, "offsets": "offsets"}
    with pytest.raises(ConfigError, match="0 to 7"):
        write_turn_queries("turn", **given, **{**query, "q_shift": 8})
    with pytest.raises(ConfigError, match="cut"):
        write_turn_queries("turn", **given, **{**query, "q_limit": 255})
    with pytest.raises(ConfigError, match="turn_bits"):
        write_turn_queries("turn", **given, **{**query, "limit": 1023})
    with pytest.raises(ConfigError, match="9 are possible"):
        write_turn_keys("turn", **given, **{**key, "k_shift": 4})
    with pytest.raises(ConfigError, match="offset is 600"):
        make_key_offsets(np.full((1, 8), 600, np.int16), 6, 0)
    with pytest.raises(ConfigError, match="cosine_bits"):
        make_angles("angles", *(part * 128 for part in make_circle(9, 4)))
    with pytest.raises(ConfigError, match="1365 do"):
        make_angles("angles", *make_circle(1400, 4))
