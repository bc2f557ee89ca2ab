"""Many runs of a plan, one on a core, each kept as it ends; and what several seeds say together."""

import json
import math
import os
import queue
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lilliput_runs import Diverged, train_and_score

T975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t that 97.5% lie below, for 1, 2, 3, ... degrees of freedom."""

Settings = tuple[str, ...]
"""`SECTION.NAME=VALUE`: what a run has other than the plan."""


class Runs:
    """Runs of one plan for so many tokens, each with some settings; kept in a file if there is one."""

    def __init__(
        self, plan: str, data: str, valid: str, tokens: int, settings: Sequence[str], kept: Path | None
    ) -> None:
        self._plan, self._data, self._valid, self._tokens = plan, data, valid, tokens
        self._settings, self._kept = tuple(settings), kept
        self._done: dict[tuple[str, ...], dict[str, Any]] = {}
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
        self._cores: queue.Queue[int | None] = queue.Queue()
        for core in cores:
            self._cores.put(core)
        self.at_once = self._cores.qsize()
        if kept and kept.is_file():
            for line in kept.read_text().splitlines():
                run = json.loads(line)
                self._done[tuple(run["arguments"])] = run

    def get(self, settings: Settings, seed: int) -> dict[str, Any]:
        """One run, when a core is free for it; `diverged` is in it where a loss was not finite."""
        wanted = self._arguments(settings, seed)
        if wanted not in self._done:
            core = self._cores.get()
            try:
                with tempfile.TemporaryDirectory() as folder:
                    run = train_and_score(wanted, Path(folder) / "run", self._valid, core=core)
            except Diverged as error:
                run = {"arguments": list(wanted), "seed": seed, "diverged": str(error)}
            finally:
                self._cores.put(core)
            self._done[wanted] = run
            if self._kept:
                with self._kept.open("a") as file:
                    file.write(json.dumps(run) + "\n")
            outcome = "diverged" if "diverged" in run else f"{run['bits_per_byte']:.4f}"
            print(f"{' '.join(settings) or 'as it is'}, seed {seed}: {outcome}", flush=True)
        return self._done[wanted]

    def _arguments(self, settings: Settings, seed: int) -> tuple[str, ...]:
        budget = ("--tokens", str(self._tokens), "--seed", str(seed))
        said = ("train.threads=1", *self._settings, *settings)
        sets = (part for setting in said for part in ("--set", setting))
        return (self._plan, "--data", self._data, *budget, *sets)


def mean_interval(values: Sequence[float]) -> dict[str, float]:
    """The mean of two values or more, and half the width of its 95% interval (Student's t)."""
    quantile = T975[min(len(values) - 1, len(T975)) - 1]  # beyond the table: a little wider than it need be
    return {
        "mean": statistics.mean(values),
        "interval": quantile * statistics.stdev(values) / math.sqrt(len(values)),
    }


def show(figure: dict[str, float] | None, sign: str = "") -> str:
    """A mean and its interval, for a table."""
    if figure is None:
        return "diverged"
    return f"{figure['mean']:{sign}.4f} ± {figure['interval']:.4f}"
