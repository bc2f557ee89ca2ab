"""Game Boys to run cartridges in: PyBoy, and the libretro cores of gambatte and mGBA, behind one interface.

    with open_emulator("gambatte", image) as machine:
        machine.run(60)
        machine.memory(0, 0xC000)

Nothing is written to disk: a cartridge's battery memory goes in and comes out as bytes. PyBoy counts M-cycles
exactly; the others are the second opinion on what a program computes.
"""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lilliput.deploy.gameboy.play.console import BUTTONS, Console


def _load_beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


libretro = _load_beside("libretro")
EMULATORS = ("pyboy", *libretro.CORES)
ROM_BANK, SRAM_BANK, WRAM_BANK = 0x4000, 0x2000, 0x1000


class Emulator(ABC):
    """A console with a cartridge in it, switched on."""

    rom: bytes

    def __enter__(self) -> "Emulator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def run(self, frames: int) -> None:
        """Go on for that many frames, 35,112 M-cycles each at double speed."""

    @abstractmethod
    def press(self, *buttons: str) -> None:
        """Hold these buttons down from now on, and no others."""

    @abstractmethod
    def sram(self) -> bytes:
        """Battery memory, bank after bank."""

    @abstractmethod
    def wram(self) -> bytes:
        """Work memory, bank after bank: 32 KB of a Color, else 8."""

    @abstractmethod
    def screen(self) -> np.ndarray:
        """What it shows: (144, 160, 3), red, green and blue, 0 to 255."""

    @abstractmethod
    def close(self) -> None:
        """Switch off."""

    def memory(self, bank: int, address: int, size: int = 1) -> bytes:
        """Bytes of ROM, battery or work memory, of a bank that need not be the chosen one."""
        for first, length, read in self._regions():
            if first <= address < first + length:
                assert address + size <= first + length, "the bytes go on into another region"
                at, data = bank * length + address - first, read()
                assert at + size <= len(data), f"no such memory is to be read: bank {bank}, {address:#06x}"
                return data[at : at + size]
        raise ValueError(f"only PyBoy lets memory at {address:#06x} be read")

    def _regions(self) -> tuple[tuple[int, int, Callable[[], bytes]], ...]:
        """The first address, the bytes of a bank, and what gives the bytes of all banks."""
        rom = (ROM_BANK, lambda: self.rom)
        work = (WRAM_BANK, self.wram)
        return ((0, *rom), (0x4000, *rom), (0xA000, SRAM_BANK, self.sram), (0xC000, *work), (0xD000, *work))

    def run_until(self, bank: int, address: int, value: int, frames: int) -> int:
        """Run until that byte has that value; how many frames it took. Fails if `frames` are not enough."""
        for frame in range(frames):
            if self.memory(bank, address)[0] == value:
                return frame
            self.run(1)
        raise AssertionError(f"{frames} frames were not enough for {value:#04x} at {address:#06x}")


