"""Muon beside an AdamW tuned as hard: a grid of settings for each, the same tokens, the same seeds.

    python benchmarks/muon_vs_adamw.py --data tinystories-train.txt --valid tinystories-valid.txt \\
        --plan pocket --tokens 2000000 --seeds 0,1,2 --set tokenizer=tok512.model \\
        --adamw learning_rate=0.002,0.004,0.008 batch_tokens=1024,2048 \\
        --muon muon_rate=0.01,0.02,0.04 batch_tokens=1024,2048 \\
        --runs runs.jsonl -o benchmarks/rows/muon_vs_adamw.json

A grid is every combination of its settings (of the train section); both must have as many, all else of the
plan is the same for both. A seed decides weights and batches, the same ones for either optimizer. The best of
each grid is chosen by stories that the runs held back of --data (the mean over the seeds), and what is
reported is its score on --valid, which decided nothing. Intervals are Student's t, 95%, over the seeds; that
of the difference is over the seeds' own differences. A point is out where a run of it diverged. Runs have
one thread each and go side by side, one on a core; each is written to --runs as it ends, and what is there
already is not run again.
"""

import argparse
import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

from decode_vs_peers import describe_machine
from many_runs import Runs, Settings, mean_interval, show

OPTIMIZERS = ("adamw", "muon")


def make_grid(axes: list[str]) -> list[Settings]:
    """Every combination of `name=value,value,...`."""
    names, values = [], []
    for axis in axes:
        name, _, listed = axis.partition("=")
        if not listed:
            raise SystemExit(f"{axis}: a grid's setting is name=value,value,...")
        names.append(name if "." in name else f"train.{name}")
        values.append(listed.split(","))
    return [tuple(map("=".join, zip(names, point, strict=True))) for point in product(*values)]


def describe_points(
    grids: dict[str, list[Settings]], runs: dict[tuple[str, Settings, int], dict[str, Any]], seeds: list[int]
) -> dict[str, list[dict[str, Any]]]:
    """For each optimizer its points, best first by the stories held back of the training text."""
    described: dict[str, list[dict[str, Any]]] = {}
    for optimizer, grid in grids.items():
        points: list[dict[str, Any]] = []
        for point in grid:
            scored = [runs[optimizer, point, seed] for seed in seeds]
            if diverged := sum("diverged" in run for run in scored):
                points.append(
                    {"settings": list(point), "held_back": None, "valid": None, "diverged": diverged}
                )
                continue
            points.append(
                {
                    "settings": list(point),
                    "held_back": mean_interval([run["held_back_bits_per_byte"] for run in scored]),
                    "valid": mean_interval([run["bits_per_byte"] for run in scored]),
                    "bits_per_byte": [run["bits_per_byte"] for run in scored],
                    "seconds": [run["seconds"] for run in scored],
                }
            )
        described[optimizer] = sorted(
            points, key=lambda point: point["held_back"]["mean"] if point["held_back"] else math.inf
        )
    return described


def print_points(row: dict[str, Any]) -> None:
    """The whole grid and the verdict for a document."""
    print("\n| optimizer | settings | held back | bits per byte on valid |\n| --- | --- | --- | --- |")
    for optimizer in OPTIMIZERS:
        for point in row["grids"][optimizer]:
            print(
                f"| {optimizer} | {' '.join(point['settings'])} | {show(point['held_back'])} | "
                f"{show(point['valid'])} |"
            )
    for optimizer in OPTIMIZERS:
        print(f"\nbest {optimizer}: {show(row['best'][optimizer]['valid'])} bits per byte")
    print(f"\nmuon less adamw, seed by seed: {show(row['difference'], sign='+')}", flush=True)


def iter_wanted(grids: dict[str, list[Settings]], seeds: list[int]) -> Iterator[tuple[str, Settings, int]]:
    """All runs, the optimizers in turn, so that what slows the machine for a while slows both."""
    for seed in seeds:
        for points in zip(*(grids[optimizer] for optimizer in OPTIMIZERS), strict=True):
            yield from ((optimizer, point, seed) for optimizer, point in zip(OPTIMIZERS, points, strict=True))


def get_run(runs: Runs, optimizer: str, point: Settings, seed: int) -> dict[str, Any]:
    """The run of an optimizer at a point of its grid."""
    return runs.get((f"train.optimizer={optimizer}", *point), seed)


def main() -> None:
    """Run both grids, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="TEXT", required=True)
    parser.add_argument("--valid", metavar="TEXT", required=True)
    parser.add_argument("--plan", default="pocket")
    parser.add_argument("--tokens", type=int, required=True)
    parser.add_argument("--seeds", default="0,1,2")
    for optimizer in OPTIMIZERS:
        parser.add_argument(f"--{optimizer}", metavar="NAME=VALUES", nargs="+", required=True)
    parser.add_argument("--set", dest="settings", metavar="A.B=VALUE", action="append", default=[])
    parser.add_argument("--runs", metavar="JSONL", type=Path)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    if len(seeds) < 2:
        parser.error("--seeds: an interval needs two at least")
    grids = {optimizer: make_grid(getattr(options, optimizer)) for optimizer in OPTIMIZERS}
    sizes = {optimizer: len(grid) for optimizer, grid in grids.items()}
    if len(set(sizes.values())) > 1:
        parser.error(f"the grids have {sizes} points: neither may be tuned harder than the other")
    runs = Runs(options.plan, options.data, options.valid, options.tokens, options.settings, options.runs)
    wanted = list(iter_wanted(grids, seeds))
    print(f"{len(wanted)} runs, {runs.at_once} at once", flush=True)
    with ThreadPoolExecutor(runs.at_once) as pool:
        done = dict(zip(wanted, pool.map(lambda key: get_run(runs, *key), wanted), strict=True))
    points = describe_points(grids, done, seeds)
    best = {optimizer: points[optimizer][0] for optimizer in OPTIMIZERS}
    if any("diverged" in point for point in best.values()):
        raise SystemExit("every point of a grid diverged: lower its rates")
    pairs = zip(best["muon"]["bits_per_byte"], best["adamw"]["bits_per_byte"], strict=True)
    row: dict[str, Any] = {
        "name": "muon_vs_adamw",
        "plan": options.plan,
        "settings": options.settings,
        "tokens": options.tokens,
        "seeds": seeds,
        "machine": describe_machine(),
        "best": best,
        "difference": mean_interval([muon - adamw for muon, adamw in pairs]),
        "grids": points,
    }
    print_points(row)
    print(json.dumps(row))
    if options.output:
        options.output.write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
