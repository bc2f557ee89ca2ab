"""Tokens per second of our C engine beside its peers': batch 1, greedy, in one run, round by round.

    python benchmarks/decode_vs_peers.py --run-c ./run --runq ./runq --llama-cpp-python PYTHON \\
        --transformers --stories260k stories260K.bin --tokenizer tok512.model -o row.json

Every peer is optional. run.c and runq are llama2.c's, built with -Ofast -march=native (with -fopenmp for
`--threads 2`); PYTHON has llama-cpp-python. 260k is the real model and its story; the larger ones have
random weights in the shapes of llama2.c's models. run.c's figure is its own, which leaves out the first token
and goes by whole milliseconds: hence more rounds where a story takes a few.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from decode_models import BOS, Files, make_random, make_real

PEER = Path(__file__).with_name("decode_peer.py")
PRESETS = {"15m": "stories15m", "42m": "stories42m", "110m": "stories110m"}
COUNTS = {"260k": 345, "15m": 250, "42m": 128, "110m": 64}
OURS = {"f32": "ours f32", "int8": "ours int8", "int4": "ours int4"}
RIVALS = {  # each of ours, and the peers at its precision
    "ours f32": ("run.c", "llama.cpp F32", "transformers"),
    "ours int8": ("runq", "llama.cpp Q8_0"),
    "ours int4": ("llama.cpp Q4_0", "llama.cpp Q4_0 pure"),
}
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "asimd", "asimddp")

Round = Callable[[], tuple[float, list[int] | str]]
"""Writes one story; tokens per second, and its ids (or text)."""


class Worker:
    """An engine in its own process, which waits between rounds."""

    def __init__(
        self, python: str, engine: str, model: Path, threads: int, environment: dict[str, str]
    ) -> None:
        self.process = subprocess.Popen(
            [python, PEER, engine, model, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self._read()  # "ready"

    def write(self, count: int) -> tuple[float, list[int]]:
        """One story of `count` ids."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"ids": [BOS], "count": count}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self._read())
        return count / answer["seconds"], answer["ids"]

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            raise SystemExit(f"{' '.join(map(str, self.process.args))} ended: run it by hand to see why")
        return line


def run_llama2c(
    program: str, model: Path, files: Files, count: int, environment: dict[str, str]
) -> tuple[float, list[int] | str]:
    """One story by llama2.c's program, by its own clock."""
    command = [program, model, "-z", files.vocabulary, "-t", "0", "-n", str(count)]
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    rate = re.search(rb"achieved tok/s: ([\d.]+)", done.stderr)
    if rate is None:
        raise SystemExit(f"{program} reported no speed: {done.stderr.decode()[-200:]}")
    text = done.stdout.decode("utf-8", "replace")
    return float(rate[1]), list(map(int, text.rstrip(",\n").split(","))) if files.parseable else text


def start_engines(
    options: argparse.Namespace, files: Files, count: int
) -> tuple[dict[str, Round], list[Worker]]:
    """A function for each engine that writes one story, and the processes to end."""
    environment = {
        **os.environ,
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(options.threads)),
    }
    rounds: dict[str, Round] = {}
    workers: list[Worker] = []

    def add(name: str, python: str, engine: str, model: Path) -> None:
        worker = Worker(python, engine, model, options.threads, environment)
        workers.append(worker)
        rounds[name] = lambda: worker.write(count)

    for name, program, model in (("run.c", options.run_c, files.run_c), ("runq", options.runq, files.runq)):
        if program:
            path = str(Path(program).resolve())
            rounds[name] = partial(run_llama2c, path, model, files, count, environment)
    if options.llama_cpp_python:
        for kind, path in files.gguf.items():
            add(f"llama.cpp {kind}", options.llama_cpp_python, "llama_cpp", path)
    if options.transformers:
        add("transformers", sys.executable, "transformers", files.folder)
    for engine, name in OURS.items():
        add(name, sys.executable, engine, files.folder)
    return rounds, workers


