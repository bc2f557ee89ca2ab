"""Tokens a second of our training steps beside the peers' own trainers: one shape, one stream, by turns.

    python benchmarks/train_vs_peers.py --llama2c LLAMA2C --nanogpt NANOGPT --hf-python PYTHON \\
        --data tinystories-train.txt --tokenizer tok512.model tok4096.model \\
        -o benchmarks/rows/train_vs_peers.json

Every peer is optional. LLAMA2C and NANOGPT are checkouts, whose train.py runs as it is, by --peer-python
(torch, sentencepiece, requests, tqdm; this Python unless said); PYTHON has transformers, accelerate, torch.
All learn from windows of exactly the context, in float32, with AdamW, on the threads that each takes by
itself; nanoGPT trains its nearest shape, with GELU and without grouped heads. `ours C bf16` multiplies
bfloat16, as `HF Trainer bf16` does (llama2.c and nanoGPT compute in float32 on a CPU whatever they are told),
and `ours C muon` has Muon's step: rows of their own, beside the like-for-like ones. In each round
every trainer runs for --seconds in a process of its own; its first --drop steps are not counted. Speeds
are by each trainer's own clock; GFLOP/s are what the shape needs (flops_per_token, the mean over the
positions), and the peak is what a loop of multiply-adds reached in that round. `cores_of_others` says how
much of the machine was not ours to use: torch's two threads collapse where a core is taken, so figures
are worth something where it is near zero.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from re import Pattern
from typing import Any

from decode_vs_peers import describe_machine, spread
from others import cores_of_others, used_seconds
from peer_trainers import (
    LLAMA2C_LINE,
    NANOGPT_LINE,
    OUR_LINE,
    Shape,
    llama2c_command,
    make_llama2c_place,
    make_nanogpt_place,
    make_stream,
    nanogpt_command,
    shape_15m,
    shape_260k,
    time_steps,
)

from lilliput.models.config import ModelConfig
from lilliput.models.count import count_parameters, flops_per_token
from lilliput.runtime.native_train import has_bfloat16
from lilliput.tokens import load_tokenizer

WORKER = Path(__file__).with_name("train_peer.py")
SHAPES = {
    "260k-256": partial(shape_260k, 256, 16),
    "260k-512": partial(shape_260k, 512, 16),
    "15m-256": partial(shape_15m, 256, 8),
}
OURS = {
    "ours C f32": ("c", {"precision": "float32", "optimizer": "adamw"}),
    "ours C muon": ("c", {"precision": "float32", "optimizer": "muon"}),
    "ours C bf16": ("c", {"precision": "bfloat16", "optimizer": "adamw"}),
    "ours torch": ("torch", {"precision": "float32", "optimizer": "adamw"}),
}
PEERS = ("llama2.c", "nanoGPT", "HF Trainer", "HF Trainer bf16")


@dataclass(frozen=True)
class Trainer:
    """How to start one, where it runs, how it logs a step, and the shape that it trains."""

    command: list[str]
    place: Path
    line: Pattern[str]
    config: ModelConfig


def set_trainers(options: argparse.Namespace, shape: Shape, folder: Path) -> dict[str, Trainer]:
    """Every trainer that is there, with its data in `folder`."""
    tokenizer = load_tokenizer(find_tokenizer(options.tokenizer, shape.config.vocab_size))
    stream = make_stream([options.data], tokenizer)
    trainers: dict[str, Trainer] = {}

    def add_worker(name: str, python: str, engine: str, settings: dict[str, str]) -> None:
        wish = folder / f"{name}.json"
        file = folder / "stream.bin"
        wish.write_text(
            json.dumps(
                {"config": shape.config.model_dump(), "batch": shape.batch, "stream": str(file), **settings}
            )
        )
        trainers[name] = Trainer([python, str(WORKER), engine, str(wish)], folder, OUR_LINE, shape.config)

    stream.tofile(folder / "stream.bin")
    if options.llama2c:
        place = folder / "llama2c"
        make_llama2c_place(place, options.llama2c, stream, shape.config.vocab_size)
        command = llama2c_command(options.peer_python, options.llama2c, shape)
        trainers["llama2.c"] = Trainer(command, place, LLAMA2C_LINE, shape.config)
    if options.nanogpt:
        place = folder / "nanogpt"
        make_nanogpt_place(place, options.nanogpt, stream, shape.config.vocab_size)
        command = nanogpt_command(options.peer_python, options.nanogpt, shape)
        trainers["nanoGPT"] = Trainer(command, place, NANOGPT_LINE, shape.as_gpt2())
    if options.hf_python:
        for name, precision in (("HF Trainer", "float32"), ("HF Trainer bf16", "bfloat16")):
            add_worker(name, options.hf_python, "hf", {"precision": precision})
    for name, (engine, settings) in OURS.items():
        if settings["precision"] != "bfloat16" or has_bfloat16():
            add_worker(name, sys.executable, engine, settings)
    return trainers


def find_tokenizer(files: list[Path], vocab_size: int) -> Path:
    """The one of that size."""
    for file in files:
        if load_tokenizer(file).vocab_size == vocab_size:
            return file
    raise SystemExit(f"none of --tokenizer has {vocab_size} ids")


def measure_shape(options: argparse.Namespace, shape: Shape, folder: Path) -> dict[str, Any]:
    """Speeds of every trainer at a shape, taken in turn."""
    trainers = set_trainers(options, shape, folder)
    rates: dict[str, list[float]] = {name: [] for name in trainers}
    peaks: list[float] = []
    before = used_seconds()
    for _ in range(options.rounds):
        done = subprocess.run(
            [sys.executable, WORKER, "peak", "-"], capture_output=True, text=True, check=True
        )
        peaks.append(float(done.stdout))
        for name, trainer in trainers.items():
            steps = time_steps(
                trainer.command, trainer.place, trainer.line, seconds=options.seconds, drop=options.drop
            )
            rates[name].append(shape.step_tokens * len(steps) / sum(steps))
            print(f"  {name:12} {rates[name][-1]:10,.0f} tokens/s", file=sys.stderr, flush=True)
    return {**describe_shape(shape, trainers, rates, peaks), "cores_of_others": cores_of_others(before)}


def describe_shape(
    shape: Shape, trainers: dict[str, Trainer], rates: dict[str, list[float]], peaks: list[float]
) -> dict[str, Any]:
    """The row of a shape: speeds, ratios and shares, the latter two within rounds."""
    gigaflops = {
        name: [rate * mean_flops(trainers[name].config) / 1e9 for rate in all_]
        for name, all_ in rates.items()
    }
    return {
        "config": shape.config.model_dump(),
        "batch": shape.batch,
        "parameters": {
            name: count_parameters(trainer.config).parameters for name, trainer in trainers.items()
        },
        "tokens_per_second": {name: spread(all_) for name, all_ in rates.items()},
        "gigaflops": {name: spread(all_) for name, all_ in gigaflops.items()},
        "peak_gigaflops": spread(peaks),
        "share_of_float32_peak": {
            name: spread([did / peak for did, peak in zip(all_, peaks, strict=True)])
            for name, all_ in gigaflops.items()
        },
        "ratios": find_ratios(rates),
    }


def mean_flops(config: ModelConfig) -> float:
    """Operations a token needs to be learnt, the mean over a window's positions."""
    positions = range(config.context)
    return statistics.mean(flops_per_token(config, position, training=True) for position in positions)


