"""Many stories at once beside one, and what sampling costs: our C engine alone, one core.

    python benchmarks/many_streams.py --stories260k stories260K.bin --tokenizer tok512.model -o row.json

At each shape and precision: tokens/s of one story; of 64, as many side by side as the engine finds best
(`slots`); of one story with top-p 0.9 at temperature 1, all in turn, round by round, as medians. 15m has
random weights: its chances are drawn flat by nature, and then again as peaked as a trained model's.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from decode_models import BOS, make_random, make_real
from decode_vs_peers import spread

from lilliput.formats.folder import load_folder
from lilliput.generation.batch import Request
from lilliput.generation.c_batch import PRECISIONS, CBatch, Precision, engine_image, open_c_batches
from lilliput.generation.sample import Sampling
from lilliput.runtime.native import Memory

GREEDY = Sampling(temperature=0.0)
TOP_P = Sampling(temperature=1.0, top_p=0.9)
STREAMS = 64


def time_stories(engine: CBatch, stories: int, count: int, sampling: Sampling) -> float:
    """Tokens a second of that many stories of `count` tokens, a free slot refilled at once."""
    waiting, under_way = list(range(stories)), 0
    slot_free = list(range(engine.slots))
    began = time.perf_counter()
    while waiting or under_way:
        while waiting and slot_free:
            request = Request((BOS,), sampling, waiting.pop(), count, frozenset())
            engine.begin(slot_free.pop(), request)
            under_way += 1
        for event in engine.run(count):
            if event.ending:
                slot_free.append(event.slot)
                under_way -= 1
    return stories * count / (time.perf_counter() - began)


def measure(image: Memory, precision: Precision, rounds: int, count: int) -> dict[str, Any]:
    """Rates of one, of many, and of one that samples; the ratios within each round."""
    one = CBatch(image, 1, precision=precision)
    (many,) = open_c_batches(image, 1, precision)
    several = 8  # stories one after another, so that a round of one is no shorter than can be timed
    rates: dict[str, list[float]] = {"one": [], "many": [], "one, top-p": []}
    for number in range(rounds + 1):
        found = []
        for engine, stories, sampling in (
            (one, several, GREEDY),
            (many, STREAMS, GREEDY),
            (one, several, TOP_P),
        ):
            time_stories(engine, engine.slots, count, sampling)  # another ran before: fill the caches again
            found.append(time_stories(engine, stories, count, sampling))
        if number:  # the first warms up
            for rate, all_ in zip(found, rates.values(), strict=True):
                all_.append(rate)
    one_rates = rates["one"]
    return {
        "slots": many.slots,
        "tokens_per_second": {name: spread(all_) for name, all_ in rates.items()},
        "many / one": spread([a / b for a, b in zip(rates["many"], one_rates, strict=True)]),
        "share of a token that top-p costs": spread(
            [b / a - 1 for a, b in zip(rates["one, top-p"], one_rates, strict=True)]
        ),
    }


def main() -> None:
    """Measure, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stories260k", metavar="BIN", type=Path)
    parser.add_argument("--tokenizer", metavar="FILE", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    shapes = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shapes["15m"] = (make_random(place / "15m", "stories15m", 0).folder, 64)
        if options.stories260k and options.tokenizer:
            shapes["260k"] = (make_real(place / "260k", options.stories260k, options.tokenizer).folder, 345)
        rows = []
        for shape, (model, count) in shapes.items():
            loaded = load_folder(model)
            peaked = dict(loaded.weights) | {"norm.weight": loaded.weights["norm.weight"] * 6}
            kinds = {shape: loaded.weights} | ({f"{shape} peaked": peaked} if shape == "15m" else {})
            for precision in PRECISIONS:
                for name, weights in kinds.items():
                    image = engine_image(loaded.config, weights, precision)
                    rows.append({"shape": name, "precision": precision})
                    rows[-1] |= measure(image, precision, options.rounds, count)
                    print(json.dumps(rows[-1]), flush=True)
    if options.output:
        row = {"name": "many_streams", "stories": STREAMS, "load": os.getloadavg()[0], "rows": rows}
        options.output.write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
