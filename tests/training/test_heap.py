"""Freed memory that stays: a block asked for again brings no new pages."""

import subprocess
import sys

import pytest

LOOK = """
import ctypes, resource, sys
import numpy as np
if not hasattr(ctypes.CDLL(None), "mallopt"):
    sys.exit(77)
from lilliput.training.heap import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def pages():
    np.ones(50 << 20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
first = pages()
for _ in range(4):
    last = pages()
print(last - first)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's memory is looked at")
def test_large_blocks_are_taken_again() -> None:
    pages = {}
    for how in ("keep", "leave"):
        done = subprocess.run([sys.executable, "-c", LOOK, how], check=False, capture_output=True, text=True)
        if done.returncode == 77:
            pytest.skip("this C library is not glibc")
        assert done.returncode == 0, done.stderr
        pages[how] = int(done.stdout)
    assert pages["keep"] < 20 < pages["leave"]  # huge pages are 25 a block
