"""The SM83's 500 instructions: how each is spelt, its bytes, and how long it takes.

Operands are spelt as Debian's `sdasgb` spells them, except `ld hl, sp+s`, which it calls `ldhl sp, s`. An
operand is a word that stands for itself (`a`, `(hl+)`, `nz`), the decimal number of a bit or of a `rst`, or
one of IMMEDIATES.
"""

from collections.abc import Iterator
from dataclasses import dataclass

IMMEDIATES = {
    "n": ("byte", 1),
    "nn": ("word", 2),
    "(nn)": ("word", 2),
    "(n)": ("page", 1),
    "far": ("jump", 2),
    "near": ("relative", 1),
    "s": ("signed", 1),
    "sp+s": ("signed", 1),
}
"""Operands written into the bytes: what they hold (see block.encode), and how many bytes they take.

n a byte, nn a word, (nn) memory there, (n) memory at 0xFF00 + n, far where to jump, near the same within the
reach of a signed byte, s a signed byte, sp+s the stack pointer and a signed byte.
"""
CONDITIONS = ("nz", "z", "nc", "c")
_BYTES = ("b", "c", "d", "e", "h", "l", "(hl)", "a")
_PAIRS = ("bc", "de", "hl", "sp")
_STACKED = ("bc", "de", "hl", "af")
_POINTERS = ("(bc)", "(de)", "(hl+)", "(hl-)")
_SUMS = ("add", "adc", "sub", "sbc", "and", "xor", "or", "cp")
_TURNS = ("rlc", "rrc", "rl", "rr", "sla", "sra", "swap", "srl")


@dataclass(frozen=True)
class Instruction:
    """One form of one instruction."""

    mnemonic: str
    operands: tuple[str, ...]
    opcode: bytes
    """The bytes before the immediate operand."""
    cycles: int
    """M-cycles; of a conditional jump, when it is taken."""
    not_taken: int
    """M-cycles of a conditional jump that is not taken; of others, the same as `cycles`."""

    @property
    def immediate(self) -> int | None:
        """Which operand is written behind the opcode; None where none is."""
        return next((at for at, operand in enumerate(self.operands) if operand in IMMEDIATES), None)

    @property
    def length(self) -> int:
        """Bytes, with the immediate operand."""
        at = self.immediate
        return len(self.opcode) + (0 if at is None else IMMEDIATES[self.operands[at]][1])

    def __str__(self) -> str:
        return f"{self.mnemonic} {', '.join(self.operands)}".rstrip()


def _make(spelling: str, opcode: int, cycles: int, not_taken: int | None = None) -> Instruction:
    """`spelling` is the mnemonic and the operands, with spaces between."""
    mnemonic, *operands = spelling.split(" ")
    code = bytes([0xCB, opcode & 0xFF]) if opcode > 0xFF else bytes([opcode])
    return Instruction(mnemonic, tuple(operands), code, cycles, cycles if not_taken is None else not_taken)


def _iter_loads() -> Iterator[Instruction]:
    for to, target in enumerate(_BYTES):
        slow = target == "(hl)"
        yield _make(f"ld {target} n", 0x06 + 8 * to, 3 if slow else 2)
        for of, source in enumerate(_BYTES):
            if not (slow and source == "(hl)"):  # that one is halt
                yield _make(f"ld {target} {source}", 0x40 + 8 * to + of, 2 if slow or source == "(hl)" else 1)
    for at, pair in enumerate(_PAIRS):
        yield _make(f"ld {pair} nn", 0x01 + 16 * at, 3)
    for at, pointer in enumerate(_POINTERS):
        yield _make(f"ld {pointer} a", 0x02 + 16 * at, 2)
        yield _make(f"ld a {pointer}", 0x0A + 16 * at, 2)
    for at, pair in enumerate(_STACKED):
        yield _make(f"pop {pair}", 0xC1 + 16 * at, 3)
        yield _make(f"push {pair}", 0xC5 + 16 * at, 4)
    yield _make("ld (nn) a", 0xEA, 4)
    yield _make("ld a (nn)", 0xFA, 4)
    yield _make("ld (nn) sp", 0x08, 5)
    yield _make("ld sp hl", 0xF9, 2)
    yield _make("ld hl sp+s", 0xF8, 3)
    yield _make("ldh (n) a", 0xE0, 3)
    yield _make("ldh a (n)", 0xF0, 3)
    yield _make("ldh (c) a", 0xE2, 2)
    yield _make("ldh a (c)", 0xF2, 2)


