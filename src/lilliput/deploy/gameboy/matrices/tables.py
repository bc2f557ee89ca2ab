"""Tables of signed sums: of k inputs, all x_top ± x_0 ± x_1 …, made by walking down through memory.

Entry p of a table stands at its beginning + 2p: the sum in which x_j has a plus where bit j of p is set. From
p to p - 1 the sum falls by D[j] = 2 x_j - 2 (x_0 + … + x_(j-1)), j the lowest set bit of p. HL holds the sum
and `push hl` writes it; BC = -D[0] and DE = -D[1] serve three steps of four in two M-cycles, the other -D[j]
lie in high memory and take ten. So an entry takes eight, four of them for being written.

A half table keeps the plus of one more input, x_top. With all signs turned about, a sum is the same with a
minus: rows subtract what they would look up in the other half.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.matrices.streams import Cost, Stream, Template, make_template

LEAST_WALK, MOST_WALK = 2, 11
"""Inputs whose signs vary in a table: 4 to 2,048 entries."""
DELTA_BYTES = 2 * (MOST_WALK - 2)
"""High memory that a table needs while it is made."""

# 8 M-cycles for twice an input, the carry being its sign; 10 where it is a word
_DOUBLED_BYTE = "ld a, ({name})\nadd a, a\nld {low}, a\nsbc a, a\nld {high}, a"
_DOUBLED_WORD = "ld sp, {name}\npop {high}{low}\nsla {low}\nrl {high}"
# the same below zero; -128 does not occur
_MINUS_BYTE = "ld a, ({name})\ncpl\ninc a\nadd a, a\nld {low}, a\nsbc a, a\nld {high}, a"
_MINUS_WORD = (
    "ld sp, {name}\npop {high}{low}\nxor a\nsub {low}\nld {low}, a\nsbc a, a\nsub {high}\nld {high}, a\n"
    "sla {low}\nrl {high}"
)


def make_table(inputs: NDArray[np.int64], words: bool, half: bool, table: int, deltas: int) -> Stream:
    """Code that makes the table of the inputs at these addresses, x_0 first, x_top last (half tables only).

    `table` is where entry 0 will lie, `deltas` the first of DELTA_BYTES in high memory. Inputs are signed
    bytes, or words of two bytes; twice the sum of their magnitudes must be below 2^15.
    """
    walk = inputs.size - half
    setup = _make_setup(walk, words, half, deltas)
    values = {f"x{j}": int(address) for j, address in enumerate(inputs)}
    values["behind"] = table + table_bytes(walk)
    return Stream.join([setup.fill(values), _make_walk(walk, deltas)])


def table_bytes(walk: int) -> int:
    """Bytes of a table in which the signs of `walk` inputs vary."""
    return 2 << walk


@lru_cache(maxsize=256)
def measure_table(walk: int, words: bool, half: bool) -> Cost:
    """What make_table takes."""
    return _make_setup(walk, words, half, 0xFF80).cost + _make_walk(walk, 0xFF80).cost


def _make_setup(walk: int, words: bool, half: bool, deltas: int) -> Template:
    """BC = -D[0], DE = -D[1], the other -D[j] at `deltas`, HL the sum of all inputs, SP behind the table."""
    doubled, minus = (_DOUBLED_WORD, _MINUS_WORD) if words else (_DOUBLED_BYTE, _MINUS_BYTE)
    units = [doubled.format(name="x0", low="l", high="h")]  # HL = 2 (x_0 + … + x_(j-1)), from here on
    for j in range(1, walk):
        units.append(doubled.format(name=f"x{j}", low="c", high="b"))
        low, high = ("ld e,", "ld d,") if j == 1 else (f"ldh ({_low(j)}),", f"ldh ({_high(j)}),")
        units.append(f"ld a, l\nsub c\n{low} a\nld a, h\nsbc a, b\n{high} a")
        units.append("add hl, bc")
    if half:
        units += [doubled.format(name=f"x{walk}", low="c", high="b"), "add hl, bc"]
    units += ["sra h\nrr l", minus.format(name="x0", low="c", high="b"), "ld sp, behind"]
    return make_template(tuple(units), (("deltas", deltas),))


def _low(j: int) -> str:
    """Where the low byte of -D[j] lies in high memory, j from 2."""
    return f"deltas + {2 * j - 4}"


def _high(j: int) -> str:
    return f"deltas + {2 * j - 3}"


@lru_cache(maxsize=64)
def _make_walk(walk: int, deltas: int) -> Stream:
    """`push hl` for every entry, from the last to the first."""
    steps = ["add hl, bc", "add hl, de"]
    parts = [make_template(("push hl",)).fill({})]
    for j in range(walk):
        text: tuple[str, ...] = (
            (steps[j],)
            if j < 2
            else (
                f"ldh a, ({_low(j)})\nadd a, l\nld l, a",
                f"ldh a, ({_high(j)})\nadc a, h\nld h, a",
            )
        )
        step = make_template(text, (("deltas", deltas),)).fill({})
        parts = [*parts, step, *parts]  # entries below this step repeat those above it
    return Stream.join(parts)
