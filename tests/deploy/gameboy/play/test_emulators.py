"""The emulators show what programs do: buttons, screen, battery memory, the console's kind, M-cycles."""

import os

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.rom import Rom

EMULATORS = ["pyboy", "gambatte", "mgba"]
PROGRAM = """
start:  ld   (0xC000), a        ; a tells what console it is: 0x11 is a Color
        di
        ld   sp, 0xFFFE
        ld   a, 0x0A
        ld   (rRAMG), a
        ld   a, 2
        ld   (rRAMB), a
        ld   hl, 0xA000         ; what the battery kept in bank 2, one more
        inc  (hl)
        ld   a, (0xC000)
        inc  hl
        ld   (hl), a

.wait:  ldh  a, (rLY)           ; the screen may be switched off while nothing is drawn
        cp   144
        jr   nz, .wait
        xor  a
        ldh  (rLCDC), a
        ldh  (rSCX), a
        ldh  (rSCY), a
        ld   a, 1               ; attributes of the Color: palette 0 everywhere
        call clear
        xor  a
        call clear
        ld   hl, 0x8010         ; tile 1: colour 3 everywhere
        ld   b, 16
        ld   a, 0xFF
.tile:  ld   (hl+), a
        dec  b
        jr   nz, .tile
        ld   a, 1
        ld   (0x9800), a        ; in the corner
        ld   (0x9800 + 17 * 32 + 19), a
        ld   a, 0xE4
        ldh  (rBGP), a
        ld   a, 0x80
        ldh  (rBCPS), a
        ld   hl, colors
        ld   b, 8
.color: ld   a, (hl+)
        ldh  (rBCPD), a
        dec  b
        jr   nz, .color
        ld   a, 0x91
        ldh  (rLCDC), a

pad:    ld   a, 0x20            ; directions below, the other four above
        call read
        ld   c, a
        ld   a, 0x10
        call read
        swap a
        or   c
        ld   (0xA002), a
        ld   (0xC001), a
.rest:  dec  b                  ; a core may ask us for all buttons whenever the program looks
        jr   nz, .rest
        jr   pad

read:   ldh  (rP1), a
        ldh  a, (rP1)
        ldh  a, (rP1)
        ldh  a, (rP1)
        cpl
        and  0x0F
        ret

clear:  ldh  (rVBK), a          ; a bank of video memory
        ld   hl, 0x8000
.byte:  xor  a
        ld   (hl+), a
        ld   a, h
        cp   0xA0
        jr   nz, .byte
        ret

colors: .word 31 | 12 << 5 | 3 << 10, 0, 0, 1 | 20 << 5 | 31 << 10
"""
BITS = {"right": 1, "left": 2, "up": 4, "down": 8, "a": 16, "b": 32, "select": 64, "start": 128}
FRAMES = 200
"""Enough for PyBoy's own beginning, which shows the console's logo."""


@pytest.fixture(scope="module")
def image() -> bytes:
    rom = Rom("start")
    rom.place("main", assemble(PROGRAM), bank=0)
    return rom.link()


@pytest.mark.parametrize("name", EMULATORS)
def test_buttons_are_seen_while_they_are_held(name, load, image):
    with load("deploy/gameboy/emulators.py").open_emulator(name, image) as machine:
        machine.run(FRAMES)
        for buttons in [(), *((button,) for button in BITS), ("a", "up", "start"), ("b",), ()]:
            machine.press(*buttons)
            machine.run(4)
            assert machine.memory(2, 0xA002)[0] == sum(BITS[button] for button in buttons)


@pytest.mark.parametrize("name", EMULATORS)
def test_the_screen_has_the_colors_of_the_program(name, load, image):
    with load("deploy/gameboy/emulators.py").open_emulator(name, image) as machine:
        machine.run(FRAMES)
        screen = machine.screen()
    expected = np.full((144, 160, 3), (31, 12, 3))
    expected[:8, :8] = expected[136:, 152:] = (1, 20, 31)
    assert screen.dtype == np.uint8
    assert np.array_equal(screen >> 3, expected)


