"""GPT-2 in Hugging Face folders: weights and config, both directions.

Its matrices stand there as (inputs, outputs), and queries, keys and values in one matrix side by side.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from lilliput.errors import FormatError
from lilliput.formats.hf_config import ConfigMap, HuggingFace, NameMap
from lilliput.formats.hf_learned import DEFAULTS, NO_EFFECT, WHOLE, WORDS, default_d_ff, without_masks
from lilliput.formats.weights import Array
from lilliput.models.config import GPT2Config

_NAMES = NameMap(
    "transformer.h.",
    {
        "norm1": "ln_1",
        "attn.qkv": "attn.c_attn",  # not a name of ours: it is split into three
        "attn.o": "attn.c_proj",
        "norm2": "ln_2",
        "mlp.up": "mlp.c_fc",
        "mlp.down": "mlp.c_proj",
    },
    WHOLE,
)
_CONFIG = ConfigMap(
    {
        "vocab_size": "vocab_size",
        "d_model": "n_embd",
        "n_layers": "n_layer",
        "n_heads": "n_head",
        "d_ff": "n_inner",
        "context": "n_positions",
        "tied": "tie_word_embeddings",
        "norm_eps": "layer_norm_epsilon",
        "activation": "activation_function",
    },
    DEFAULTS,
    {
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
    },
    NO_EFFECT | {"n_ctx", "resid_pdrop", "embd_pdrop", "attn_pdrop", "reorder_and_upcast_attn"},
    WORDS,
)
_MASK = re.compile(r"transformer\.h\.\d+\.attn\.(?:bias|masked_bias)")
_MATRIX = re.compile(r"blocks\.\d+\.(?:attn|mlp)\.[a-z]+\.weight")
_FUSED = re.compile(r"(blocks\.\d+\.attn)\.qkv\.(weight|bias)")
_QUERY = re.compile(r"(blocks\.\d+\.attn)\.q\.(weight|bias)")
_KEY_OR_VALUE = re.compile(r"blocks\.\d+\.attn\.[kv]\.(?:weight|bias)")


def _config_from_hf(values: dict[str, Any], source: str) -> GPT2Config:
    values = {**values, "n_inner": default_d_ff(values.get("n_inner"), values.get("n_embd"))}
    return GPT2Config.from_dict(_CONFIG.read(values, source), source)


def _config_to_hf(config: GPT2Config) -> dict[str, Any]:
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        **_CONFIG.write(config),
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        "dtype": "float32",
    }


def _weights_from_hf(tensors: Mapping[str, Array], source: str) -> dict[str, Array]:
    learned = without_masks(tensors, _MASK, source)
    weights: dict[str, Array] = {}
    for name, array in _NAMES.rename(learned, source).items():
        whole = np.ascontiguousarray(array.T) if _MATRIX.fullmatch(name) else array
        if match := _FUSED.fullmatch(name):
            if whole.ndim == 0 or len(whole) % 3:
                raise FormatError(f"{source}: {name} is not three matrices side by side")
            for part, rows in zip("qkv", np.split(whole, 3), strict=True):
                weights[f"{match[1]}.{part}.{match[2]}"] = rows
        else:
            weights[name] = whole
    return weights


def _weights_to_hf(weights: Mapping[str, Array]) -> dict[str, Array]:
    tensors: dict[str, Array] = {}
    for name, array in weights.items():
        if match := _QUERY.fullmatch(name):
            fused = np.concatenate([weights[f"{match[1]}.{part}.{match[2]}"] for part in "qkv"])
            tensors[_NAMES.to_hf(f"{match[1]}.qkv.{match[2]}")] = fused.T
        elif not _KEY_OR_VALUE.fullmatch(name):
            tensors[_NAMES.to_hf(name)] = array.T if _MATRIX.fullmatch(name) else array
    return tensors


GPT2 = HuggingFace("gpt2", _config_from_hf, _config_to_hf, _weights_from_hf, _weights_to_hf)
