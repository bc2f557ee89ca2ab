"""How much of the machine others took during a measurement, which means little where it is not near zero."""

import os
import time
from pathlib import Path

Used = tuple[float, float, float]
"""Seconds of the clock, of all processors that anyone (or the host) took, and of those that we took."""


def used_seconds() -> Used:
    """Up to now; our ended processes are counted as ours."""
    times = os.times()
    ours = times.user + times.system + times.children_user + times.children_system
    if not Path("/proc/stat").is_file():
        return time.perf_counter(), ours, ours
    user, nice, system, _, _, irq, softirq, stolen = map(int, Path("/proc/stat").read_text().split()[1:9])
    everyone = user + nice + system + irq + softirq + stolen
    return time.perf_counter(), everyone / os.sysconf("SC_CLK_TCK"), ours


def cores_of_others(before: Used) -> float:
    """Cores that others held since then, on the average (0 where the system does not say)."""
    wall_s, everyone_s, our_s = (now - then for now, then in zip(used_seconds(), before, strict=True))
    return round(max(0.0, everyone_s - our_s) / wall_s, 3)
