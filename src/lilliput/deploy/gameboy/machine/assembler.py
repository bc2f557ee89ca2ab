"""Text of SM83 assembly to a Block of bytes.

    start:  ld   hl, table + 2*8     ; a comment
    .loop:  ld   a, (hl+)            ; .loop belongs to start; elsewhere it is start.loop
            jr   nz, .loop
            call far_label           ; may lie in another block: the linker finds it
            .byte 1, 'A', lo(table), hi(table), bank(table)
            .word table, -1
            .fill 16, 0xFF           ; 16 bytes; 0 where no second number is given

Mnemonics, registers and directives are in small letters; opcodes.py lists every form, expressions.py what an
operand may be. Two short spellings are known: `and 15` for `and a, 15` (and so all eight of its kind), `ldh`
with either 0x80 or 0xFF80. The registers of memory.py are known by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lilliput.deploy.gameboy.machine.block import Block, Listed, Relocation, encode
from lilliput.deploy.gameboy.machine.expressions import AssemblyError, Tree, parse, qualify
from lilliput.deploy.gameboy.machine.memory import REGISTERS
from lilliput.deploy.gameboy.machine.opcodes import (
    IMMEDIATES,
    INSTRUCTIONS,
    MNEMONICS,
    SHORT_SUMS,
    WORDS,
    Instruction,
)

__all__ = ["AssemblyError", "Block", "assemble"]

_LABEL = re.compile(r"\s*(\.?[A-Za-z_]\w*)\s*:")
_STACK_AND = re.compile(r"sp\s*([+-].*)")
_CODE = re.compile(r"((?:[^;']|'[^']'|')*?)(?:;.*)?$")
_DIRECTIVES = {".byte": "byte", ".word": "word"}


def _shape(operand: str) -> str:
    """A form's operand, with all that an expression may stand for made equal."""
    if operand in WORDS:
        return operand
    return {"(n)": "(*)", "(nn)": "(*)", "sp+s": "sp+*"}.get(operand, "*")


_FORMS: dict[tuple[str, ...], list[Instruction]] = {}
for _form in INSTRUCTIONS:
    _FORMS.setdefault((_form.mnemonic, *map(_shape, _form.operands)), []).append(_form)


def assemble(text: str, constants: Mapping[str, int] | None = None, name: str = "assembly") -> Block:
    """The block that `text` describes; `constants` name numbers, `name` is the block's own in messages.

    Raises AssemblyError, which names the line and what was wrong with it.
    """
    known = {**REGISTERS, **(constants or {})}
    work = _Assembly(known)
    for number, line in enumerate(text.splitlines(), 1):
        work.place = f"{name}, line {number} ({line.strip()})"
        try:
            work.add_line(line)
        except AssemblyError as error:
            raise AssemblyError(f"{work.place}: {error}") from None
    return work.finish()


