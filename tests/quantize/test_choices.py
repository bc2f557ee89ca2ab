"""What a person can leave out for a model to be one of version 1."""

import numpy as np
import pytest

from lilliput.errors import ConfigError
from lilliput.models.config import LlamaConfig
from lilliput.quantize.choices import name_newer_choices
from lilliput.quantize.settings import CARTRIDGE

SHAPE = {"vocab_size": 61, "d_model": 24, "n_layers": 2, "d_ff": 44, "context": 160}
LLAMA = LlamaConfig(**SHAPE, n_heads=4, n_kv_heads=2)
ALONE = [*(s for s in CARTRIDGE if s not in ("weights=planes", "embed=int8")), "down=planes"]
SUMS = ["chance_bits=7", "value_bits=5", "sum_bits=16", "reciprocal_bits=8"]
TOGETHER = {"sum_bits=16": SUMS, "reciprocal_bits=8": SUMS, "keys=odd": ["key_bits=7"]}
"""What goes only beside another."""


@pytest.mark.parametrize("setting", ALONE)
def test_each_cartridge_setting_alone_is_named_where_it_makes_version_2(setting, integers):
    model = integers.quantized(LLAMA, *TOGETHER.get(setting, []), setting).model
    named = name_newer_choices(model)
    assert bool(named) == (model.version > 1)
    assert (setting in named) == (model.version > 1)


def test_a_whole_cartridge_is_named_by_all_its_choices(integers):
    settings = [setting for setting in CARTRIDGE if not setting.startswith(("window", "weights"))]
    model = integers.quantized(LLAMA, "weights=planes", *settings).model
    assert {"q=planes", "head=planes", "norms=narrow", "keys=odd"} <= set(name_newer_choices(model))


def test_queries_that_are_too_great_are_said_of_their_block_with_bits_that_exist(integers):
    def refuse(factor, *settings):
        weights = integers.draw_weights(LLAMA)
        weights["blocks.1.attn.q.weight"] *= np.float32(factor)
        with pytest.raises(ConfigError, match="queries and keys are too great") as refused:
            integers.quantized(LLAMA, *settings, weights=weights)
        return str(refused.value).replace("queries and keys are too great for their bits: ", "")

    assert refuse(100, "query_bits=8") == "blocks.1.attn: set query_bits=16"
    assert refuse(3000, "key_bits=7") == "blocks.1.attn: set key_bits=8"
    assert refuse(3000).startswith("blocks.1.attn: they have the most that there are")


def test_gains_that_are_too_great_are_said_of_their_norm(integers):
    weights = integers.draw_weights(LLAMA)
    weights["embed.weight"] *= np.float32(1e-9)
    with pytest.raises(
        ConfigError, match=r"blocks\.0\.norm1: what this norm reads is so small beside norm_eps"
    ):
        integers.quantized(LLAMA, weights=weights)
