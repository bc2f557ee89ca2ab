r"""The cuts of a pre-tokenizer as tables of states, which C follows without a regular-expression engine.

A table says of each state and each class of characters which state comes next, and whether what was
read so far is a match; so a match that depends on the character behind it, as in `\s+(?!\S)`, needs no
going back. As in Hugging Face's engine, the first of the alternatives that match wins, and a repetition
takes what it can.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lilliput.errors import FormatError
from lilliput.tokens.character_sets import POINTS, Members, members_of
from lilliput.tokens.expression import Node

MATCH = 0x8000  # in a cell: the text up to here, seen with the next character, is a match
START = 1  # the first state; 0 is none
MOST_ATOMS = 127
_MOST_STATES = 4096
_MOST_STEPS = 10_000
_MOST_SETS = 60

State = tuple[int, ...]  # steps of a program, the preferred first


@dataclass(frozen=True)
class Cuts:
    """Stages of cutting, over one partition of the characters."""

    atoms: NDArray[np.uint8]  # (POINTS,) the class of each code point
    n_atoms: int
    tables: tuple[
        NDArray[np.uint16], ...
    ]  # (states, n_atoms + 1) each; the last column is the end of the text

    def covers(self, stage: int) -> bool:
        """Whether every text is cut in matches, with nothing between them (sufficient, not necessary)."""
        table = self.tables[stage]
        after = table[table[START, : self.n_atoms] & ~np.uint16(MATCH)]
        return bool((after & MATCH).all())


def compile_cuts(patterns: list[Node], same: tuple[int, int] | None = None) -> Cuts:
    """The tables of parsed patterns; with `same`, the first code point counts as the second.

    Raises FormatError for a pattern that matches nothing at all (""), or is too large.
    """
    programs = [_compile(pattern) for pattern in patterns]
    names = sorted({step[1] for program in programs for step in program if step[0] in ("set", "look")})
    if len(names) > _MOST_SETS:
        raise FormatError(
            f"the pre-tokenizer names {len(names)} sets of characters: too many for a tokenizer image"
        )
    codes = np.zeros(POINTS, dtype=np.uint64)
    for bit, name in enumerate(names):
        codes |= _members(name, same).astype(np.uint64) << np.uint64(bit)
    starts = np.flatnonzero(np.diff(codes, prepend=codes[:1] ^ np.uint64(1)))
    kinds, atoms = np.unique(codes[starts], return_inverse=True)
    if len(kinds) > MOST_ATOMS:
        raise FormatError(
            f"the pre-tokenizer tells {len(kinds)} classes of characters apart: too many for an image"
        )
    holds = {name: [bool(int(kind) >> bit & 1) for kind in kinds] for bit, name in enumerate(names)}
    return Cuts(
        atoms=np.repeat(atoms.astype(np.uint8), np.diff(starts, append=POINTS)),
        n_atoms=len(kinds),
        tables=tuple(_Determinizer(program, holds, len(kinds)).table() for program in programs),
    )


def _members(name: str, same: tuple[int, int] | None) -> Members:
    members = members_of(name)
    if same is not None:
        members = members.copy()
        members[same[0]] = members[same[1]]
    return members


Step = tuple[str, str, int, int, bool]  # what, which set, where next, other way, negative


def _compile(pattern: Node) -> list[Step]:
    """The steps of `pattern`; the last stands for its entry, the first for a match."""
    program: list[Step] = [("match", "", 0, 0, False)]
    entry = _append(program, pattern, 0)
    program.append(("split", "", entry, entry, False))
    return program


def _add(program: list[Step], step: Step) -> int:
    if len(program) >= _MOST_STEPS:
        raise FormatError("the pre-tokenizer's regular expression is too large for a tokenizer image")
    program.append(step)
    return len(program) - 1


def _append(program: list[Step], node: Node, then: int) -> int:
    """Append the steps of `node`, which lead on to step `then`; returns where they begin."""
    if node.kind == "set":
        return _add(program, ("set", node.name, then, 0, False))
    if node.kind == "look":
        return _add(program, ("look", node.name, then, 0, node.negative))
    if node.kind == "sequence":
        for part in reversed(node.parts):
            then = _append(program, part, then)
        return then
    if node.kind == "either":
        entry = _append(program, node.parts[-1], then)
        for part in reversed(node.parts[:-1]):
            entry = _add(program, ("split", "", _append(program, part, then), entry, False))
        return entry
    return _append_repetition(program, node, then)


def _append_repetition(program: list[Step], node: Node, then: int) -> int:
    (part,) = node.parts
    if node.most is None:
        loop = _add(program, ("split", "", 0, then, False))
        program[loop] = ("split", "", _append(program, part, loop), then, False)
        then = loop
    else:
        leave = then
        for _ in range(node.most - node.least):
            then = _add(program, ("split", "", _append(program, part, then), leave, False))
    for _ in range(node.least):
        then = _append(program, part, then)
    return then


class _Determinizer:
    """From steps that are taken side by side to states, each of which is a list of steps."""

    def __init__(self, program: list[Step], holds: dict[str, list[bool]], n_atoms: int) -> None:
        self._program = program
        self._holds = holds
        self._n_atoms = n_atoms

    def table(self) -> NDArray[np.uint16]:
        """(states, atoms + 1), state 0 being the end; raises FormatError if "" matches."""
        start = self._reach([len(self._program) - 1])
        numbers: dict[State, int] = {(): 0, start: START}
        rows = [[0] * (self._n_atoms + 1)]
        waiting = [start]
        for state in waiting:  # grows meanwhile
            row = []
            for atom in range(self._n_atoms + 1):
                after, matched = self._step(state, atom)
                if after not in numbers:
                    numbers[after] = len(numbers)
                    waiting.append(after)
                row.append(numbers[after] | (MATCH if matched else 0))
            rows.append(row)
            if len(numbers) > _MOST_STATES:
                raise FormatError(
                    "the pre-tokenizer's regular expression has too many states for a tokenizer image"
                )
        if any(cell & MATCH for cell in rows[START]):
            raise FormatError(
                "the pre-tokenizer's regular expression matches the empty text, which no image can say"
            )
        return np.array(rows, dtype=np.uint16)

    def _reach(self, steps: list[int]) -> State:
        """Where one gets from `steps` without reading or looking, preferred first."""
        found: dict[int, None] = {}
        seen: set[int] = set()
        stack = steps[::-1]
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            what, _, then, other, _ = self._program[at]
            if what == "split":
                stack += [other, then]
            else:
                found[at] = None
        return tuple(found)

    def _step(self, state: State, atom: int) -> tuple[State, bool]:
        """The state after a character of class `atom` (the last: the end); is there a match before it?"""
        at_end = atom == self._n_atoms
        after: list[int] = []
        seen: set[int] = set()
        stack = list(state[::-1])
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            what, name, then, _, negative = self._program[at]
            if what == "match":
                return self._reach(after), True  # what is less preferred has lost
            inside = not at_end and self._holds[name][atom]
            if what == "look":
                if inside != negative:
                    stack += self._reach([then])[::-1]
            elif inside:
                after.append(then)
        return self._reach(after), False
