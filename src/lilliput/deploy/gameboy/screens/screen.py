"""The screen: tiles and colours at power-on, rows of cells at any time.

Video memory may be written when the screen is not being drawn, which its mode tells; after a look at it there
are 20 M-cycles left at the least. So nothing needs an interrupt, and all of it may be called at any time.
"""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.font import SIGNS, TILES, UNKNOWN, make_font
from lilliput.deploy.gameboy.screens.picture import (
    BAR,
    BEGINNING,
    CHOSEN,
    COLUMNS,
    TEXT,
    Picture,
    make_palettes,
)

SCREEN_ROWS = 18
VARIABLES = {"is_color": 1, "row_cells": COLUMNS, "row_inks": COLUMNS}
"""Names and bytes of what lies in work memory."""
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
"""


def make_screen(places: Mapping[str, int]) -> Block:
    """The routines; `places` has the addresses of VARIABLES."""
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
        "plain": PLAIN,
        "with_bar": WITH_BAR,
    }
    signs = {f"sign_{name}": tile for name, tile in SIGNS.items()}
    return {**inks, **sizes, **signs, "sign_unknown": UNKNOWN, "first_picture": TILES}
