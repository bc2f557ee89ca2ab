"""`lilliput train` and `lilliput evaluate` as processes: the runs of time_to_loss.py and muon_vs_adamw.py."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lilliput.formats.folder import load_folder
from lilliput.models.count import count_parameters


class Diverged(Exception):
    """A loss or gradient was not finite."""


def run_lilliput(*arguments: object, core: int | None = None) -> str:
    """What the command writes to stdout; on one core where one is given. Ends this program if it fails.

    Raises Diverged where training stopped at a loss that is not finite.
    """
    command = [sys.executable, "-m", "lilliput", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {core})  # its threads, which it starts later, inherit it
    out, errors = process.communicate()
    if process.returncode and "training stopped: loss" in errors:
        raise Diverged(errors.strip())
    if process.returncode:
        raise SystemExit(f"lilliput {' '.join(map(str, arguments))} failed:\n{errors[-2000:]}")
    return out


def train_and_score(
    arguments: Sequence[object], out: Path, valid: str, *, core: int | None = None
) -> dict[str, Any]:
    """One `lilliput train` into `out` with its scores.

    `bits_per_byte` is of `valid`, as `lilliput evaluate` gives it in its default cut;
    `held_back_bits_per_byte` of the stories that the run held back of its own data. `seconds` are the loop's,
    as the budget counts them; `wall_s` the whole command's, with tokenizer, shards and final score.
    """
    began = time.perf_counter()
    run_lilliput("train", *arguments, "--out", out, core=core)
    wall_s = time.perf_counter() - began
    folder = load_folder(out)
    training, (held_back,) = folder.details["training"], folder.details["scores"]
    if training["ended"] != "finished":
        raise SystemExit(f"a run was {training['ended']} before its end: its score means nothing")
    threads = [] if core is None else ["--threads", 1]
    score = json.loads(run_lilliput("evaluate", out, "--data", valid, *threads, "--json", core=core))
    return {
        "arguments": [str(argument) for argument in arguments],
        "seed": folder.details["plan"]["seed"],
        "parameters": count_parameters(folder.config).parameters,
        "tokens": training["tokens"],
        "steps": training["steps"],
        "seconds": training["seconds"],
        "wall_s": wall_s,
        "held_back_bits_per_byte": held_back["bits_per_byte"],
        "bits_per_byte": score["bits_per_byte"],
        "nats_per_token": score["nats_per_token"],
        "data_fingerprint": score["data_fingerprint"],
    }
