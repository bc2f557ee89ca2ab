"""One thread beside several: one story, greedy, random weights in the shapes of llama2.c's models.

    python benchmarks/threads.py -o row.json          on a quiet machine
    python benchmarks/threads.py --busy -o row.json   with another process at work on one core

Each round writes a story by either, in turn; the ratios are within rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from decode_models import BOS, make_random
from decode_vs_peers import COUNTS, PRESETS, spread

from lilliput.formats.folder import load_folder
from lilliput.generation.batch import Request
from lilliput.generation.c_batch import PRECISIONS, CBatch, Precision, engine_image
from lilliput.generation.sample import Sampling

GREEDY = Sampling(temperature=0.0)
BUSY = "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"


def measure(model: Path, precision: Precision, threads: int, count: int, rounds: int) -> dict[str, Any]:
    """Tokens a second by one thread and by several, and their ratio."""
    folder = load_folder(model)
    image = engine_image(folder.config, folder.weights, precision)
    engines = {n: CBatch(image, 1, n, precision=precision) for n in (1, threads)}
    rates: dict[int, list[float]] = {n: [] for n in engines}
    for number in range(rounds + 1):
        for n, engine in engines.items():
            engine.begin(0, Request((BOS,), GREEDY, 0, count, frozenset()))
            began = time.perf_counter()
            engine.run(count)
            if number:  # the first warms up
                rates[n].append(count / (time.perf_counter() - began))
    ratios = [b / a for a, b in zip(rates[1], rates[threads], strict=True)]
    return {"one": spread(rates[1]), "several": spread(rates[threads]), "several / one": spread(ratios)}


def main() -> None:
    """Measure, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--shapes", default="15m,42m,110m")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    load, rows = os.getloadavg()[0], []
    other = subprocess.Popen([sys.executable, "-c", BUSY]) if options.busy else None
    try:
        for shape in options.shapes.split(","):
            with tempfile.TemporaryDirectory() as folder:
                model = make_random(Path(folder), PRESETS[shape], 0).folder
                for precision in PRECISIONS:
                    row = measure(model, precision, options.threads, COUNTS[shape], options.rounds)
                    rows.append({"shape": shape, "precision": precision, **row})
                    ratio = row["several / one"]
                    print(
                        f"{shape} {precision}: one {row['one']['median']:,.0f} tokens/s, "
                        f"{options.threads} threads {row['several']['median']:,.0f}, "
                        f"ratio {ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})",
                        flush=True,
                    )
    finally:
        if other:
            other.kill()
    row = {"name": "threads", "threads": options.threads, "busy": options.busy, "load": load, "rows": rows}
    row["median_ratio"] = statistics.median(r["several / one"]["median"] for r in rows)
    if options.output:
        options.output.write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
