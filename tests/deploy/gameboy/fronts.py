"""Cartridges whose model is a stand-in: it tells a fixed text, and is as rude as a model may be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lilliput.deploy.gameboy.info_block import make_info_block
from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.machine.header import make_title
from lilliput.deploy.gameboy.machine.memory import make_wram
from lilliput.deploy.gameboy.machine.rom import Rom
from lilliput.deploy.gameboy.screens.font import LETTERS, UNKNOWN
from lilliput.deploy.gameboy.screens.front import Front, make_front
from lilliput.deploy.gameboy.screens.picture import COLUMNS

VIDEO = 0x8000
TEXT_MAP, BAR_MAP = 0x9800, 0x9C00
ROWS = 17
NAME = "stand-in"
"""Of the model."""

# Tokens lie in a bank of their own, each behind its length and a 1; a 0 there ends the story. Every bank is
# left changed, and what the model was asked with is noted at `asked`.
_STAND_IN = """
begin_story:
        push hl
        ld   a, (asked_count)
        inc  a
        ld   (asked_count), a
        ld   a, c
        ld   (asked), a
        ld   a, (setting_temperature)
        ld   (asked + 1), a
        ld   a, (setting_seed)
        ld   (asked + 2), a
        ld   a, (setting_seed + 1)
        ld   (asked + 3), a
        pop  hl
        ld   de, asked + 4
.copy:  ld   a, b
        or   c
        jr   z, .copied
        ld   a, (hl+)
        ld   (de), a
        inc  de
        dec  bc
        jr   .copy
.copied:
        ld   a, lo(tokens)
        ld   (next), a
        ld   a, hi(tokens)
        ld   (next + 1), a
        jr   spoil

next_token:
        ld   b, ticks
.think: push bc
        call tick
        ld   c, 200
.wait:  dec  c
        jr   nz, .wait
        pop  bc
        dec  b
        jr   nz, .think
        call spoil
        ld   a, bank(tokens)
        ld   (rROMB0), a
        ld   hl, next
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ld   a, (hl+)
        ld   b, a
        ld   a, (hl+)           ; 1: a token, 0: the end
        or   a
        scf
        ret  z
        ld   a, b
        push hl
        add  l
        ld   l, a
        ld   a, h
        adc  0
        ld   (next + 1), a
        ld   a, l
        ld   (next), a
        pop  hl
        ld   a, b
        or   a
        ret

spoil:  ld   a, 3
        ld   (rROMB0), a
        ld   (rRAMB), a
        ldh  (rSVBK), a
        ld   hl, 0xD000         ; what is not kept is lost
.byte:  ld   a, l
        ld   (0xA000), a
        ld   (hl+), a
        ld   a, h
        cp   0xD1
        jr   nz, .byte
        ret
