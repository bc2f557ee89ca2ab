"""A line of a story, from its bytes to cells of the screen; letters of several bytes that books use."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.font import LETTERS
from lilliput.deploy.gameboy.screens.screen import ink_constants

_TEXT = """
; row_cells and row_inks: the line from HL to DE, its first 20 cells. Destroys all.
build_line:
        push hl
        push de
        ld   a, ink_text
        call clear_built
        pop  de
        pop  hl
        ld   c, 0               ; cells so far
.next:  ld   a, h
        cp   d
        jr   c, .byte
        ret  nz
        ld   a, l
        cp   e
        ret  nc
.byte:  ld   a, c
        cp   columns
        ret  z
        ld   a, (hl)
        push hl
        push de
        cp   ' '
        jr   c, .control
        cp   0x80
        jr   c, .put
        cp   0xC0
        jr   c, .skip
        call find_letter
        jr   .put
.control:
        cp   9
        jr   nz, .skip
        ld   a, ' '
.put:   ld   d, a
        ld   a, (beginning_end + 1)
        cp   h
        jr   c, .told
        jr   nz, .given
        ld   a, (beginning_end)
        cp   l
        jr   c, .told
        jr   z, .told
.given: ld   hl, row_inks
        call .at
        ld   (hl), ink_beginning
.told:  ld   hl, row_cells
        call .at
        ld   (hl), d
        inc  c
.skip:  pop  de
        pop  hl
        inc  hl
        jr   .next
.at:    ld   a, l
        add  c
        ld   l, a
        ret  nc
        inc  h
        ret

; A: the tile of the letter of several bytes at HL. Destroys DE.
find_letter:
        push bc
        push hl
        ld   b, h
        ld   c, l
        ld   hl, book_letters
.next:  ld   a, (hl)            ; the bytes that it must have, a 0 for one that may be any; its tile
        or   a
        ld   a, sign_unknown
        jr   z, .done
        ld   d, b
        ld   e, c
        push hl
        call .match
        call z, .match
        call z, .match
        ld   a, (hl)
        pop  hl
        jr   z, .done
        inc  hl
        inc  hl
        inc  hl
        inc  hl
        jr   .next
.done:  pop  hl
        pop  bc
        ret
.match: ld   a, (hl+)           ; Z where they are equal; HL is only right then, and no more is needed
        or   a
        ret  z
        push bc
        ld   b, a
        ld   a, (de)
        inc  de
        cp   b
        pop  bc
        ret
book_letters:
"""


def make_lines(places: Mapping[str, int]) -> Block:
    """build_line; `places` has the addresses of the screen's VARIABLES and the flow's."""
    rows = []
    for letter, tile in LETTERS.items():
        code = letter.encode()
        if len(code) > 1:
            rows.append("        .byte " + ", ".join(map(str, (*code.ljust(3, b"\0"), tile))))
    text = "\n".join([_TEXT.rstrip("\n"), *rows, "        .byte 0"])
    return assemble(text, {**places, **ink_constants()}, "lines")
