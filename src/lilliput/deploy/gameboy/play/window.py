"""A cartridge, ours or another, in a window of PyBoy, with a person at the keys."""

import io
import os
from pathlib import Path
from typing import Any

from lilliput.deploy.gameboy.machine.header import read_header
from lilliput.deploy.gameboy.play.console import import_pyboy, tick
from lilliput.errors import LilliputError
from lilliput.rundir import atomic_write

KEYS = "arrows; A: a, B: s, START: return, SELECT: backspace; space: hurry, escape: off"
_UNSEEN = {"offscreen", "dummy", "evdev"}
"""What SDL draws into where there is no display."""


def find_save(rom: Path) -> Path:
    """Where the battery's memory is kept: beside the ROM, in the form and by the name that others use too."""
    return rom.with_suffix(".sav")


def play_in_window(rom: Path, image: bytes, scale: int, sound: bool) -> None:
    """Play until the window is closed; every dot of the screen is scale x scale.

    What find_save names is read first; it is written at the end, also behind Ctrl-C, where the cartridge has
    a battery and its memory is no longer the same. Raises LilliputError where there is no display, and where
    the memory that was kept is another cartridge's.
    """
    save, size = find_save(rom), read_header(image).saved_bytes
    before = save.read_bytes() if size and save.is_file() else bytes(size)
    if len(before) < size:
        raise LilliputError(
            f"{save} has {len(before):,} bytes, and this cartridge keeps {size:,}: move it away"
        )
    boy = _open(image, before[:size], scale, sound)
    after = io.BytesIO()
    try:
        _require_display()
        while tick(boy):
            pass
    finally:
        boy.stop(ram_file=after, rtc_file=io.BytesIO())
        if size and after.getvalue() != before[:size]:
            with atomic_write(save) as file:
                file.write(after.getvalue() + before[size:])  # behind it, some emulators keep a clock


def _open(image: bytes, sram: bytes, scale: int, sound: bool) -> Any:
    """PyBoy with its window."""
    pyboy = import_pyboy()
    saved = io.BytesIO(sram) if sram else None
    try:
        return pyboy(
            io.BytesIO(image),
            ram_file=saved,
            window="SDL2",
            scale=scale,
            sound_emulated=sound,
            log_level="CRITICAL",
        )
    except Exception as error:
        raise LilliputError(
            f"PyBoy cannot open it: {' '.join(map(str, error.args))}; --text and --png need no display"
        ) from error


def _require_display() -> None:
    """Raise LilliputError where nobody sees the window that was opened, unless that was asked for."""
    from sdl2 import SDL_GetCurrentVideoDriver

    driver = (SDL_GetCurrentVideoDriver() or b"").decode()
    if driver in _UNSEEN and "SDL_VIDEODRIVER" not in os.environ:
        raise LilliputError("there is no display for a window: --text and --png need none")
