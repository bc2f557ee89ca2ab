"""Expressions in assembly: numbers, names, arithmetic on whole numbers, and what only the linker knows.

    0x1F  0b101  31  'A'   table  .loop   + - * / % & | ^ ~ << >> ( )   lo(x) hi(x)   bank(l) load(s) size(s)

Operators bind as in C; `/` rounds toward minus infinity. lo and hi are the low and high byte of 16 bits. bank
is the number of the bank in which a label lies, load where a section's bytes begin in its bank, size their
count.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lilliput.errors import LilliputError

Tree = int | str | tuple[str, "Tree"] | tuple[str, "Tree", "Tree"]
"""A number, a label, or an operation with its operands."""

_TOKEN = re.compile(r"\s*(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+|'[^']'|\.?[A-Za-z_][\w.]*|<<|>>|[-+*/%&|^~()])")
_LEVELS = (("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))
"""Operators of two operands, the loosest first."""
_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "|": operator.or_,
    "^": operator.xor,
    "&": operator.and_,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
    "%": operator.mod,
}
_UNARY: dict[str, Callable[[int], int]] = {
    "minus": operator.neg,
    "~": operator.invert,
    "lo": lambda value: value & 0xFF,
    "hi": lambda value: value >> 8 & 0xFF,
}
_OF_LINKER = ("bank", "load", "size")


class AssemblyError(LilliputError):
    """Assembly that has no meaning, or code and data that do not fit where they are to lie."""


class Lookup(Protocol):
    """What a linker knows. Each raises AssemblyError for a name that does not exist."""

    def address(self, label: str) -> int:
        """Where the label is when its code runs."""

    def bank(self, label: str) -> int:
        """The bank of the ROM in which the label's section lies."""

    def load(self, section: str) -> int:
        """The address of the section's bytes in the ROM."""

    def size(self, section: str) -> int:
        """Bytes of the section."""

    def check(self, kind: str, tree: Tree) -> None:
        """Refuse what cannot be meant, by the kind of what the expression becomes (see block.encode)."""


@dataclass
class _Parser:
    tokens: list[str]
    constants: Mapping[str, int]
    scope: str
    """The global label to which local ones belong; empty before the first."""
    reserved: frozenset[str]

    def _next(self) -> str:
        if not self.tokens:
            raise AssemblyError("the expression ends too early")
        return self.tokens.pop(0)

    def _expect(self, wanted: str) -> None:
        found = self._next()
        if found != wanted:
            raise AssemblyError(f"{wanted!r} expected, not {found!r}")

    def parse(self, level: int = 0) -> Tree:
        if level == len(_LEVELS):
            return self._parse_operand()
        left = self.parse(level + 1)
        while self.tokens and self.tokens[0] in _LEVELS[level]:
            operation = self._next()
            left = _apply((operation, left, self.parse(level + 1)))
        return left

    def _parse_operand(self) -> Tree:
        token = self._next()
        if token[0].isdigit():
            return int(token, 0) if token[:2].lower() in ("0x", "0b") else int(token)
        if token[0] == "'":
            return ord(token[1])
        if token == "(":
            inner = self.parse()
            self._expect(")")
            return inner
        if token in "+-~":
            value = self._parse_operand()
            return value if token == "+" else _apply(("minus" if token == "-" else token, value))
        if token in (*_UNARY, *_OF_LINKER):
            return self._parse_function(token)
        if token[0] in "._" or token[0].isalpha():
            return self._name(token)
        raise AssemblyError(f"a number or a name expected, not {token!r}")

    def _parse_function(self, name: str) -> Tree:
        self._expect("(")
        inner = self.parse()
        self._expect(")")
        if name in _OF_LINKER and not isinstance(inner, str):
            raise AssemblyError(f"{name}() takes the name of a {'label' if name == 'bank' else 'section'}")
        return _apply((name, inner))

    def _name(self, name: str) -> Tree:
        if name in self.constants:
            return self.constants[name]
        if name in self.reserved:
            raise AssemblyError(f"{name} is a word of the processor and can be no part of an expression")
        return qualify(name, self.scope)


def qualify(name: str, scope: str) -> str:
    """The whole name of a label: a local one begins with a dot and belongs to the global label `scope`."""
    if not name.startswith("."):
        return name
    if not scope:
        raise AssemblyError(f"the local label {name} needs a label without a dot before it")
    return scope + name


def parse(
    text: str, constants: Mapping[str, int], scope: str = "", reserved: frozenset[str] = frozenset()
) -> Tree:
    """The expression in `text`, computed as far as numbers and constants go.

    scope: the global label to which local ones belong; reserved: words that are no labels.
    Raises AssemblyError that says what was wrong with it.
    """
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise AssemblyError(f"no expression: {text[at:].strip()!r}")
        tokens.append(found.group(1))
        at = found.end()
    parser = _Parser(tokens, constants, scope, reserved)
    tree = parser.parse()
    if parser.tokens:
        raise AssemblyError(f"nothing more expected after the expression, not {parser.tokens[0]!r}")
    return tree


def evaluate(tree: Tree, lookup: Lookup) -> int:
    """The number that `tree` stands for, once it is known where everything lies."""
    if isinstance(tree, int):
        return tree
    if isinstance(tree, str):
        return lookup.address(tree)
    if tree[0] in _OF_LINKER:
        return int(getattr(lookup, tree[0])(tree[1]))
    return _compute(tree[0], [evaluate(inner, lookup) for inner in tree[1:]])


def _apply(tree: tuple[str, Tree] | tuple[str, Tree, Tree]) -> Tree:
    """The number, where the operands are numbers; else the tree as it is."""
    operation, *values = tree
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) < len(values) or operation in _OF_LINKER:
        return tree
    return _compute(operation, numbers)


def _compute(operation: str, numbers: list[int]) -> int:
    if len(numbers) == 1:
        return _UNARY[operation](numbers[0])
    if operation in ("/", "%") and numbers[1] == 0:
        raise AssemblyError("a division by zero")
    if operation in ("<<", ">>") and not 0 <= numbers[1] <= 32:
        raise AssemblyError(f"a shift by {numbers[1]}: 0 to 32 are possible")
    return _OPERATORS[operation](*numbers)
