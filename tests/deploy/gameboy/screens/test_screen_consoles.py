"""The same pictures in two emulators; a Game Boy without colours; what a story leaves in battery memory."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.screens.font import TILE_BYTES
from lilliput.deploy.gameboy.screens.front import Front
from lilliput.deploy.gameboy.screens.picture import COLUMNS, ROWS, make_palettes, make_picture

EMPTY = bytes(16 * 0x2000)
TEXT = (
    ", there was a hen. “Cluck!” she said…\nShe liked the café. "
    + "And so on and so on, to the end of days. " * 9
)
ROUND = (
    (),  # the title
    ("a",),
    ("down",),
    ("b", "select"),
    ("b", "down", "a"),
    ("right", "a", "a", "down", "a"),
    ("start",),
    ("up", "up", "up"),
    ("left",),
    ("b",),
    ("down", "down", "a"),
)
"""Buttons, and after each group the screen is looked at."""


@pytest.fixture
def parts(load):
    """The modules fronts.py and emulators.py."""
    return load("deploy/gameboy/fronts.py"), load("deploy/gameboy/emulators.py")


def go_round(parts, name: str, cartridge, color: bool = True) -> tuple[list[np.ndarray], bytes]:
    """The screens of ROUND, in 5 bits a colour, and the bank of battery memory that has the stories."""
    fronts, emulators = parts
    screens = []
    with emulators.open_emulator(name, cartridge.image, EMPTY, color) as machine:
        machine.run(500)
        for names in ROUND:
            fronts.tap(machine, *names, frames=12)
            machine.run(240 if names == ("start",) else 12)
            screens.append(machine.screen() >> 3)
        return screens, machine.sram()[15 * 0x2000 :]


@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("other", ["gambatte", "mgba"])
def test_another_emulator_shows_the_same_screens_and_keeps_the_same_story(other, color, parts):
    fronts, _ = parts
    cartridge = fronts.make_cartridge(fronts.cut_tokens(TEXT, 1), Front(needs_color=False), ticks=1)
    ours, kept = go_round(parts, "pyboy", cartridge, color)
    theirs, also_kept = go_round(parts, other, cartridge, color)
    assert len({screen.tobytes() for screen in ours}) == len(ROUND) - 1  # the story's beginning is seen twice
    for one, two in zip(ours, theirs, strict=True):
        shades = [find_shades(screen) for screen in (one, two)]
        assert np.array_equal(*shades)
        if color:
            assert np.array_equal(one, two)
    beginning = b"Bbl"
    slot = fronts.make_slot(beginning + TEXT.encode(), len(beginning), 2, 1, 0)
    used = 16 + len(beginning) + len(TEXT.encode())
    assert kept[14:16] == also_kept[14:16]
    assert kept[:14] == also_kept[:14] == slot[:14]
    assert kept[16:used] == also_kept[16:used] == slot[16:used]


def find_shades(screen: np.ndarray) -> np.ndarray:
    """Each dot's colour as the number of that colour among those of the screen, from the first dot on."""
    flat = screen.reshape(-1, 3).astype(int) @ (1024, 32, 1)
    _, first, number = np.unique(flat, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number]


@pytest.mark.parametrize("name", ["pyboy", "gambatte"])
def test_the_title_is_the_picture_dot_by_dot_in_its_colours(name, parts):
    fronts, emulators = parts
    cartridge = fronts.make_cartridge([])
    with emulators.open_emulator(name, cartridge.image, EMPTY) as machine:
        machine.run(500)
        shown = machine.screen() >> 3
    picture, words = make_picture(), np.frombuffer(make_palettes(), "<u2").reshape(8, 4)
    for at, (tile, ink) in enumerate(zip(picture.cells, picture.inks, strict=True)):
        planes = np.frombuffer(picture.tiles[(tile - 128) * TILE_BYTES :][:TILE_BYTES], np.uint8).reshape(
            8, 2, 1
        )
        low, high = np.unpackbits(planes, axis=2).transpose(1, 0, 2)
        colors = words[ink][low + 2 * high]
        wanted = np.stack([colors & 31, colors >> 5 & 31, colors >> 10], axis=2)
        top, left = 8 * (at // COLUMNS), 8 * (at % COLUMNS)
        assert np.array_equal(shown[top : top + 8, left : left + 8], wanted)
    assert len(picture.cells) == ROWS * COLUMNS


def test_a_cartridge_that_needs_colour_says_so_on_the_first_game_boy_and_stays_there(parts):
    fronts, emulators = parts
    cartridge = fronts.make_cartridge([b"word"])
    with emulators.open_pyboy(cartridge.image, EMPTY, color=False) as machine:
        fronts.wait_row(machine, 13, " These stories need")
        fronts.wait_row(machine, 14, "  a Game Boy Color")
        before = machine.screen()
        fronts.tap(machine, "a", "start", "a", "b", "select", "down")
        assert np.array_equal(machine.screen(), before)
        assert len(np.unique(before)) == 4
        assert machine.sram() == EMPTY


def test_a_reset_in_the_midst_of_a_story_leads_to_the_title_and_the_story_so_far(parts):
    """The processor begins anew, with memory as it was left, as a flash cartridge's button does it."""
    fronts, emulators = parts
    cartridge = fronts.make_cartridge(fronts.cut_tokens(TEXT, 1), ticks=20)
    with emulators.open_pyboy(cartridge.image, EMPTY) as machine:
        fronts.wait_title(machine)
        fronts.tap(machine, "a", "a")
        machine.run(30)
        end = int.from_bytes(machine.memory(0, cartridge.places["story_end"], 2), "little")
        assert 0xA010 + 20 < end < 0xA010 + len(TEXT)
        files = machine._pyboy.register_file
        files.PC, files.A = cartridge.symbols["start"][1], 0x11
        fronts.wait_row(machine, 14, "  Read the last one")
        fronts.tap(machine, "up", "a", frames=20)
        told = machine.memory(15, 0xA010, 2000)
        length = int.from_bytes(machine.memory(15, 0xA00A, 2), "little")
        assert length >= end - 0xA010 - 6
        shown = fronts.wrap(told[:length].decode())
        assert fronts.read_text(machine, len(shown)) == [fronts.cells(line) for line in shown]
