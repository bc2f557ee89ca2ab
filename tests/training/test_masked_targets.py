"""Targets that do not count give nothing to the gradient, in torch and in C, parameter by parameter."""

import numpy as np
import pytest

from lilliput.models import LlamaConfig
from lilliput.runtime.native import library_path
from lilliput.stories.batches import Batch
from lilliput.training.plan import TrainPlan
from lilliput.training.step_c import CStep
from lilliput.training.step_torch import TorchStep

CONFIG = LlamaConfig(
    vocab_size=40, d_model=24, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=40, context=32, tied=False
)
PLAN = TrainPlan(tokens=1000, batch_tokens=128, device="cpu", threads=1, clip=1e9, precision="float32")
RANDOM = np.random.default_rng(7)
ROWS = [RANDOM.integers(0, 40, size=length) for length in (9, 33, 20, 14)]
SKIPS = (3, 12, 7, 13)  # the last row has no target that counts
COUNT = 50  # what all these gradients are divided by

no_engine = pytest.mark.skipif(library_path() is None, reason="the C engine was not built")
STEPS = [TorchStep, pytest.param(CStep, marks=no_engine)]


def gradient(step: type, rows: list[np.ndarray], skips: tuple[int, ...] = ()) -> dict[str, np.ndarray]:
    made = step(CONFIG, PLAN, 1)
    for _ in range(3):  # some matrices begin as zeros, which keep gradients from what lies before them
        made.learn(Batch(ROWS, COUNT, 0), 1.0)
    made.learn(Batch(rows, COUNT, 0, skips=skips), 0.0)
    return {name: np.array(slope) for name, slope in made.slopes().items()}


@pytest.mark.parametrize("step", STEPS)
def test_the_gradient_is_the_whole_one_less_that_of_the_masked_targets(step: type) -> None:
    whole = gradient(step, ROWS)
    masked_away = gradient(step, [row[: skip + 1] for row, skip in zip(ROWS, SKIPS, strict=True)])
    left = gradient(step, ROWS, SKIPS)
    assert left.keys() == whole.keys()
    for name, slope in left.items():
        np.testing.assert_allclose(slope, whole[name] - masked_away[name], atol=2e-6, err_msg=name)
        assert np.abs(masked_away[name]).max() > 1e-4, name  # there was something to leave out


@pytest.mark.parametrize("step", STEPS)
def test_a_row_of_masked_targets_alone_leaves_no_trace(step: type) -> None:
    for name, slope in gradient(step, ROWS[3:], SKIPS[3:]).items():
        assert not slope.any(), name
