"""Servers over an engine that computes nothing."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    """The module fake_server.py."""
    path = Path(__file__).with_name("fake_server.py")
    spec = importlib.util.spec_from_file_location("fake_server", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_server"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
