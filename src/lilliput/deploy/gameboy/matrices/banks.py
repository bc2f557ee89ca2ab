"""Streams in consecutive banks of the ROM: code that walks from one bank into the next by itself.

The last eight bytes of a bank choose the next one, and the processor goes on at the same address in it, where
the jump to its beginning stands. Interrupts are off: nothing else may change the bank.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.memory import MOST_ROM_BANKS, ROM_BANK_BYTES, SWITCHED_ROM
from lilliput.deploy.gameboy.matrices.streams import LONGEST_UNIT, Stream
from lilliput.errors import ConfigError

_NEXT = "ld a, {low}\nld (rROMB0), a\njp 0x4000"
_NEXT_BYTES = 8
_ROOM = ROM_BANK_BYTES - _NEXT_BYTES
_FARTHEST = 129  # bytes that a relative jump at their beginning leads over
_BANKS_OF_A_BYTE = 256


@dataclass(frozen=True)
class Entry:
    """Where a stream begins, and what it takes."""

    bank: int
    address: int
    cycles: int
    """M-cycles of all of it, with its changes of bank, when no value saturates."""


@dataclass(frozen=True)
class Piece:
    """Bytes with a place in the ROM."""

    bank: int
    address: int
    data: bytes


def lay_out(streams: Mapping[str, Stream], first_bank: int) -> tuple[dict[str, Entry], list[Piece]]:
    """Streams behind one another from `first_bank` on: where each begins, and the pieces to place.

    The rest of the last bank is free, but for its last three bytes. Raises ConfigError where the banks do not
    suffice.
    """
    work = _Banks(first_bank)
    entries = {name: work.put(stream) for name, stream in streams.items()}
    return entries, work.finish()


class _Banks:
    def __init__(self, first_bank: int) -> None:
        self.bank = first_bank
        self.data = bytearray()
        self.pieces: list[Piece] = []
        self.entered = False
        """Whether code comes into the bank from the one before."""

    def put(self, stream: Stream) -> Entry:
        left = stream.data.size - (_ROOM - len(self.data))
        behind = self.bank + max(0, -(-left // (_ROOM - LONGEST_UNIT)))
        if self.bank < _BANKS_OF_A_BYTE <= behind:  # from 255 to 256 two registers would change
            self._close(_BANKS_OF_A_BYTE)
        entry = self.bank, SWITCHED_ROM + len(self.data)
        cycles, done = stream.cycles, 0
        while stream.data.size - done > _ROOM - len(self.data):
            room = _ROOM - len(self.data)
            cut = int(stream.starts[np.searchsorted(stream.starts, done + room, side="right") - 1])
            self.data += stream.data[done:cut].tobytes()
            cycles += self._go_on()
            done = cut
        self.data += stream.data[done:].tobytes()
        return Entry(*entry, cycles)

    def _go_on(self) -> int:
        """Fill the bank up and begin the next; M-cycles of getting there."""
        gap = _ROOM - len(self.data)
        jump = (
            f"jr behind\n.fill {gap - 2}"
            if gap <= _FARTHEST
            else f"jp {SWITCHED_ROM + _ROOM}\n.fill {gap - 3}"
        )
        over = assemble(f"{jump}\nbehind:" if gap > 3 else "nop\n" * gap)
        next_bank = assemble(_NEXT.format(low=self.bank + 1 & 0xFF))
        self.data += over.data + next_bank.data
        self._close(self.bank + 1)
        self.entered = True
        return over.cycles(taken=True) + next_bank.cycles(taken=True)

    def _close(self, next_bank: int) -> None:
        if self.data:
            self.pieces.append(Piece(self.bank, SWITCHED_ROM, bytes(self.data)))
        if self.entered and len(self.data) < ROM_BANK_BYTES:
            jump = assemble(_NEXT.format(low=0)).data[-3:]
            self.pieces.append(Piece(self.bank, SWITCHED_ROM + ROM_BANK_BYTES - len(jump), jump))
        if next_bank > MOST_ROM_BANKS:
            raise ConfigError(f"matrices need more than the {MOST_ROM_BANKS} banks of a cartridge")
        self.bank, self.data, self.entered = next_bank, bytearray(), False

    def finish(self) -> list[Piece]:
        self._close(self.bank + 1)
        return self.pieces
