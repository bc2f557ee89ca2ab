"""Counts against published numbers and against arithmetic counted by torch."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lilliput.models import LlamaConfig, build_model
from lilliput.models.count import count_parameters, flops_per_token
from lilliput.presets import PRESETS


@pytest.mark.parametrize(
    ("preset", "parameters"),
    [
        ("stories260k", 260_032),
        ("stories15m", 15_191_712),
        ("stories42m", 41_689_600),
        ("stories110m", 109_529_856),
    ],
)
def test_presets_have_the_published_number_of_parameters(preset: str, parameters: int) -> None:
    assert count_parameters(PRESETS[preset]().model).parameters == parameters


def test_flops_of_a_story_are_those_that_torch_counts() -> None:
    config = LlamaConfig(vocab_size=50, d_model=32, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=64, context=64)
    model = build_model(config)
    length = 48
    plain = sdpa_kernel(SDPBackend.MATH)  # the counter sees no product inside a fused kernel
    with plain, FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(torch.zeros(1, length, dtype=torch.int64))
    # torch counts the whole square of attention; ours counts the causal half, so compare the rest
    square = config.n_layers * 4 * config.n_heads * config.d_head * length * length
    ours = sum(flops_per_token(config, position) for position in range(length))
    triangle = config.n_layers * 4 * config.n_heads * config.d_head * length * (length + 1) // 2
    assert ours - triangle == counter.get_total_flops() - square
    assert flops_per_token(config, 0, training=True) == 3 * flops_per_token(config, 0)
