"""metrics.jsonl and diary.md: what a run writes down about itself."""

import json
from pathlib import Path
from typing import Any

from lilliput.errors import FormatError
from lilliput.rundir import write_text

Row = dict[str, Any]

HELD_BACK_NATS, HELD_BACK_BITS = "held_back_nats_per_token", "held_back_bits_per_byte"
"""Of a row between two steps that holds a score of held-back stories, and no story."""

FIRST_SAMPLE = 25_000
"""Tokens after which the diary's second story is told; each later one after twice as many."""


def next_sample_after(tokens: int) -> int:
    """The next token count at which a story is told."""
    mark = FIRST_SAMPLE
    while mark <= tokens:
        mark *= 2
    return mark


def append_row(path: Path, row: Row) -> None:
    """Add one row; a killed writer leaves at most its last line cut, which `read_rows` forgives."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def read_rows(path: Path) -> list[Row]:
    """All whole rows; a last line that was cut by a kill is left out."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            raise FormatError(f"{path}, line {number}: not JSON") from None
    return rows


def rewind_rows(path: Path, step: int, *, keep_story: bool) -> None:
    """Drop the rows at or behind `step`, which a resumed run is going to write again.

    A score taken just before `step` stays, and with `keep_story` the story told there.
    """

    def is_kept(row: Row) -> bool:
        between = HELD_BACK_NATS in row or ("story" in row and keep_story)
        return bool(row["step"] < (step + 1 if between else step))

    kept = [row for row in read_rows(path) if is_kept(row)]
    write_text(path, "".join(json.dumps(row) + "\n" for row in kept))


def write_diary(path: Path, prompt: str, rows: list[Row]) -> None:
    """diary.md from the rows that hold a story: the same beginning, told at growing steps."""
    parts = [f'# Diary\n\nThe same beginning, "{prompt}", as the model grows.\n']
    for row in rows:
        if "story" in row:
            score = f", {row['bits_per_byte']:.3f} bits per byte" if "bits_per_byte" in row else ""
            quoted = "\n".join(f"> {line}".rstrip() for line in row["story"].split("\n"))
            when = f"after {row['tokens']:,} tokens, {row['seconds']:.0f} s{score}"
            parts.append(f"\n## {when}\n\n{quoted}\n")
    write_text(path, "".join(parts))
