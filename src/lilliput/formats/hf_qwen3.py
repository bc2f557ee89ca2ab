"""Qwen3 in Hugging Face folders: weights and config, both directions."""

from collections.abc import Mapping
from typing import Any

from lilliput.errors import FormatError
from lilliput.formats.hf_config import ConfigMap, HuggingFace, NameMap
from lilliput.formats.hf_rotary import (
    ATTENTION,
    DEFAULTS,
    FIELDS,
    FIXED,
    GATED,
    OTHERS,
    WHOLE,
    WORDS,
    read_rotary,
    without_tables,
    write_rotary,
)
from lilliput.formats.weights import Array
from lilliput.models.config import Qwen3Config

_NORMS = {"attn.q_norm": "self_attn.q_norm", "attn.k_norm": "self_attn.k_norm"}
_NAMES = NameMap("model.layers.", {**ATTENTION, **_NORMS, **GATED}, WHOLE)
_CONFIG = ConfigMap(
    {**FIELDS, "d_head": "head_dim"},
    {
        **DEFAULTS,
        "rms_norm_eps": 1e-6,
        "head_dim": 128,
        "num_key_value_heads": 32,
    },
    {**FIXED, "use_sliding_window": (False,)},
    OTHERS | {"layer_types", "sliding_window", "max_window_layers"},  # no windows without use_sliding_window
    WORDS,
)


def _config_from_hf(values: dict[str, Any], source: str) -> Qwen3Config:
    config = Qwen3Config.from_dict(read_rotary(_CONFIG, values, source), source)
    kinds = values.get("layer_types")
    if kinds not in (None, ["full_attention"] * config.n_layers):
        raise FormatError(f"{source}: layer_types other than full_attention for each layer are not supported")
    return config


def _config_to_hf(config: Qwen3Config) -> dict[str, Any]:
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        **write_rotary(_CONFIG, config),
        "attention_bias": False,
        "use_sliding_window": False,
    }


def _weights_from_hf(tensors: Mapping[str, Array], source: str) -> dict[str, Array]:
    return _NAMES.rename(without_tables(tensors), source)


QWEN3 = HuggingFace("qwen3", _config_from_hf, _config_to_hf, _weights_from_hf, _NAMES.rename_back)
