"""Make what docs/gameboy.md shows of the program itself: pictures, listings, tables of rows that were saved.

    python docs/make_gameboy.py stories260K-cartridge    # the page's pictures and listings, and its tables
    python docs/make_gameboy.py                          # its tables alone

The folder is what `lilliput quantize --to cartridge` made. Tables come from benchmarks/rows. What is made
stands in the page between <!-- NAME --> and <!-- /NAME -->; the text around it is written by hand.
"""

import csv
import json
import re
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

from list_code import list_row
from typer.testing import CliRunner

from lilliput.app.cli import app
from lilliput.app.integers import IntegerFolder, open_integer_folder
from lilliput.deploy.gameboy.attention.scores import count_query_cycles
from lilliput.deploy.gameboy.attention.shape import find_shape
from lilliput.deploy.gameboy.cartridge import Cartridge, make_cartridge
from lilliput.deploy.gameboy.matrices.tables import measure_table

HERE = Path(__file__).resolve().parent
PAGE, PICTURES, ROWS = HERE / "gameboy.md", HERE / "gameboy", HERE.parent / "benchmarks/rows"
PLAYED = {
    "title.png": "",
    "openings.png": "--press a",
    "keyboard.png": '--press "down a a right right up a down right a down right a up right right a"',
    "settings.png": "--press select",
    "telling.png": '--press "a a" --wait 75',
    "again.png": "--text --max-tokens 170",
    "story.gif": '--text --prompt "Lily and Ben" --max-tokens 32 --gif-speed 6 --scale 2',
}
"""Pictures, and how `lilliput play story.gbc` takes them."""
TOKEN = b" Lily"
"""Whose row of the output matrix is listed."""
PRESET, QUALITY_OF = ["bits=5.5"], ("stories260K", "cartridge260k")
MIXED = "smaller tables, the tokenizer, the screens"
SECTIONS = {
    "embedding.": "the embedding: what a token's residual stream begins with",
    "turned.": "products of 8 bits with every cosine, for turning queries and keys",
    "first.": "queries, keys and values of the first layer, by token",
    "hidden_rows": "products of 9 bits by 9, for the gated layer",
    "attend_select": "attention: chances by distance from the greatest score, and who has one",
    "attend_products": "attention: chances times values",
    "attend_rows.": "attention: products with reciprocals",
    "chances": "chances of tokens by their distance from the likeliest, a table a temperature",
    "matrices.": "the matrices",
}
"""Names of sections that have whole banks, by their beginning, and what they hold."""


