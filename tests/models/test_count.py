"""Counts against published numbers and against arithmetic counted by torch."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lilliput.models import ModelConfig, MoEConfig, build_model
from lilliput.models.count import count_parameters, flops_of_story, flops_per_token
from lilliput.presets import PRESETS


def test_embeddings_are_left_out_as_the_field_does() -> None:
    counted = count_parameters(PRESETS["tinystories33m"]().model)
    assert counted.parameters_without_embeddings == 28_343_808  # blocks and the last norm


def test_flops_of_a_story_are_those_that_torch_counts(any_config: ModelConfig) -> None:
    if isinstance(any_config, MoEConfig):  # torch computes all experts; ours counts those that read a token
        any_config = any_config.model_copy(update={"experts_per_token": any_config.n_experts})
    model = build_model(any_config)
    length = 40
    plain = sdpa_kernel(SDPBackend.MATH)  # the counter sees no product inside a fused kernel
    with plain, FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(torch.zeros(1, length, dtype=torch.int64))
    # torch counts the whole square of attention; ours counts what is looked at, so compare the rest
    products = 4 * any_config.n_heads * any_config.d_head
    square = any_config.n_layers * products * length * length
    ours = sum(flops_per_token(any_config, position) for position in range(length))
    reaches = [any_config.reach(layer) for layer in range(any_config.n_layers)]
    looked_at = sum(min(position + 1, reach) for position in range(length) for reach in reaches)
    assert ours - products * looked_at == counter.get_total_flops() - square
    assert flops_per_token(any_config, 0, training=True) == 3 * flops_per_token(any_config, 0)


@pytest.mark.parametrize("length", [0, 1, 3, 40])
def test_a_story_costs_what_its_tokens_cost(any_config: ModelConfig, length: int) -> None:
    tokens = sum(flops_per_token(any_config, position, training=True) for position in range(length))
    assert flops_of_story(any_config, length, training=True) == tokens


def test_of_a_mixture_only_the_experts_that_read_a_token_cost() -> None:
    shape = {"vocab_size": 50, "d_model": 8, "n_layers": 3, "n_heads": 2, "n_kv_heads": 1, "d_ff": 20}
    costs = [
        flops_per_token(MoEConfig(**shape, context=9, n_experts=6, experts_per_token=k), 4) for k in (1, 2, 5)
    ]
    one_expert = 2 * 3 * (3 * 8 * 20)  # multiply and add, layers, three matrices
    assert costs[1] - costs[0] == one_expert
    assert costs[2] - costs[0] == 4 * one_expert
