"""Where a token's time goes on a Game Boy Color: cycles of each routine, counted while it tells stories.

    python benchmarks/cartridge_cycles.py cartridge260k cartridge_int -o benchmarks/rows/cartridge_cycles.json
    python benchmarks/cartridge_cycles.py --table benchmarks/rows/cartridge_cycles.json

Each FOLDER is what `lilliput quantize --to cartridge` made. Its cartridge is made, and tells a story of 128
tokens for each of some seeds at temperature 0.8, in PyBoy, by its own buttons and screens. Each time it comes
to a routine of the model the M-cycles since the one before go to that one, so the parts' sum is the time of
the stories, from the first question for a word to the last word on the screen. Cycles do not depend on the
computer that counts. Beside them stands what `lilliput export --dry-run` says. A story that ends earlier is
passed over and the next seed told.
"""

import argparse
import json
import sys
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner

from lilliput.app.cli import app
from lilliput.app.integers import open_integer_folder
from lilliput.deploy.gameboy.cartridge import Cartridge, make_cartridge
from lilliput.deploy.gameboy.info_block import Info, read_info
from lilliput.deploy.gameboy.machine.memory import CYCLES_A_SECOND
from lilliput.deploy.gameboy.play.console import Console
from lilliput.deploy.gameboy.play.player import Telling, Wish

PARTS = {
    "qkv": "queries, keys, values",
    "o": "o",
    "gated": "gate and up",
    "down": "down",
    "head": "head",
    "norm": "norms",
    **dict.fromkeys(("make_angles", "turn_queries", "turn_keys"), "turning"),
    **dict.fromkeys(("attend_advance", "attend_"), "attention"),
    "hidden": "hidden values",
    "halve": "halvings",
    **dict.fromkeys(("rejoin", "coarsen"), "rejoining"),
    "draw": "drawing",
    **dict.fromkeys(("first_rows", "embed", "find_piece", "next_token", "read_next"), "embedding and text"),
    "tick": "moon and buttons",
}
"""Routines of bank 0, less the number of the layer, and the part of the table that they belong to: the names
that an estimate has, and the moon, for which there is none."""
QUARTERS = 4
MOST_PASSED_OVER = 40


@dataclass
class Story:
    """One story, and the cycles of its parts."""

    seed: int
    tokens: int
    """How many were asked for, and told."""
    total: int
    """M-cycles of these tokens alone."""
    beginning: int
    """M-cycles in which the beginning is read."""
    beginning_tokens: int
    """Tokens that are read before the first is told, the first of all among them."""
    each: list[int]
    """M-cycles of each token."""
    cycles: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


def find_routines(cartridge: Cartridge) -> dict[str, tuple[str, tuple[int, int]]]:
    """Names of the routines that a token calls, with their part and place."""
    found = {}
    for name, place in cartridge.symbols.items():
        part = PARTS.get(name.rstrip("0123456789"))
        if place[0] == 0 and part is not None:
            found[name] = part, place
    return found


def tell(cartridge: Cartridge, info: Info, seed: int, temperature: str, tokens: int) -> Story | None:
    """A story of that seed with its cycles; None where it ends before."""
    routines = find_routines(cartridge)
    marks: list[tuple[int, str]] = []
    with Console(cartridge.image) as console:
        for name, (_, place) in routines.items():
            console.watch(place, partial(lambda name: marks.append((console.cycles, name)), name))
        telling = Telling(console, info, Wish(temperature=temperature, seed=seed, max_tokens=tokens + 1))
        for _ in telling:
            pass
        each, beginning = telling.cycles[:tokens], telling.beginning_cycles
        asked = [at for at, name in marks if name == "next_token"]
    if len(asked) <= tokens:
        return None
    first, last = asked[0], asked[tokens]
    read = sum(name == "embed" for at, name in marks if at < first)
    story = Story(seed, tokens, last - first, beginning, read + 1, each)
    inside = marks[bisect_left(marks, (first, "")) : bisect_left(marks, (last, "")) + 1]
    for (at, name), (behind, _) in pairwise(inside):
        part = routines[name][0]
        story.cycles[part] = story.cycles.get(part, 0) + behind - at
        story.calls[part] = story.calls.get(part, 0) + 1
    return story


