"""A cartridge: sections placed in banks of 16 KB and linked, with the header that consoles read.

    rom = Rom(entry="start")
    rom.place("main", assemble("start: ..."), bank=0)    # bank 0 is always seen
    rom.place("rows", Block.of(data))                    # any bank of 1 to 511, as the linker likes
    image = rom.link()                                   # then rom.symbols["start"] == (0, address)

The processor begins at `entry` in bank 0. Interrupts and `rst` begin at fixed addresses below 0x68: place
code there with `address=`. A section that is copied into RAM before it runs is placed with `run_at=`, where
it will run: its labels are addresses there, and load(section), bank(section), size(section) say what to copy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from lilliput.deploy.gameboy.machine.block import Block, relocate
from lilliput.deploy.gameboy.machine.expressions import AssemblyError, Tree
from lilliput.deploy.gameboy.machine.header import ENTRY, FREE, make_header, seal
from lilliput.deploy.gameboy.machine.memory import MOST_ROM_BANKS, ROM_BANK_BYTES, SWITCHED_ROM

_EMPTY = 0xFF  # as an erased flash chip; as code it is `rst 56`, so a jump astray is seen there
_VECTORS = 0x68  # rst and interrupts begin below it


@dataclass
class Section:
    """A block with a name, and where it lies once the ROM is linked."""

    name: str
    block: Block
    wanted_bank: int | None
    align: int
    wanted_address: int | None
    run_at: int | None
    bank: int = 0
    address: int = 0
    """Of the first byte, as the processor sees it when its bank is chosen."""

    @property
    def runs_at(self) -> int:
        """The address of the first byte when the code runs."""
        return self.address if self.run_at is None else self.run_at


@dataclass
class Rom:
    """Sections on their way to be a cartridge with 128 KB of battery memory or less."""

    entry: str
    title: str = "LILLIPUT"
    color: Literal["both", "only"] = "both"
    """Whether it runs on the first Game Boy too."""
    sram_banks: int = 16
    """Banks of 8 KB of battery memory: 1, 4, 8 or 16."""
    sections: dict[str, Section] = field(default_factory=dict)
    symbols: dict[str, tuple[int, int]] = field(default_factory=dict)
    """After `link`: labels and names of sections, and their (bank, address); of code in RAM, that in RAM."""

    def place(
        self,
        name: str,
        block: Block,
        bank: int | None = None,
        align: int = 1,
        address: int | None = None,
        run_at: int | None = None,
    ) -> None:
        """Add a section: to bank 0, to bank 1 to 511, or (None) to any of the latter that has room.

        It begins at a multiple of `align`, or at `address`. Raises AssemblyError for what cannot be.
        """
        if name in self.sections:
            raise AssemblyError(f"there is a section {name} already")
        if bank is not None and not 0 <= bank < MOST_ROM_BANKS:
            raise AssemblyError(f"section {name}: banks are 0 to {MOST_ROM_BANKS - 1}, not {bank}")
        if address is not None and bank is None:
            raise AssemblyError(f"section {name}: an address needs a bank beside it")
        if align < 1 or ROM_BANK_BYTES % align:
            raise AssemblyError(f"section {name}: aligned to {align}, which is no power of two up to 16384")
        if len(block) > ROM_BANK_BYTES:
            raise AssemblyError(
                f"section {name}: {len(block)} bytes, and a bank has {ROM_BANK_BYTES}: divide it"
            )
        self.sections[name] = Section(name, block, bank, align, address, run_at)

    def link(self) -> bytes:
        """The image: a power of two of banks, two at least.

        Raises AssemblyError for a section that does not fit, a label that is missing or double, a value out
        of its range, and a jump from one switched bank into another.
        """
        banks = _lay_out(list(self.sections.values()))
        self._collect_symbols()
        count = max(2, 1 << max(banks).bit_length())
        image = bytearray([_EMPTY]) * (count * ROM_BANK_BYTES)
        for section in self.sections.values():
            data = relocate(section.block, section.runs_at, _From(self, section))
            at = section.bank * ROM_BANK_BYTES + section.address % ROM_BANK_BYTES
            image[at : at + len(data)] = data
        bank, start = self._find(self.entry)
        if bank != 0:
            raise AssemblyError(f"the entry {self.entry} lies in bank {bank}: it must lie in bank 0")
        image[ENTRY:FREE] = make_header(start, self.title, self.color, count, self.sram_banks)
        return seal(image)

    def free_bytes(self) -> dict[int, int]:
        """Bytes left in bank 0 and in each bank that has a section, as `link` would place them."""
        return {bank: gaps.left for bank, gaps in _lay_out(list(self.sections.values())).items()}

    def _collect_symbols(self) -> None:
        self.symbols.clear()
        for section in self.sections.values():
            names = {name: section.runs_at + at for name, at in section.block.labels.items()}
            for name, address in {section.name: section.runs_at, **names}.items():
                known = self.symbols.get(name)
                if known is not None and known != (section.bank, address):
                    raise AssemblyError(
                        f"section {section.name}: the label {name} exists already; rename one"
                    )
                self.symbols[name] = (section.bank, address)

    def _find(self, name: str) -> tuple[int, int]:
        if name not in self.symbols:
            raise AssemblyError(f"there is no label {name}")
        return self.symbols[name]


@dataclass(frozen=True)
class _From:
    """What a section's expressions may ask (see expressions.Lookup)."""

    rom: Rom
    section: Section

    def address(self, label: str) -> int:
        return self.rom._find(label)[1]

    def bank(self, label: str) -> int:
        return self.rom._find(label)[0]

    def load(self, section: str) -> int:
        return self._section(section).address

    def size(self, section: str) -> int:
        return len(self._section(section).block)

    def check(self, kind: str, tree: Tree) -> None:
        """A jump must not lead from one switched bank into another, which cannot be seen from there."""
        if kind not in ("jump", "relative") or not isinstance(tree, str):
            return
        bank, address = self.rom._find(tree)
        here = self.section
        if here.run_at is None and here.bank and bank not in (0, here.bank) and address < 2 * SWITCHED_ROM:
            raise AssemblyError(f"a jump from bank {here.bank} to {tree} in bank {bank}: go by way of bank 0")

    def _section(self, name: str) -> Section:
        if name not in self.rom.sections:
            raise AssemblyError(f"there is no section {name}")
        return self.rom.sections[name]


