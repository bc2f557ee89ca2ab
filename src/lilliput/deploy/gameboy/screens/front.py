"""What a person sees and presses on a cartridge, and how it asks the model.

    front = make_front(Front(openings=("Once upon a time",)), wram=make_wram(0), scratch=make_wram(7))
    rom.place("bridge", front.bridge, bank=0)
    rom.place("screens", front.screens)         # any bank; Rom(entry="start")
    rom.place("info", make_info_block(...))     # any bank: what lilliput play must know (info_block.py)

The model is two routines in bank 0 (or in RAM that is always seen):

begin_story   HL: bytes of the beginning in bank 0 of work memory, BC: how many (none: a story from nothing);
              setting_temperature: the number of the temperature in Front.temperatures; setting_seed: 16 bits
next_token    HL: bytes of the next token, as memory is seen when it returns, A: how many, no carry; or carry:
              the story has ended. A token may have no bytes.

Both find any bank chosen, may leave every bank as they like and destroy all registers; SP must be as it was,
and interrupts off. Of battery memory the two slots are not theirs. Of work memory what make_front takes of
`wram` is not; what it takes of `scratch` may be lost while they run.

They call `tick` (bank 0) as often as they like, wherever SP is a stack: it moves the moon that shows that the
model thinks, and notes buttons. It never waits, and destroys AF only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lilliput.deploy.gameboy.machine.assembler import AssemblyError, Block, assemble
from lilliput.deploy.gameboy.machine.memory import Area
from lilliput.deploy.gameboy.screens import (
    bridge,
    buttons,
    flow,
    keyboard,
    keys,
    lines,
    menus,
    reading,
    save,
    screen,
    settings,
    shadow,
    slots,
    writing,
)
from lilliput.deploy.gameboy.screens.picture import make_picture

_PARTS = (bridge, buttons, screen, flow, slots, settings, writing, reading, menus, keyboard)


@dataclass(frozen=True)
class Front:
    """What a cartridge offers, and where it may keep it."""

    openings: Sequence[str] = (
        *("Once upon a time", "One sunny day", "There was a dragon", "A little cat", "Lily and Ben", ""),
    )
    """Beginnings to choose from; an empty one leaves all to the model."""
    temperatures: Sequence[str] = ("0", "0.5", "0.8", "1.0")
    """What temperatures are called on the screen, in 3 letters at most."""
    temperature: int = 2
    """The number of the one that is chosen at first."""
    seed: int = 1
    needs_color: bool = True
    """Refuse, with a screen that says so, to run on the first Game Boy."""
    save_bank: int = 15
    save_at: int = 0xA000
    slot_bytes: int = 0x1000
    """Stories lie in two slots, one behind the other, in this bank of battery memory."""
    longest_beginning: int = 80
    longest_token: int = 64
    """Bytes of a token that are shown; of a longer one the rest is left out."""
    most_lines: int = 1024
    stack: int = 0xFFFE


@dataclass(frozen=True)
class FrontBlocks:
    """`bridge` for bank 0, with start and tick; `screens` for any other bank; where variables lie."""

    bridge: Block
    screens: Block
    places: dict[str, int]


def count_front_bytes(front: Front) -> int:
    """Bytes of work memory that make_front takes of `wram`."""
    return sum(_list_variables(front).values())


def _list_variables(front: Front) -> dict[str, int]:
    sizes = {name: size for part in _PARTS for name, size in part.VARIABLES.items()}
    return sizes | {"beginning": front.longest_beginning, "piece": front.longest_token}


def make_front(front: Front, wram: Area, scratch: Area, scratch_bank: int = 7) -> FrontBlocks:
    """The blocks; variables are taken from `wram`, which must always be seen, the rest from `scratch`.

    scratch_bank: the bank of work memory that `scratch` lies in; the model may use it while it is asked.
    Raises AssemblyError for what does not fit, and for settings that no cartridge can have.
    """
    _check(front)
    sizes = _list_variables(front)
    places = {name: wram.take(name, size) for name, size in sizes.items()}
    fleeting = {**shadow.SCRATCH, "lines": 2 * front.most_lines + 4}
    places |= {name: scratch.take(name, size) for name, size in fleeting.items()}
    picture = make_picture()
    temperatures = len(front.temperatures)
    screens = Block.join(
        (
            _make_boot(front, places, (min(places[name] for name in sizes), sum(sizes.values()))),
            buttons.make_buttons(places),
            screen.make_screen(places),
            shadow.make_shadow(places),
            flow.make_flow(places, front.most_lines),
            lines.make_lines(places),
            slots.make_slots(places, front.save_at, front.slot_bytes, temperatures),
            save.make_save(places, front.save_at, front.slot_bytes),
            writing.make_writing(places),
            reading.make_reading(places, front.temperatures),
            menus.make_menus({**places, "stack": front.stack}, front.openings, front.longest_beginning),
            settings.make_settings(places, temperatures),
            keyboard.make_keyboard(places, front.longest_beginning),
            keys.make_keys(places),
            menus.make_picture_maps(picture),
            screen.make_tiles(picture),
        )
    )
    return FrontBlocks(
        bridge.make_bridge(
            places,
            stack=front.stack,
            save_bank=front.save_bank,
            scratch_bank=scratch_bank,
            longest_token=front.longest_token,
        ),
        screens,
        places,
    )


def _check(front: Front) -> None:
    if not front.temperatures or any(not 0 < len(label) <= 3 for label in front.temperatures):
        raise AssemblyError(f"temperatures {front.temperatures}: each needs a name of 1 to 3 letters")
    if not 0 <= front.temperature < len(front.temperatures):
        raise AssemblyError(
            f"there is no temperature {front.temperature}: {len(front.temperatures)} are named"
        )
    if not 0 <= front.seed <= 0xFFFF:
        raise AssemblyError(f"the seed {front.seed}: 0 to 65535 are possible")
    if not 0 < front.longest_token < 256 or not 0 < front.longest_beginning < 256:
        raise AssemblyError("a beginning and a token have 1 to 255 bytes")


_BOOT = """
; From start, with the console's first A in B: memory, screen, settings. Goes on at show_title.
boot:   push bc
        ld   hl, first_variable
        ld   d, 0
        ld   bc, variable_bytes
        call fill_bytes
        pop  bc
        ld   a, b
        cp   0x11
        jr   nz, .mono
        ld   a, 1
        ld   (is_color), a
.mono:  call start_screen
        ld   a, plain
        ldh  (rLCDC), a
        ld   a, (is_color)
        or   a
        ld   a, needs_color
        jr   nz, .runs
        or   a
        jp   nz, show_refusal
.runs:  ld   hl, setting_temperature
        ld   (hl), temperature  ; setting_seed follows it
        inc  hl
        ld   (hl), lo(seed)
        inc  hl
        ld   (hl), hi(seed)
        call find_story
        jp   c, show_title
        ld   a, (story_temperature)     ; where the last story left off
        ld   (setting_temperature), a
        ld   hl, story_seed
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        inc  hl
        ld   a, l
        ld   (setting_seed), a
        ld   a, h
        ld   (setting_seed + 1), a
        jp   show_title
"""


def _make_boot(front: Front, places: dict[str, int], wram_bytes: tuple[int, int]) -> Block:
    numbers = {
        "first_variable": wram_bytes[0],
        "variable_bytes": wram_bytes[1],
        "needs_color": int(front.needs_color),
        "temperature": front.temperature,
        "seed": front.seed,
        "plain": screen.PLAIN,
    }
    return assemble(_BOOT, {**places, **numbers}, "boot")
