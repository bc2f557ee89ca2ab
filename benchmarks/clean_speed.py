"""Megabytes a second of one core, and the memory, that cleaning takes.

python benchmarks/clean_speed.py TRAIN.txt VALID.txt [--rounds 3] [--megabytes 64 128 256] [--row]

Time is processor time of one process with one thread, so that other work on the machine counts less.
Generated text are sentences of TRAIN put together anew; each size runs in a process of its own, whose
largest resident set is said.
"""

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ["RAYON_NUM_THREADS"] = "1"

from lilliput.stories.cleaning.config import Cleaning
from lilliput.stories.cleaning.run import Order, clean_stories
from lilliput.stories.cleaning.stages import choose_stages
from lilliput.stories.sources import open_stories

SKIPPED = {"exact_stages": ["near"], "with_near": []}
ROW = Path(__file__).parent / "rows" / "clean_speed.json"


def measure(data: Path, validation: Path, skip: list[str], workers: int = 1) -> dict[str, Any]:
    """Clean a file once; megabytes (of 1,000,000 bytes) a second of processor time, by phase."""
    marks: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        wall, began = time.perf_counter(), _cpu_s()

        def mark(doing: str, *_: object) -> None:
            marks.setdefault(doing, _cpu_s())

        report = clean_stories(
            Order(
                opened=open_stories([str(data)], keep_empty=True),
                against=open_stories([str(validation)]),
                output=Path(folder) / "clean.jsonl",
                names=choose_stages([], skip, against=True),
                config=Cleaning(),
                workers=workers,
            ),
            lambda _: None,
            mark,
        )
        cpu, wall = _cpu_s() - began, time.perf_counter() - wall
    megabytes = report["bytes_in"] / 1e6
    return {
        "megabytes": round(megabytes, 1),
        "stories": report["stories_in"],
        "removed": report["removed"],
        "cpu_s": round(cpu, 2),
        "megabytes_a_core_second": round(megabytes / cpu, 2),
        "wall_s": round(wall, 2),
        "largest_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def generate(train: Path, path: Path, megabytes: int) -> None:
    """Write about `megabytes` of stories made of shuffled sentences of real ones."""
    chance = random.Random(7)
    sentences = [
        part
        for story in open_stories([str(train)]).stories
        for part in re.split(r"(?<=[.!?])\s+", story.text)
        if part.isascii() and part[:1].isupper() and part[-1:] == "."
    ]
    with path.open("w", encoding="utf-8") as file:
        for line in _lines(chance, sentences, megabytes * 1_000_000):
            file.write(line)


def _lines(chance: random.Random, sentences: list[str], size: int) -> Iterator[str]:
    written = 0
    while written < size:
        story = " ".join(chance.choices(sentences, k=14))
        written += len(story)
        yield f"{story}\n<|endoftext|>\n"


def _cpu_s() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("validation", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, nargs="*", default=[])
    parser.add_argument("--row", action="store_true")
    parser.add_argument("--one", choices=sorted(SKIPPED), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.train, options.validation, SKIPPED[options.one])))
        return
    result: dict[str, Any] = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    for name, skip in SKIPPED.items():
        rows = [measure(options.train, options.validation, skip) for _ in range(options.rounds)]
        result[name] = {
            "megabytes_a_core_second": [row["megabytes_a_core_second"] for row in rows],
            "best": max(row["megabytes_a_core_second"] for row in rows),
        }
    result["generated"] = []
    for megabytes in options.megabytes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "generated.txt"
            generate(options.train, path, megabytes)
            for name in SKIPPED:
                command = [sys.executable, __file__, str(path), str(options.validation), "--one", name]
                done = subprocess.run(command, check=True, capture_output=True)
                result["generated"].append({"stages": name, **json.loads(done.stdout)})
    print(json.dumps(result, indent=2))
    if options.row:
        ROW.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
