"""Letters of a story as they come, set in lines of 20: on the screen, or as a table of where lines begin.

A story's bytes lie in battery memory, and a line is what lies between two addresses there. So a word that
grows over the edge of the screen goes to the next line by drawing both anew, and a letter of several bytes
that come one by one is an empty box until it is whole. A space at the edge is not shown; a line feed ends a
line; a word longer than a line is cut.
"""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.screen import ink_constants

STORY_ROWS = 17
VARIABLES = {
    "story_text": 2,  # where its bytes begin, where they end as yet, and where they must
    "story_end": 2,
    "story_limit": 2,
    "story_full": 1,
    "beginning_end": 2,
    "flow_line": 2,  # where the present line begins, and its last word
    "flow_word": 2,
    "flow_column": 1,  # cells of the line, and of the word
    "flow_letters": 1,
    "flow_row": 2,  # lines before this one
    "flow_lists": 1,  # 1: lines go into the table, 0: onto the screen
}
"""Names and bytes of what lies in work memory."""

_TEXT = """
; A story without bytes on an empty screen. story_text and story_limit are known. Destroys all.
start_flow:
        xor  a
        call reset_flow
        ld   hl, story_text
        ld   a, (hl+)
        ld   (story_end), a
        ld   a, (hl)
        ld   (story_end + 1), a
        xor  a
        ld   (story_full), a
        ld   a, ink_text
        call clear_built
        ld   a, screen_rows
.row:   dec  a
        push af
        call show_built_row
        pop  af
        jr   nz, .row
        xor  a
        ldh  (rSCY), a
        ret

; At the story's first byte; A as flow_lists. Destroys A, HL.
reset_flow:
        ld   (flow_lists), a
        ld   a, (story_text)
        ld   (flow_line), a
        ld   (flow_word), a
        ld   a, (story_text + 1)
        ld   (flow_line + 1), a
        ld   (flow_word + 1), a
        xor  a
        ld   hl, flow_column
        ld   (hl+), a           ; flow_letters and flow_row follow it
        ld   (hl+), a
        ld   (hl+), a
        ld   (hl), a
        ret

; Adds BC bytes at HL to the story and shows them; what has no room is left out. Destroys all.
print_bytes:
        ld   a, b
        or   c
        jr   z, draw_present
        ld   a, (hl+)
        push hl
        push bc
        call add_byte
        pop  bc
        pop  hl
        dec  bc
        jr   print_bytes

; The present line, as far as it goes. Destroys all.
draw_present:
        ld   hl, story_end
        ld   a, (hl+)
        ld   d, (hl)
        ld   e, a
        call load_line
        call build_line
        ld   a, (flow_row)
        jp   show_built_row

; HL: flow_line. Destroys A.
load_line:
        ld   hl, flow_line
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ret

; The byte A to the story's end. Destroys all.
add_byte:
        ld   c, a
        ld   hl, story_end
        ld   a, (hl+)
        ld   d, (hl)
        ld   e, a               ; de: where it goes
        ld   hl, story_limit
        ld   a, (hl+)
        cp   e
        jr   nz, .room
        ld   a, (hl)
        cp   d
        jr   z, .full
.room:  ld   a, (story_full)
        or   a
        ret  nz
        ld   h, d
        ld   l, e
        ld   (hl), c
        inc  hl
        ld   a, l
        ld   (story_end), a
        ld   a, h
        ld   (story_end + 1), a
        xor  a
        ld   (hl+), a           ; no letter is taken for whole with what lay here before
        ld   (hl), a
        ld   a, c
        call sum_text
        ld   h, d
        ld   l, e
        call flow
        ld   a, (flow_row + 1)
        cp   hi(most_lines)
        ret  c
        ld   a, (flow_row)
        cp   lo(most_lines)
        ret  c
.full:  ld   a, 1
        ld   (story_full), a
        ret

; Sets the byte C, which lies at HL. Destroys all.
flow:   ld   a, c
        cp   10
        jr   z, .feed
        cp   9
        jr   z, .space
        cp   ' '
        jr   z, .space
        ret  c
        cp   0x80
        jr   c, .letter
        cp   0xC0
        ret  c                  ; a letter's second byte, or third
.letter:
        ld   a, (flow_column)
        cp   columns
        jr   nz, .fits
        push hl
        call load_line
        ld   d, h
        ld   e, l
        ld   hl, flow_word
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a               ; the line breaks before the word
        cp   e
        jr   nz, .whole
        ld   a, h
        cp   d
        jr   nz, .whole
        pop  hl                 ; or, where the word is the line, here
        push hl
        xor  a
        ld   (flow_letters), a
        ld   a, l
        ld   (flow_word), a
        ld   a, h
        ld   (flow_word + 1), a
.whole: ld   d, h
        ld   e, l
        call break_line
        pop  hl
        ld   a, (flow_letters)
        ld   (flow_column), a
.fits:  ld   hl, flow_column
        inc  (hl)
        inc  hl
        inc  (hl)
        ret
.space: ld   a, (flow_column)
        cp   columns
        jr   z, .edge
        inc  a
        ld   (flow_column), a
.edge:  inc  hl
        jr   .word
.feed:  inc  hl
        ld   d, h
        ld   e, l
        push hl
        call break_line
        pop  hl
        xor  a
        ld   (flow_column), a
.word:  ld   a, l
        ld   (flow_word), a
        ld   a, h
        ld   (flow_word + 1), a
        xor  a
        ld   (flow_letters), a
        ret

; The present line ends before DE, where the next one begins. Destroys all.
break_line:
        push de
        ld   a, (flow_lists)
        or   a
        jr   nz, .list
        call load_line
        call build_line
        ld   a, (flow_row)
        call show_built_row
        ld   a, ink_text        ; the row that the next line gets may have lines of before
        call clear_built
        ld   a, (flow_row)
        inc  a
        call show_built_row
.list:  pop  de
        ld   hl, flow_line
        ld   a, e
        ld   (hl+), a
        ld   (hl), d
        ld   hl, flow_row
        inc  (hl)
        ld   a, (hl+)
        jr   nz, .low
        inc  (hl)
.low:   ld   b, (hl)
        ld   c, a
        ld   a, (flow_lists)
        or   a
        jr   nz, put_line
        ld   a, b
        or   a
        jr   nz, .scroll
        ld   a, c
        cp   story_rows
        ret  c
.scroll:
        call wait_frame         ; so that no frame is shown half scrolled
        ld   a, c
        sub  story_rows - 1

; Row A of the map becomes the screen's first. Destroys A.
scroll_to:
        add  a
        add  a
        add  a
        ldh  (rSCY), a
        ret

; Line BC begins at DE: into the table. Destroys A, HL.
put_line:
        ld   h, b
        ld   l, c
        add  hl, hl
        ld   a, l
        add  lo(lines)
        ld   l, a
        ld   a, h
        adc  hi(lines)
        ld   h, a
        ld   a, e
        ld   (hl+), a
        ld   (hl), d
        ret
"""


def make_flow(places: Mapping[str, int], most_lines: int) -> Block:
    """print_bytes and what it needs. `places` has the addresses of VARIABLES and others'.

    `lines` is a table of most_lines + 2 words. A story of as many lines is full, as one of too many bytes.
    """
    sizes = {"story_rows": STORY_ROWS, "most_lines": most_lines}
    return assemble(_TEXT, {**places, **ink_constants(), **sizes}, "flow")
