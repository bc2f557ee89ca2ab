"""The title and the list of openings; lists of which one line is chosen."""

from collections.abc import Mapping, Sequence

from lilliput.deploy.gameboy.machine.assembler import AssemblyError, Block, assemble
from lilliput.deploy.gameboy.screens.picture import COLUMNS, ROWS, Picture
from lilliput.deploy.gameboy.screens.screen import ink_constants
from lilliput.deploy.gameboy.screens.shadow import write_page

VARIABLES = {"menu_first": 1, "menu_count": 1, "menu_step": 1, "menu_at": 1, "has_story": 1}
"""Names and bytes of what lies in work memory."""
MOST_OPENINGS = 7
_SHOWN = 18

_TEXT = """
; The title, and from there to wherever the person goes. Never returns.
show_title:
        ld   sp, stack          ; whoever comes here does not go back
        xor  a
        ld   (menu_at), a
.again: call find_story
        ld   a, 1
        jr   nc, .found
        xor  a
.found: ld   (has_story), a
        call draw_title
        ld   de, .page
        call put_page
        ld   bc, 0x0C02         ; two lines from row 12 on
        ld   a, (has_story)
        or   a
        jr   z, .menu
        inc  c
        push bc
        ld   de, .last
        call put_page
        pop  bc
.menu:  ld   a, 1
        call run_menu
        bit  2, a
        jp   nz, show_settings
        and  0b1001             ; A or START
        jr   z, .again
        ld   a, (menu_at)
        or   a
        jp   z, show_openings
        dec  a
        jp   z, show_keyboard
        xor  a
        jp   read_story
.page:
{title}
.last:
{last}

; The shadow: the picture, nothing below it. Destroys all.
draw_title:
        call clear_screen
        ld   hl, shadow_cells
        ld   de, picture_cells
        ld   bc, picture_size
        call copy_bytes
        ld   hl, shadow_inks
        ld   de, picture_inks
        ld   bc, picture_size
        jp   copy_bytes

; What a console sees that cannot run the model. Never returns.
show_refusal:
        call draw_title
        ld   de, .page
        call put_page
        call show_screen
.stay:  jr   .stay
.page:
{refusal}

; A list: its first row B, C lines, each A rows below the last; menu_at is the line chosen at first, if it has
; as many. A: the button that ended it, neither up nor down. Destroys all.
run_menu:
        ld   (menu_step), a
        ld   hl, menu_first
        ld   a, b
        ld   (hl+), a           ; menu_count follows it
        ld   (hl), c
        ld   a, (menu_at)
        cp   c
        jr   c, .draw
        xor  a
        ld   (menu_at), a
.draw:  ld   a, ink_chosen
        ld   d, sign_pointer
        call .mark
        call show_screen
        call wait_press
        bit  7, a
        jr   nz, .down
        bit  6, a
        ret  z
        call .unmark
        ld   a, (menu_at)
        or   a
        jr   nz, .less
        ld   a, (menu_count)
.less:  dec  a
        jr   .moved
.down:  call .unmark
        ld   a, (menu_count)
        ld   b, a
        ld   a, (menu_at)
        inc  a
        cp   b
        jr   c, .moved
        xor  a
.moved: ld   (menu_at), a
        jr   .draw
.unmark:
        ld   a, ink_text
        ld   d, ' '
.mark:  push af
        ld   a, (menu_step)
        ld   c, a
        ld   a, (menu_at)
        ld   b, a
        inc  b
        ld   a, (menu_first)
        sub  c
.row:   add  c
        dec  b
        jr   nz, .row
        ld   b, a
        ld   c, 0
        call place
        ld   (hl), d
        pop  af
        jp   ink_row

; Beginnings to choose from. Never returns.
show_openings:
        xor  a
        ld   (menu_at), a
.again: call clear_screen
        ld   de, .page
        call put_page
        ld   bc, 0x0200 + opening_count
        ld   a, 2
        call run_menu
        ld   b, a
        and  0b1001             ; A or START
        jr   nz, .tell
        bit  1, b
        jp   nz, show_title
        jr   .again
.tell:  ld   a, (menu_at)
        add  a
        ld   c, a
        ld   b, 0
        ld   hl, .table
        add  hl, bc
        ld   a, (hl+)
        ld   d, (hl)
        ld   e, a
        ld   a, (de)
        inc  de
        ld   (beginning_length), a
        or   a
        jr   z, .copied
        ld   c, a
        ld   hl, beginning
        call copy_bytes
.copied:
        jp   write_story
.page:
{openings}
.table:
{table}
{texts}
"""
_TITLE = ((12, 2, "Tell me a story"), (13, 2, "My own beginning"), (17, 1, "SELECT: settings"))
_REFUSAL = ((13, 1, "These stories need"), (14, 2, "a Game Boy Color"))


def make_menus(places: Mapping[str, int], openings: Sequence[str], longest_beginning: int) -> Block:
    """show_title, show_openings, show_refusal. `places`: the addresses of VARIABLES and others', and stack.

    openings: beginnings of stories, of longest_beginning bytes at most.
    Raises AssemblyError for openings that are none, too many or too long.
    """
    if not 0 < len(openings) <= MOST_OPENINGS:
        raise AssemblyError(f"{len(openings)} openings: a cartridge has 1 to {MOST_OPENINGS}")
    for opening in openings:
        if len(opening.encode()) > longest_beginning:
            raise AssemblyError(
                f"the opening {opening!r} is longer than {longest_beginning} bytes: shorten it"
            )
    shown = [(2 + 2 * at, 2, _shorten(opening) or "(surprise me)") for at, opening in enumerate(openings)]
    texts = [(f".text{at}", opening.encode()) for at, opening in enumerate(openings)]
    parts = {
        "title": write_page(*_TITLE),
        "last": write_page((14, 2, "Read the last one")),
        "refusal": write_page(*_REFUSAL),
        "openings": write_page((0, 1, "How does it begin?"), *shown, (17, 1, "A tell     B back")),
        "table": "        .word " + ", ".join(label for label, _ in texts),
        "texts": "\n".join(
            f"{label}: .byte {', '.join(map(str, (len(text), *text)))}" for label, text in texts
        ),
    }
    text = _TEXT
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    sizes = {
        "opening_count": len(openings),
        "picture_size": ROWS * COLUMNS,
    }
    return assemble(text, {**places, **ink_constants(), **sizes}, "menus")


def make_picture_maps(picture: Picture) -> Block:
    """The title's cells and inks, for make_menus."""
    return Block.of(picture.cells, {"picture_cells": 0}) + Block.of(picture.inks, {"picture_inks": 0})


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
