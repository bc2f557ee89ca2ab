"""What is pressed on the keyboard of the screen, and the beginning that comes of it."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import AssemblyError, Block, assemble
from lilliput.deploy.gameboy.screens.keys import KEY_ROWS, MOST_LETTERS, WORD_HOMES

VARIABLES = {"key_row": 1, "key_column": 1, "key_page": 1}
"""Names and bytes of what lies in work memory."""

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

"""


def make_keyboard(places: Mapping[str, int], longest_beginning: int) -> Block:
    """show_keyboard. `places` has the addresses of VARIABLES and of the other parts'.

    Raises AssemblyError where `beginning` has no room for all that can be typed.
    """
    if longest_beginning < MOST_LETTERS:
        raise AssemblyError(f"{MOST_LETTERS} letters can be typed: {longest_beginning} bytes are too few")
    text = _TEXT.replace("{homes}", ", ".join(map(str, WORD_HOMES)))
    return assemble(text, {**places, "key_rows": KEY_ROWS, "most_letters": MOST_LETTERS}, "keyboard")
