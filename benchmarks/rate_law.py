"""Batch and rate by the length of a run: a grid at several budgets, a surface through each, and a law.

    python benchmarks/rate_law.py --data tinystories-train.txt --valid tinystories-valid.txt --plan pocket \\
        --budgets 1000000:0,1,2 3000000:0,1,2 9000000:0 --rates 0.01,0.02,0.03,0.04 --batches 512,1024,2048 \\
        --set data.valid_share=0.003 --runs runs.jsonl -o benchmarks/rows/rate_law.json

A budget is tokens:seeds. At each, bits per byte on --valid (mean over the seeds) is fitted over
x = log2(Muon's rate) and y = log2(targets a step) by c + px x + py y + qxx x^2 + qyy y^2 + qxy x y, least
squares; its lowest point, inside the grid or within a factor of two of it, is that budget's best. The law is
a straight line through the logarithms: best = factor * (tokens / 10^6)^exponent. Each surface is told with
how far the points lie from it, so that it can be seen whether it says anything. Runs that muon_vs_adamw.py
kept in --runs are not run again.
"""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from decode_vs_peers import describe_machine
from many_runs import Runs, Settings

Floats = npt.NDArray[np.float64]


def point_of(rate: str, batch: str) -> Settings:
    """The settings of a point, as muon_vs_adamw.py writes them."""
    return ("train.optimizer=muon", f"train.muon_rate={rate}", f"train.batch_tokens={batch}")


def terms(x: Floats, y: Floats) -> Floats:
    """What the surface is a sum of. (points, 6)"""
    return np.stack((np.ones_like(x), x, y, x * x, y * y, x * y), -1)


def find_best(rates: Floats, batches: Floats, scores: Floats) -> dict[str, float]:
    """The lowest point of the surface through the scores, and how far the scores lie from it."""
    x, y = np.log2(rates), np.log2(batches)
    if len(scores) < 7:
        raise SystemExit(f"{len(scores)} points of a grid did not diverge: a surface of 6 numbers needs 7")
    weights = np.linalg.lstsq(terms(x, y), scores, rcond=None)[0]
    error = float(np.std(scores - terms(x, y) @ weights))
    fine = [np.linspace(axis.min() - 1, axis.max() + 1, 201) for axis in (x, y)]
    across, along = (grid.ravel() for grid in np.meshgrid(*fine))
    surface = terms(across, along) @ weights
    lowest = int(surface.argmin())
    return {
        "muon_rate": float(2 ** across[lowest]),
        "batch_tokens": float(2 ** along[lowest]),
        "bits_per_byte": float(surface[lowest]),
        "error": error,
        "at_the_edge": bool(across[lowest] in fine[0][[0, -1]] or along[lowest] in fine[1][[0, -1]]),
    }


def fit_power(tokens: Floats, values: Floats) -> dict[str, float]:
    """values = factor * (tokens / 10^6)^exponent, a straight line through the logarithms."""
    exponent, level = np.polyfit(np.log(tokens / 1e6), np.log(values), 1)
    return {"factor": float(np.exp(level)), "exponent": float(exponent)}


def measure(options: argparse.Namespace, tokens: int, seeds: list[int]) -> dict[str, Any]:
    """The grid at one budget, and its best."""
    runs = Runs(options.plan, options.data, options.valid, tokens, options.settings, options.runs)
    points = list(product(options.rates, options.batches))
    wanted = [(point_of(*point), seed) for seed in seeds for point in points]
    with ThreadPoolExecutor(runs.at_once) as pool:
        done = list(pool.map(lambda key: runs.get(*key), wanted))
    scores = np.array([run.get("bits_per_byte", np.nan) for run in done]).reshape(len(seeds), -1).mean(0)
    known = ~np.isnan(scores)
    rates, batches = (np.array([float(point[i]) for point in points]) for i in (0, 1))
    best = find_best(rates[known], batches[known], scores[known])
    found = [float(score) if is_known else None for score, is_known in zip(scores, known, strict=True)]
    grid = [
        {"muon_rate": float(rate), "batch_tokens": float(batch), "bits_per_byte": score}
        for (rate, batch), score in zip(points, found, strict=True)
    ]
    return {"tokens": tokens, "seeds": seeds, "best": best, "grid": grid}


def print_law(budgets: list[dict[str, Any]], law: dict[str, dict[str, float]]) -> None:
    """The table and the law for a document."""
    print("\n| tokens | seeds | best rate | best batch | bits per byte there | points off the surface by |")
    print("| --- | --- | --- | --- | --- | --- |")
    for budget in budgets:
        best = budget["best"]
        print(
            f"| {budget['tokens']:,} | {len(budget['seeds'])} | {best['muon_rate']:.4f} | "
            f"{best['batch_tokens']:,.0f} | {best['bits_per_byte']:.4f}"
            f"{' (at the edge)' if best['at_the_edge'] else ''} | {best['error']:.4f} |"
        )
    for name, fit in law.items():
        print(f"\n{name} = {fit['factor']:.4g} * (tokens / 10^6)^{fit['exponent']:.3f}")


def main() -> None:
    """Run all, fit, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="TEXT", required=True)
    parser.add_argument("--valid", metavar="TEXT", required=True)
    parser.add_argument("--plan", default="pocket")
    parser.add_argument("--budgets", metavar="TOKENS:SEEDS", nargs="+", required=True)
    parser.add_argument("--rates", type=lambda text: text.split(","), required=True)
    parser.add_argument("--batches", type=lambda text: text.split(","), required=True)
    parser.add_argument("--set", dest="settings", metavar="A.B=VALUE", action="append", default=[])
    parser.add_argument("--runs", metavar="JSONL", type=Path)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    if len(options.budgets) < 2:
        parser.error("--budgets: a law needs two at least")
    budgets = []
    for budget in options.budgets:
        tokens, _, seeds = budget.partition(":")
        budgets.append(measure(options, int(tokens), [int(seed) for seed in (seeds or "0").split(",")]))
    tokens_of = np.array([float(budget["tokens"]) for budget in budgets])
    names = ("muon_rate", "batch_tokens")
    law = {
        name: fit_power(tokens_of, np.array([budget["best"][name] for budget in budgets])) for name in names
    }
    print_law(budgets, law)
    row: dict[str, Any] = {"name": "rate_law", "plan": options.plan, "settings": options.settings}
    row |= {"machine": describe_machine(), "budgets": budgets, "law": law}
    print(json.dumps(row))
    if options.output:
        options.output.write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
