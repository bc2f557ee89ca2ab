"""Pieces of code or data before it is known where they will lie."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lilliput.deploy.gameboy.machine.expressions import AssemblyError, Lookup, Tree, evaluate

_RANGES = {
    "byte": (1, -0x80, 0xFF),
    "signed": (1, -0x80, 0x7F),
    "relative": (1, -0x80, 0x7F),
    "page": (1, 0, 0xFFFF),
    "word": (2, -0x8000, 0xFFFF),
    "jump": (2, 0, 0xFFFF),
}
"""Kinds of what an expression becomes: bytes, the least value, the greatest."""


@dataclass(frozen=True)
class Relocation:
    """Bytes of a block that are known only when it is known where everything lies."""

    offset: int
    kind: str
    """byte, signed, page (memory from 0xFF00), word, jump (a word too), relative (to the byte behind it)."""
    tree: Tree
    place: str
    """Where it stands in the source, for messages."""


@dataclass(frozen=True)
class Listed:
    """An instruction as it was assembled."""

    offset: int
    text: str
    cycles: int
    not_taken: int


@dataclass(frozen=True)
class Block:
    """Bytes, offsets of labels in them, what the linker has to fill in, and the instructions among them."""

    data: bytes = b""
    labels: Mapping[str, int] = field(default_factory=dict)
    relocations: tuple[Relocation, ...] = ()
    instructions: tuple[Listed, ...] = ()

    @staticmethod
    def of(data: bytes, labels: Mapping[str, int] | None = None) -> "Block":
        """Bytes that are final, with labels at offsets in them where they are wanted."""
        return Block(bytes(data), dict(labels or {}))

    @staticmethod
    def join(blocks: Iterable["Block"]) -> "Block":
        """One behind the other. Raises AssemblyError where two have the same label."""
        data, labels = bytearray(), dict[str, int]()
        relocations, instructions = list[Relocation](), list[Listed]()
        for block in blocks:
            at = len(data)
            for name, offset in block.labels.items():
                if name in labels:
                    raise AssemblyError(f"two blocks that are joined both have the label {name}: rename one")
                labels[name] = at + offset
            relocations += (Relocation(at + r.offset, r.kind, r.tree, r.place) for r in block.relocations)
            instructions += (Listed(at + i.offset, i.text, i.cycles, i.not_taken) for i in block.instructions)
            data += block.data
        return Block(bytes(data), labels, tuple(relocations), tuple(instructions))

    def __add__(self, other: "Block") -> "Block":
        return Block.join((self, other))

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        return True

    def cycles(self, first: str | None = None, last: str | None = None, taken: bool = False) -> int:
        """M-cycles of the instructions from label `first` up to label `last`, each run once.

        Without labels, those of the whole block. Conditional jumps count as not taken unless `taken`.
        Raises AssemblyError for a label that the block does not have.
        """
        chosen = self._between(first, last)
        return sum(one.cycles if taken else one.not_taken for one in chosen)

    def _between(self, first: str | None, last: str | None) -> Iterator[Listed]:
        for name in (first, last):
            if name is not None and name not in self.labels:
                raise AssemblyError(
                    f"the block has no label {name}; it has {', '.join(self.labels) or 'none'}"
                )
        begin = 0 if first is None else self.labels[first]
        end = len(self.data) if last is None else self.labels[last]
        return (one for one in self.instructions if begin <= one.offset < end)


def encode(kind: str, value: int) -> bytes:
    """`value` as bytes of that kind, low byte first; of kind relative, the distance itself.

    Raises AssemblyError for a value that they cannot hold.
    """
    size, least, greatest = _RANGES[kind]
    if kind == "page" and 0x100 <= value < 0xFF00:
        raise AssemblyError(f"{value:#06x} is no address of 0xFF00 to 0xFFFF, to which ldh reaches")
    if not least <= value <= greatest:
        if kind == "relative":
            raise AssemblyError(
                f"a relative jump of {value} bytes: {least} to {greatest} are possible; use jp"
            )
        raise AssemblyError(f"{value} does not fit: {least} to {greatest} are possible")
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def relocate(block: Block, address: int, lookup: Lookup) -> bytes:
    """The bytes of `block` when it runs at `address`.

    Raises AssemblyError, which names the line, for a label that does not exist or a value that does not fit.
    """
    data = bytearray(block.data)
    for one in block.relocations:
        try:
            lookup.check(one.kind, one.tree)
            value = evaluate(one.tree, lookup)
            if one.kind == "relative":
                value -= address + one.offset + 1
            encoded = encode(one.kind, value)
        except AssemblyError as error:
            raise AssemblyError(f"{one.place}: {error}") from None
        data[one.offset : one.offset + len(encoded)] = encoded
    return bytes(data)
