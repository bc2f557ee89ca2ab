"""The story that is being told, kept in battery memory token by token (see slots.py)."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.slots import slot_constants

_TEXT = """
; A goes into the sums of the story's bytes. Destroys A, HL.
sum_text:
        ld   hl, sum_a
        add  (hl)
        ld   (hl+), a           ; sum_b follows it
        add  (hl)
        ld   (hl), a
        ret

; A new story, without bytes, in the slot that does not hold the last one. Destroys all.
open_slot:
        call find_story
        ld   hl, first_slot
        ld   a, (slots_good)
        or   a
        ld   a, 0
        jr   z, .number
        ld   a, (slot + 1)
        cp   h
        jr   nz, .other
        ld   hl, second_slot
.other: ld   a, (story_number)
        inc  a
.number:
        ld   (story_number), a
        call place_slot
        ld   (hl), 0            ; no story yet
        xor  a
        ld   (sum_a), a
        ld   (sum_b), a
        ld   a, (setting_temperature)
        ld   (story_temperature), a
        ld   a, (setting_seed)
        ld   (story_seed), a
        ld   a, (setting_seed + 1)
        ld   (story_seed + 1), a
        ret

; The story as it is now becomes the last one. Destroys all.
save_story:
        ld   hl, slot
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ld   (hl), 0            ; whoever switches off now finds the story before
        push hl
        inc  hl
        inc  hl
        inc  hl
        inc  hl
        ld   de, story_number
        ld   b, 4
.copy:  ld   a, (de)
        inc  de
        ld   (hl+), a
        dec  b
        jr   nz, .copy
        ld   de, beginning_end
        call .length
        ld   de, story_end
        call .length
        pop  hl
        push hl
        ld   a, (sum_a)
        ld   d, a
        ld   a, (sum_b)
        ld   e, a
        call sum_header
        ld   a, d
        ld   (hl+), a
        ld   (hl), e
        pop  hl
        ld   a, (magic)         ; the first byte of it the last
        ld   c, a
        ld   de, magic + 1
        push hl
        ld   b, 3
        inc  hl
.magic: ld   a, (de)
        inc  de
        ld   (hl+), a
        dec  b
        jr   nz, .magic
        pop  hl
        ld   (hl), c
        ret
.length:
        ld   a, (story_text)
        ld   c, a
        ld   a, (de)
        sub  c
        ld   (hl+), a
        inc  de
        ld   a, (story_text + 1)
        ld   c, a
        ld   a, (de)
        sbc  c
        ld   (hl+), a
        ret
"""


def make_save(places: Mapping[str, int], save_at: int, slot_bytes: int) -> Block:
    """open_slot, sum_text and save_story; `places`: addresses of the slots' VARIABLES and the flow's."""
    return assemble(_TEXT, {**places, **slot_constants(save_at, slot_bytes)}, "save")