@dataclass
class _Assembly:
    constants: Mapping[str, int]
    data: bytearray = field(default_factory=bytearray)
    labels: dict[str, int] = field(default_factory=dict)
    relocations: list[Relocation] = field(default_factory=list)
    listing: list[Listed] = field(default_factory=list)
    scope: str = ""
    place: str = ""

    def add_line(self, line: str) -> None:
        code = _CODE.match(line)
        assert code is not None
        rest = code.group(1)
        while found := _LABEL.match(rest):
            self._add_label(found.group(1))
            rest = rest[found.end() :]
        if not rest.strip():
            return
        word, operands = (*rest.split(maxsplit=1), "")[:2]
        if word in MNEMONICS:
            self._add_instruction(word, split_operands(operands))
        elif word.startswith("."):
            self._add_directive(word, split_operands(operands))
        else:
            raise AssemblyError(f"no instruction {word!r}")

    def finish(self) -> Block:
        """Jumps inside the block are settled here: where it will lie makes no difference to them."""
        left = []
        for one in self.relocations:
            target = _offset(one.tree, self.labels) if one.kind == "relative" else None
            if target is None:
                left.append(one)
                continue
            try:
                self.data[one.offset : one.offset + 1] = encode("relative", target - one.offset - 1)
            except AssemblyError as error:
                raise AssemblyError(f"{one.place}: {error}") from None
        return Block(bytes(self.data), self.labels, tuple(left), tuple(self.listing))

    def _add_label(self, name: str) -> None:
        if name in WORDS or name in MNEMONICS or name in self.constants:
            what = "a constant" if name in self.constants else "a word of the processor"
            raise AssemblyError(f"no label can be called {name}: that is {what}")
        whole = qualify(name, self.scope)
        if whole in self.labels:
            raise AssemblyError(f"the label {whole} exists already")
        self.labels[whole] = len(self.data)
        if not name.startswith("."):
            self.scope = name

    def _add_directive(self, word: str, operands: list[str]) -> None:
        if word in _DIRECTIVES and operands:
            for operand in operands:
                self._emit(_DIRECTIVES[word], self._parse(operand))
        elif word == ".fill" and len(operands) in (1, 2):
            count = self._parse(operands[0])
            if not isinstance(count, int) or count < 0:
                raise AssemblyError(".fill needs a count of bytes that is known here: 0 or more")
            value = self._parse(operands[1]) if len(operands) > 1 else 0
            for _ in range(count):
                self._emit("byte", value)
        elif word in (*_DIRECTIVES, ".fill"):
            raise AssemblyError(
                f"{word} needs {'one or two' if word == '.fill' else 'at least one'} expression(s)"
            )
        else:
            raise AssemblyError(f"no directive {word!r}; there are {', '.join(_DIRECTIVES)}, .fill")

    def _add_instruction(self, mnemonic: str, operands: list[str]) -> None:
        if mnemonic in SHORT_SUMS and len(operands) == 1:
            operands = ["a", *operands]
        shapes, expressions = zip(*map(_split_shape, operands), strict=True) if operands else ((), ())
        forms = _FORMS.get((mnemonic, *shapes))
        if forms is None:
            raise AssemblyError(_say_forms(mnemonic, operands))
        form = forms[0]
        if len(forms) > 1:  # bit, res, set, rst: the number is a part of the opcode
            form = self._choose(forms, expressions[shapes.index("*")])
        at = form.immediate
        tree = None if at is None else self._parse(expressions[at])
        text = " ".join([mnemonic, ", ".join(operands)]).rstrip()
        self.listing.append(Listed(len(self.data), text, form.cycles, form.not_taken))
        self.data += form.opcode
        if at is not None and tree is not None:
            self._emit(IMMEDIATES[form.operands[at]][0], tree)

    def _choose(self, forms: list[Instruction], expression: str) -> Instruction:
        number = self._parse(expression)
        numbers = {next(word for word in form.operands if word.isdecimal()): form for form in forms}
        if str(number) not in numbers:
            raise AssemblyError(f"{forms[0].mnemonic} takes one of {', '.join(numbers)}, not {expression}")
        return numbers[str(number)]

    def _parse(self, text: str) -> Tree:
        return parse(text, self.constants, self.scope, WORDS)

    def _emit(self, kind: str, tree: Tree) -> None:
        if isinstance(tree, int) and kind != "relative":
            self.data += encode(kind, tree)
            return
        self.relocations.append(Relocation(len(self.data), kind, tree, self.place))
        self.data += bytes(2 if kind in ("word", "jump") else 1)


def _offset(tree: Tree, labels: Mapping[str, int]) -> int | None:
    """The offset for which `tree` stands, if it is one of `labels`, or that and a number."""
    if isinstance(tree, str):
        return labels.get(tree)
    if isinstance(tree, tuple) and len(tree) == 3 and isinstance(tree[2], int) and tree[0] in "+-":
        label = _offset(tree[1], labels)
        return None if label is None else label + (tree[2] if tree[0] == "+" else -tree[2])
    return None


def _split_shape(operand: str) -> tuple[str, str]:
    """An operand's shape (see _shape), and the expression in it."""
    if operand in WORDS:
        return operand, ""
    if (found := _STACK_AND.fullmatch(operand)) is not None:
        return "sp+*", found.group(1)
    if operand.startswith("(") and _closing(operand) == len(operand) - 1:
        return "(*)", operand[1:-1]
    return "*", operand


def _closing(text: str) -> int:
    """Where the parenthesis closes that `text` begins with; -1 where it does not."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return at
    return -1


def split_operands(text: str) -> list[str]:
    """What commas separate. Raises AssemblyError where a comma has nothing beside it."""
    if not text.strip():
        return []
    found = [part.strip() for part in re.split(r",(?!')", text)]
    if not all(found):
        raise AssemblyError("an operand is missing beside a comma")
    return found


def _say_forms(mnemonic: str, operands: list[str]) -> str:
    """What was wrong with operands: the forms with the same first one, or all, if they are few."""
    forms = [form for form in INSTRUCTIONS if form.mnemonic == mnemonic]
    like = [form for form in forms if operands and form.operands[:1] == (operands[0],)] or forms
    said = "; ".join(map(str, like[:12])) + ("; …" if len(like) > 12 else "")
    return f"no {mnemonic} with {', '.join(operands) or 'no operand'}; there are: {said}"