@dataclass
class _Gaps:
    """Free bytes of a bank, as (first, behind the last)."""

    free: list[tuple[int, int]]

    @property
    def left(self) -> int:
        return sum(last - first for first, last in self.free)

    @property
    def longest(self) -> int:
        return max((last - first for first, last in self.free), default=0)

    def take(self, size: int, align: int, at: int | None) -> int | None:
        """Where `size` bytes lie from now on; None where there is no room."""
        for number, (first, last) in enumerate(self.free):
            begin = -(-first // align) * align if at is None else at
            if first <= begin and begin + size <= last:
                rest = [(first, begin), (begin + size, last)]
                self.free[number : number + 1] = [gap for gap in rest if gap[0] < gap[1]]
                return begin
        return None


def _lay_out(sections: list[Section]) -> dict[int, _Gaps]:
    """Give every section its bank and address: those that name an address first, then a bank, then others."""
    gaps = {0: _Gaps([(0, ENTRY), (FREE, ROM_BANK_BYTES)])}
    for section in sections:
        if section.wanted_address is not None:
            _put(section, section.wanted_bank or 0, gaps)
    gaps[0].free = [(max(first, _VECTORS), last) for first, last in gaps[0].free if last > _VECTORS]
    for section in sections:
        if section.wanted_address is None and section.wanted_bank is not None:
            _put(section, section.wanted_bank, gaps)
    for section in sorted(_iter_homeless(sections), key=lambda one: -len(one.block)):
        _put_anywhere(section, gaps)
    return gaps


def _iter_homeless(sections: list[Section]) -> Iterator[Section]:
    return (section for section in sections if section.wanted_bank is None)


def _gaps_of(bank: int, gaps: dict[int, _Gaps]) -> _Gaps:
    return gaps.setdefault(bank, _Gaps([(SWITCHED_ROM, SWITCHED_ROM + ROM_BANK_BYTES)]))


def _put(section: Section, bank: int, gaps: dict[int, _Gaps]) -> None:
    room = _gaps_of(bank, gaps)
    address = room.take(len(section.block), section.align, section.wanted_address)
    if address is None:
        where = "" if section.wanted_address is None else f" at {section.wanted_address:#06x}"
        raise AssemblyError(
            f"section {section.name} does not fit into bank {bank}{where}: "
            f"{len(section.block)} bytes wanted, {room.left} left, {room.longest} of them together"
        )
    section.bank, section.address = bank, address


def _put_anywhere(section: Section, gaps: dict[int, _Gaps]) -> None:
    for bank in range(1, MOST_ROM_BANKS):
        address = _gaps_of(bank, gaps).take(len(section.block), section.align, None)
        if address is not None:
            section.bank, section.address = bank, address
            return
    left = sum(room.left for bank, room in gaps.items() if bank)
    raise AssemblyError(
        f"section {section.name} fits into no bank: {len(section.block)} bytes wanted, {left} left in all of "
        f"{MOST_ROM_BANKS - 1} banks, never so many together"
    )
