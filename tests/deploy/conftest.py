"""What the tests of WebAssembly and of the page need from the machine."""

import importlib.util
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from lilliput.deploy.wasm import find_node


@pytest.fixture(scope="session")
def web(load: Callable[[str], ModuleType]) -> ModuleType:
    """The module web_models.py; tests that compile for WebAssembly skip without the compiler."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("needs the ziglang package: pip install 'lilliput[wasm]'")
    return load("deploy/web_models.py")


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js."""
    found = find_node()
    if found is None:
        pytest.skip("needs Node.js (Debian: apt install nodejs)")
    return found


@pytest.fixture(scope="session")
def browser(load: Callable[[str], ModuleType]) -> Iterator[Any]:
    """A headless Chromium; see chromium.py."""
    chromium = load("deploy/chromium.py")
    path = chromium.find_chromium()
    if path is None:
        pytest.skip("needs Chromium (Debian: apt install chromium, or its path in LILLIPUT_CHROMIUM)")
    with chromium.run_chromium(path) as running:
        yield running
