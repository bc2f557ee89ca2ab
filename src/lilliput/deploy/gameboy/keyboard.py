"""A keyboard on the screen, for a beginning of one's own."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.assembler import AssemblyError, Block, assemble
from lilliput.deploy.gameboy.screen import ink_constants, write_page

VARIABLES = {"key_row": 1, "key_column": 1, "key_page": 1}
"""Names and bytes of what lies in work memory."""
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
_HOMES = (0, 2, 5, 8)
"""Of each word, the first column above it."""
_LINE = 18
MOST_LETTERS = 4 * _LINE
"""Letters of the longest beginning that can be typed."""
_KEY_ROWS, _FIRST_ROW, _ROW_STEP = len(PAGES[0]), 7, 2

_TEXT = """
; Letters for `beginning`, then the story; or back to the title. Never returns.
show_keyboard:
        xor  a
        ld   (beginning_length), a
        ld   (key_row), a
        ld   (key_column), a
        inc  a
        ld   (key_page), a      ; a beginning begins with a capital
.draw:  call draw_keyboard
        call show_screen
        call wait_press
        ld   hl, .draw          ; where what is pressed returns to
        push hl
        bit  0, a
        jp   nz, type_key
        bit  1, a
        jr   nz, .delete
        bit  2, a
        jp   nz, turn_page
        bit  3, a
        jp   nz, write_story
        ld   hl, key_row
        bit  7, a
        jr   nz, .down
        bit  6, a
        jr   nz, .up
        ld   c, a
        ld   a, (hl+)           ; key_column follows it
        cp   key_rows
        jr   z, .word
        bit  4, c
        jr   nz, .right
        ld   a, (hl)
        or   a
        jr   nz, .left
        ld   a, 10
.left:  dec  a
        ld   (hl), a
        ret
.right: ld   a, (hl)
        inc  a
        cp   10
        jr   c, .column
        xor  a
.column:
        ld   (hl), a
        ret
.word:  call find_word
        inc  a
        bit  4, c
        jr   nz, .sum
        sub  2
.sum:   and  3
        ld   hl, .homes
        add  l
        ld   l, a
        jr   nc, .home
        inc  h
.home:  ld   a, (hl)
        ld   (key_column), a
        ret
.homes: .byte {homes}
.down:  ld   a, (hl)
        inc  a
        cp   key_rows + 1
        jr   c, .row
        xor  a
.row:   ld   (hl), a
        ret
.up:    ld   a, (hl)
        or   a
        jr   nz, .above
        ld   a, key_rows + 1
.above: dec  a
        ld   (hl), a
        ret
.delete:
        ld   a, (beginning_length)
        or   a
        jp   nz, delete_letter
        jp   show_title         ; the stack begins anew there

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

; What the chosen key does. Destroys all.
type_key:
        ld   a, (key_row)
        cp   key_rows
        jr   nz, .letter
        call find_word
        or   a
        jp   z, turn_page
        dec  a
        ld   c, ' '
        jr   z, add_letter
        dec  a
        jr   z, delete_letter
        jp   write_story
.letter:
        call find_page
        ld   a, (key_row)
        ld   b, a
        add  a
        add  a
        add  b
        add  a                  ; 10 keys a row
        ld   b, a
        ld   a, (key_column)
        add  b
        ld   c, a
        ld   b, 0
        add  hl, bc
        ld   c, (hl)
        call add_letter
        ld   a, (beginning_length)
        dec  a
        ret  nz
        ld   (key_page), a      ; small letters after the first
        ret

; The letter C to the beginning's end, if there is room. Destroys A, HL.
add_letter:
        ld   a, (beginning_length)
        cp   most_letters
        ret  nc
        ld   hl, beginning
        add  l
        ld   l, a
        jr   nc, .put
        inc  h
.put:   ld   (hl), c
        ld   hl, beginning_length
        inc  (hl)
        ret

delete_letter:
        ld   hl, beginning_length
        ld   a, (hl)
        or   a
        ret  z
        dec  (hl)
        ret

turn_page:
        ld   a, (key_page)
        xor  1
        ld   (key_page), a
        ret

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


def make_keyboard(places: Mapping[str, int], longest_beginning: int) -> Block:
    """show_keyboard. `places` has the addresses of VARIABLES and of the other parts'.

    Raises AssemblyError where `beginning` has no room for all that can be typed.
    """
    if longest_beginning < MOST_LETTERS:
        raise AssemblyError(f"{MOST_LETTERS} letters can be typed: {longest_beginning} bytes are too few")
    last = _FIRST_ROW + _ROW_STEP * _KEY_ROWS
    words = [(last, column + 1, word) for column, word in zip(_WORD_COLUMNS, WORDS, strict=True)]
    marks = [
        number
        for column, word in zip(_WORD_COLUMNS, WORDS, strict=True)
        for number in (column, len(word) + 1)
    ]
    keys = [f"        .byte {', '.join(str(ord(key)) for key in row)}" for page in PAGES for row in page]
    parts = {
        "homes": ", ".join(map(str, _HOMES)),
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
    sizes = {
        "key_rows": _KEY_ROWS,
        "first_row": _FIRST_ROW,
        "line": _LINE,
        "most_letters": MOST_LETTERS,
    }
    return assemble(text, {**places, **ink_constants(), **sizes}, "keyboard")