"""


@dataclass(frozen=True)
class Cartridge:
    """The image, and where things lie in it."""

    image: bytes
    places: dict[str, int]
    symbols: dict[str, tuple[int, int]]


def make_cartridge(tokens: Sequence[bytes], front: Front | None = None, ticks: int = 8) -> Cartridge:
    """A cartridge that tells these tokens, whatever is asked."""
    wram = make_wram(0)
    front = front or Front()
    blocks = make_front(front, wram, make_wram(7))
    places = {
        name: wram.take(name, size) for name, size in {"asked_count": 1, "asked": 90, "next": 2}.items()
    }
    rom = Rom("start", title=make_title(NAME))
    rom.place("bridge", blocks.bridge, bank=0)
    rom.place("screens", blocks.screens)
    rom.place("stand-in", assemble(_STAND_IN, {**blocks.places, **places, "ticks": ticks}), bank=0)
    data = b"".join(bytes([len(token), 1]) + token for token in tokens) + bytes(2)
    rom.place("tokens", Block.of(data), bank=5)
    rom.place("info", make_info_block(front, blocks.places, NAME, {"parameters": 0}))
    image = rom.link()
    return Cartridge(image, {**blocks.places, **places}, rom.symbols)


def cut_tokens(text: str, seed: int) -> list[bytes]:
    """The bytes of `text` in pieces of 0 to 6 bytes, letters of several bytes among them cut."""
    data, found, random = text.encode(), list[bytes](), np.random.default_rng(seed)
    while data:
        size = int(random.integers(0, 7))
        found.append(data[:size])
        data = data[size:]
    return found


def wrap(text: str) -> list[str]:
    """Lines of 20 letters, written without a look at the assembly: by words, not by letters that come."""
    lines = []
    for paragraph in text.split("\n"):
        line, rest = "", paragraph
        while rest:
            blanks = len(rest) - len(rest.lstrip(" "))
            word = rest[blanks:].split(" ", 1)[0]
            rest = rest[blanks + len(word) :]
            line = (line + " " * blanks)[:COLUMNS]
            if len(line) + len(word) > COLUMNS and line:
                lines.append(line)
                line = ""
            while len(line) + len(word) > COLUMNS:
                lines.append(word[:COLUMNS])
                word = word[COLUMNS:]
            line += word
        lines.append(line)
    return lines


def cells(line: str) -> bytes:
    """A row of the screen with that line."""
    return bytes(LETTERS.get(letter, UNKNOWN) for letter in line.ljust(COLUMNS))


def read_rows(machine, first: int = 0, count: int = 18) -> list[bytes]:
    """Rows of PyBoy's map as they are, from `first` of its 32 on."""
    return [machine.memory(0, TEXT_MAP + (first + at) % 32 * 32, COLUMNS) for at in range(count)]


def read_text(machine, count: int = ROWS) -> list[bytes]:
    """The rows that PyBoy's screen shows, wherever it has scrolled to."""
    return read_rows(machine, machine.memory(0, 0xFF42)[0] // 8, count)


def tap(machine, *names: str, frames: int = 6) -> None:
    """Press and let go, one button after another."""
    for name in names:
        machine.press(name)
        machine.run(3)
        machine.press()
        machine.run(frames)


def wait_row(machine, row: int, text: str, frames: int = 600) -> None:
    """Run until PyBoy's screen, not scrolled, has that text in that row, from its first cell on."""
    wanted = cells(text)[: len(text)]
    for _ in range(frames):
        if read_rows(machine, row, 1)[0].startswith(wanted):
            machine.run(2)
            return
        machine.run(1)
    raise AssertionError(f"{frames} frames, and row {row} is {read_rows(machine, row, 1)[0]!r}, not {text!r}")


def wait_title(machine) -> None:
    """Run until PyBoy shows the title."""
    wait_row(machine, 13, "  My own beginning")


def wait_end(machine, cartridge: Cartridge, frames: int = 6000, told: int = 1) -> None:
    """Run until PyBoy has told that many stories, or was stopped: its bar then shows the seed."""
    wanted = cells("seed")[:4]
    for _ in range(frames):
        asked = machine.memory(0, cartridge.places["asked_count"])[0]
        if asked == told and machine.memory(0, BAR_MAP + 3, 4) == wanted:
            machine.run(2)
            return
        machine.run(1)
    raise AssertionError(f"the story has not ended after {frames} frames")


def tell(machine, cartridge: Cartridge) -> None:
    """From power-on, have the first opening's story told to its end."""
    wait_title(machine)
    tap(machine, "a", "a")
    wait_end(machine, cartridge)


def make_slot(
    text: bytes, beginning: int, temperature: int, seed: int, number: int, size: int = 0x1000
) -> bytes:
    """A slot of battery memory, written after the description in save.py and nothing else."""
    header = bytes([number, temperature]) + b"".join(
        n.to_bytes(2, "little") for n in (seed, beginning, len(text))
    )
    first = second = 0
    for byte in text + header:
        first = (first + byte) % 256
        second = (second + first) % 256
    slot = b"LPT1" + header + bytes([first ^ 0x4C, second ^ 0x50, 0, 0]) + text
    return slot.ljust(size, b"\xa5")


def make_sram(*slots: bytes) -> bytes:
    """128 KB of battery memory with these slots in its last bank, the rest zeros."""
    return bytes(15 * 0x2000) + b"".join(slots).ljust(0x2000, b"\0")
