"""A Game Boy on this computer: PyBoy without a window, one frame after another, times in M-cycles."""

import io
import signal
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from lilliput.deploy.gameboy.info_block import Place
from lilliput.errors import MissingExtraError

BUTTONS = ("a", "b", "select", "start", "right", "left", "up", "down")
FRAMES_A_SECOND = 59.7275
"""What a screen shows in a second of the console's time."""
_CARRY = 0x10
_FOLLOWED_BANKS = 255


def import_pyboy() -> Any:
    """The class PyBoy. Raises MissingExtraError where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells which SDL it found
        try:
            from pyboy import PyBoy
        except ImportError:
            raise MissingExtraError("a Game Boy on this computer", "gameboy") from None
    return PyBoy


def tick(boy: Any, frames: int = 1, draw: bool = True) -> bool:
    """Let a PyBoy go on for that many frames; false once its window was closed.

    Ctrl-C waits until they are over: within, PyBoy would print it and forget it.
    """
    if threading.current_thread() is not threading.main_thread():
        return bool(boy.tick(frames, draw))
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        runs = bool(boy.tick(frames, draw))
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt
    return runs


class Console:
    """A console with a cartridge in it, switched on. Nothing is written to disk."""

    def __init__(self, rom: bytes, sram: bytes | None = None, color: bool = True) -> None:
        """`sram`: what the battery kept, bank after bank; color: a Game Boy Color, or the first Game Boy."""
        saved = None if sram is None else io.BytesIO(sram)
        self.pyboy = import_pyboy()(
            io.BytesIO(rom), ram_file=saved, window="null", cgb=color, sound_emulated=False, log_level="ERROR"
        )
        self.pyboy.set_emulation_speed(0)
        self._held: set[str] = set()

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, frames: int = 1, draw: bool = False) -> None:
        """Go on for that many frames, 35,112 M-cycles each at double speed; `picture` shows those drawn."""
        tick(self.pyboy, frames, draw)

    def press(self, *buttons: str) -> None:
        """Hold these of BUTTONS down from now on, and no others."""
        for button in sorted(self._held - set(buttons)):
            self.pyboy.button_release(button)
        for button in sorted(set(buttons) - self._held):
            self.pyboy.button_press(button)
        self._held = set(buttons)

    def read(self, bank: int, address: int, size: int = 1) -> bytes:
        """Bytes of battery or work memory, of a bank that need not be the chosen one."""
        memory, last = self.pyboy.memory, address + size - 1  # its slices refuse the last byte of a bank
        return bytes([*(memory[bank, address:last] if size > 1 else []), memory[bank, last]]) if size else b""

    def write(self, bank: int, address: int, data: bytes) -> None:
        """Put bytes into battery or work memory, of a bank that need not be the chosen one."""
        for at, byte in enumerate(data, address):
            self.pyboy.memory[bank, at] = byte

    @property
    def cycles(self) -> int:
        """M-cycles since it was switched on."""
        return int(self.pyboy._cycles()) // 4

    @property
    def carry(self) -> bool:
        """Whether the processor's carry is set; of use in what `watch` calls."""
        return bool(self.pyboy.register_file.F & _CARRY)

    @property
    def de(self) -> int:
        """The processor's registers D and E; of use in what `watch` calls."""
        registers = self.pyboy.register_file
        return int(registers.D) << 8 | int(registers.E)

    def watch(self, place: Place, call: Callable[[], None]) -> None:
        """Call `call` each time the processor is at the instruction at `place`, which lies in the ROM."""
        bank, address = place
        if bank >= _FOLLOWED_BANKS:
            raise ValueError(f"PyBoy can watch no instruction in banks from {_FOLLOWED_BANKS} on")
        self.pyboy.hook_register(bank, address, lambda _: call(), None)

    def picture(self) -> np.ndarray:
        """The frame that was drawn last: (144, 160, 3), red, green and blue, 0 to 255."""
        return np.array(self.pyboy.screen.ndarray[:, :, :3])

    def close(self) -> None:
        """Switch off."""
        self.pyboy.stop(save=False)
