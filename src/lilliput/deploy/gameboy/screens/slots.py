"""Stories in battery memory: two slots, so that the last one is there while the next is written.

A slot: 4 bytes MAGIC, the story's number, that of its temperature, seed (2), bytes of its beginning (2),
bytes in all (2), a checksum (2) over all but MAGIC, 2 unused, then the bytes. Numbers of two bytes have the
low one first. A slot in which noise, a flat battery or a torn write made any byte wrong counts as empty.
"""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import AssemblyError, Block, assemble
from lilliput.deploy.gameboy.machine.memory import SRAM_BANK_BYTES

_BANK = 0xA000  # where a bank of battery memory is seen
MAGIC = b"LPT1"
HEADER_BYTES, SPARE_BYTES = 16, 2
"""Bytes before a story's own in a slot, and behind them, where two zeros follow it."""
VARIABLES = {
    "slot": 2,  # the slot of the present story
    "sum_a": 1,  # checksums of its bytes: their sum, and the sum of those sums
    "sum_b": 1,
    "story_number": 1,
    "story_temperature": 1,
    "story_seed": 2,
    "slots_good": 1,  # bits 0 and 1
}
"""Names and bytes of what lies in work memory."""

_TEXT = """
; The newer good slot becomes the present story, all that is known of it in place; carry where none is good.
; slots_good says which are. Destroys all.
find_story:
        ld   hl, first_slot
        call check_slot
        ld   b, 1
        jr   nc, .first
        dec  b
.first: push bc
        ld   hl, second_slot
        call check_slot
        pop  bc
        jr   c, .second
        set  1, b
.second:
        ld   a, b
        ld   (slots_good), a
        ld   hl, first_slot
        cp   1
        jr   z, load_slot
        cp   2
        jr   z, .later
        or   a
        scf
        ret  z
        ld   a, (first_slot + 4)
        ld   b, a
        ld   a, (second_slot + 4)
        sub  b
        add  a
        jr   c, load_slot       ; the second is older: its number is behind by less than 128
.later: ld   hl, second_slot

; The story of the good slot at HL becomes the present one; no carry. Destroys all.
load_slot:
        call place_slot
        inc  hl
        inc  hl
        inc  hl
        inc  hl
        ld   de, story_number   ; its temperature and seed follow, here and there
        ld   b, 4
.copy:  ld   a, (hl+)
        ld   (de), a
        inc  de
        dec  b
        jr   nz, .copy
        ld   de, beginning_end
        call .end
        ld   de, story_end
        call .end
        or   a
        ret
.end:   ld   a, (story_text)
        add  (hl)
        inc  hl
        ld   (de), a
        inc  de
        ld   a, (story_text + 1)
        adc  (hl)
        inc  hl
        ld   (de), a
        ret

; HL: a slot: slot, story_text, story_limit follow from it. Destroys A, BC.
place_slot:
        ld   a, l
        ld   (slot), a
        add  header_bytes
        ld   (story_text), a
        ld   a, h
        ld   (slot + 1), a
        adc  0
        ld   (story_text + 1), a
        ld   bc, slot_bytes - spare_bytes
        push hl
        add  hl, bc
        ld   a, l
        ld   (story_limit), a
        ld   a, h
        ld   (story_limit + 1), a
        pop  hl
        ret

; Carry where the slot at HL holds no story. Destroys all.
check_slot:
        push hl
        ld   de, magic
        ld   b, 4
.magic: ld   a, (de)
        inc  de
        cp   (hl)
        jr   nz, .bad
        inc  hl
        dec  b
        jr   nz, .magic
        inc  hl
        ld   a, (hl+)
        cp   temperatures
        jr   nc, .bad
        inc  hl
        inc  hl
        ld   a, (hl+)           ; de: bytes of the beginning
        ld   e, a
        ld   a, (hl+)
        ld   d, a
        ld   a, (hl+)           ; bc: bytes in all
        ld   c, a
        ld   b, (hl)
        ld   a, c
        sub  e
        ld   a, b
        sbc  d
        jr   c, .bad
        ld   hl, 0xFFFF - most_bytes
        add  hl, bc
        jr   c, .bad
        pop  hl
        push hl
        ld   de, header_bytes
        add  hl, de
        ld   de, 0
.byte:  ld   a, b
        or   c
        jr   z, .summed
        ld   a, (hl+)
        add  d
        ld   d, a
        add  e
        ld   e, a
        dec  bc
        jr   .byte
.summed:
        pop  hl
        call sum_header
        ld   a, (hl+)
        cp   d
        scf
        ret  nz
        ld   a, (hl)
        cp   e
        scf
        ret  nz
        or   a
        ret
.bad:   pop  hl
        scf
        ret

; D, E: sums of a slot's bytes, to which those of the header at HL are added; HL is then at its checksum.
; Destroys A, B.
sum_header:
        ld   a, l
        add  4
        ld   l, a
        ld   b, 8
.byte:  ld   a, (hl+)
        add  d
        ld   d, a
        add  e
        ld   e, a
        dec  b
        jr   nz, .byte
        ld   a, d               ; so that all zero is no story
        xor  0x4C
        ld   d, a
        ld   a, e
        xor  0x50
        ld   e, a
        ret

magic:
"""


def make_slots(places: Mapping[str, int], save_at: int, slot_bytes: int, temperatures: int) -> Block:
    """find_story and what belongs to it; `places` has the addresses of VARIABLES and the flow's.

    Two slots of slot_bytes each lie from save_at on, in the bank of battery memory that is chosen;
    temperatures: how many there are. Raises AssemblyError for slots that are no multiples of 256 bytes
    or do not lie in a bank.
    """
    if slot_bytes % 256 or save_at % 256 or slot_bytes < 256:
        raise AssemblyError(f"slots of {slot_bytes} bytes from {save_at:#06x}: both must be multiples of 256")
    if not _BANK <= save_at <= save_at + 2 * slot_bytes <= _BANK + SRAM_BANK_BYTES:
        raise AssemblyError(f"two slots of {slot_bytes} bytes from {save_at:#06x} do not lie in a bank")
    sizes = {
        **slot_constants(save_at, slot_bytes),
        "slot_bytes": slot_bytes,
        "header_bytes": HEADER_BYTES,
        "spare_bytes": SPARE_BYTES,
        "most_bytes": most_story_bytes(slot_bytes),
        "temperatures": temperatures,
    }
    return assemble(f"{_TEXT}        .byte {', '.join(map(str, MAGIC))}", {**places, **sizes}, "slots")


def most_story_bytes(slot_bytes: int) -> int:
    """Bytes of the longest story, its beginning among them, that such a slot holds."""
    return slot_bytes - HEADER_BYTES - SPARE_BYTES


def slot_constants(save_at: int, slot_bytes: int) -> dict[str, int]:
    """Where the two slots lie, for assembly."""
    return {"first_slot": save_at, "second_slot": save_at + slot_bytes}
