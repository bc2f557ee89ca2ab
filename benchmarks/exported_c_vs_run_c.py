"""The exported integer C beside llama2.c's run.c on the same model: tokens a second, one thread.

    lilliput import stories260K.bin s260 --tokenizer tok512.model
    lilliput quantize s260 --to int8 --data tinystories-train.txt --out s8
    python benchmarks/exported_c_vs_run_c.py s8 run.c stories260K.bin tok512.bin -o ROW.json

Both are compiled here, ours with `-O3 -march=native`, run.c with that and with `-Ofast -march=native`,
by which it is quickest. Each tells 256 tokens at a time, the likeliest always (ours also drawn at
temperature 0.8, top_p 0.95); rounds take turns, and the ratio is taken round by round.
"""

import argparse
import json
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from decode_vs_peers import describe_machine

from lilliput.app.integers import open_integer_folder
from lilliput.deploy.csource import write_c

POSITIONS = 256
MAIN = """
#define LP_NO_MAIN
#include "story.c"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static lp_story s;
int main(int count, char **words) {
  int stories = atoi(words[1]), k, i;
  lp_draw how = lp_draw_at(count > 2 ? 8 : 0);
  struct timespec a, b;
  if (count > 2) how.top_p = LP_TOP_P;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (k = 0; k < stories; k++) {
    int32_t id = LP_BOS;
    lp_start(&s);
    lp_seed(&s, (uint32_t)k, 0);
    for (i = 0; i < LP_CONTEXT; i++) lp_read(&s, id), id = lp_choose(&s, &how);
  }
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("tok/s: %f\\n", stories * (double)LP_CONTEXT /
                              ((double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec)));
  return 0;
}
"""


def build(folder: Path, name: str, source: Path, *flags: str) -> str:
    """The path of a program."""
    program = folder / name
    subprocess.run(["gcc", *flags, "-march=native", "-o", program, source, "-lm"], check=True)
    return str(program)


def measure(command: list[str]) -> float:
    """Tokens a second, as the program says."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(re.findall(r"tok/s: ([\d.]+)", done.stdout + done.stderr)[-1])


def spread(values: list[float]) -> dict[str, float]:
    """Median and ends."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def main() -> None:
    """Compile, take turns, print and write the row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("folder", "run_c", "checkpoint", "tokenizer"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    opened = open_integer_folder(options.folder, POSITIONS)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, text in write_c(opened.model, opened.tokenizer).items():
            (folder / name).write_text(text)
        (folder / "bench.c").write_text(MAIN)
        ours = build(folder, "ours", folder / "bench.c", "-O3")
        theirs = [str(options.checkpoint), "-z", str(options.tokenizer), "-t", "0", "-n", str(POSITIONS)]
        commands = {
            "exported C": [ours, "100"],
            "exported C, drawing": [ours, "100", "drawn"],
            "run.c -O3": [build(folder, "run3", options.run_c, "-O3"), *theirs],
            "run.c -Ofast": [build(folder, "fast", options.run_c, "-Ofast"), *theirs],
        }
        rounds = [
            {name: measure(command) for name, command in commands.items()} for _ in range(options.rounds)
        ]
    row = {
        "name": "exported_c_vs_run_c",
        "machine": describe_machine(),
        "rounds": options.rounds,
        "tokens_per_second": {name: spread([each[name] for each in rounds]) for name in commands},
        "ratios": {
            f"exported C / {name}": spread([each["exported C"] / each[name] for each in rounds])
            for name in ("run.c -O3", "run.c -Ofast")
        },
    }
    for part in ("tokens_per_second", "ratios"):
        for name, value in row[part].items():
            print(f"{name}: {value['median']:,.2f} ({value['min']:,.2f} to {value['max']:,.2f})")
    if options.output:
        options.output.write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
