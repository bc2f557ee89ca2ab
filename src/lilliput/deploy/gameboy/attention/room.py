"""Where keys' code and values lie: in the cartridge's battery memory, or values in work memory.

A key head's code is one slot behind another, and a jump. It may go on in the next bank once: from its
beginning there. Values lie a channel in a page of 256 bytes; heads share a page's bytes in pairs, even and
odd.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lilliput.deploy.gameboy.attention.shape import AttendShape
from lilliput.deploy.gameboy.machine.memory import MOST_SRAM_BANKS, SRAM_BANK_BYTES, WRAM_BANK_BYTES
from lilliput.errors import ConfigError

_FIRST = 0xA000
_LEAVE_BYTES, _CROSS_BYTES = 3, 5
_WORK_PAGES = WRAM_BANK_BYTES // 256
NEVER = 255
"""As the first slot of a second part: there is none."""


@dataclass(frozen=True)
class HeadRoom:
    """Of one key head in one layer."""

    bank: int
    address: int
    """Of slot 0's code."""
    split: int
    """The first slot that lies in the next bank, at its beginning; NEVER where none does."""
    value_bank: int
    value_page: int
    """Of channel 0."""
    column: int
    """From where on the head's bytes lie in a page: every second one."""

    def find_slot(self, slot: int, shape: AttendShape) -> tuple[int, int]:
        """Bank and address of a slot's code."""
        if slot < self.split:
            return self.bank, self.address + slot * shape.slot_bytes
        return self.bank + 1, _FIRST + (slot - self.split) * shape.slot_bytes


def plan_room(
    shape: AttendShape, banks: int = MOST_SRAM_BANKS - 1, value_banks: Sequence[int] = ()
) -> list[list[HeadRoom]]:
    """Each layer's key heads, in the first `banks` banks.

    Values lie in `value_banks` of work memory, if there are any. Raises ConfigError where room is
    missing.
    """
    values = _place_values(shape)
    per_bank = SRAM_BANK_BYTES // 256
    pages = values[-1][-1][0] + shape.d_head
    bank, at, rooms = 0, 0, list[list[HeadRoom]]()
    if value_banks:
        _check_work(pages, value_banks)
        pages = 0
    free = [SRAM_BANK_BYTES] * (banks - pages // per_bank)  # values lie at the end, from the last bank down
    if pages % per_bank and free:
        free[-1] -= pages % per_bank * 256
    for layer in values:
        heads = []
        for page, column in layer:
            bank, at = _skip_small(bank, at, free, shape)
            if bank >= len(free):
                raise ConfigError(_say_full(shape, pages, banks))
            fitting = (free[bank] - at - _CROSS_BYTES) // shape.slot_bytes
            whole = at + shape.slots * shape.slot_bytes + _LEAVE_BYTES <= free[bank]
            value_bank, value_page = banks - 1 - page // per_bank, page % per_bank
            if value_bank == len(free) - 1:  # the bank that code shares: values at its end
                value_page = per_bank - shape.d_head - value_page
            if value_banks:
                value_bank, value_page = value_banks[page // _WORK_PAGES], 0xD0 + page % _WORK_PAGES
            first_page = value_page if value_banks else 0xA0 + value_page
            split = NEVER if whole else fitting
            heads.append(HeadRoom(bank, _FIRST + at, split, value_bank, first_page, column))
            if whole:
                at += shape.slots * shape.slot_bytes + _LEAVE_BYTES
            else:
                bank, at = bank + 1, (shape.slots - fitting) * shape.slot_bytes + _LEAVE_BYTES
                if bank >= len(free) or at > free[bank]:
                    raise ConfigError(_say_full(shape, pages, banks))
        rooms.append(heads)
    return rooms


def _check_work(pages: int, value_banks: Sequence[int]) -> None:
    if pages > _WORK_PAGES * len(value_banks):
        raise ConfigError(
            f"values take {256 * pages:,} bytes, and {WRAM_BANK_BYTES * len(value_banks):,} of work memory "
            "are there: give them more banks"
        )


def _skip_small(bank: int, at: int, free: list[int], shape: AttendShape) -> tuple[int, int]:
    """Where a head's code may begin: a bank's end is left that holds no slot, or so few that one bank more
    does not hold the others."""
    if bank >= len(free) or at + shape.slots * shape.slot_bytes + _LEAVE_BYTES <= free[bank]:
        return bank, at
    fitting = (free[bank] - at - _CROSS_BYTES) // shape.slot_bytes
    rest = (shape.slots - fitting) * shape.slot_bytes + _LEAVE_BYTES
    if fitting < 1 or (at and bank + 1 < len(free) and rest > free[bank + 1]):
        return bank + 1, 0
    return bank, at


def _place_values(shape: AttendShape) -> list[list[tuple[int, int]]]:
    """For each layer's key heads, the number of the page of channel 0, and the column."""
    pairs = 256 // (2 * shape.slots)
    places = []
    for number in range(shape.layers * shape.kv_heads):
        group, at = divmod(number, 2 * pairs)
        places.append((group * shape.d_head, at // 2 * 2 * shape.slots + at % 2))
    return [places[n : n + shape.kv_heads] for n in range(0, len(places), shape.kv_heads)]


def _say_full(shape: AttendShape, pages: int, banks: int) -> str:
    heads = shape.layers * shape.kv_heads
    wanted = heads * (shape.slots * shape.slot_bytes + _LEAVE_BYTES) + 256 * pages
    return (
        f"keys and values of {shape.layers} layers, {shape.kv_heads} heads and {shape.slots} positions take "
        f"{wanted:,} bytes, and {SRAM_BANK_BYTES * banks:,} are there in {banks} banks, less what is lost at "
        "their ends: a shorter window or keys of fewer bits are needed"
    )