def _iter_sums() -> Iterator[Instruction]:
    for what, mnemonic in enumerate(_SUMS):
        yield _make(f"{mnemonic} a n", 0xC6 + 8 * what, 2)
        for of, source in enumerate(_BYTES):
            yield _make(f"{mnemonic} a {source}", 0x80 + 8 * what + of, 2 if source == "(hl)" else 1)
    for of, target in enumerate(_BYTES):
        cycles = 3 if target == "(hl)" else 1
        yield _make(f"inc {target}", 0x04 + 8 * of, cycles)
        yield _make(f"dec {target}", 0x05 + 8 * of, cycles)
    for at, pair in enumerate(_PAIRS):
        yield _make(f"inc {pair}", 0x03 + 16 * at, 2)
        yield _make(f"dec {pair}", 0x0B + 16 * at, 2)
        yield _make(f"add hl {pair}", 0x09 + 16 * at, 2)
    yield _make("add sp s", 0xE8, 4)
    for what, mnemonic in enumerate(("rlca", "rrca", "rla", "rra", "daa", "cpl", "scf", "ccf")):
        yield _make(mnemonic, 0x07 + 8 * what, 1)


def _iter_bits() -> Iterator[Instruction]:
    for of, target in enumerate(_BYTES):
        slow = target == "(hl)"
        for what, mnemonic in enumerate(_TURNS):
            yield _make(f"{mnemonic} {target}", 0x100 + 8 * what + of, 4 if slow else 2)
        for bit in range(8):
            yield _make(f"bit {bit} {target}", 0x140 + 8 * bit + of, 3 if slow else 2)
            yield _make(f"res {bit} {target}", 0x180 + 8 * bit + of, 4 if slow else 2)
            yield _make(f"set {bit} {target}", 0x1C0 + 8 * bit + of, 4 if slow else 2)


def _iter_jumps() -> Iterator[Instruction]:
    for at, condition in enumerate(CONDITIONS):
        yield _make(f"jr {condition} near", 0x20 + 8 * at, 3, 2)
        yield _make(f"ret {condition}", 0xC0 + 8 * at, 5, 2)
        yield _make(f"jp {condition} far", 0xC2 + 8 * at, 4, 3)
        yield _make(f"call {condition} far", 0xC4 + 8 * at, 6, 3)
    yield _make("jr near", 0x18, 3)
    yield _make("ret", 0xC9, 4)
    yield _make("reti", 0xD9, 4)
    yield _make("jp far", 0xC3, 4)
    yield _make("jp (hl)", 0xE9, 1)
    yield _make("call far", 0xCD, 6)
    for vector in range(0, 64, 8):
        yield _make(f"rst {vector}", 0xC7 + vector, 4)
    for mnemonic, opcode in {"nop": 0x00, "halt": 0x76, "di": 0xF3, "ei": 0xFB}.items():
        yield _make(mnemonic, opcode, 1)
    # the processor reads the byte behind it and throws it away
    yield Instruction("stop", (), bytes([0x10, 0x00]), 1, 1)


INSTRUCTIONS = (*_iter_loads(), *_iter_sums(), *_iter_jumps(), *_iter_bits())
"""All: 244 of one byte before the immediate operand (`stop` has two), 256 behind the prefix 0xCB."""
MNEMONICS = frozenset(form.mnemonic for form in INSTRUCTIONS)
SHORT_SUMS = frozenset(_SUMS)
"""Those that may be written without `a`: `and 15` is `and a, 15`."""
WORDS = frozenset(
    word for form in INSTRUCTIONS for word in form.operands if word not in IMMEDIATES and not word.isdecimal()
)
"""Operands that stand for themselves; no label can have such a name."""
