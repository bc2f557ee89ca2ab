"""The map of a Game Boy Color with an MBC5 cartridge: registers by name, and room handed out in regions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lilliput.deploy.gameboy.machine.expressions import AssemblyError

REGISTERS: Mapping[str, int] = MappingProxyType(
    {
        # the cartridge's controller (MBC5): written to, inside the ROM's addresses
        **{"rRAMG": 0x0000, "rROMB0": 0x2000, "rROMB1": 0x3000, "rRAMB": 0x4000},
        # buttons, serial line, divider and timer, interrupt flags
        **{"rP1": 0xFF00, "rSB": 0xFF01, "rSC": 0xFF02, "rDIV": 0xFF04, "rTIMA": 0xFF05, "rTMA": 0xFF06},
        **{"rTAC": 0xFF07, "rIF": 0xFF0F, "rIE": 0xFFFF},
        # sound: the whole of it is switched off by NR52
        **{"rNR10": 0xFF10, "rNR11": 0xFF11, "rNR12": 0xFF12, "rNR13": 0xFF13, "rNR14": 0xFF14},
        **{"rNR50": 0xFF24, "rNR51": 0xFF25, "rNR52": 0xFF26},
        # screen
        **{"rLCDC": 0xFF40, "rSTAT": 0xFF41, "rSCY": 0xFF42, "rSCX": 0xFF43, "rLY": 0xFF44, "rLYC": 0xFF45},
        **{"rDMA": 0xFF46, "rBGP": 0xFF47, "rOBP0": 0xFF48, "rOBP1": 0xFF49, "rWY": 0xFF4A, "rWX": 0xFF4B},
        # the Color's own: speed, banks of video and work memory, copying, palettes
        **{"rKEY1": 0xFF4D, "rVBK": 0xFF4F, "rSVBK": 0xFF70},
        **{"rHDMA1": 0xFF51, "rHDMA2": 0xFF52, "rHDMA3": 0xFF53, "rHDMA4": 0xFF54, "rHDMA5": 0xFF55},
        **{"rBCPS": 0xFF68, "rBCPD": 0xFF69, "rOCPS": 0xFF6A, "rOCPD": 0xFF6B},
    }
)
"""Addresses of registers by their usual names; every assembly knows them."""

CYCLES_A_SECOND = 2_097_152
"""M-cycles at double speed; half as many at the speed of the first Game Boy."""
ROM_BANK_BYTES, MOST_ROM_BANKS = 0x4000, 512
SRAM_BANK_BYTES, MOST_SRAM_BANKS = 0x2000, 16
WRAM_BANK_BYTES, WRAM_BANKS = 0x1000, 8

SWITCHED_ROM = 0x4000
"""Banks 1 to 511 of the ROM are seen from here up to 0x7FFF; bank 0 lies below."""


@dataclass
class Area:
    """A region of memory whose bytes are handed out from its beginning on."""

    name: str
    first: int
    size: int
    taken: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Names and their (address, bytes)."""

    def take(self, name: str, size: int, align: int = 1) -> int:
        """The address of `size` bytes, a multiple of `align`, that no other name has.

        Raises AssemblyError for a name that was given before, and where no room is left.
        """
        if name in self.taken:
            raise AssemblyError(f"{self.name} has room for {name} already")
        address = -(-self.next_free // align) * align
        left = self.first + self.size - address
        if size > left:
            raise AssemblyError(
                f"{self.name} has no room for {name}: {size} bytes wanted, {max(left, 0)} left"
            )
        self.taken[name] = (address, size)
        return address

    @property
    def next_free(self) -> int:
        """The address behind all that was handed out."""
        return max((address + size for address, size in self.taken.values()), default=self.first)

    @property
    def constants(self) -> dict[str, int]:
        """Names and addresses, for an assembly."""
        return {name: address for name, (address, _) in self.taken.items()}


def make_wram(bank: int) -> Area:
    """Bank 0 of work memory, always seen from 0xC000; or 1 to 7, seen from 0xD000 when rSVBK says so."""
    if not 0 <= bank < WRAM_BANKS:
        raise AssemblyError(f"work memory has banks 0 to {WRAM_BANKS - 1}, not {bank}")
    return Area(f"bank {bank} of work memory", 0xD000 if bank else 0xC000, WRAM_BANK_BYTES)


def make_sram(bank: int) -> Area:
    """A bank of the cartridge's battery memory, seen from 0xA000 when rRAMB says so."""
    if not 0 <= bank < MOST_SRAM_BANKS:
        raise AssemblyError(f"battery memory has banks 0 to {MOST_SRAM_BANKS - 1}, not {bank}")
    return Area(f"bank {bank} of battery memory", 0xA000, SRAM_BANK_BYTES)


def make_hram() -> Area:
    """The 127 bytes that `ldh` reaches."""
    return Area("high memory", 0xFF80, 0x7F)
