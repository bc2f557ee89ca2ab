"""Cartridges that compute matrices, for tests: inputs are copied to memory, every matrix is called once."""

from collections.abc import Mapping, Sequence

import numpy as np

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.machine.rom import Rom
from lilliput.deploy.gameboy.matrices.banks import Entry, lay_out
from lilliput.deploy.gameboy.matrices.lookups import (
    Ending,
    Matrix,
    Workplace,
    compile_matrix,
    count_entry_cycles,
    write_entry,
)
from lilliput.deploy.gameboy.matrices.streams import Stream

INPUTS, SUMS, RESULTS = 0xC000, 0xC100, 0xC500
WORK = Workplace(tables=0xD000, table_bytes=0x1000, high=0xFF80, sums=SUMS)
STACK = 0xCFF0
SAVED = 0xCFF8
"""Where the program leaves its stack pointer when it is done."""


def make_rom(
    matrices: Mapping[str, Matrix], memory: bytes, first_bank: int = 2
) -> tuple[bytes, dict[str, tuple[int, int]], dict[str, Entry]]:
    """The image, its symbols (NAME_call and NAME_done around each call, `done` at the end), and the entries.

    `memory` is copied to INPUTS first.
    """
    streams = {name: compile_matrix(matrix, WORK) for name, matrix in matrices.items()}
    return make_rom_of(streams, memory, first_bank)


def make_rom_of(
    streams: Mapping[str, Stream], memory: bytes, first_bank: int = 2
) -> tuple[bytes, dict[str, tuple[int, int]], dict[str, Entry]]:
    """The same, of code that is there already."""
    entries, pieces = lay_out(streams, first_bank)
    calls = "".join(f"{name}_call: call {name}\n{name}_done: nop\n" for name in streams)
    rom = Rom(entry="start")
    rom.place(
        "main",
        assemble(
            f"""
start:  di
        ld   sp, {STACK}
        ld   a, 1
        ld   (rKEY1), a
        stop
        ld   a, 1
        ld   (rSVBK), a
        ld   (rROMB0), a
        ld   hl, memory
        ld   de, {INPUTS}
        ld   bc, {len(memory)}
.copy:  ld   a, (hl+)
        ld   (de), a
        inc  de
        dec  bc
        ld   a, b
        or   c
        jr   nz, .copy
        {calls}
        ld   ({SAVED}), sp
done:   nop
.stay:  jr   .stay
"""
            + "".join(write_entry(name, entry, WORK) for name, entry in entries.items())
        ),
        bank=0,
    )
    rom.place("memory", Block.of(memory), bank=1)
    for number, piece in enumerate(pieces):
        rom.place(f"matrices.{number}", Block.of(piece.data), bank=piece.bank, address=piece.address)
    return rom.link(), rom.symbols, entries


def rounded(sums: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """rsh of docs/integer-arithmetic.md."""
    return (sums + (1 << shifts >> 1)) >> shifts


def apply(endings: Sequence[Ending], sums: np.ndarray, before: np.ndarray) -> list[int]:
    """What each row's result is, by the definition; `before` is what `add` adds to."""
    found = []
    for ending, value, old in zip(endings, sums.tolist(), before.astype(int).tolist(), strict=True):
        shifted = (value + (1 << ending.shift >> 1)) >> ending.shift
        limit = {"word": 32767, "byte": ending.limit, "add": 32767}[ending.kind]
        whole = shifted + (old if ending.kind == "add" else 0)
        found.append(max(-limit, min(limit, whole)))
    return found


def make_weights(rng, rows, columns, planes, groups=None):
    """Odd integers of `planes` planes; with groups, a row's weights of a group have 1 to `planes`."""
    if groups is None:
        return 2 * rng.integers(-(1 << planes - 1), 1 << planes - 1, (rows, columns)) + 1
    weights = np.empty((rows, columns), np.int64)
    for columns_of_group in groups:
        few = 1 << rng.integers(0, planes, (rows, 1))  # 2 ** (planes - 1)
        weights[:, columns_of_group] = 2 * rng.integers(-few, few, (rows, len(columns_of_group))) + 1
    return weights


def make_matrix(weights, shape, endings=None, words=False, bounds=None):
    rows, columns = weights.shape
    return Matrix(
        weights,
        shape.deal(np.random.default_rng(columns).random(columns)),
        shape.half,
        INPUTS + (1 + words) * np.arange(columns),
        endings or [Ending()] * rows,
        RESULTS + 2 * np.arange(rows),
        np.full(rows, 32000) if bounds is None else bounds,
        words,
    )


def run(emulators, matrix, inputs, before=None, **how):
    """Results, and M-cycles measured and predicted, of one matrix in PyBoy."""
    rows = len(matrix.endings)
    memory = inputs.astype("<i2" if matrix.words else "i1").tobytes()
    memory = memory.ljust(RESULTS - INPUTS, b"\0")
    memory += (np.zeros(rows) if before is None else before).astype("<i2").tobytes()
    image, symbols, entries = make_rom({"matrix": matrix}, memory, **how)
    with emulators.open_pyboy(image) as machine:
        cycles = machine.cycles_between(symbols["matrix"], symbols["matrix_done"])
        machine.run(2)
        assert machine.memory(0, SAVED, 2) == STACK.to_bytes(2, "little")
        raw = machine.memory(0, RESULTS, 2 * rows)
    words = np.frombuffer(raw, "<i2")
    bytes_ = np.frombuffer(raw, "i1")[::2]
    kinds = np.array([ending.kind for ending in matrix.endings])
    return np.where(kinds == "byte", bytes_, words).tolist(), cycles, count_entry_cycles(entries["matrix"])


def wrap(sums):
    """Sums as 16 bits hold them."""
    return (sums + 32768) % 65536 - 32768
