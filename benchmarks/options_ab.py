"""Each option of training beside the plan as it is: the same tokens and seeds, paired differences, intervals.

    python benchmarks/options_ab.py --data tinystories-train.txt --valid tinystories-valid.txt \\
        --plan pocket --tokens 3000000 --seeds 0,1,2 --set data.valid_share=0.003 \\
        --runs runs.jsonl -o benchmarks/rows/options_ab.json

A variant is the plan with the settings below and nothing else changed, rates neither: what it says of an
option is said at this plan's rates, budget and size. Where a setting changes the number of parameters others
bring it back under the plan's. A seed decides weights and batches, the same ones for variant and plan. The
difference is taken seed by seed, in bits per byte of --valid (less is better); its interval is Student's t,
95%. With three seeds only large differences stand out: an interval around zero says "not seen here", no more;
and of twenty variants that change nothing one is expected beyond its interval.
Runs have one thread each and go side by side; each is written to --runs as it ends, and what is there already
is not run again. --only WORD takes the variants with that word in their names.
"""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from decode_vs_peers import describe_machine
from many_runs import Runs, Settings, mean_interval, show

VARIANTS: dict[str, Settings] = {
    "no QK-norm (llama)": ("model.family=llama",),
    "linear": ("train.schedule=linear",),
    "cosine": ("train.schedule=cosine",),
    "constant": ("train.schedule=constant",),
    "last descent 0.6": ("train.cooldown=0.6",),
    "z-loss 1e-4": ("train.z_loss=1e-4",),
    "average 0.99": ("train.ema=0.99",),
    "average 0.99, constant": ("train.ema=0.99", "train.schedule=constant"),
    "weight decay 0": ("train.weight_decay=0",),
    "weight decay 0.1": ("train.weight_decay=0.1",),
    "3-gram teacher, first 5%": ("teacher.ngrams=3", "teacher.weight=1", "teacher.until=0.05"),
    "3-gram teacher, first 20%": ("teacher.ngrams=3", "teacher.weight=1", "teacher.until=0.2"),
    "5-gram teacher, half, to the end": ("teacher.ngrams=5", "teacher.weight=0.5"),
    "512 ids, wider": ("model.vocab_size=512", "model.d_ff=171"),
    "1,024 ids, wider": ("model.vocab_size=1024", "model.d_ff=137"),
    "4,096 ids, narrower": (
        *("model.vocab_size=4096", "model.d_model=40"),
        *("model.d_head=10", "model.d_ff=118"),
    ),
    "float32": ("train.precision=float32",),
    "AdamW rate 5e-3": ("train.learning_rate=0.005",),
    "AdamW rate 2e-2": ("train.learning_rate=0.02",),
    "batch 4,096": ("train.batch_tokens=4096",),
    "2 heads of 32": ("model.n_heads=2", "model.n_kv_heads=1", "model.d_head=32"),
    "8 heads of 8": ("model.n_heads=8", "model.n_kv_heads=4", "model.d_head=8"),
    "beta2 0.95": ("train.beta2=0.95",),
    "warm-up 0.1": ("train.warmup=0.1",),
}
"""Batches and Muon's rate are muon_vs_adamw.py's."""


def compare(name: str, base: list[dict[str, Any]], runs: list[dict[str, Any]]) -> dict[str, Any]:
    """A variant's row: its score, and what it has more or less than the plan as it is."""
    if any("diverged" in run for run in runs):
        return {"name": name, "valid": None, "difference": None}
    scores = [run["bits_per_byte"] for run in runs]
    return {
        "name": name,
        "parameters": runs[0]["parameters"],
        "valid": mean_interval(scores),
        "bits_per_byte": scores,
        "difference": mean_interval(
            [score - run["bits_per_byte"] for score, run in zip(scores, base, strict=True)]
        ),
        "seconds": [run["seconds"] for run in runs],
    }


def print_rows(rows: list[dict[str, Any]]) -> None:
    """The table for a document, the best first."""
    print("\n| variant | bits per byte | difference, seed by seed |\n| --- | --- | --- |")
    known = [row for row in rows if row["difference"]]
    for row in sorted(known, key=lambda row: row["difference"]["mean"]):
        print(f"| {row['name']} | {show(row['valid'])} | {show(row['difference'], '+')} |")
    for row in rows:
        if not row["difference"]:
            print(f"| {row['name']} | diverged | |")


def main() -> None:
    """Run all, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="TEXT", required=True)
    parser.add_argument("--valid", metavar="TEXT", required=True)
    parser.add_argument("--plan", default="pocket")
    parser.add_argument("--tokens", type=int, required=True)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--set", dest="settings", metavar="A.B=VALUE", action="append", default=[])
    parser.add_argument("--teacher", metavar="FOLDER", help="a model folder to distil from, in variants too")
    parser.add_argument("--only", metavar="WORD", default="")
    parser.add_argument("--runs", metavar="JSONL", type=Path)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    if len(seeds) < 2:
        parser.error("--seeds: an interval needs two at least")
    runs = Runs(options.plan, options.data, options.valid, options.tokens, options.settings, options.runs)
    variants = {"as it is": (), **VARIANTS}
    if options.teacher:
        for weight in (0.3, 0.6, 0.9):
            variants[f"distilled, {weight:g}"] = (
                f"teacher.folder={options.teacher}",
                f"teacher.weight={weight}",
            )
    variants = {name: s for name, s in variants.items() if not s or options.only in name}
    wanted = [(settings, seed) for settings in variants.values() for seed in seeds]
    print(f"{len(wanted)} runs, {runs.at_once} at once", flush=True)
    with ThreadPoolExecutor(runs.at_once) as pool:
        done = list(pool.map(lambda key: runs.get(*key), wanted))
    by_name = {name: done[i * len(seeds) : (i + 1) * len(seeds)] for i, name in enumerate(variants)}
    base = by_name["as it is"]
    if any("diverged" in run for run in base):
        raise SystemExit("the plan as it is diverged: there is nothing to compare with")
    rows = [compare(name, base, scored) for name, scored in by_name.items()]
    print_rows(rows)
    row = {
        "name": "options_ab",
        "plan": options.plan,
        "settings": options.settings,
        "tokens": options.tokens,
        "seeds": seeds,
        "machine": describe_machine(),
        "variants": rows,
    }
    print(json.dumps(row))
    if options.output:
        options.output.write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
