"""Whole screens: drawn into a copy in work memory, the shadow, and shown from there at once."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import AssemblyError, Block, assemble
from lilliput.deploy.gameboy.screens.font import LETTERS, SIGNS, UNKNOWN
from lilliput.deploy.gameboy.screens.picture import COLUMNS
from lilliput.deploy.gameboy.screens.screen import SCREEN_ROWS, ink_constants

_CELLS = SCREEN_ROWS * COLUMNS
SCRATCH = {"shadow_cells": _CELLS, "shadow_inks": _CELLS}
"""Names and bytes of what lies in work memory, and may be lost while the model works."""

_TEXT = """
; The shadow to the screen. Destroys all.
show_screen:
        call wait_frame
        xor  a
        ldh  (rSCY), a
        ld   a, plain
        ldh  (rLCDC), a
        ld   de, shadow_cells
        ld   hl, 0x9800
        ld   a, screen_rows
.row:   push af
        push de
        push hl
        ld   hl, shadow_inks - shadow_cells
        add  hl, de
        ld   b, h
        ld   c, l
        pop  hl
        push hl
        call show_row
        pop  hl
        ld   de, 32
        add  hl, de
        pop  de
        ld   a, e
        add  columns
        ld   e, a
        jr   nc, .next
        inc  d
.next:  pop  af
        dec  a
        jr   nz, .row
        ret

; The shadow blank, in the ink of text but for the first and last row, which are bars. Destroys all.
clear_screen:
        ld   hl, shadow_cells
        ld   d, ' '
        ld   bc, cells
        call fill_bytes
        ld   hl, shadow_inks
        ld   d, ink_text
        ld   bc, cells
        call fill_bytes
        ld   b, 0
        ld   a, ink_bar
        call ink_row
        ld   b, screen_rows - 1
        ld   a, ink_bar

; Row B of the shadow in ink A. Destroys all.
ink_row:
        push af
        ld   c, 0
        call place
        ld   de, shadow_inks - shadow_cells
        add  hl, de
        pop  de
        ld   bc, columns
        jp   fill_bytes

; C rows of the shadow from B on in ink A. Destroys all.
ink_rows:
        push af
        push bc
        call ink_row
        pop  bc
        pop  af
        inc  b
        dec  c
        jr   nz, ink_rows
        ret

; HL: the shadow's cell in row B, column C. Destroys A.
place:  push bc
        ld   a, b
        add  a
        add  a
        add  b                  ; 5 rows
        ld   l, a
        ld   h, 0
        add  hl, hl
        add  hl, hl
        ld   b, 0
        add  hl, bc
        ld   bc, shadow_cells
        add  hl, bc
        pop  bc
        ret

; Texts at DE into the shadow: row, column, cells, 0; and so on, until a row is 255. Destroys all.
put_page:
        ld   a, (de)
        inc  a
        ret  z
        dec  a
        ld   b, a
        inc  de
        ld   a, (de)
        ld   c, a
        inc  de
        call place
        call put_text
        jr   put_page

; Cells at DE, up to a 0, to HL; DE then behind it. Destroys A.
put_text:
        ld   a, (de)
        inc  de
        or   a
        ret  z
        ld   (hl+), a
        jr   put_text

; The number BC to the 5 cells at HL, blanks before it. Destroys all; HL is then behind it.
put_number:
        push hl
        ld   d, h
        ld   e, l
        ld   h, b
        ld   l, c
        ld   bc, -10000
        call .digit
        ld   bc, -1000
        call .digit
        ld   bc, -100
        call .digit
        ld   bc, -10
        call .digit
        ld   bc, -1
        call .digit
        pop  hl
        push de
        ld   b, 4
.blank: ld   a, (hl)
        cp   '0'
        jr   nz, .done
        ld   a, ' '
        ld   (hl+), a
        dec  b
        jr   nz, .blank
.done:  pop  hl
        ret
.digit: ld   a, '0' - 1
.less:  inc  a
        add  hl, bc
        jr   c, .less
        push af
        ld   a, l               ; that was once too often
        sub  c
        ld   l, a
        ld   a, h
        sbc  b
        ld   h, a
        pop  af
        ld   (de), a
        inc  de
        ret
"""


def make_shadow(places: Mapping[str, int]) -> Block:
    """show_screen and what draws for it; `places` has the addresses of SCRATCH and the screen's."""
    return assemble(_TEXT, {**places, **ink_constants(), "cells": _CELLS}, "shadow")


def write_text(text: str) -> str:
    """A line of assembly: the cells of `text` and a 0 behind them."""
    return "        .byte " + ", ".join(str(cell) for cell in (*cells_of(text), 0))


def write_page(*texts: tuple[int, int, str]) -> str:
    """Lines of assembly for put_page: of each text its row, its column and its letters.

    Raises AssemblyError for a text that does not fit into its row.
    """
    for _, column, text in texts:
        if column + len(cells_of(text)) > COLUMNS:
            raise AssemblyError(f"{text!r} from column {column} on: a row of the screen has {COLUMNS} cells")
    lines = [f"        .byte {row}, {column}\n{write_text(text)}" for row, column, text in texts]
    return "\n".join([*lines, "        .byte 255"])


def cells_of(text: str) -> list[int]:
    """The tiles of letters; a sign is written as its name in braces, {up}."""
    found, rest = list[int](), text
    while rest:
        name, brace, behind = rest[1:].partition("}")
        if rest[0] == "{" and brace and name in SIGNS:
            found.append(SIGNS[name])
            rest = behind
        else:
            found.append(LETTERS.get(rest[0], UNKNOWN))
            rest = rest[1:]
    return found
