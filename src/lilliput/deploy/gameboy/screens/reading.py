"""The present story, to be read again: up and down by lines, left and right by screens."""

from collections.abc import Mapping, Sequence

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.flow import STORY_ROWS
from lilliput.deploy.gameboy.screens.screen import ink_constants
from lilliput.deploy.gameboy.screens.shadow import write_text

VARIABLES = {
    "line_count": 2,
    "line_top": 2,  # of the line that is the screen's first
    "line_last_top": 2,  # where line_top must stop
}
"""Names and bytes of what lies in work memory."""
_PAGE = STORY_ROWS - 1
_STEPS, _DOTS = 4, 2
"""A line goes by in so many frames, so many dots in each."""

_TEXT = """
; Shows the present story, from its end where A is 1, from its beginning where it is 0. Goes on at show_title.
read_story:
        push af
        call list_lines
        pop  af
        or   a
        ld   bc, 0
        jr   z, .top
        call load_last_top
.top:   call set_top
        ld   a, with_bar
        ldh  (rLCDC), a
.press: call wait_press
        bit  7, a
        jr   nz, .down
        bit  6, a
        jr   nz, .up
        bit  4, a
        jr   nz, .next
        bit  5, a
        jr   nz, .back
        bit  0, a
        jr   nz, .next
        and  0b1010             ; B or START
        jr   z, .press
        jp   show_title
.next:  call load_top
        ld   hl, page
        add  hl, bc
        ld   b, h
        ld   c, l
        call load_last
        ld   a, l
        sub  c
        ld   a, h
        sbc  b
        jr   nc, .top
        ld   b, h
        ld   c, l
        jr   .top
.back:  call load_top
        ld   hl, -page
        add  hl, bc
        ld   b, h
        ld   c, l
        jr   c, .top
        ld   bc, 0
        jr   .top
.down:  call load_top
        call load_last
        ld   a, l
        cp   c
        jr   nz, .lower
        ld   a, h
        cp   b
        jr   z, .press
.lower: ld   hl, story_rows
        add  hl, bc
        inc  bc
        push bc
        ld   b, h
        ld   c, l
        call show_line
        ld   d, dots
        jr   .glide
.up:    call load_top
        ld   a, b
        or   c
        jr   z, .press
        dec  bc
        push bc
        call show_line
        ld   d, -dots
.glide: ld   e, steps
.frame: call wait_frame
        ldh  a, (rSCY)
        add  d
        ldh  (rSCY), a
        dec  e
        jr   nz, .frame
        pop  bc
        call keep_top
        jp   .press

; BC: line_top. Destroys A.
load_top:
        ld   a, (line_top)
        ld   c, a
        ld   a, (line_top + 1)
        ld   b, a
        ret

; HL, or BC: line_last_top. Destroys A.
load_last:
        ld   hl, line_last_top
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ret
load_last_top:
        call load_last
        ld   b, h
        ld   c, l
        ret

; The table of lines, line_count and line_last_top. Destroys all.
list_lines:
        ld   a, 1
        call reset_flow
        call load_line
        ld   d, h
        ld   e, l
        ld   bc, 0
        call put_line
        ld   h, d
        ld   l, e
.byte:  ld   a, (story_end)
        cp   l
        jr   nz, .some
        ld   a, (story_end + 1)
        cp   h
        jr   z, .ended
.some:  ld   c, (hl)
        push hl
        call flow
        pop  hl
        inc  hl
        jr   .byte
.ended: ld   d, h
        ld   e, l
        ld   hl, flow_row
        ld   a, (hl+)
        ld   b, (hl)
        ld   c, a
        inc  bc
        ld   a, c
        ld   (line_count), a
        ld   a, b
        ld   (line_count + 1), a
        call put_line           ; behind the last line
        ld   hl, -story_rows
        add  hl, bc
        jr   c, .more
        ld   hl, 0
.more:  ld   a, l
        ld   (line_last_top), a
        ld   a, h
        ld   (line_last_top + 1), a
        ret

; Line BC into its row of the map; blank where the story has no such line. Destroys all.
show_line:
        ld   a, (line_count)
        ld   l, a
        ld   a, (line_count + 1)
        ld   h, a
        push bc
        ld   a, c
        sub  l
        ld   a, b
        sbc  h
        jr   c, .some
        ld   a, ink_text
        call clear_built
        jr   .show
.some:  ld   h, b
        ld   l, c
        add  hl, hl
        ld   bc, lines
        add  hl, bc
        ld   a, (hl+)
        ld   c, a
        ld   a, (hl+)
        ld   b, a
        ld   a, (hl+)
        ld   d, (hl)
        ld   e, a
        ld   h, b
        ld   l, c
        call build_line
.show:  pop  bc
        ld   a, c
        jp   show_built_row

; Line BC becomes the screen's first, and all are drawn. Destroys all.
set_top:
        push bc
        ld   d, story_rows
.line:  push bc
        push de
        call show_line
        pop  de
        pop  bc
        inc  bc
        dec  d
        jr   nz, .line
        pop  bc
        push bc
        call wait_frame
        ld   a, c
        call scroll_to
        pop  bc

; line_top is BC, and the bar says where else there is something. Destroys all.
keep_top:
        ld   a, c
        ld   (line_top), a
        ld   a, b
        ld   (line_top + 1), a
        push bc
        ld   a, ink_bar
        call clear_built
        pop  bc
        ld   hl, row_cells
        ld   a, b
        or   c
        jr   z, .first
        ld   (hl), sign_up
.first: inc  hl
        push hl
        call load_last
        ld   a, l
        xor  c
        ld   l, a
        ld   a, h
        xor  b
        or   l
        pop  hl
        jr   z, .last
        ld   (hl), sign_down
.last:  inc  hl
        inc  hl
        ld   de, .seed
        call put_text
        ld   a, (story_seed)
        ld   c, a
        ld   a, (story_seed + 1)
        ld   b, a
        call put_number
        inc  hl
        ld   de, .at
        call put_text
        ld   a, (story_temperature)
        call find_label
        call put_text
        jp   show_built_bar
.seed:
{seed}
.at:
{at}

; DE: the text of temperature A. Destroys A.
find_label:
        add  a
        add  a
        add  lo(labels)
        ld   e, a
        ld   a, 0
        adc  hi(labels)
        ld   d, a
        ret
labels:
{labels}
"""


def make_reading(places: Mapping[str, int], temperatures: Sequence[str]) -> Block:
    """read_story and find_label. `places` has the addresses of VARIABLES and of the other parts'.

    temperatures: what each is called, in 3 letters at most.
    """
    labels = "\n".join(write_text(f"{label:<3}") for label in temperatures)
    text = _TEXT.replace("{labels}", labels)
    text = text.replace("{seed}", write_text("seed ")).replace("{at}", write_text("at "))
    sizes = {"story_rows": STORY_ROWS, "page": _PAGE, "steps": _STEPS, "dots": _DOTS}
    return assemble(text, {**places, **ink_constants(), **sizes}, "reading")
