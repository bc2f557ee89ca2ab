"""A cartridge's machine code as text: a row of a matrix, read from the ROM as the processor reads it."""

from dataclasses import dataclass

from lilliput.deploy.gameboy.cartridge import Cartridge
from lilliput.deploy.gameboy.machine.memory import ROM_BANK_BYTES, SWITCHED_ROM
from lilliput.deploy.gameboy.machine.opcodes import IMMEDIATES, INSTRUCTIONS, Instruction

SHOWN_OF_A_TABLE = 19


@dataclass(frozen=True)
class Line:
    """An instruction where it lies."""

    address: int
    data: bytes
    form: Instruction

    @property
    def value(self) -> int:
        """The number in it."""
        return int.from_bytes(self.data[len(self.form.opcode) :], "little")

    @property
    def text(self) -> str:
        """As the assembler takes it."""
        words = []
        for operand in self.form.operands:
            kind, size = IMMEDIATES.get(operand, ("", 0))
            number = self.value + (0xFF00 if kind == "page" else 0)
            shown = f"0x{number:0{4 if kind == 'page' else 2 * size}X}"
            words.append((f"({shown})" if "(" in operand else shown) if kind else operand)
        return f"{self.form.mnemonic:4} {', '.join(words)}"


def read_line(image: bytes, bank: int, address: int) -> Line:
    """The instruction there."""
    at = bank * ROM_BANK_BYTES + address - SWITCHED_ROM
    form = next(form for form in INSTRUCTIONS if image.startswith(form.opcode, at))
    return Line(address, image[at : at + form.length], form)


def follow(image: bytes, bank: int, address: int) -> list[Line]:
    """A matrix's code from its first instruction to the return, through the banks."""
    lines: list[Line] = []
    while not lines or lines[-1].form.mnemonic != "ret":
        line = read_line(image, bank, address)
        lines.append(line)
        address += len(line.data)
        if line.form.mnemonic in ("jp", "jr"):  # over a gap, or at the beginning of the next bank
            address = line.value if line.form.mnemonic == "jp" else address + line.value
        if line.data == b"\xea\x00\x20":  # rROMB0, which A was loaded for
            bank = lines[-2].value
    return lines


@dataclass(frozen=True)
class Table:
    """Where a table of signed sums begins, and whose sums it has."""

    first: int
    inputs: list[int]
    half: bool

    def find(self, address: int) -> list[tuple[int, int]]:
        """(input, sign) of the entry at that address."""
        entry, walk = (address - self.first) // 2, len(self.inputs) - self.half
        signs = [1 if entry >> j & 1 else -1 for j in range(walk)] + [1] * self.half
        return list(zip(self.inputs, signs, strict=True))

    def holds(self, address: int) -> bool:
        """Whether an entry is there."""
        return self.first <= address < self.first + (2 << len(self.inputs) - self.half)


def find_tables(lines: list[Line], x: int) -> tuple[list[Table], list[int]]:
    """Tables of a matrix of bytes from `x` on, and in which line the filling of each begins."""
    tables, begins, asked = [], [], list[int]()
    for number, line in enumerate(lines):
        if line.text.startswith("ld   a, (0x"):
            asked.append(line.value - x)
        elif line.text.startswith("ld   sp, 0x") and asked and asked[0] == asked[-1] and len(asked) > 2:
            count = 0
            while not lines[number + 1 + count].text.startswith(("ld   sp, 0x", "ld   a, (0x")):
                count += 1
            pushed = sum(one.form.mnemonic == "push" for one in lines[number + 1 : number + 1 + count])
            half = pushed < 1 << len(asked) - 1
            tables.append(Table(line.value - 2 * pushed, asked[:-1], half))
            begins.append(number)
            asked = []
    return tables, begins


def list_row(cartridge: Cartridge, matrix: str, row: int, weights: list[int]) -> tuple[str, str]:
    """The code of a row of the output matrix, and the beginning of the filling of its first table.

    Raises ValueError where the code does not amount to `weights`.
    """
    lines = follow(cartridge.image, *find_entry(cartridge, matrix))
    tables, begins = find_tables(lines, cartridge.places.x)
    ends = [cartridge.places.logits + 2 * number + 2 for number in (row - 1, row)]
    first, last = (
        next(at for at, line in enumerate(lines) if line.text == f"ld   sp, 0x{end:04X}") + 2 for end in ends
    )
    shown, said = describe(lines[first:last], tables, len(weights))
    if said != weights:
        raise ValueError(f"the listing of row {row} is not the model's row")
    walk = lines[begins[0] : begins[0] + SHOWN_OF_A_TABLE]
    return shown, "\n".join(f"{line.address:04X}  {line.text:20} {line.form.cycles:2}" for line in walk)


def find_entry(cartridge: Cartridge, matrix: str) -> tuple[int, int]:
    """Where the matrix's code begins, as its routine in bank 0 has it: ld (stack), sp; ld a, bank; …; jp."""
    at = cartridge.symbols[matrix][1]
    return cartridge.image[at + 4], int.from_bytes(cartridge.image[at + 9 : at + 11], "little")


def describe(lines: list[Line], tables: list[Table], columns: int) -> tuple[str, list[int]]:
    """The listing, a lookup a line, with what is looked up beside it; and the weights that it amounts to."""
    text, weights, run, at = list[str](), [0] * columns, list[list[int]](), 0
    while at < len(lines):
        line, count, note = lines[at], 1, ""
        found = [number for number, table in enumerate(tables) if table.holds(line.value)]
        if line.text.startswith("ld   sp") and found:
            count = 2 if lines[at + 1].text == "pop  hl" else 3
            signs = tables[found[0]].find(line.value)
            note = f"T{found[0]}: " + " ".join(f"{'-+'[sign > 0]}x{column}" for column, sign in signs)
            vector = [0] * columns
            for column, sign in signs:
                vector[column] = sign
            run.append(vector)
        elif line.text == "add  hl, hl":
            run, note = [[2 * one for one in vector] for vector in run], "all so far counts twice"
        elif line.form.mnemonic == "xor":
            count = 6
            weights = [w - sum(v[c] for v in run) for c, w in enumerate(weights)]
            run, note = [], "0 less all that, put by"
        elif line.text == "add  hl, bc":
            note = "with what was put by"
        elif line.text.startswith("ld   sp"):
            count, note = 2, "the sum, to where logits lie"
        part = lines[at : at + count]
        code = "; ".join(one.text.replace("    ", " ").replace("   ", " ").replace("  ", " ") for one in part)
        cycles = sum(one.form.cycles for one in part)
        text.append(f"{line.address:04X}  {code:34} {cycles:2}  {note}")
        at += count
    weights = [w + sum(v[c] for v in run) for c, w in enumerate(weights)]
    total = sum(line.form.cycles for line in lines)
    text.append(f"{'':39} {total:3}  M-cycles, {len(weights)} weights")
    return "\n".join(text), weights
