"""Cartridges that compute matrices, for tests: inputs copied from the ROM, every matrix called, then a stop."""

from collections.abc import Mapping, Sequence

import numpy as np

from lilliput.deploy.gameboy.assembler import Block, assemble
from lilliput.deploy.gameboy.lookups import Ending, Matrix, Workplace, compile_matrix, write_entry
from lilliput.deploy.gameboy.rom import Rom
from lilliput.deploy.gameboy.stream_banks import Entry, lay_out

INPUTS, SUMS, RESULTS = 0xC000, 0xC400, 0xC800
WORK = Workplace(tables=0xD000, table_bytes=0x1000, high=0xFF80, sums=SUMS)
STACK = 0xCFF0
SAVED = 0xCFF8
"""Where the program leaves its stack pointer when it is done."""


def make_rom(
    matrices: Mapping[str, Matrix], memory: bytes, work: Workplace = WORK, first_bank: int = 2, repeat: int = 1
) -> tuple[bytes, dict[str, tuple[int, int]], dict[str, Entry]]:
    """The image, its symbols (NAME_call and NAME_done around each call, `done` at the end), and the entries.

    `memory` is copied to INPUTS first.
    """
    streams = {name: compile_matrix(matrix, work) for name, matrix in matrices.items()}
    entries, pieces = lay_out(streams, first_bank)
    calls = "".join(f"{name}_call: call {name}\n{name}_done: nop\n" for name in matrices)
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
        {_repeat(calls, repeat)}
        ld   ({SAVED}), sp
done:   nop
.stay:  jr   .stay
"""
            + "".join(write_entry(name, entry, work) for name, entry in entries.items())
        ),
        bank=0,
    )
    rom.place("memory", Block.of(memory), bank=1)
    for number, piece in enumerate(pieces):
        rom.place(f"matrices.{number}", Block.of(piece.data), bank=piece.bank, address=piece.address)
    return rom.link(), rom.symbols, entries


def _repeat(calls: str, times: int) -> str:
    """The calls, `times` over."""
    if times == 1:
        return calls
    return f"ld a, {times}\nld ({SAVED + 2}), a\nagain:\n{calls}ld a, ({SAVED + 2})\ndec a\nld ({SAVED + 2}), a\njp nz, again"


def rounded(sums: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """rsh of docs/integer-arithmetic.md."""
    return (sums + (1 << shifts >> 1)) >> shifts


def apply(endings: Sequence[Ending], sums: np.ndarray, before: np.ndarray) -> list[int]:
    """What each row's result is, by the definition; `before` is what `add` adds to."""
    found = []
    for ending, value, old in zip(endings, sums.tolist(), before.tolist(), strict=True):
        shifted = (value + (1 << ending.shift >> 1)) >> ending.shift
        limit = {"word": 32767, "byte": ending.limit, "add": 32767}[ending.kind]
        whole = shifted + (old if ending.kind == "add" else 0)
        found.append(max(-limit, min(limit, whole)))
    return found
