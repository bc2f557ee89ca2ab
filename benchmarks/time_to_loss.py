"""How long ours trains for the bits per byte that llama2.c's trainer reaches in eleven minutes.

    python benchmarks/time_to_loss.py --llama2c LLAMA2C --minutes 11 --tokenizer tok512.model \\
        --data tinystories-train.txt --valid tinystories-valid.txt --plan pocket \\
        --ours 0.5,0.75,1,1.5 --seeds 0,1,2 -o benchmarks/rows/time_to_loss.json

First llama2.c's own train.py trains its 260K at context 256 with the learning rate that is best for it (PEER
below), its cosine ending with the minutes: its speed is measured for --measure seconds, max_iters set by it.
Its own model.bin is imported and scored by `lilliput evaluate` on --valid, the whole file, default cut. Then
ours, `lilliput train PLAN`, for each number of minutes and each seed, scored by the same command, until
every seed is at or below the peer's bits per byte. The minutes of both are of the training loop alone. No run
of ours may have more parameters. cores_of_others in the row says how much of the machine was taken: the
figures are fair where it is near zero for both. --peer-row ROW.json takes the peer from a row of before.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from decode_vs_peers import describe_machine, spread
from lilliput_runs import run_lilliput, train_and_score
from others import cores_of_others, used_seconds
from peer_trainers import (
    LLAMA2C_LINE,
    llama2c_command,
    make_llama2c_place,
    make_stream,
    shape_260k,
    time_steps,
)

from lilliput.formats.folder import load_folder
from lilliput.models.count import count_parameters
from lilliput.tokens import load_tokenizer

SHAPE = shape_260k(256, 16)
PEER = {"learning_rate": 4e-3, "beta2": 0.99, "weight_decay": 0.01, "warmup_iters": 100}
"""llama2.c's recipe for its 260K, with the learning rate that was best for it; batch 16, cosine to zero."""
SETTLE = 5
"""First iterations that its speed is not measured by."""


def train_peer(options: argparse.Namespace) -> dict[str, Any]:
    """llama2.c's trainer for the minutes given, and the score of what it saved at the end."""
    stream = make_stream([options.data], load_tokenizer(options.tokenizer))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "llama2c"
        make_llama2c_place(place, options.llama2c, stream, SHAPE.config.vocab_size)

        def command(**settings: float | bool) -> list[str]:
            return llama2c_command(options.peer_python, options.llama2c, SHAPE, **PEER, **settings)

        trial = time_steps(command(), place, LLAMA2C_LINE, seconds=options.measure, drop=SETTLE)
        iterations = max(SETTLE, round(60 * options.minutes / statistics.mean(trial)))
        print(f"llama2.c: {iterations:,} iterations of {SHAPE.step_tokens:,} tokens", flush=True)
        ends = {"max_iters": iterations, "eval_interval": iterations, "always_save_checkpoint": True}
        before = used_seconds()
        steps = time_steps(command(**ends), place, LLAMA2C_LINE, seconds=None, drop=0)
        others = cores_of_others(before)
        model = options.keep or Path(folder) / "stories260k-llama2c"
        run_lilliput("import", place / "out" / "model.bin", model, "--tokenizer", options.tokenizer)
        score = json.loads(run_lilliput("evaluate", model, "--data", options.valid, "--json"))
        parameters = count_parameters(load_folder(model).config).parameters
    return {
        "settings": {**PEER, "batch_size": SHAPE.batch, "max_seq_len": SHAPE.config.context},
        "iterations": iterations,
        "tokens": iterations * SHAPE.step_tokens,
        "seconds": sum(steps[:iterations]),
        "cores_of_others": others,
        "parameters": parameters,
        "bits_per_byte": score["bits_per_byte"],
        "nats_per_token": score["nats_per_token"],
        "data_fingerprint": score["data_fingerprint"],
    }


