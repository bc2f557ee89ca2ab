"""Fixtures that every test may ask for."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side: one core each

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real public data that lies beside the checkout; tests that need it skip without it."""
    if not (SHARED / "MANIFEST.md").is_file():
        pytest.skip("needs the folder of public models and data beside the checkout (../shared)")
    return SHARED