@pytest.mark.parametrize("name", EMULATORS)
def test_the_first_game_boy_is_another_console_in_shades_of_gray(name, load, image):
    with load("deploy/gameboy/emulators.py").open_emulator(name, image, color=False) as machine:
        machine.run(FRAMES)
        screen = machine.screen().astype(int)
        assert machine.memory(2, 0xA001)[0] != 0x11
    assert screen[0, 0].sum() < screen[0, 8].sum()
    assert len(np.unique(screen.reshape(-1, 3), axis=0)) == 2


@pytest.mark.parametrize("name", EMULATORS)
def test_battery_memory_goes_in_and_comes_out_and_nothing_is_left_in_files(
    name, load, image, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    kept = np.random.default_rng(2).integers(0, 256, 16 * 0x2000, np.uint8)
    with load("deploy/gameboy/emulators.py").open_emulator(name, image, kept.tobytes()) as machine:
        machine.run(FRAMES)
        left = machine.sram()
        assert machine.memory(15, 0xA123, 8) == kept.tobytes()[15 * 0x2000 + 0x123 :][:8]
        assert machine.memory(0, 0x134, 8) == b"LILLIPUT"
    kept[2 * 0x2000 : 2 * 0x2000 + 3] = kept[2 * 0x2000] + 1, 0x11, 0
    assert left == kept.tobytes()
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("name", ["pyboy", "gambatte"])
def test_work_memory_is_shown(name, load, image):
    with load("deploy/gameboy/emulators.py").open_emulator(name, image) as machine:
        machine.press("left")
        machine.run(FRAMES)
        assert machine.memory(0, 0xC000, 2) == bytes([0x11, BITS["left"]])
        assert len(machine.wram()) == 8 * 0x1000


def test_a_machine_starts_anew_whatever_ran_before(load, image):
    emulators = load("deploy/gameboy/emulators.py")
    for name in EMULATORS:
        with emulators.open_emulator(name, image) as one, emulators.open_emulator(name, image) as other:
            one.press("a")
            one.run(FRAMES)
            other.run(FRAMES)
            assert [one.memory(2, 0xA002), other.memory(2, 0xA002)] == [b"\x10", b"\x00"]


def test_cycles_are_counted_in_rom_and_in_ram_at_both_speeds(load):
    loop = assemble("loop: ld b, 133\n.more: dec b\njr nz, .more\n.end: ret")
    cycles = 2 + 133 * (1 + 3) - 1
    for faster in ("", "ld a, 1\nldh (rKEY1), a\nstop"):
        rom = Rom("start")
        rom.place(
            "main",
            assemble(f"""
            start: di
                   xor a
                   ldh (rIE), a
                   {faster}
                   ld hl, load(copy)
                   ld de, 0xC234
                   ld c, size(copy)
            .copy: ld a, (hl+)
                   ld (de), a
                   inc de
                   dec c
                   jr nz, .copy
            again: call loop
                   call copied
                   jr again
            copied: jp 0xC234
            """),
            bank=0,
        )
        rom.place("loop", loop, bank=1)
        rom.place("copy", assemble("ld c, 100\n.word 0\nram_end: ret"), bank=1, run_at=0xC234)
        with load("deploy/gameboy/emulators.py").open_pyboy(rom.link()) as machine:
            machine.run(FRAMES)
            assert machine.memory(0, 0xFF4D)[0] >> 7 == bool(faster)
            places = rom.symbols
            assert machine.cycles_between(places["loop"], places["loop.end"]) == cycles
            assert machine.cycles_between(places["copy"], places["ram_end"]) == 2 + 1 + 1
            assert machine.cycles_between(places["again"], places["loop"]) == 6


def test_what_takes_too_long_fails(load, image):
    with load("deploy/gameboy/emulators.py").open_pyboy(image) as machine:
        with pytest.raises(AssertionError, match="3 frames were not enough"):
            machine.run_until(0, 0xC000, 0xEE, frames=3)
        with pytest.raises(AssertionError, match="2 frames were not enough"):
            machine.cycles_between((0, 0x100), (0, 0x3FFF), frames=2)
        with pytest.raises(AssertionError, match="from 255 on"):
            machine.watch({"far": (300, 0x4000)})
