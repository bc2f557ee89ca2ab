"""Tables of phrasings, and what becomes of a line of one.

A table maps a kind of event to lines, one phrasing a line:

    {A} lost {a.his} {t.noun} [near|behind] the gate.
    >I lost my {t.noun}!

Alternatives between square brackets are all expanded. A line that begins with ">" is what the actor
says; a frame such as `{A} said, "…"` is drawn for it. `{A}` and `{a}` are the actor as subject (name or
pronoun), `{B} {b} {C} {c}` others, `{t} {T}` the thing, `{p}` being at the place, `{x}` the extra; every
other slot is an attribute (see refer.py) or a time phrase (`{Day}`, `{Next}`, `{Soon}`).
"""

import itertools
import re
from typing import NamedTuple

MENTIONS = ("ref", "Ref", "name", "Name", "intro", "first", "poss", "nom")
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_SHORT = {
    "{A}": "{a.Ref}", "{a}": "{a.ref}", "{B}": "{b.Ref}", "{b}": "{b.ref}", "{C}": "{c.Ref}",
    "{c}": "{c.ref}", "{t}": "{t.the}", "{T}": "{t.The}", "{p}": "{p.at}",
}  # fmt: skip


class Phrasing(NamedTuple):
    """One way to tell an event: alternatives of equal meaning, and what they mention.

    `ending` is empty, or the mark ("." "?" "!") that ends what the actor says;
    `calls_b` is true where the actor speaks to `b` by name.
    """

    texts: tuple[str, ...]
    names_a: bool
    names_b: bool
    names_c: bool
    ending: str
    calls_b: bool


class Phrasings(NamedTuple):
    """The ways to tell a kind of event: all of them, and those in which nobody speaks."""

    all: tuple[Phrasing, ...]
    quiet: tuple[Phrasing, ...]


def _expand(line: str) -> tuple[str, ...]:
    parts = _BRACKETS.split(line)  # texts at even places, alternatives at odd ones
    options = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
    return tuple("".join(choice) for choice in itertools.product(*options))


def _mentions(line: str, letter: str) -> bool:
    return any("{" + letter + "." + form + "}" in line for form in MENTIONS)


def compile_line(line: str) -> Phrasing:
    """The phrasing that a line of a table stands for."""
    for short, full in _SHORT.items():
        line = line.replace(short, full)
    ending = ""
    if line.startswith(">"):
        line, ending = line[1:-1], line[-1]
    return Phrasing(
        _expand(line),
        bool(ending) or _mentions(line, "a"),
        _mentions(line, "b"),
        _mentions(line, "c"),
        ending,
        bool(ending) and "{b.call}" in line,
    )


def compile_table(table: dict[str, str]) -> dict[str, Phrasings]:
    """The phrasings of every kind of event in a table."""
    compiled = {}
    for kind, lines in table.items():
        phrasings = tuple(compile_line(line.strip()) for line in lines.strip().splitlines())
        quiet = tuple(p for p in phrasings if not p.ending and '"' not in p.texts[0])
        compiled[kind] = Phrasings(phrasings, quiet)
    return compiled
