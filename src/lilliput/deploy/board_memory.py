"""Does a model fit on a board? What it takes of flash and RAM, held against what boards have.

What an SDK or a framework takes for itself is not counted, and comes on top.
"""

import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lilliput.deploy.csource import working_bytes
from lilliput.errors import ConfigError
from lilliput.quantize.intmodel import IntModel, shorten

_CODE_BYTES = 16_384
"""Allowed for the code of story.c, tell.c and a main(); a test holds what compilers make of them under it."""
_LAYER_BYTES = 288
"""Allowed for a layer's struct, with pointers of four bytes."""
_WORD_IDS = 64
"""Ids that tell.c has room for, beside those of the context."""
_STEP = 64
_KILO = 1024
_TYPE = re.compile(r"typedef u?int(\d+)_t (\w+);")
_ARRAY = re.compile(r"^static const (\w+) \w+(?:\[\w+\])+ = (\{[^;]*\});", re.MULTILINE)
_NUMBER = re.compile(r"\b\d+")  # the 4 of LP_4(...) is none


@dataclass(frozen=True)
class Memory:
    """What a board has for a program and for its variables, in bytes."""

    title: str
    flash: int
    ram: int
    source: str
    """Where the figures are from."""
    option: str = ""
    """What chooses this board when the project is built."""
    constants_in_ram: bool = False
    """Its linker script has the program and its constants copied into RAM too."""


PICO = Memory(
    "Raspberry Pi Pico",
    2048 * _KILO,
    256 * _KILO,
    "pico-sdk, `rp2040/memmap_default.ld`: 264 KB, 8 of them for stacks",
)
PICO_2 = Memory(
    "Raspberry Pi Pico 2",
    4096 * _KILO,
    512 * _KILO,
    "pico-sdk, `rp2350/memmap_default.ld`: 520 KB, 8 of them for stacks",
    "-DPICO_BOARD=pico2",
)
MPS2 = Memory("Arm MPS2, as QEMU has it", 4096 * _KILO, 4096 * _KILO, "the project's own `mps2.ld`")
OF_ARDUINO = (
    replace(PICO, option="-e pico"),
    Memory(
        "ESP32",
        1280 * _KILO,
        160 * _KILO,
        "arduino-esp32, `partitions/default.csv`; ESP-IDF, Memory Types: the most for static variables",
        "-e esp32",
    ),
    Memory(
        "ESP32-C3",
        1280 * _KILO,
        320 * _KILO,
        "arduino-esp32, `partitions/default.csv`; PlatformIO, `esp32-c3-devkitm-1.json`",
        "-e esp32-c3",
    ),
    Memory(
        "Teensy 4.1",
        7936 * _KILO,
        512 * _KILO,
        "its core's `imxrt1062_t41.ld`: program and constants are copied into this RAM",
        "-e teensy41",
        constants_in_ram=True,
    ),
    Memory("Nucleo F446RE", 512 * _KILO, 128 * _KILO, "PlatformIO, `nucleo_f446re.json`", "-e nucleo_f446re"),
)
"""Boards of platformio.ini, by the names that it gives them."""


@dataclass(frozen=True)
class Need:
    """What a project takes, in bytes; RAM without constants."""

    flash: int
    ram: int

    def on(self, memory: Memory) -> "Fit":
        """The same beside what a board has."""
        return Fit(memory, self.flash, self.ram + (self.flash if memory.constants_in_ram else 0))


@dataclass(frozen=True)
class Fit:
    """What a project takes on a board, in bytes."""

    memory: Memory
    flash: int
    ram: int

    @property
    def has_flash(self) -> bool:
        """Whether there is as much."""
        return self.flash <= self.memory.flash

    @property
    def has_ram(self) -> bool:
        """Whether there is as much."""
        return self.ram <= self.memory.ram

    @property
    def fits(self) -> bool:
        """Whether the board has enough of both."""
        return self.has_flash and self.has_ram

    def __str__(self) -> str:
        memory = self.memory
        text = (
            f"{memory.title}: {self.flash:,} of {memory.flash:,} bytes of flash, {self.ram:,} of "
            f"{memory.ram:,} of RAM"
        )
        return text if self.fits else f"{text}: it does not fit"


def measure_need(model: IntModel, source: str) -> Need:
    """What the project of a model takes whose story.c is `source`."""
    code = _CODE_BYTES + _LAYER_BYTES * len(model.layers)
    return Need(count_constants(source) + code, _ram(model))


def count_constants(source: str) -> int:
    """Bytes of all arrays of numbers in C source."""
    size = {f"{sign}int{bits}_t": bits // 8 for sign in ("", "u") for bits in (8, 16, 32)}
    size |= {name: int(bits) // 8 for bits, name in _TYPE.findall(source)}
    return sum(size[kind] * len(_NUMBER.findall(numbers)) for kind, numbers in _ARRAY.findall(source))


def require_room(model: IntModel, need: Need, memories: Sequence[Memory]) -> list[Fit]:
    """What is taken on each board. Raises ConfigError, with what to do, where it fits on none."""
    found = [need.on(memory) for memory in memories]
    if any(fit.fits for fit in found):
        return found
    told = "; ".join(map(str, found))
    raise ConfigError(f"{told}. {_advise(model, need, found)}")


def _advise(model: IntModel, need: Need, found: Sequence[Fit]) -> str:
    """What to do, for the board that comes nearest: with flash enough, and the most RAM."""
    best = max(found, key=lambda fit: (fit.has_flash, fit.memory.ram - fit.ram))
    ways = []
    if not best.has_ram:
        longest = _longest_context(model, best.memory.ram - (best.ram - need.ram))
        ways += [f"--context {longest}"] if longest else []
        ways.append("lilliput quantize with --set value_bits=4 --set key_bits=4")
    if not best.has_flash:
        ways = ["lilliput quantize with --to int4"]
    return f"For {best.memory.title} take {', or '.join([*ways, 'a smaller model'])}"


def _ram(model: IntModel) -> int:
    return working_bytes(model) + 2 * (model.config.context + _WORD_IDS)


def _longest_context(model: IntModel, room: int) -> int:
    """Most positions of a story in so many bytes, 0 for less than 2, in steps that leave libraries room."""
    contexts = range(2, model.config.context + 1)
    count = bisect(contexts, room, key=lambda context: _ram(shorten(model, context)))
    return max(count + 1 - (count + 1) % _STEP, 2) if count else 0
