"""The header of a cartridge, 0x100 to 0x14F: what the console checks before it runs it."""

from dataclasses import dataclass
from typing import Literal

from lilliput.deploy.gameboy.machine.expressions import AssemblyError
from lilliput.deploy.gameboy.machine.memory import MOST_ROM_BANKS, SRAM_BANK_BYTES
from lilliput.errors import FormatError

ENTRY, FREE = 0x100, 0x150
"""The header's first byte, and the first behind it."""
_LOGO = bytes.fromhex(
    "ceed6666cc0d000b03730083000c000d0008111f8889000edccc6ee6ddddd999bbbb67636e0eecccdddc999fbbb9333e"
)  # the console compares it with its own and goes no further where they differ
_MBC5_RAM_BATTERY = 0x1B
_WITH_BATTERY = {0x03, 0x06, 0x09, 0x0D, 0x0F, 0x10, 0x13, 0x1B, 0x1E, 0x22, 0xFF}
"""Kinds of cartridges, of ours and of others, whose memory outlives power-off."""
_COLOR = {"both": 0x80, "only": 0xC0}
_SRAM_SIZES = {1: 2, 4: 3, 16: 4, 8: 5}
"""Banks of battery memory, and the code for as many."""
_TITLE_LETTERS = 11
_NEW_LICENSEE = 0x33
_ROM_SIZE = 0x148
_CHECKED, _CHECKSUM, _WHOLE_CHECKSUM = 0x134, 0x14D, 0x14E


def make_header(
    start: int, title: str, color: Literal["both", "only"], rom_banks: int, sram_banks: int
) -> bytes:
    """The 80 bytes, for code that begins at `start` in bank 0; `seal` adds the checksum of the whole.

    Raises AssemblyError for a title that is not 1 to 11 letters of ASCII and for sizes that none has.
    """
    if not 0 < len(title) <= _TITLE_LETTERS or not all(" " <= letter <= "~" for letter in title):
        raise AssemblyError(f"the title {title!r}: 1 to {_TITLE_LETTERS} letters of ASCII are possible")
    if sram_banks not in _SRAM_SIZES:
        raise AssemblyError(f"{sram_banks} banks of battery memory: {sorted(_SRAM_SIZES)} are possible")
    if rom_banks < 2 or rom_banks > MOST_ROM_BANKS or rom_banks & (rom_banks - 1):
        raise AssemblyError(
            f"{rom_banks} banks of ROM: a power of two from 2 to {MOST_ROM_BANKS} is possible"
        )
    head = bytearray(bytes([0x00, 0xC3, *start.to_bytes(2, "little")]) + _LOGO)  # nop; jp start
    head += title.encode("ascii").ljust(_TITLE_LETTERS, b"\0")
    head += bytes(4)  # a maker's code for the cartridge: none
    head.append(_COLOR[color])
    head += b"00"  # a publisher: none
    head.append(0)  # nothing of the Super Game Boy
    head += bytes([_MBC5_RAM_BATTERY, rom_banks.bit_length() - 2, _SRAM_SIZES[sram_banks]])
    head += bytes([1, _NEW_LICENSEE, 0])  # sold outside Japan, publisher as above, version 0
    head.append(_check(head[_CHECKED - ENTRY :]))
    return bytes(head) + bytes(2)


def make_title(name: str) -> str:
    """A title for the header: the beginning of a model's name in what letters a title may have."""
    letters = "".join(letter if " " <= letter <= "~" else " " for letter in name.upper())
    return " ".join(letters.split())[:_TITLE_LETTERS].strip() or "LILLIPUT"


@dataclass(frozen=True)
class Header:
    """What the header of any cartridge says."""

    title: str
    color: bool
    """It knows of the Color."""
    saved_bytes: int
    """Of memory that outlives power-off."""


def has_mark(head: bytes) -> bool:
    """Whether a file that begins so calls itself a cartridge; `head`: FREE bytes."""
    return head[ENTRY + 4 : _CHECKED] == _LOGO


def read_header(image: bytes) -> Header:
    """The header, as consoles check it. Raises FormatError for what no console would run."""
    if len(image) < FREE:
        raise FormatError(f"{len(image)} bytes: a cartridge has 32,768 or more")
    head = image[ENTRY:FREE]
    if not has_mark(image):
        raise FormatError("no cartridge of a Game Boy: the mark that consoles look for is missing")
    if head[_CHECKSUM - ENTRY] != _check(head[_CHECKED - ENTRY : _CHECKSUM - ENTRY]):
        raise FormatError("a damaged cartridge: its header and the checksum of it differ")
    wanted = 0x8000 << min(image[_ROM_SIZE], 8)
    if len(image) < wanted:
        raise FormatError(f"a cartridge cut short: {len(image):,} of {wanted:,} bytes; copy it again")
    title = head[_CHECKED - ENTRY :][:_TITLE_LETTERS].split(b"\0")[0].decode("ascii", "replace")
    banks = next((banks for banks, code in _SRAM_SIZES.items() if code == head[0x49]), 0)
    return Header(title, bool(head[0x43] & 0x80), banks * SRAM_BANK_BYTES * (head[0x47] in _WITH_BATTERY))


def seal(image: bytearray) -> bytes:
    """The image with the sum of all its bytes, but those two, in its header."""
    image[_WHOLE_CHECKSUM : _WHOLE_CHECKSUM + 2] = bytes(2)
    image[_WHOLE_CHECKSUM : _WHOLE_CHECKSUM + 2] = (sum(image) & 0xFFFF).to_bytes(2, "big")
    return bytes(image)


def _check(head: bytes | bytearray) -> int:
    """The checksum of the header's bytes from the title on."""
    checksum = 0
    for byte in head:
        checksum = (checksum - byte - 1) & 0xFF
    return checksum