def race(options: argparse.Namespace, minutes: float, peer: dict[str, Any]) -> dict[str, Any]:
    """Ours for so many minutes, once for each seed."""
    runs = []
    before = used_seconds()
    settings = [part for setting in options.settings for part in ("--set", setting)]
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            arguments = [
                options.plan,
                "--data",
                options.data,
                "--minutes",
                minutes,
                "--seed",
                seed,
                *settings,
            ]
            runs.append(train_and_score(arguments, Path(folder) / "run", options.valid))
        run = runs[-1]
        if run["parameters"] > peer["parameters"]:
            raise SystemExit(f"ours has {run['parameters']:,} parameters, the peer {peer['parameters']:,}")
        if run["data_fingerprint"] != peer["data_fingerprint"]:
            raise SystemExit("the peer was scored on other stories than --valid")
        print(
            f"  {minutes:g} minutes, seed {seed}: {run['bits_per_byte']:.4f} bits per byte, "
            f"{run['tokens'] / run['seconds']:,.0f} tokens/s",
            flush=True,
        )
    return {
        "minutes": minutes,
        "bits_per_byte": spread([run["bits_per_byte"] for run in runs]),
        "seconds": spread([run["seconds"] for run in runs]),
        "cores_of_others": cores_of_others(before),
        "wall_s": spread([run["wall_s"] for run in runs]),
        "times_faster": spread([peer["seconds"] / run["seconds"] for run in runs]),
        "equalled_by": sum(run["bits_per_byte"] <= peer["bits_per_byte"] for run in runs),
        "runs": runs,
    }


def print_table(peer: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """The figures for a document."""
    print("\n| | parameters | seconds of training | of the command | bits per byte | equal or better |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(f"| llama2.c | {peer['parameters']:,} | {peer['seconds']:.0f} | | {peer['bits_per_byte']:.4f} | |")
    for row in rows:
        score, (first, *_) = row["bits_per_byte"], row["runs"]
        print(
            f"| ours | {first['parameters']:,} | {row['seconds']['median']:.1f} | "
            f"{row['wall_s']['median']:.0f} | {score['median']:.4f} ({score['min']:.4f} to "
            f"{score['max']:.4f}) | {row['equalled_by']} of {len(row['runs'])} seeds |"
        )


def main() -> None:
    """Train the peer, race it, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--llama2c", metavar="DIR", type=Path)
    parser.add_argument("--minutes", type=float, default=11.0, help="of the peer")
    parser.add_argument("--measure", type=float, default=20.0, help="seconds by which max_iters is found")
    parser.add_argument("--peer-python", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--peer-row", metavar="JSON", type=Path, help="take the peer from this row")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep the peer's model there")
    parser.add_argument("--tokenizer", metavar="FILE", type=Path, help="the peer's")
    parser.add_argument("--data", metavar="TEXT", required=True)
    parser.add_argument("--valid", metavar="TEXT", required=True)
    parser.add_argument("--plan", default="pocket")
    parser.add_argument("--set", dest="settings", metavar="A.B=VALUE", action="append", default=[])
    parser.add_argument("--ours", metavar="MINUTES", type=_numbers, default=[0.5, 0.75, 1.0, 1.5])
    parser.add_argument("--seeds", type=_numbers, default=[0, 1, 2])
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    options.seeds = [int(seed) for seed in options.seeds]
    row: dict[str, Any] = {"name": "time_to_loss", "plan": options.plan, "settings": options.settings}
    row |= {"machine": describe_machine(), "load": os.getloadavg()[0], "ours": []}
    if options.peer_row:
        row["peer"] = json.loads(options.peer_row.read_text())["peer"]
    elif options.llama2c and options.tokenizer:
        row["peer"] = train_peer(options)
    else:
        parser.error("the peer is trained with --llama2c and --tokenizer, or read with --peer-row")
    peer = row["peer"]
    print(f"llama2.c: {peer['bits_per_byte']:.4f} bits per byte after {peer['seconds']:.0f} s", flush=True)
    _write(options.output, row)
    for minutes in sorted(options.ours):
        row["ours"].append(race(options, minutes, peer))
        _write(options.output, row)
        if row["ours"][-1]["equalled_by"] == len(options.seeds):
            break
    print_table(peer, row["ours"])
    print(json.dumps(row))


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _write(output: Path | None, row: dict[str, Any]) -> None:
    """After each part: the peer's minutes are not lost with an interrupted run."""
    if output:
        output.write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
