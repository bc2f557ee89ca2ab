"""What lies in bank 0 between the screens, in a bank of their own, and the model, which uses all banks."""

from collections.abc import Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.font import MOON, MOONS
from lilliput.deploy.gameboy.screens.writing import MARK

VARIABLES = {"pad_latched": 1, "tick_held": 1, "tick_count": 1}
"""Names and bytes of what lies in work memory."""
_TICK_SHIFTS = 2
"""The moon moves on every fourth tick."""

_TEXT = """
start:  di
        ld   sp, stack
        ld   b, a               ; 0x11 on a Color
        cp   0x11
        jr   nz, .slow
        ldh  a, (rKEY1)
        add  a
        jr   c, .slow           ; it is at double speed
        xor  a
        ldh  (rIE), a
        ld   a, 0x30
        ldh  (rP1), a
        ld   a, 1
        ldh  (rKEY1), a
        stop
.slow:  xor  a
        ldh  (rIE), a
        ldh  (rNR52), a         ; no sound
        call choose_own
        jp   boot

; Banks as the screens need them. Destroys A; the carry stays.
choose_own:
        ld   a, 0x0A
        ld   (rRAMG), a
        ld   a, save_bank
        ld   (rRAMB), a
        ld   a, scratch_bank
        ldh  (rSVBK), a
        ld   a, lo(bank(boot))
        ld   (rROMB0), a
        ld   a, hi(bank(boot))
        ld   (rROMB1), a
        ret

; begin_story; next_token: A bytes to `piece`, carry where the story has ended. Destroy all.
ask_beginning:
        call begin_story
        jr   choose_own
ask_token:
        call next_token
        jr   c, choose_own
        cp   longest_token + 1
        jr   c, .short
        ld   a, longest_token
.short: ld   c, a
        or   a
        jr   z, .copied
        ld   b, a
        ld   de, piece
.copy:  ld   a, (hl+)
        ld   (de), a
        inc  de
        dec  b
        jr   nz, .copy
.copied:
        call choose_own
        ld   a, c
        or   a                  ; no carry
        ret

; The moon goes on, if the screen may be written just now; buttons pressed since are noted. Destroys AF.
tick:   push hl
        ld   a, 0x10
        ldh  (rP1), a
        ldh  a, (rP1)
        ldh  a, (rP1)
        ldh  a, (rP1)
        cpl
        and  15
        ld   h, a
        ld   a, (tick_held)
        cpl
        and  h
        ld   l, a
        ld   a, h
        ld   (tick_held), a
        ld   a, (pad_latched)
        or   l
        ld   (pad_latched), a
        ld   a, 0x30
        ldh  (rP1), a
        ld   hl, tick_count
        inc  (hl)
        ld   a, (hl)
{shifts}
        and  moons - 1
        add  moon
        ld   l, a
        ldh  a, (rSTAT)         ; from here on the screen's time counts: 20 M-cycles at the least
        and  2
        jr   nz, .busy
        ld   a, l
        ld   (mark), a
.busy:  pop  hl
        ret
"""


def make_bridge(
    places: Mapping[str, int], *, stack: int, save_bank: int, scratch_bank: int, longest_token: int
) -> Block:
    """start, tick, ask_beginning and ask_token. `places` has the addresses of VARIABLES and of others'.

    stack: where SP begins; save_bank: the bank of battery memory with the stories; scratch_bank: that of work
    memory with the screens' scratch; longest_token: bytes that `piece` holds.
    """
    numbers = {"stack": stack, "save_bank": save_bank, "scratch_bank": scratch_bank}
    numbers |= {"longest_token": longest_token, "moon": MOON, "moons": MOONS, "mark": MARK}
    shifts = "\n".join(["        rrca"] * _TICK_SHIFTS)
    return assemble(_TEXT.replace("{shifts}", shifts), {**places, **numbers}, "bridge")
