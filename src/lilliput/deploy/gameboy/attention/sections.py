"""Attention on a cartridge: the sections of all of it, and the routines that a token calls.

    attend_setup     once, when the console is switched on: code into work memory
    attend_begin     before a story
    attend_advance   before each token
    attend_N         in layer N: queries, keys' bits and values are read, means are left

All are in bank 0; they change every register, the banks of the ROM and of battery memory (whose gate must be
open), and leave work memory's bank and the stack pointer as they were. Interrupts are off. Between calls
nobody else may write to attention's bank of work memory, nor to what plan_room gives of battery memory; high
memory is free in between. What attend_N takes is the sum of what its parts say: keys (write_key), tables and
scores (count_query_cycles, count_score_cycles), chances (make_select_bank), values (make_program), and some
80 a key head to come and go.
"""

from dataclasses import dataclass

from lilliput.deploy.gameboy.attention.means import write_chosen
from lilliput.deploy.gameboy.attention.room import NEVER, HeadRoom, plan_room
from lilliput.deploy.gameboy.attention.scores import write_key, write_query
from lilliput.deploy.gameboy.attention.select import SCAN_BYTES, make_select_bank
from lilliput.deploy.gameboy.attention.shape import (
    HIGH_BYTES,
    RECORD_BYTES,
    WORK_PAGES,
    AttendPlaces,
    AttendShape,
    find_shape,
)
from lilliput.deploy.gameboy.attention.tables import make_products, make_reciprocal_rows, means_fit
from lilliput.deploy.gameboy.attention.values import make_program, write_ones
from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.rom import Rom
from lilliput.deploy.gameboy.machine.stack import restore_stack
from lilliput.errors import ConfigError

__all__ = ["HIGH_BYTES", "AttendPlaces", "AttendShape", "Attention", "find_shape", "make_attention"]

_ROW_BANKS = 4
_OWN_END = 0xE000
_SWITCH = "ldh a, (rSVBK)\nldh (h_svbk), a\nld a, attend_wram\nldh (rSVBK), a\n"
_SWITCH_BACK = "ldh a, (h_svbk)\nldh (rSVBK), a\n"


@dataclass(frozen=True)
class Attention:
    """Sections of attention, for a ROM."""

    code: Block
    """For bank 0."""
    banks: tuple[tuple[str, Block], ...]
    """Names and whole banks, which must follow one another."""
    program: Block
    """Runs in work memory, at `program_at`."""
    program_at: int

    def place(self, rom: Rom, first_bank: int) -> int:
        """Add all sections; the banks from `first_bank` on. The number of the bank behind them."""
        self.place_code(rom)
        return self.place_banks(rom, first_bank)

    def place_code(self, rom: Rom) -> None:
        """Add what is not a whole bank."""
        rom.place("attend_code", self.code, bank=0)
        rom.place("attend_program", self.program, run_at=self.program_at)

    def place_banks(self, rom: Rom, first_bank: int) -> int:
        """Add whole banks from `first_bank` on. The number of the bank behind them."""
        for bank, (name, block) in enumerate(self.banks, first_bank):
            rom.place(name, block, bank=bank, address=0x4000)
        return first_bank + len(self.banks)


def make_attention(shape: AttendShape, places: AttendPlaces) -> Attention:
    """All of attention. Raises ConfigError where battery memory does not hold keys and values, or means might
    have to be saturated."""
    if not means_fit(shape):
        raise ConfigError(
            f"means of values up to {shape.value_limit}, shifted by {shape.o_shift}, may not fit a byte"
        )
    rooms = plan_room(shape, value_banks=places.value_banks)
    names = {shift: f"attend_select{number}" for number, shift in enumerate(sorted(set(shape.score_shifts)))}
    banks = [(f"{name}_bank", make_select_bank(name, shape, places, shift)) for shift, name in names.items()]
    banks.append(("attend_products", _make_products_bank(shape, places)))
    banks += [(f"attend_rows.{n}", Block.of(make_reciprocal_rows(n))) for n in range(_ROW_BANKS)]
    first = names[min(names)]  # code lies at the same addresses in each of them
    text = _write_setup() + _write_begin(shape, first) + _write_advance(shape)
    text += _write_layer(shape, places) + _write_heads(shape, first) + _write_next(shape)
    text += write_chosen(shape, f"{first}_reciprocals", "attend_products", "attend_rows")
    for layer, heads in enumerate(rooms):
        text += f"attend_{layer}: ld hl, attend_records{layer}\njp attend_layer\n"
        text += f"attend_records{layer}: .byte bank({names[shape.score_shifts[layer]]})\n"
        text += "".join(_write_record(head, shape, places) for head in heads)
    program, program_at = make_program(shape, places), places.names()["a_program"]
    end = _OWN_END if places.work is None else places.work + 256 * WORK_PAGES
    if program_at + len(program) > end:
        raise ConfigError(f"attention's program takes {len(program)} bytes, more than there is room for")
    return Attention(assemble(text, places.names(), "attention"), tuple(banks), program, program_at)


def _make_products_bank(shape: AttendShape, places: AttendPlaces) -> Block:
    code = write_ones(shape) + write_query(shape) + write_key(shape)
    return Block.of(make_products(shape)) + assemble(code, places.names(), "attention's tables and keys")


