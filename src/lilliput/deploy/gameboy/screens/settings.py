"""The settings: a temperature of a few, a seed."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.screen import ink_constants
from lilliput.deploy.gameboy.screens.shadow import write_page

VARIABLES = {"setting_temperature": 1, "setting_seed": 2}
"""Names and bytes of what lies in work memory."""

_TEXT = """
; Temperature and seed. Goes on at show_title.
show_settings:
        xor  a
        ld   (menu_at), a
.again: call clear_screen
        ld   de, .page
        call put_page
        ld   bc, 0x0603         ; notes, in rows 6 to 8 and 12 to 14
        ld   a, ink_beginning
        call ink_rows
        ld   bc, 0x0C03
        ld   a, ink_beginning
        call ink_rows
        ld   bc, 0x0410
        call place
        ld   a, (setting_temperature)
        call find_label
        call put_text
        ld   bc, 0x0A0E
        call place
        ld   a, (setting_seed)
        ld   c, a
        ld   a, (setting_seed + 1)
        ld   b, a
        call put_number
        ld   bc, 0x0402         ; lines in rows 4 and 10
        ld   a, 6
        call run_menu
        ld   c, a
        and  0b1110             ; B, SELECT, START
        jp   nz, show_title
        ld   hl, .again         ; where the changes below return to
        push hl
        ld   a, (menu_at)
        or   a
        jr   nz, .seed
        ld   hl, setting_temperature
        bit  5, c
        jr   nz, .colder
        ld   a, (hl)
        inc  a
        cp   temperatures
        jr   nz, .warmer
        bit  4, c               ; right stops at the last; A goes round
        ret  nz
        xor  a
.warmer:
        ld   (hl), a
        ret
.colder:
        ld   a, (hl)
        or   a
        ret  z
        dec  (hl)
        ret
.seed:  ld   hl, setting_seed
        bit  4, c
        jr   nz, .more
        bit  5, c
        jr   nz, .less
        ldh  a, (rDIV)          ; A throws the dice: when it was pressed
        add  (hl)
        ld   (hl+), a
        ld   b, a
        ldh  a, (rDIV)
        swap a
        xor  b
        add  (hl)
        ld   (hl), a
        ret
.more:  inc  (hl)
        ret  nz
        inc  hl
        inc  (hl)
        ret
.less:  ld   a, (hl)
        dec  (hl)
        or   a
        ret  nz
        inc  hl
        dec  (hl)
        ret
.page:
{settings}
"""
_PAGE = (
    *((0, 1, "Settings"), (4, 2, "Temperature"), (6, 2, "low: calm stories"), (7, 2, "high: wild ones")),
    *((10, 2, "Seed"), (12, 2, "a seed tells its"), (13, 2, "own story"), (14, 2, "A throws the dice")),
    (17, 1, "{left} {right} change  B back"),
)


def make_settings(places: Mapping[str, int], temperatures: int) -> Block:
    """show_settings. `places`: the addresses of VARIABLES and others'; temperatures: how many."""
    text = _TEXT.replace("{settings}", write_page(*_PAGE))
    return assemble(text, {**places, **ink_constants(), "temperatures": temperatures}, "settings")
