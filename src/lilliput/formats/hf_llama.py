"""The Llama family in Hugging Face folders: weights and config, both directions."""

from collections.abc import Mapping
from typing import Any

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
    check_head_dim,
    read_rotary,
    without_tables,
    write_rotary,
)
from lilliput.formats.weights import Array
from lilliput.models.config import LlamaConfig

_NAMES = NameMap("model.layers.", {**ATTENTION, **GATED}, WHOLE)
_CONFIG = ConfigMap(FIELDS, {**DEFAULTS, "rms_norm_eps": 1e-6}, FIXED, OTHERS, WORDS)


def _config_from_hf(values: dict[str, Any], source: str) -> LlamaConfig:
    values = {"num_key_value_heads": None, **values}
    config = LlamaConfig.from_dict(read_rotary(_CONFIG, values, source), source)
    check_head_dim(values, config.d_head, source)
    return config


def _config_to_hf(config: LlamaConfig) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        **write_rotary(_CONFIG, config),
        "attention_bias": False,
        "mlp_bias": False,
    }


def _weights_from_hf(tensors: Mapping[str, Array], source: str) -> dict[str, Array]:
    return _NAMES.rename(without_tables(tensors), source)


LLAMA = HuggingFace("llama", _config_from_hf, _config_to_hf, _weights_from_hf, _NAMES.rename_back)
