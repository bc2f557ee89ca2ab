"""A story being told: the beginning on the screen, then the model's tokens, each saved as it comes."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.screen import ink_constants
from lilliput.deploy.gameboy.screens.shadow import write_text

VARIABLES = {"beginning_length": 1}
"""Names and bytes of what lies in work memory."""
MARK = 0x9C01
"""The cell of video memory, in the bar, in which the moon waxes and wanes."""

_TEXT = """
; Tells a story from `beginning`; then it can be read. Never returns.
write_story:
        call open_slot
        call start_flow
        call place_beginning
        ld   de, .words
        call show_bar
        ld   a, with_bar
        ldh  (rLCDC), a
        ld   a, (beginning_length)
        ld   c, a
        ld   b, 0
        ld   hl, beginning
        call print_bytes
        call save_story
        xor  a
        ld   (pad_latched), a
        ld   a, 15
        ld   (tick_held), a     ; what is held now was not pressed for this
        ld   a, (beginning_length)
        ld   c, a
        ld   b, 0
        ld   hl, beginning
        call ask_beginning
.token: call ask_token
        jr   c, .ended
        ld   hl, piece
        ld   c, a
        ld   b, 0
        call print_bytes
        call save_story
        ld   a, (story_full)
        or   a
        jr   nz, .ended
        ld   a, (pad_latched)
        and  0b1010             ; B or START
        jr   z, .token
.ended: ld   hl, setting_seed   ; here the carry says whether the model has ended it (info_block.py)
        inc  (hl)               ; another story the next time
        jr   nz, .read
        inc  hl
        inc  (hl)
.read:  ld   a, 0xFF
        ld   (pad_held), a      ; as before: only what is pressed from now on counts
        ld   a, 1
        jp   read_story
.words:
{words}

; beginning_end from story_text. Destroys A, HL.
place_beginning:
        ld   a, (beginning_length)
        ld   hl, story_text
        add  (hl)
        ld   (beginning_end), a
        inc  hl
        ld   a, 0
        adc  (hl)
        ld   (beginning_end + 1), a
        ret

; The cells at DE, up to a 0, become the bar. Destroys all.
show_bar:
        push de
        ld   a, ink_bar
        call clear_built
        pop  de
        ld   hl, row_cells
        call put_text
show_built_bar:
        ld   hl, 0x9C00
        jp   show_built
"""


def make_writing(places: Mapping[str, int]) -> Block:
    """write_story. `places` has the addresses of VARIABLES and of the other parts'."""
    words = write_text("   telling  B: stop ")
    return assemble(_TEXT.replace("{words}", words), {**places, **ink_constants()}, "writing")
