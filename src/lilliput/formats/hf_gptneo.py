"""GPT-Neo in Hugging Face folders: weights and config, both directions."""

import re
from collections.abc import Mapping
from typing import Any

from lilliput.errors import FormatError
from lilliput.formats.hf_config import ConfigMap, HuggingFace, NameMap
from lilliput.formats.hf_learned import DEFAULTS, NO_EFFECT, WHOLE, WORDS, default_d_ff, without_masks
from lilliput.formats.weights import Array
from lilliput.models.config import MOST_LAYERS, GPTNeoConfig

_NAMES = NameMap(
    "transformer.h.",
    {
        "norm1": "ln_1",
        "attn.q": "attn.attention.q_proj",
        "attn.k": "attn.attention.k_proj",
        "attn.v": "attn.attention.v_proj",
        "attn.o": "attn.attention.out_proj",
        "norm2": "ln_2",
        "mlp.up": "mlp.c_fc",
        "mlp.down": "mlp.c_proj",
    },
    WHOLE,
)
_CONFIG = ConfigMap(
    {
        "vocab_size": "vocab_size",
        "d_model": "hidden_size",
        "n_layers": "num_layers",
        "n_heads": "num_heads",
        "d_ff": "intermediate_size",
        "context": "max_position_embeddings",
        "tied": "tie_word_embeddings",
        "norm_eps": "layer_norm_epsilon",
        "activation": "activation_function",
        "window": "window_size",
    },
    {**DEFAULTS, "window_size": 256},
    {},
    NO_EFFECT
    | {"attention_types", "attention_layers", "resid_dropout", "embed_dropout", "classifier_dropout"},
    WORDS,
)
_MASK = re.compile(r"transformer\.h\.\d+\.attn\.attention\.(?:bias|masked_bias)")


def _config_from_hf(values: dict[str, Any], source: str) -> GPTNeoConfig:
    d_ff = default_d_ff(values.get("intermediate_size"), values.get("hidden_size"))
    fields = _CONFIG.read({**values, "intermediate_size": d_ff}, source)
    return GPTNeoConfig.from_dict({**fields, "pattern": _pattern(values, source)}, source)


def _config_to_hf(config: GPTNeoConfig) -> dict[str, Any]:
    layers = ["local" if local else "global" for local in config.local_layers]
    return {
        "architectures": ["GPTNeoForCausalLM"],
        "model_type": "gpt_neo",
        **_CONFIG.write(config),
        "attention_types": [[layers, 1]],
        "attention_layers": layers,
        "resid_dropout": 0.0,
        "embed_dropout": 0.0,
        "attention_dropout": 0.0,
        "dtype": "float32",
    }


def _pattern(values: Mapping[str, Any], source: str) -> list[str]:
    """The shortest pattern that, repeated, is the kinds of attention of all layers."""
    layers = _layers(values)
    if layers is None:
        raise FormatError(
            f"{source}: attention_types do not say global or local once for each of num_layers layers"
        )
    if values.get("attention_layers") not in (None, layers):
        raise FormatError(f"{source}: attention_layers and attention_types differ")
    lengths = range(1, len(layers) + 1)
    length = next(n for n in lengths if all(kind == layers[i % n] for i, kind in enumerate(layers)))
    return layers[:length]


def _layers(values: Mapping[str, Any]) -> list[str] | None:
    """The kind of attention of each layer, None where the file does not say it soundly."""
    count = values.get("num_layers")
    layers: list[Any] = []
    types = values.get("attention_types")
    if types is None and isinstance(values.get("attention_layers"), list):
        types = [[values["attention_layers"], 1]]
    if not (isinstance(count, int) and 0 < count <= MOST_LAYERS and isinstance(types, list)):
        return None
    for entry in types:
        if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], list)):
            return None
        kinds, times = entry
        if not isinstance(times, int) or len(layers) + len(kinds) * times > count:
            return None
        layers += kinds * times
    sound = len(layers) == count and all(kind in ("global", "local") for kind in layers)
    return layers if sound else None


def _weights_from_hf(tensors: Mapping[str, Array], source: str) -> dict[str, Array]:
    learned = without_masks(tensors, _MASK, source)
    return _NAMES.rename(learned, source)


GPTNEO = HuggingFace("gpt_neo", _config_from_hf, _config_to_hf, _weights_from_hf, _NAMES.rename_back)