def _write_record(head: HeadRoom, shape: AttendShape, places: AttendPlaces) -> str:
    """RECORD_BYTES as they lie in high memory from h_code_bank on."""
    split = 0 if head.split == NEVER else head.split
    score = places.names()["a_scores"] + head.column
    return (
        f".byte {head.bank}\n.word {head.address}\n.byte {head.split}, {head.bank + 1}\n"
        f".word {(0xA000 - split * shape.slot_bytes) & 0xFFFF}\n.byte {head.value_bank}, {head.value_page}\n"
        f".word {score}\n"
    )


def _write_setup() -> str:
    return f"""
attend_setup: {_SWITCH}
        ld   a, bank(attend_program)
        ld   (rROMB0), a
        ld   hl, load(attend_program)
        ld   de, a_program
        ld   bc, size(attend_program)
.copy:  ld   a, (hl+)
        ld   (de), a
        inc  de
        dec  bc
        ld   a, b
        or   c
        jr   nz, .copy
        ld   hl, a_list
        ld   a, lo(a_last)
        ld   (hl+), a
        ld   (hl), hi(a_last)
        ld   a, 255
        ld   (a_last), a
        ld   (a_last + 1), a
        {_SWITCH_BACK}
        ret
"""


def _write_begin(shape: AttendShape, select: str) -> str:
    return f"""
attend_begin: {_SWITCH}
        xor  a
        ld   (a_count), a
        dec  a
        ld   (a_slot), a
        ld   a, lo({-shape.slot_bytes})
        ld   (a_offset), a
        ld   a, hi({-shape.slot_bytes})
        ld   (a_offset + 1), a
        ld   a, lo({select}_scanned + {SCAN_BYTES})
        ld   (attend_scan + 1), a
        ld   a, hi({select}_scanned + {SCAN_BYTES})
        ld   (attend_scan + 2), a
        {_SWITCH_BACK}
        ret
"""


def _write_advance(shape: AttendShape) -> str:
    return f"""
attend_advance: {_SWITCH}
        ld   a, (a_count)
        cp   {shape.slots}
        jr   z, .full
        inc  a
        ld   (a_count), a
        ld   a, (attend_scan + 1)
        sub  {SCAN_BYTES}
        ld   (attend_scan + 1), a
        ld   a, (attend_scan + 2)
        sbc  a, 0
        ld   (attend_scan + 2), a
.full:  ld   a, (a_offset)
        add  a, {shape.slot_bytes}
        ld   l, a
        ld   a, (a_offset + 1)
        adc  a, 0
        ld   h, a
        ld   a, (a_slot)
        inc  a
        cp   {shape.slots}
        jr   nz, .found
        ld   a, 1           ; slot 0 keeps the first position
        ld   hl, {shape.slot_bytes}
.found: ld   (a_slot), a
        ld   a, l
        ld   (a_offset), a
        ld   a, h
        ld   (a_offset + 1), a
        {_SWITCH_BACK}
        ret
"""


def _write_layer(shape: AttendShape, places: AttendPlaces) -> str:
    """attend_layer: HL is the address of the layer's records."""
    starts = {
        "h_query": places.queries,
        "h_bits": places.key_bits,
        "h_value": places.values,
        "h_mean": places.means,
    }
    setting = "".join(
        f"ld a, lo({at})\nldh ({name}), a\nld a, hi({at})\nldh ({name} + 1), a\n"
        for name, at in starts.items()
    )
    return f"""
attend_layer: ld (h_sp), sp
        {_SWITCH}
        ld   a, (hl+)
        ldh  (h_select), a
        {setting}
        ld   a, {shape.kv_heads}
        ldh  (h_kv), a
"""


def _write_heads(shape: AttendShape, select: str) -> str:
    """What a layer does for each key head, whose record is at HL."""
    return f"""
attend_head: ld c, lo(h_code_bank)
        ld   b, {RECORD_BYTES}
.copy:  ld   a, (hl+)
        ldh  (c), a
        inc  c
        dec  b
        jr   nz, .copy
        ld   a, l
        ldh  (h_record), a
        ld   a, h
        ldh  (h_record + 1), a
        ld   a, {shape.group}
        ldh  (h_group), a
        ld   a, bank(attend_products)
        ld   (rROMB0), a
        jp   attend_key
attend_stored: ld a, attend_wram
        ldh  (rSVBK), a
        ld   a, bank(attend_products)
        ld   (rROMB0), a
        jp   attend_query
attend_score: ldh a, (h_code_bank)
        ld   (rRAMB), a
        ldh  a, (h_base)
        ld   l, a
        ldh  a, (h_base + 1)
        ld   h, a
        jp   (hl)
attend_cross: ld (rRAMB), a
        jp   0xA000
attend_scored: ldh a, (h_select)
        ld   (rROMB0), a
        jp   {select}
"""


def _write_next(shape: AttendShape) -> str:
    """On to the next query head, the next key head, the layer's end."""
    return f"""
attend_averaged: ld a, attend_wram
        ldh  (rSVBK), a
        ldh  a, (h_mean)
        add  a, {shape.d_head}
        ldh  (h_mean), a
        jr   nc, .group
        ldh  a, (h_mean + 1)
        inc  a
        ldh  (h_mean + 1), a
.group: ldh  a, (h_group)
        dec  a
        ldh  (h_group), a
        jp   nz, attend_stored
        ldh  a, (h_record)
        ld   l, a
        ldh  a, (h_record + 1)
        ld   h, a
        ldh  a, (h_kv)
        dec  a
        ldh  (h_kv), a
        jr   nz, attend_head
        {_SWITCH_BACK}
        {restore_stack("h_sp")}
        ret
"""