class PyBoyEmulator(Emulator):
    """PyBoy, with M-cycles and with all of the memory that the processor sees."""

    def __init__(self, rom: bytes, sram: bytes | None, color: bool) -> None:
        self.rom = rom
        self._color = color
        self._console = Console(rom, sram, color)
        self._pyboy = self._console.pyboy

    def run(self, frames: int) -> None:
        self._console.run(frames, draw=True)

    def press(self, *buttons: str) -> None:
        assert set(buttons) <= set(BUTTONS)
        self._console.press(*buttons)

    def sram(self) -> bytes:
        banks = {2: 1, 3: 4, 4: 16, 5: 8}[self.rom[0x149]]
        return b"".join(self._read(bank, 0xA000, SRAM_BANK) for bank in range(banks))

    def wram(self) -> bytes:
        if not self._color:
            return bytes(self._pyboy.memory[0xC000:0xE000])
        return b"".join(self._read(bank, 0xD000 if bank else 0xC000, WRAM_BANK) for bank in range(8))

    def memory(self, bank: int, address: int, size: int = 1) -> bytes:
        if address < 0x8000:
            return super().memory(bank, address, size)
        if 0xA000 <= address < (0xE000 if self._color else 0xC000):
            return self._read(bank, address, size)
        return bytes(self._pyboy.memory[address : address + size])

    def _read(self, bank: int, address: int, size: int) -> bytes:
        return self._console.read(bank, address, size)

    def screen(self) -> np.ndarray:
        return self._console.picture()

    def close(self) -> None:
        self._console.close()

    def watch(self, places: Mapping[str, tuple[int, int]]) -> list[tuple[str, int]]:
        """A list that grows while it runs: when the processor is at one of `places`, its name and the time.

        Places are (bank, address) of instructions, as Rom.symbols gives them; the time is in M-cycles. PyBoy
        puts an instruction of its own there, so code in RAM must have been written before; it never leaves
        one that jumps to itself, and it confuses banks from 255 on.
        """
        seen: list[tuple[str, int]] = []
        for name, place in places.items():
            self._pyboy.hook_register(*self._locate(place), self._note, (seen, name))
        return seen

    def _locate(self, place: tuple[int, int]) -> tuple[int, int]:
        bank, address = place
        assert address < 0xD000, "PyBoy can watch no instruction from 0xD000 on"
        assert bank < 255, "PyBoy can watch no instruction in banks from 255 on"
        return (0 if address >= 0xC000 else bank), address  # code in RAM has the bank it came from

    def _note(self, context: tuple[list[tuple[str, int]], str]) -> None:
        seen, name = context
        seen.append((name, self._console.cycles))

    def cycles_between(self, first: tuple[int, int], last: tuple[int, int], frames: int = 600) -> int:
        """M-cycles from the next time the processor is at `first` until it then comes to `last`.

        Both are (bank, address) of instructions, as Rom.symbols gives them. Fails if `frames` are not enough.
        """
        seen = self.watch({"first": first, "last": last})
        try:
            for _ in range(frames):
                self.run(1)
                names = [name for name, _ in seen]
                if "first" in names and "last" in names[names.index("first") :]:
                    begin = names.index("first")
                    return seen[names.index("last", begin)][1] - seen[begin][1]
        finally:
            for place in (first, last):
                self._pyboy.hook_deregister(*self._locate(place))
        raise AssertionError(f"{frames} frames were not enough to come from {first} to {last}")


class LibretroEmulator(Emulator):
    """A core of libretro; mGBA's shows no work memory."""

    def __init__(self, name: str, rom: bytes, sram: bytes | None, color: bool) -> None:
        self.rom = rom
        self._core = libretro.Core(libretro.find_core(name), rom, color)
        if sram is not None:
            self._core.write(libretro.SRAM, sram)

    def run(self, frames: int) -> None:
        for _ in range(frames):
            self._core.run()

    def press(self, *buttons: str) -> None:
        assert set(buttons) <= set(BUTTONS)
        self._core.held = buttons

    def sram(self) -> bytes:
        return self._core.read(libretro.SRAM)

    def wram(self) -> bytes:
        return self._core.read(libretro.WRAM)

    def screen(self) -> np.ndarray:
        return self._core.picture

    def close(self) -> None:
        self._core.close()


def missing(name: str) -> str:
    """Why that emulator cannot be used here; nothing where it can."""
    if name == "pyboy":
        found = importlib.util.find_spec("pyboy") is not None
        return "" if found else "needs PyBoy: pip install 'lilliput[gameboy]'"
    return "" if libretro.find_core(name) else f"needs {name} (Debian: apt install libretro-{name})"


def open_emulator(name: str, rom: bytes, sram: bytes | None = None, color: bool = True) -> Emulator:
    """A console of EMULATORS with that cartridge; the test that asks is skipped where it is not installed.

    `sram` is what the battery kept. color: a Game Boy Color, or the first Game Boy.
    """
    if reason := missing(name):
        pytest.skip(reason)
    if name == "pyboy":
        return PyBoyEmulator(rom, sram, color)
    return LibretroEmulator(name, rom, sram, color)


def open_pyboy(rom: bytes, sram: bytes | None = None, color: bool = True) -> PyBoyEmulator:
    """PyBoy, for tests that count cycles or look into high memory; skips as open_emulator does."""
    machine = open_emulator("pyboy", rom, sram, color)
    assert isinstance(machine, PyBoyEmulator)
    return machine
