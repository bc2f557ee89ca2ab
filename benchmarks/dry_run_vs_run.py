"""What `train --dry-run` says beside what the run then takes: `python benchmarks/dry_run_vs_run.py STORIES…`

Each plan is told of and run, `--rounds` times; prints the ratios and writes a JSON row.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROW = Path(__file__).parent / "rows" / "dry_run_vs_run.json"
PLANS = {
    "pocket, 20 s": ["pocket", "--minutes", "0.34"],
    "pocket, 600,000 tokens": ["pocket", "--tokens", "600000"],
    "pocket by torch, 200,000 tokens": ["pocket", "--tokens", "200000", "--set", "train.step=torch"],
    "2.4M, batches of 8,192": [
        "pocket", "--tokens", "120000", "--set", "model.d_model=192", "--set", "model.d_ff=512",
        "--set", "train.batch_tokens=8192",
    ],
}  # fmt: skip


def lilliput(*arguments: str) -> str:
    """Run the command; returns what it printed."""
    command = [sys.executable, "-m", "lilliput", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compare(plan: list[str], data: list[str]) -> dict[str, float]:
    """Ratios of told to taken: seconds of the loop, tokens, and seconds of the whole command."""
    told = json.loads(lilliput("train", *plan, *data, "--dry-run", "--json"))
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        lilliput("train", *plan, *data, "--out", f"{folder}/run")
        command_s = time.perf_counter() - began
        took = json.loads(Path(folder, "run", "lilliput.json").read_text())["training"]
    told_s = told["preparing_seconds"] + told["seconds"] + told["scoring_seconds"]
    return {
        "seconds": told["seconds"] / took["seconds"],
        "tokens": told["tokens"] / took["tokens"],
        "command_seconds": told_s / command_s,
    }


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    data = [part for name in options.data for part in ("--data", name)]
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in PLANS}
    for _ in range(options.rounds):
        for name, plan in PLANS.items():
            rows[name].append(compare(plan, data))
    result = {}
    for name, found in rows.items():
        result[name] = {key: [round(row[key], 3) for row in found] for key in found[0]}
        middle = {key: statistics.median(values) for key, values in result[name].items()}
        print(f"{name}: told / taken: " + ", ".join(f"{key} {value:.2f}" for key, value in middle.items()))
    ROW.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
