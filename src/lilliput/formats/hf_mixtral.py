"""Mixtral (our family `moe`) in Hugging Face folders: weights and config, both directions.

A released checkpoint, and what transformers saves, holds each expert's three matrices by themselves
(`block_sparse_moe.experts.3.w1.weight`); ours are stacked, expert by expert.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from lilliput.errors import FormatError
from lilliput.formats.hf_config import ConfigMap, HuggingFace, NameMap
from lilliput.formats.hf_rotary import (
    ATTENTION,
    DEFAULTS,
    FIELDS,
    FIXED,
    OTHERS,
    WHOLE,
    WORDS,
    check_head_dim,
    read_rotary,
    without_tables,
    write_rotary,
)
from lilliput.formats.weights import Array
from lilliput.models.config import MoEConfig

_NAMES = NameMap("model.layers.", {**ATTENTION, "mlp.router": "block_sparse_moe.gate"}, WHOLE)
_EXPERT = re.compile(r"model\.layers\.(\d+)\.block_sparse_moe\.experts\.(\d+)\.w([123])\.weight")
_STACKED = re.compile(r"blocks\.(\d+)\.mlp\.(gate|down|up)\.weight")
_MATRICES = {"1": "gate", "2": "down", "3": "up"}  # Hugging Face's number -> ours
_NUMBERS = {ours: number for number, ours in _MATRICES.items()}
_CONFIG = ConfigMap(
    {**FIELDS, "n_experts": "num_local_experts", "experts_per_token": "num_experts_per_tok"},
    {
        **DEFAULTS,
        "rms_norm_eps": 1e-5,
        "num_key_value_heads": 8,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
    },
    FIXED,
    OTHERS | {"sliding_window", "output_router_logits", "router_aux_loss_coef", "router_jitter_noise"},
    WORDS,
)
_THETA = 1e6  # of transformers, where the file does not say


def _config_from_hf(values: dict[str, Any], source: str) -> MoEConfig:
    config = MoEConfig.from_dict(read_rotary(_CONFIG, values, source, _THETA), source)
    check_head_dim(values, config.d_head, source)
    window = values.get("sliding_window")
    if window is not None and not (isinstance(window, int) and window >= config.context):
        raise FormatError(f"{source}: sliding_window = {window!r} is not supported; None is")
    return config


def _config_to_hf(config: MoEConfig) -> dict[str, Any]:
    return {
        "architectures": ["MixtralForCausalLM"],
        "model_type": "mixtral",
        **write_rotary(_CONFIG, config),
        "sliding_window": None,
    }


def _weights_from_hf(tensors: Mapping[str, Array], source: str) -> dict[str, Array]:
    plain: dict[str, Array] = {}
    experts: dict[str, dict[int, Array]] = {}  # our name -> expert -> matrix
    for name, array in without_tables(tensors).items():
        if match := _EXPERT.fullmatch(name):
            ours = f"blocks.{match[1]}.mlp.{_MATRICES[match[3]]}.weight"
            experts.setdefault(ours, {})[int(match[2][:9])] = array
        else:
            plain[name] = array
    weights = _NAMES.rename(plain, source)
    for ours, stack in experts.items():
        numbers = sorted(stack)
        if numbers != list(range(len(numbers))) or len({array.shape for array in stack.values()}) > 1:
            raise FormatError(f"{source}: the experts of {ours} have a gap or differ in shape")
        weights[ours] = np.stack([stack[number] for number in numbers])
    return weights


def _weights_to_hf(weights: Mapping[str, Array]) -> dict[str, Array]:
    tensors: dict[str, Array] = {}
    for name, array in weights.items():
        if match := _STACKED.fullmatch(name):
            experts = f"model.layers.{match[1]}.block_sparse_moe.experts"
            for number, matrix in enumerate(array):
                tensors[f"{experts}.{number}.w{_NUMBERS[match[2]]}.weight"] = matrix
        else:
            tensors[_NAMES.to_hf(name)] = array
    return tensors


MIXTRAL = HuggingFace("mixtral", _config_from_hf, _config_to_hf, _weights_from_hf, _weights_to_hf)