def estimate(folder: Path) -> dict[str, Any]:
    """What `lilliput export FOLDER --to gameboy --dry-run --json` prints."""
    done = CliRunner().invoke(app, ["export", str(folder), "--to", "gameboy", "--dry-run", "--json"])
    if done.exit_code:
        raise SystemExit(f"{folder}: {done.output}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(folder: Path, seeds: int, temperature: str, tokens: int) -> dict[str, Any]:
    """A row of the table's file."""
    opened = open_integer_folder(folder, cartridge=True)
    cartridge = make_cartridge(opened.model, opened.tokenizer, ends=opened.ends, name=opened.name)
    info = read_info(cartridge.image)
    assert info is not None
    stories: list[Story] = []
    passed_over: list[int] = []
    seed = 0
    while len(stories) < seeds and len(passed_over) < MOST_PASSED_OVER:
        seed += 1
        story = tell(cartridge, info, seed, temperature, tokens)
        if story is None:
            passed_over.append(seed)
            print(f"{opened.name}: the story of seed {seed} ends before {tokens} tokens", file=sys.stderr)
            continue
        assert sum(story.cycles.values()) == story.total
        stories.append(story)
        print(f"{opened.name}: seed {seed}, {seconds(story.total) / tokens:.3f} s/token", file=sys.stderr)
    if not stories:
        raise SystemExit(f"{folder}: no story of {tokens} tokens in {seed}: give fewer --tokens")
    said = estimate(folder)
    count = tokens * len(stories)
    told = sum(story.total for story in stories)
    config = opened.model.config
    return {
        "model": opened.name,
        "shape": {name: getattr(config, name) for name in ("vocab_size", "d_model", "n_layers", "d_ff")},
        "window": opened.model.window or config.context,
        "context": config.context,
        "seeds": [story.seed for story in stories],
        "passed_over": passed_over,
        "seconds_per_token": seconds(told) / count,
        "seconds_per_token_by_story": [seconds(story.total) / tokens for story in stories],
        "seconds_per_token_with_beginning": seconds(told + sum(s.beginning for s in stories)) / count,
        "beginning_tokens": stories[0].beginning_tokens,
        "beginning_seconds": seconds(stories[0].beginning),
        "seconds_per_token_by_quarter": [
            float(np.mean([seconds(sum(part)) / len(part) for part in parts]))
            for parts in zip(*(np.array_split(story.each, QUARTERS) for story in stories), strict=True)
        ],
        "cycles_per_token": told / count,
        "cycles": {part: sum(s.cycles.get(part, 0) for s in stories) / count for part in part_names()},
        "calls": {part: sum(s.calls.get(part, 0) for s in stories) / count for part in part_names()},
        "estimated_seconds_per_token": said["seconds_per_token"],
        "estimated_cycles": said["cycles"],
        **{name: said[name] for name in said if "bytes" in name},
    }


def part_names() -> list[str]:
    """Parts of the table, in order."""
    return list(dict.fromkeys(PARTS.values()))


def seconds(cycles: float) -> float:
    """Of the real machine at double speed."""
    return cycles / CYCLES_A_SECOND


def print_row(row: dict[str, Any], tokens: int, temperature: str) -> None:
    """The tables of a model, as Markdown."""
    for line in list_lines(row, tokens, temperature):
        print(line)


def list_lines(row: dict[str, Any], tokens: int, temperature: str) -> list[str]:
    """The same, line by line."""
    total, said = row["cycles_per_token"], row["estimated_cycles"]
    stories = ", ".join(f"{one:.3f}" for one in row["seconds_per_token_by_story"])
    lines = [
        *("", f"{row['model']}: seeds {', '.join(map(str, row['seeds']))}, {tokens} tokens at {temperature}"),
        *("", "| part | calls | M-cycles | of all, % | estimated |", "| --- | --- | --- | --- | --- |"),
    ]
    for part, cycles in row["cycles"].items():
        share, beside = 100 * cycles / total, f"{said[part]:,}" if part in said else ""
        lines.append(f"| {part} | {row['calls'][part]:.0f} | {cycles:,.0f} | {share:.1f} | {beside} |")
    return [
        *lines,
        f"| all of it | | {total:,.0f} | 100.0 | {sum(said.values()):,} |",
        "",
        f"{row['seconds_per_token']:.3f} s/token ({stories}); with the beginning "
        f"({row['beginning_tokens']} tokens, {row['beginning_seconds']:.2f} s) "
        f"{row['seconds_per_token_with_beginning']:.3f}; estimated {row['estimated_seconds_per_token']:.3f}",
        f"by quarters of the story: {', '.join(f'{q:.3f}' for q in row['seconds_per_token_by_quarter'])}",
        f"ROM {row['rom_bytes']:,} bytes, {row['rom_bytes_used']:,} used, "
        f"{row['rom_bytes_of_matrices']:,} by matrices; battery {row['battery_memory_bytes_used']:,}",
    ]


def main() -> None:
    """Count, print tables, write a row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--seeds", type=int, default=4, help="how many stories")
    parser.add_argument("--temperature", default="0.8", help="one of the cartridge's")
    parser.add_argument("--table", type=Path, help="print a row that was written before, and count nothing")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("-o", dest="out", type=Path)
    options = parser.parse_args()
    if options.table:
        result = json.loads(options.table.read_text())
    else:
        rows = [measure(one, options.seeds, options.temperature, options.tokens) for one in options.folders]
        result = {
            "name": "cartridge_cycles",
            "tokens": options.tokens,
            "temperature": options.temperature,
            "rows": rows,
        }
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        for row in result["rows"]:
            print_row(row, result["tokens"], result["temperature"])
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
