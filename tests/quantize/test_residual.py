"""Units of the residual stream: finer where it is small."""

from types import ModuleType

import numpy as np

from lilliput.models.config import LlamaConfig
from lilliput.quantize.reference import Reference
from lilliput.quantize.scaling import MOST_STAGE_SHIFT, choose_residual_steps


def test_an_embedding_that_layers_drown_keeps_its_bits(integers: ModuleType) -> None:
    """It is a thousandth of what the first layer adds: one unit for all would leave it five bits."""
    config = LlamaConfig(**integers.SMALL, n_heads=4, n_kv_heads=2)
    weights = integers.draw_weights(config)
    for name in weights:
        if name.endswith(("attn.o.weight", "mlp.down.weight")):
            weights[name] = weights[name] * 1000
    model = integers.quantized(config, weights=weights).model
    shifts = [shift for layer in model.layers for shift in (layer.mid_shift, layer.post_shift)]
    assert shifts[0] >= 6
    assert min(shifts) >= 0
    assert sum(shifts) <= MOST_STAGE_SHIFT
    rows = Reference(model).embed(np.arange(config.vocab_size))
    assert np.abs(rows).max() >= 2**13


def test_every_stage_fits_and_the_last_is_what_the_greatest_needs() -> None:
    assert choose_residual_steps([1.0, 0.5, 3.9, 4.0, 2.0, 9.0]) == (1.125, 1.125, 4.5, 4.5, 4.5, 9.0)
    assert choose_residual_steps([1e-9, 1.0]) == (2.0**-MOST_STAGE_SHIFT, 1.0)
