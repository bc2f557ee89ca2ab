"""What tests of the cartridge's parts share."""

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def emulators(load: Callable[[str], ModuleType]) -> ModuleType:
    """The module emulators.py."""
    return load("deploy/gameboy/emulators.py")


@pytest.fixture(scope="session")
def fronts(load: Callable[[str], ModuleType]) -> ModuleType:
    """The module fronts.py."""
    return load("deploy/gameboy/fronts.py")


@pytest.fixture(scope="session")
def roms(load: Callable[[str], ModuleType]) -> ModuleType:
    """The module step_roms.py; tests of matrices and of attention have cartridges of their own."""
    return load("deploy/gameboy/step_roms.py")