def take_pictures(rom: Path) -> None:
    """All of PLAYED, into PICTURES."""
    PICTURES.mkdir(exist_ok=True)
    for name, how in PLAYED.items():
        words = [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', how)]
        kind = "--gif" if name.endswith(".gif") else "--png"
        (PICTURES / name).unlink(missing_ok=True)
        done = CliRunner().invoke(app, ["play", str(rom), kind, str(PICTURES / name), *words])
        if done.exit_code:
            raise SystemExit(f"{name}: {done.output}")


def list_commands() -> str:
    """How the pictures are taken."""
    lines = []
    for name, how in PLAYED.items():
        kind = "--gif" if name.endswith(".gif") else "--png"
        lines.append(f"    lilliput play story.gbc {kind} {name} {how}".rstrip())
    return "\n".join(lines)


def make_parts(folder: Path) -> dict[str, str]:
    """Listings of the folder's cartridge; its pictures are taken."""
    opened = open_integer_folder(folder, cartridge=True)
    cartridge = make_cartridge(opened.model, opened.tokenizer, ends=opened.ends, name=opened.name)
    with tempfile.TemporaryDirectory() as room:
        rom = Path(room) / "story.gbc"
        rom.write_bytes(cartridge.image)
        take_pictures(rom)
    pieces = [opened.tokenizer.token_bytes(number) for number in range(opened.tokenizer.vocab_size)]
    row = pieces.index(TOKEN)
    weights = opened.model.head.values[row].tolist()
    shown, walk = list_row(cartridge, "head", row, weights)
    listed = ", ".join(map(str, weights))
    return {
        "row": f"```\n{shown}\n```\n\nIts weights, of x0 to x{len(weights) - 1}: {listed}.",
        "walk": f"```\n{walk}\n```",
        "pictures": list_commands(),
        "attention": describe_attention(opened),
        "rom": list_banks(cartridge),
        "tables": list_table_sizes(),
    }


def list_table_sizes() -> str:
    """What tables cost."""
    text = "| inputs | entries | M-cycles | entries of a half table | M-cycles |\n" + "| --- " * 5 + "|"
    for inputs in range(6, 12):
        whole, half = (measure_table(inputs - kept, False, bool(kept)).cycles for kept in (0, 1))
        text += f"\n| {inputs} | {1 << inputs:,} | {whole:,} | {1 << inputs - 1:,} | {half:,} |"
    return text


def describe_attention(opened: IntegerFolder) -> str:
    """Its costs."""
    shape = find_shape(opened.model)
    bytes_of_all = shape.layers * shape.kv_heads * shape.slots * shape.slot_bytes
    return (
        f"Here keys have {shape.planes} planes. A position's code is {shape.slot_bytes} bytes and runs in "
        f"{shape.slot_cycles} M-cycles, for {shape.d_head} products and the storing of the score; the tables "
        f"of a query take {count_query_cycles(shape):,}. All keys of {shape.slots} positions, "
        f"{shape.layers} layers and {shape.kv_heads} heads are {bytes_of_all:,} bytes of code."
    )


def list_banks(cartridge: Cartridge) -> str:
    """Banks of the ROM and what they hold."""
    banks: dict[str, set[int]] = {}
    for name, (bank, _) in cartridge.symbols.items():
        for begin, what in SECTIONS.items():
            if name.startswith(begin):
                banks.setdefault(what, set()).add(bank)
    first = min(min(found) for found in banks.values())
    lines = ["0 | always seen: loop, steps, drawing, encoding, the moon", f"1 to {first - 1} | {MIXED}"]
    for what, found in sorted(banks.items(), key=lambda item: max(item[1])):
        numbers = f"{min(found)} to {max(found)}" if len(found) > 1 else f"{min(found)}"
        lines.append(f"{numbers} | {what}")
    return "\n".join(["| bank of 16 KB | holds |", "| --- | --- |", *(f"| {line} |" for line in lines)])


def make_tables() -> dict[str, str]:
    """Tables of the rows that were saved."""
    rows = json.loads((ROWS / "cartridge_cycles.json").read_text())
    bench: dict[str, Any] = runpy.run_path(str(HERE.parent / "benchmarks/cartridge_cycles.py"))
    parts = ["\n".join(bench["list_lines"](row, rows["tokens"], rows["temperature"])) for row in rows["rows"]]
    return {"cycles": "\n\n".join(part.strip() for part in parts), "ports": list_ports(rows["rows"])}


def list_ports(ours: list[dict[str, Any]]) -> str:
    """Everyone's language models for small machines, ours first."""
    with (PICTURES / "ports.tsv").open(encoding="utf-8", newline="") as file:
        head, *others = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    quality = describe_quality()
    lines = []
    for row in ours:
        numbers = f"odd weights of bit planes, sums of 16 bits; ROM {row['rom_bytes'] >> 20} MB, battery RAM"
        context = f"{row['context']}, a window of {row['window']}"
        said = quality if row["model"].startswith(QUALITY_OF) else "docs/integer-arithmetic.md"
        time = f"**{row['seconds_per_token']:.2f}**, sampled"
        lines.append(["lilliput", "Game Boy Color", row["model"], context, time, numbers, said, "this page"])
    table = [head, ["---"] * len(head), *lines, *others]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def _passes(row: dict[str, Any]) -> bool:
    """Whether a row has what was asked for: 0.04 of KL, nine of ten tokens, 0.04 nats."""
    return row["kl_nats"] <= 0.04 and row["top1"] >= 0.9 and row["lost_nats_per_token"] <= 0.04


def describe_quality() -> str:
    """How near stories260K's integers are to its floats: learnt, if a row says so, else rounded."""
    learnt = ROWS / "cartridge_learnt.json"
    if learnt.is_file():
        rows = json.loads(learnt.read_text())["rows"]
    else:
        found = json.loads((ROWS / "cartridge_numbers.json").read_text())["rows"]
        rows = [row for row in found if row["settings"] == PRESET]
    best = next((row for row in rows if _passes(row)), rows[0])
    return (
        f"{best['lost_nats_per_token']:.3f} nats a token lost to float32, KL {best['kl_nats']:.3f}, the same "
        f"likeliest token {100 * best['top1']:.1f}% of the time"
    )


def put(page: str, parts: dict[str, str]) -> str:
    """The page with `parts` in their places."""
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if begin not in page or end not in page:
            raise SystemExit(f"{PAGE.name} has no place for {name}")
        before, rest = page.split(begin, 1)
        page = f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end, 1)[1]}"
    return page


if __name__ == "__main__":
    made = make_tables() | (make_parts(Path(sys.argv[1])) if len(sys.argv) > 1 else {})
    PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