def measure_shape(options: argparse.Namespace, shape: str, folder: Path) -> dict[str, Any]:
    """Rates of every engine on a shape, taken in turn, and whether they wrote the same."""
    if shape == "260k":
        files = make_real(folder, Path(options.stories260k), Path(options.tokenizer))
    else:
        files = make_random(folder, PRESETS[shape], options.seed)
    count = COUNTS[shape]
    rounds, workers = start_engines(options, files, count)
    rates: dict[str, list[float]] = {name: [] for name in rounds}
    written: dict[str, list[int] | str] = {}
    try:
        for number in range(options.rounds * (4 if shape == "260k" else 1) + 1):
            for name, write in rounds.items():
                rate, written[name] = write()
                if number:  # the first warms up
                    rates[name].append(rate)
    finally:
        for worker in workers:
            worker.close()
    return {
        "shape": shape,
        "tokens": count,
        "rates": {name: spread(all_) for name, all_ in rates.items()},
        "ratios": find_ratios(rates),
        "same_ids": compare(files, written),
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def find_ratios(rates: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Each of ours over its best peer of the same precision, and everything over run.c.

    A ratio is taken within each round, so that what slows the machine for a while slows both.
    """

    def ratio(name: str, other: str) -> dict[str, float]:
        return spread([left / right for left, right in zip(rates[name], rates[other], strict=True)])

    ratios = {}
    for ours, rivals in RIVALS.items():
        present = [name for name in rivals if name in rates]
        if ours in rates and present:
            best = max(present, key=lambda name: statistics.median(rates[name]))
            ratios[f"{ours} / {best}"] = ratio(ours, best)
    if "run.c" in rates:
        ratios |= {f"{name} / run.c": ratio(name, "run.c") for name in rates if name != "run.c"}
    return ratios


def compare(files: Files, written: dict[str, list[int] | str]) -> dict[str, int | bool]:
    """For each float32 engine: how many leading ids (260k: whether the whole text) equal run.c's."""
    theirs = written.get("run.c")
    names = [name for name in ("llama.cpp F32", "transformers", "ours f32") if name in written]
    if theirs is None:
        return {}
    if isinstance(theirs, str):
        from lilliput.formats.folder import load_folder_tokenizer

        decode = load_folder_tokenizer(files.folder).decode
        return {name: theirs.startswith(decode(written[name])) for name in names}
    same: dict[str, int | bool] = {}
    for name in names:
        pairs = enumerate(zip(theirs, written[name], strict=False))
        same[name] = next((place for place, (left, right) in pairs if left != right), len(theirs))
    return same


def describe_machine() -> dict[str, object]:
    """What the figures hold for."""
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.is_file() else set()
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, PEER, "bandwidth", "-", "1"]
    measured = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "flags": [flag for flag in FLAGS if flag in flags],
        "read_gigabytes_per_second": json.loads(measured.stdout),
        "load": os.getloadavg()[0],
    }


def print_shape(row: dict[str, Any]) -> None:
    """The figures of a shape for people."""
    print(f"\n{row['shape']}, {row['tokens']} tokens: tokens/s, median (min to max)")
    for name, rate in row["rates"].items():
        print(f"  {name:20} {rate['median']:10,.1f} ({rate['min']:,.1f} to {rate['max']:,.1f})")
    for name, ratio in row["ratios"].items():
        print(f"  {name:32} {ratio['median']:6.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})")
    print(f"  equal to run.c: {row['same_ids']}", flush=True)


def main() -> None:
    """Measure, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run-c", metavar="PATH")
    parser.add_argument("--runq", metavar="PATH")
    parser.add_argument("--llama-cpp-python", metavar="PYTHON")
    parser.add_argument("--transformers", action="store_true")
    parser.add_argument("--stories260k", metavar="BIN")
    parser.add_argument("--tokenizer", metavar="FILE")
    parser.add_argument("--shapes", default="260k,15m,42m,110m")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    shapes = options.shapes.split(",")
    if "260k" in shapes and not (options.stories260k and options.tokenizer):
        parser.error("260k needs --stories260k and --tokenizer")
    if hasattr(os, "sched_setaffinity"):  # inherited by every engine
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-options.threads :])
    machine = describe_machine()
    print(json.dumps(machine))
    rows = []
    for shape in shapes:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure_shape(options, shape, Path(folder)))
        print_shape(rows[-1])
    row = {"name": "decode_vs_peers", "threads": options.threads, "machine": machine, "shapes": rows}
    print(json.dumps(row))
    if options.output:
        options.output.write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
