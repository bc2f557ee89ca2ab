"""Narrow norms: without gains, which go into the columns of the matrices that read."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lilliput.errors import ConfigError
from lilliput.quantize.fixed import UNIT_BITS
from lilliput.quantize.intmodel import IntConfig
from lilliput.quantize.settings import QuantizeSettings

Weights = Mapping[str, npt.NDArray[np.float32]]
NARROW_BITS = 8
"""Of what a narrow norm squares and multiplies."""
_UNITS_PER_ONE = 16
"""A value of its root mean square is about so many units of what a narrow norm makes."""


def narrow_shift(size: int) -> int:
    """The shift of a narrow norm of `size` elements: results are in units of sqrt(size) * 2**(shift - 15)."""
    return UNIT_BITS - round(math.log2(_UNITS_PER_ONE * size**0.5))


def check_settings(config: IntConfig, settings: QuantizeSettings) -> None:
    """Raise ConfigError for settings that do not go together."""
    planes = any(
        settings.kind(part) == "planes" for part in ("q", "k", "v", "o", "gate", "up", "down", "head")
    )
    narrow = settings.norms == "narrow" or settings.turn_bits < 16 or settings.score_bits == 16
    if config.family == "qwen3" and (narrow or planes):
        raise ConfigError("a cartridge's numbers are for llama: this model has norms of queries and keys")
    if settings.kind("embed") == "planes":
        raise ConfigError("rows of an embedding are read as they are, and have no planes: set embed=int8")
    wrong = [
        (planes and settings.activation_bits > 8, "weights of planes read 8 bits: set activation_bits=8"),
        (settings.norms == "narrow" and settings.activation_bits != 8, "narrow norms make activation_bits=8"),
        (
            settings.norms == "narrow" and settings.blocks == "all",
            "narrow norms have no exponents: set blocks",
        ),
        (settings.norms == "narrow" and settings.head_bits not in (None, 8), "narrow norms make head_bits=8"),
        (settings.keys == "odd" and settings.key_bits > 7, "odd keys have 7 bits at most: set key_bits"),
        (settings.reciprocal_bits == 8 and settings.sum_bits != 16, "reciprocal_bits=8 is for sum_bits=16"),
        (settings.window == 1, "a window has 2 positions at least: the first one, and oneself"),
    ]
    for holds, message in wrong:
        if holds:
            raise ConfigError(message)


def fold_gains(config: IntConfig, weights: Weights) -> tuple[IntConfig, dict[str, npt.NDArray[np.float32]]]:
    """The same function with gains of 1 and a head of its own."""
    folded = dict(weights)
    folded.setdefault("head.weight", weights["embed.weight"])
    readers = {"norm": ["head"]}
    for number in range(config.n_layers):
        at = f"blocks.{number}"
        readers[f"{at}.norm1"] = [f"{at}.attn.{part}" for part in "qkv"]
        readers[f"{at}.norm2"] = [f"{at}.mlp.gate", f"{at}.mlp.up"]
    for norm, matrices in readers.items():
        gains = weights[f"{norm}.weight"]
        for matrix in matrices:
            folded[f"{matrix}.weight"] = folded[f"{matrix}.weight"] * gains
        folded[f"{norm}.weight"] = np.ones_like(gains)
    return config.model_copy(update={"tied": False}), folded
