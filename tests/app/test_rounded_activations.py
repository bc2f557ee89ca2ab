"""The float model that learns for a cartridge computes as the cartridge does."""

import numpy as np
import pytest

from lilliput.app.rounded_activations import activations_of
from lilliput.models.config import LlamaConfig
from lilliput.quantize.observe import costs_of
from lilliput.quantize.ptq import quantize
from lilliput.quantize.qat_planes import begin_rounded
from lilliput.quantize.reference import Reference
from lilliput.quantize.settings import CARTRIDGE, QuantizeSettings
from lilliput.runtime import native
from lilliput.stories.batches import Batch
from lilliput.training.plan import TrainPlan
from lilliput.training.step_c import CStep

pytestmark = pytest.mark.skipif(native.library_path() is None, reason="the C engine is not built")
CONFIG = LlamaConfig(vocab_size=61, d_model=32, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=44, context=64)
PLAN = TrainPlan(tokens=1000, batch_tokens=64, threads=1, step="c", precision="float32")


def weights_of_size(integers, size: float):
    """As of a trained model: matrices that keep their inputs' size."""
    drawn = integers.draw_weights(CONFIG, 3)
    return {
        name: matrix * (size / matrix.std() / matrix.shape[1] ** 0.5) if matrix.ndim == 2 else matrix
        for name, matrix in drawn.items()
    }


@pytest.mark.parametrize(
    "setting", ["bits=6.5", "bits=4.5", "key_bits=6", "up_bits=6", "window=5", "turn_bits=8"]
)
def test_it_costs_what_the_integers_cost(integers, setting):
    weights, stories = weights_of_size(integers, 1.5), integers.draw_stories(CONFIG, 12)
    wish = QuantizeSettings().with_settings([*CARTRIDGE, "window=20", setting])
    first = quantize(CONFIG, weights, stories, wish)
    rounded = begin_rounded(CONFIG, weights, first)
    start = rounded.weights | {
        name: grid.round(rounded.weights[name]) for name, grid in rounded.grids.items()
    }
    step, plain = (CStep(rounded.config, PLAN, 0, start=start) for _ in range(2))
    step.round_activations(activations_of(rounded))
    reference = Reference(first.model)
    of_integers, of_rounded, of_floats = [], [], []
    for story in stories:
        logits = reference.read(story[:-1], reference.start()) / 2.0**first.model.logit_bits
        of_integers.append(float(costs_of(logits, story[1:]).sum()) / (len(story) - 1))
        for each, found in ((step, of_rounded), (plain, of_floats)):
            found.append(each.learn(Batch([story], len(story) - 1, 0), 0.0).nats / (len(story) - 1))
    far, near = (np.abs(np.subtract(of_integers, each)).mean() for each in (of_floats, of_rounded))
    assert near < 0.5 * far
