"""What the tests of integers share."""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from lilliput.quantize.intmodel import IntConfig


@pytest.fixture(scope="session")
def plain(load: Callable[[str], ModuleType]) -> ModuleType:
    """The module plain_page.py."""
    return load("quantize/plain_page.py")


@pytest.fixture(params=range(5))
def config(request: pytest.FixtureRequest, integers: ModuleType) -> IntConfig:
    chosen: IntConfig = integers.CONFIGS[request.param]
    return chosen


@pytest.fixture
def make(integers: ModuleType) -> Callable[..., object]:
    quantized: Callable[..., object] = integers.quantized
    return quantized


@pytest.fixture
def weights_of(integers: ModuleType) -> Callable[..., dict[str, np.ndarray]]:
    drawn: Callable[..., dict[str, np.ndarray]] = integers.draw_weights
    return drawn


@pytest.fixture
def stories_of(integers: ModuleType) -> Callable[..., list[np.ndarray]]:
    drawn: Callable[..., list[np.ndarray]] = integers.draw_stories
    return drawn