def find_ratios(rates: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Each of ours over every peer, the fastest (by its median) first; a ratio is taken within each round."""
    peers = [name for name in PEERS if name in rates]
    peers.sort(key=lambda name: -statistics.median(rates[name]))
    return {
        f"{name} / {peer}": spread(
            [left / right for left, right in zip(rates[name], rates[peer], strict=True)]
        )
        for name in OURS
        if name in rates
        for peer in peers
    }


def print_shape(name: str, row: dict[str, Any]) -> None:
    """The figures of a shape as tables for a document."""
    peak = row["peak_gigaflops"]
    print(
        f"\n{name}, batch {row['batch']}; float32 peak {peak['median']:,.0f} GFLOP/s "
        f"({peak['min']:,.0f} to {peak['max']:,.0f}); others had {row['cores_of_others']:.2f} cores\n"
    )
    print("| trainer | tokens/s (least to greatest) | GFLOP/s | share of the float32 peak |")
    print("| --- | --- | --- | --- |")
    for trainer, rate in row["tokens_per_second"].items():
        share = row["share_of_float32_peak"][trainer]
        print(
            f"| {trainer} | {rate['median']:,.0f} ({rate['min']:,.0f} to {rate['max']:,.0f}) | "
            f"{row['gigaflops'][trainer]['median']:.1f} | {share['median']:.0%} |"
        )
    if row["ratios"]:
        print("\n| ratio | median (least to greatest) |\n| --- | --- |")
    for what, ratio in row["ratios"].items():
        print(f"| {what} | {ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f}) |")
    sys.stdout.flush()


def main() -> None:
    """Measure, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--llama2c", metavar="DIR", type=Path)
    parser.add_argument("--nanogpt", metavar="DIR", type=Path)
    parser.add_argument("--peer-python", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--hf-python", metavar="PYTHON")
    parser.add_argument("--data", metavar="TEXT", required=True)
    parser.add_argument("--tokenizer", metavar="FILE", type=Path, nargs="+", required=True)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="counted, of each trainer in each round")
    parser.add_argument("--drop", type=int, default=3, help="first steps of a process, not counted")
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    shapes = options.shapes.split(",")
    if unknown := set(shapes) - set(SHAPES):
        parser.error(f"no shape {', '.join(sorted(unknown))}: there are {', '.join(SHAPES)}")
    for shape in shapes:  # a tokenizer too few is said before an hour of measuring
        find_tokenizer(options.tokenizer, SHAPES[shape]().config.vocab_size)
    there = {"llama2.c": options.llama2c, "nanoGPT": options.nanogpt, "HF Trainer": options.hf_python}
    left_out = [name for name, given in there.items() if not given]
    left_out += [] if has_bfloat16() else ["ours C bf16: this processor multiplies no bfloat16"]
    print(f"left out: {', '.join(left_out) or 'nothing'}")
    row: dict[str, Any] = {"name": "train_vs_peers", "rounds": options.rounds, "seconds": options.seconds}
    row |= {"machine": describe_machine(), "left_out": left_out, "load": os.getloadavg()[0], "shapes": {}}
    for shape in shapes:
        with tempfile.TemporaryDirectory() as folder:
            row["shapes"][shape] = measure_shape(options, SHAPES[shape](), Path(folder))
        print_shape(shape, row["shapes"][shape])
        if options.output:  # after each shape: an interrupted run keeps what it has
            options.output.write_text(json.dumps(row) + "\n")
    print(json.dumps(row))


if __name__ == "__main__":
    main()
