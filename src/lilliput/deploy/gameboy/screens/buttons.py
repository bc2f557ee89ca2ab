"""Buttons: what is pressed now, what is pressed anew, and directions that repeat while they are held."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble

VARIABLES = {"pad_held": 1, "pad_wait": 1}
"""Names and bytes of what lies in work memory."""
BUTTONS = {"a": 0, "b": 1, "select": 2, "start": 3, "right": 4, "left": 5, "up": 6, "down": 7}
"""Their bits in what the routines return."""
_FIRST_WAIT, _NEXT_WAIT = 18, 4
"""Frames until a held direction repeats for the first time, and from then on."""

_TEXT = """
; A: the buttons that are down, a bit each. Destroys B.
read_pad:
        ld   a, 0x10
        ldh  (rP1), a
        ldh  a, (rP1)
        ldh  a, (rP1)           ; the lines need a moment
        ldh  a, (rP1)
        cpl
        and  15
        ld   b, a
        ld   a, 0x20
        ldh  (rP1), a
        ldh  a, (rP1)
        ldh  a, (rP1)
        ldh  a, (rP1)
        ldh  a, (rP1)
        cpl
        and  15
        swap a
        or   b
        ld   b, a
        ld   a, 0x30
        ldh  (rP1), a
        ld   a, b
        ret

; Waits until the screen has been drawn, and then for the beginning of the pause behind it. Destroys A.
wait_frame:
        ldh  a, (rLY)
        cp   144
        jr   z, wait_frame
.pause: ldh  a, (rLY)
        cp   144
        jr   nz, .pause
        ret

; A: buttons pressed anew, once some are. Destroys B, C, HL.
wait_press:
        call wait_frame
        call read_pad
        ld   c, a
        ld   hl, pad_held
        ld   a, (hl)
        ld   (hl), c
        cpl
        and  c
        ld   hl, pad_wait
        jr   nz, .anew
        ld   a, c
        and  0xF0
        jr   z, wait_press
        dec  (hl)
        jr   nz, wait_press
        ld   (hl), next_wait
        ret
.anew:  ld   (hl), first_wait
        ret
"""


def make_buttons(places: Mapping[str, int]) -> Block:
    """read_pad, wait_frame and wait_press; `places` has the addresses of VARIABLES."""
    return assemble(_TEXT, {**places, "first_wait": _FIRST_WAIT, "next_wait": _NEXT_WAIT}, "buttons")
