"""The Llama family's names in Hugging Face folders: weights and config, both directions."""

import re
from typing import Any

from lilliput.config import near_miss
from lilliput.errors import FormatError
from lilliput.formats.weights import Array
from lilliput.models.config import LlamaConfig

_PARTS = {  # ours -> Hugging Face's
    "norm1": "input_layernorm",
    "attn.q": "self_attn.q_proj",
    "attn.k": "self_attn.k_proj",
    "attn.v": "self_attn.v_proj",
    "attn.o": "self_attn.o_proj",
    "norm2": "post_attention_layernorm",
    "mlp.gate": "mlp.gate_proj",
    "mlp.up": "mlp.up_proj",
    "mlp.down": "mlp.down_proj",
}
_WHOLE = {
    "embed.weight": "model.embed_tokens.weight",
    "norm.weight": "model.norm.weight",
    "head.weight": "lm_head.weight",
}
_BLOCK = re.compile(r"blocks\.(\d+)\.(.+)\.weight")
_LAYER = re.compile(r"model\.layers\.(\d+)\.(.+)\.weight")
_PARTS_BACK = {theirs: ours for ours, theirs in _PARTS.items()}
_WHOLE_BACK = {theirs: ours for ours, theirs in _WHOLE.items()}

_FIELDS = {  # ours -> Hugging Face's config.json
    "vocab_size": "vocab_size",
    "d_model": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "d_ff": "intermediate_size",
    "context": "max_position_embeddings",
    "tied": "tie_word_embeddings",
    "norm_eps": "rms_norm_eps",
}
_CONFIG_DEFAULTS = {"tie_word_embeddings": False, "rms_norm_eps": 1e-6}  # of transformers
_FIXED: dict[str, tuple[Any, ...]] = {  # settings that change the function: the values we compute
    "hidden_act": ("silu",),
    "attention_bias": (False,),
    "mlp_bias": (False,),
    "rope_scaling": (None,),
    "is_decoder": (False, True),
    "add_cross_attention": (False,),
    "is_encoder_decoder": (False,),
    "quantization_config": (None,),
}
_NO_EFFECT = set(  # keys that do not change the logits at inference
    [
        "model_type",
        "architectures",
        "dtype",
        "torch_dtype",
        "transformers_version",
        "_name_or_path",
        "use_cache",
        "initializer_range",
        "pretraining_tp",
        "attention_dropout",
        "bos_token_id",
        "eos_token_id",
        "pad_token_id",
        "sep_token_id",
        "decoder_start_token_id",
        "head_dim",
        "rope_theta",
        "rope_parameters",
        "output_attentions",
        "output_hidden_states",
        "return_dict",
        "return_dict_in_generate",
        "torchscript",
        "chunk_size_feed_forward",
        "cross_attention_hidden_size",
        "id2label",
        "label2id",
        "problem_type",
        "prefix",
        "pruned_heads",
        "finetuning_task",
        "task_specific_params",
        "tokenizer_class",
        "_attn_implementation",
        "_commit_hash",
        "max_length",
        "min_length",
        "do_sample",
        "early_stopping",
        "num_beams",
        "num_beam_groups",
        "diversity_penalty",
        "temperature",
        "top_k",
        "top_p",
        "typical_p",
        "repetition_penalty",
        "length_penalty",
        "no_repeat_ngram_size",
        "encoder_no_repeat_ngram_size",
        "bad_words_ids",
        "num_return_sequences",
        "output_scores",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "remove_invalid_values",
        "exponential_decay_length_penalty",
        "suppress_tokens",
        "begin_suppress_tokens",
        "tf_legacy_loss",
        "use_bfloat16",
        "unsloth_version",
        "unsloth_fixed",
    ]
)


def weight_to_hf(name: str) -> str:
    """Hugging Face's name of our parameter `name`."""
    if match := _BLOCK.fullmatch(name):
        return f"model.layers.{match[1]}.{_PARTS[match[2]]}.weight"
    return _WHOLE[name]


def weight_from_hf(name: str) -> str | None:
    """Our name of Hugging Face's parameter; None for a buffer that is computed, not learned."""
    if name.endswith("rotary_emb.inv_freq"):
        return None
    if (match := _LAYER.fullmatch(name)) and match[2] in _PARTS_BACK:
        return f"blocks.{match[1]}.{_PARTS_BACK[match[2]]}.weight"
    if name in _WHOLE_BACK:
        return _WHOLE_BACK[name]
    raise FormatError(f"the weight {name} belongs to no Llama that we know")


def config_to_hf(config: LlamaConfig) -> dict[str, Any]:
    """config.json of `config`, without the token ids."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        **{theirs: getattr(config, ours) for ours, theirs in _FIELDS.items()},
        "head_dim": config.d_head,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "rope_theta": config.rope_theta,  # transformers 4
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},  # 5
        "dtype": "float32",
    }


def config_from_hf(values: dict[str, Any], source: str) -> LlamaConfig:
    """Our config from config.json; raises FormatError for whatever we would compute differently."""
    known = {*_FIELDS.values(), *_FIXED, *_NO_EFFECT}
    for key, value in values.items():
        if key not in known:
            raise FormatError(f"{source}: unknown key {key}; {near_miss(key, known)[:200]}")
        if key in _FIXED and value not in _FIXED[key]:
            raise FormatError(f"{source}: {key} = {value!r} is not supported; {_FIXED[key][0]!r} is")
    heads = {"num_key_value_heads": values.get("num_attention_heads")}
    filled = {**_CONFIG_DEFAULTS, **heads, **values}
    missing = [theirs for theirs in _FIELDS.values() if filled.get(theirs) is None]
    if missing:
        raise FormatError(f"{source} lacks {missing[0]}")
    ours = {ours: filled[theirs] for ours, theirs in _FIELDS.items()}
    config = LlamaConfig.from_dict({**ours, "rope_theta": _rope_theta(values, source)}, source)
    if values.get("head_dim") not in (None, config.d_head):
        raise FormatError(
            f"{source}: head_dim = {values['head_dim']} differs from hidden_size / num_attention_heads"
        )
    return config


def split_tied(weights: dict[str, Array], config: LlamaConfig) -> dict[str, Array]:
    """Weights without the output matrix that a tied model may have stored a second time."""
    return {name: w for name, w in weights.items() if not (config.tied and name == "head.weight")}


def _rope_theta(values: dict[str, Any], source: str) -> float:
    parameters = values.get("rope_parameters") or {}
    if not isinstance(parameters, dict):
        raise FormatError(f"{source}: rope_parameters is not an object")
    kind = parameters.get("rope_type", "default")
    if kind != "default":
        raise FormatError(f"{source}: rope_type {kind!r} is not supported; 'default' is")
    theta = parameters.get("rope_theta", values.get("rope_theta", 10000.0))
    if not isinstance(theta, int | float):
        raise FormatError(f"{source}: rope_theta is not a number")
    return float(theta)
