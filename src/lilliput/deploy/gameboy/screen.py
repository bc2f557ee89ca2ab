"""The screen: tiles and colours at power-on, rows of cells at any time, whole screens from a copy in work memory.

Video memory may be written when the screen is not being drawn, which its mode tells; after a look at it there
are 20 M-cycles left at the least. So nothing here needs an interrupt, and all of it may be called at any time.
"""

from collections.abc import Mapping

from lilliput.deploy.gameboy.assembler import AssemblyError, Block, assemble
from lilliput.deploy.gameboy.font import LETTERS, SIGNS, TILES, UNKNOWN, make_font
from lilliput.deploy.gameboy.picture import BAR, BEGINNING, CHOSEN, COLUMNS, TEXT, Picture, make_palettes

SCREEN_ROWS = 18
_CELLS = SCREEN_ROWS * COLUMNS
VARIABLES = {"is_color": 1, "row_cells": COLUMNS, "row_inks": COLUMNS}
"""Names and bytes of what lies in work memory."""
SCRATCH = {"shadow_cells": _CELLS, "shadow_inks": _CELLS}
"""The same of what may be lost while the model works: the screen as it is to be shown."""
PLAIN, WITH_BAR = 0x91, 0xF1
"""The screen without and with the bar at its lower edge that does not scroll (the console's window)."""

_TEXT = """
; The screen off, tiles and palettes into video memory, both maps blank; the screen stays off. Destroys all.
start_screen:
        ldh  a, (rLCDC)
        add  a
        jr   nc, .off
        call wait_frame         ; it may be switched off in the pause only
.off:   xor  a
        ldh  (rLCDC), a
        ldh  (rSCX), a
        ldh  (rSCY), a
        ld   a, 136
        ldh  (rWY), a
        ld   a, 7
        ldh  (rWX), a
        ld   a, 0xE4
        ldh  (rBGP), a
        ld   hl, 0x8000
        ld   de, font_tiles
        ld   bc, tile_bytes
        call copy_bytes
        ld   d, ' '
        call .fill
        ld   a, (is_color)
        or   a
        ret  z
        ld   a, 1
        ldh  (rVBK), a
        ld   d, 0
        call .fill
        xor  a
        ldh  (rVBK), a
        ld   a, 0x80
        ldh  (rBCPS), a
        ld   hl, palettes
        ld   b, 64
.color: ld   a, (hl+)
        ldh  (rBCPD), a
        dec  b
        jr   nz, .color
        ret
.fill:  ld   hl, 0x9800
        ld   bc, 0x800

; BC bytes, not none, of D to HL and on. Destroys A, BC, HL.
fill_bytes:
        ld   a, d
        ld   (hl+), a
        dec  bc
        ld   a, b
        or   c
        jr   nz, fill_bytes
        ret

; BC bytes, not none, from DE to HL. Destroys all.
copy_bytes:
        ld   a, (de)
        ld   (hl+), a
        inc  de
        dec  bc
        ld   a, b
        or   c
        jr   nz, copy_bytes
        ret

; HL: the address in video memory of row A, of which there are 32. Destroys A.
row_address:
        and  31
        ld   l, a
        ld   h, 0
        add  hl, hl
        add  hl, hl
        add  hl, hl
        add  hl, hl
        add  hl, hl
        ld   a, h
        add  0x98
        ld   h, a
        ret

; row_cells and row_inks to row A. Destroys all.
show_built_row:
        call row_address
; The same to HL in video memory.
show_built:
        ld   de, row_cells
        ld   bc, row_inks
; 20 cells from DE and their inks from BC to HL in video memory. Destroys all.
show_row:
        push bc
        push hl
        call .copy
        pop  hl
        pop  de
        ld   a, (is_color)
        or   a
        ret  z
        ld   a, 1
        ldh  (rVBK), a
        call .copy
        xor  a
        ldh  (rVBK), a
        ret
.copy:  ld   b, columns
.cell:  ldh  a, (rSTAT)
        and  2
        jr   nz, .cell
        ld   a, (de)
        ld   (hl+), a
        inc  de
        dec  b
        jr   nz, .cell
        ret

; row_cells blank, row_inks A. Destroys all.
clear_built:
        push af
        ld   hl, row_cells
        ld   d, ' '
        ld   bc, columns
        call fill_bytes
        pop  de
        ld   hl, row_inks
        ld   c, columns
        jp   fill_bytes

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


def make_screen(places: Mapping[str, int]) -> Block:
    """The routines; `places` has the addresses of VARIABLES and SCRATCH."""
    return assemble(_TEXT, {**places, **ink_constants(), "tile_bytes": 256 * 16}, "screen")


def make_tiles(picture: Picture) -> Block:
    """Data of the screen: font_tiles (letters, then those of the picture), palettes."""
    tiles = (make_font() + picture.tiles).ljust(256 * 16, b"\0")
    return Block.of(tiles, {"font_tiles": 0}) + Block.of(make_palettes(), {"palettes": 0})


def ink_constants() -> dict[str, int]:
    """Names of palettes, signs and sizes, for assembly that draws."""
    inks = {"ink_text": TEXT, "ink_bar": BAR, "ink_chosen": CHOSEN, "ink_beginning": BEGINNING}
    sizes = {
        "columns": COLUMNS,
        "screen_rows": SCREEN_ROWS,
        "cells": _CELLS,
        "plain": PLAIN,
        "with_bar": WITH_BAR,
    }
    signs = {f"sign_{name}": tile for name, tile in SIGNS.items()}
    return {**inks, **sizes, **signs, "sign_unknown": UNKNOWN, "first_picture": TILES}


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
