"""The keyboard as it is seen: its keys, the chosen one, what was typed."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.screen import ink_constants
from lilliput.deploy.gameboy.screens.shadow import write_page

PAGES = (
    ("abcdefghij", "klmnopqrst", "uvwxyz.,!?", "'\"-01234:;"),
    ("ABCDEFGHIJ", "KLMNOPQRST", "UVWXYZ.,!?", "'\"-56789()"),
)
"""Two pages of keys, row by row."""
WORDS = ("Aa", "space", "delete", "go")
"""The keys of the last row: the other page, a space, the last letter away, the story."""
_WORD_COLUMNS = (0, 3, 9, 16)
_WORD_OF = (0, 0, 1, 1, 1, 2, 2, 2, 3, 3)
"""Of each column of keys, the word below it."""
WORD_HOMES = (0, 2, 5, 8)
"""Of each word, the first column above it."""
_LINE = 18
MOST_LETTERS = 4 * _LINE
"""Letters of the longest beginning that can be typed."""
KEY_ROWS, _FIRST_ROW, _ROW_STEP = len(PAGES[0]), 7, 2

_TEXT = """
; A: the word below key_column. Destroys HL.
find_word:
        ld   a, (key_column)
        ld   hl, .words
        add  l
        ld   l, a
        jr   nc, .word
        inc  h
.word:  ld   a, (hl)
        ret
.words: .byte {word_of}

; HL: the keys that are to be seen. Destroys A.
find_page:
        ld   hl, .keys
        ld   a, (key_page)
        or   a
        ret  z
        ld   hl, .keys + key_rows * 10
        ret
.keys:
{keys}

; The shadow: what was typed, the keys, the chosen one. Destroys all.
draw_keyboard:
        call clear_screen
        ld   de, .page
        call put_page
        ld   bc, 0x0204         ; what was typed: rows 2 to 5
        ld   a, ink_beginning
        call ink_rows
        ld   bc, 0x0201
        call place
        ld   de, beginning
        ld   a, (beginning_length)
        ld   b, a
        inc  b
        ld   c, line
        jr   .first
.typed: ld   a, (de)
        inc  de
        ld   (hl+), a
        dec  c
        jr   nz, .first
        inc  hl
        inc  hl
        ld   c, line
.first: dec  b
        jr   nz, .typed
        ld   a, (beginning_length)
        cp   most_letters
        jr   z, .keys
        ld   (hl), sign_block
.keys:  call find_page
        ld   d, h
        ld   e, l
        ld   bc, first_row * 256 + 1
.row:   call place
        ld   a, 10
.key:   push af
        ld   a, (de)
        inc  de
        ld   (hl+), a
        inc  hl
        pop  af
        dec  a
        jr   nz, .key
        inc  b
        inc  b
        ld   a, b
        cp   first_row + 2 * key_rows
        jr   nz, .row
        ld   a, (key_row)       ; the chosen one
        cp   key_rows
        jr   z, .word
        add  a
        add  first_row
        ld   b, a
        ld   a, (key_column)
        add  a
        ld   c, a
        ld   a, 2
        jr   .mark
.word:  call find_word
        add  a
        ld   c, a
        ld   b, 0
        ld   hl, .words
        add  hl, bc
        ld   a, (hl+)
        ld   c, a
        ld   b, first_row + 2 * key_rows
        ld   a, (hl)
.mark:  push af
        call place
        ld   (hl), sign_pointer
        ld   de, shadow_inks - shadow_cells
        add  hl, de
        pop  bc
.ink:   ld   (hl), ink_chosen
        inc  hl
        dec  b
        jr   nz, .ink
        ret
.words: .byte {words}
.page:
{page}
"""


def make_keys(places: Mapping[str, int]) -> Block:
    """draw_keyboard, find_page, find_word. `places` has the addresses of the keyboard's and of others'."""
    last = _FIRST_ROW + _ROW_STEP * KEY_ROWS
    words = [(last, column + 1, word) for column, word in zip(_WORD_COLUMNS, WORDS, strict=True)]
    marks = [
        number
        for column, word in zip(_WORD_COLUMNS, WORDS, strict=True)
        for number in (column, len(word) + 1)
    ]
    keys = [f"        .byte {', '.join(str(ord(key)) for key in row)}" for page in PAGES for row in page]
    parts = {
        "word_of": ", ".join(map(str, _WORD_OF)),
        "words": ", ".join(map(str, marks)),
        "keys": "\n".join(keys),
        "page": write_page(
            (0, 1, "Your own beginning"), (6, 1, "{rule}" * _LINE), *words, (17, 1, "B delete  START go")
        ),
    }
    text = _TEXT
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    sizes = {"key_rows": KEY_ROWS, "first_row": _FIRST_ROW, "line": _LINE, "most_letters": MOST_LETTERS}
    return assemble(text, {**places, **ink_constants(), **sizes}, "keys")
