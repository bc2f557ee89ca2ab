"""What a person sees: results on stdout, everything about the work on stderr."""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def say(message: str) -> None:
    """A line about the work, on stderr."""
    print(message, file=sys.stderr, flush=True)


def print_json(values: Any) -> None:
    """A result for scripts."""
    print(json.dumps(values, indent=2, ensure_ascii=False))


def print_facts(facts: Mapping[str, Any]) -> None:
    """A result for people: a name and a value a line."""
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:<{width}}  {_show(value)}")


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for people; numbers stand right."""
    table = Table(box=None, pad_edge=False, header_style="")
    for column, heading in enumerate(headings):
        numbers = bool(rows) and all(isinstance(row[column], int | float) for row in rows)
        table.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_show, row))
    Console(highlight=False, markup=False).print(table)


def print_groups(headings: Sequence[str], groups: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """A table for people in groups, each under its title; every column but the first two is numbers."""
    table = Table(box=None, pad_edge=False, header_style="")
    for column, heading in enumerate(headings):
        table.add_column(heading, justify="right" if column > 1 else "left", overflow="fold")
    for title, rows in groups.items():
        table.add_row(title)
        for row in rows:
            table.add_row(f"  {row[0]}", *map(_show, row[1:]))
    Console(highlight=False, markup=False).print(table)


def command_name() -> str:
    """How the person called us, so that a suggested command works as pasted."""
    called = Path(sys.argv[0])
    if called.name == "lilliput":
        return _shortest(called)
    return f"{_shortest(Path(sys.executable))} -m lilliput"


def _shortest(program: Path) -> str:
    """The name of a program that a shell here finds: bare if it is on the PATH, else with its folder."""
    found = shutil.which(program.name)
    if found and os.path.abspath(found) == os.path.abspath(program):  # links differ: a venv's Python is one
        return program.name
    near = os.path.relpath(program)
    return near if len(near) < len(str(program)) else str(program)


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4f}" if abs(value) >= 0.001 else f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
