"""What Llama and its kin (Qwen3, Mixtral) share in Hugging Face folders."""

from collections.abc import Mapping
from typing import Any

from lilliput.errors import FormatError
from lilliput.formats.hf_config import ACTIVATIONS, ConfigMap
from lilliput.formats.weights import Array
from lilliput.models.config import LlamaConfig, MoEConfig, Qwen3Config

ATTENTION = {  # ours -> Hugging Face's, within a layer
    "norm1": "input_layernorm",
    "attn.q": "self_attn.q_proj",
    "attn.k": "self_attn.k_proj",
    "attn.v": "self_attn.v_proj",
    "attn.o": "self_attn.o_proj",
    "norm2": "post_attention_layernorm",
}
GATED = {"mlp.gate": "mlp.gate_proj", "mlp.up": "mlp.up_proj", "mlp.down": "mlp.down_proj"}
WHOLE = {"embed": "model.embed_tokens", "norm": "model.norm", "head": "lm_head"}
FIELDS = {  # ours -> Hugging Face's config.json
    "vocab_size": "vocab_size",
    "d_model": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "d_ff": "intermediate_size",
    "context": "max_position_embeddings",
    "tied": "tie_word_embeddings",
    "norm_eps": "rms_norm_eps",
    "gate": "hidden_act",
}
DEFAULTS = {"hidden_act": "silu", "tie_word_embeddings": False}
WORDS = {"hidden_act": ACTIVATIONS}
FIXED: dict[str, tuple[Any, ...]] = {
    "attention_bias": (False,),
    "mlp_bias": (False,),
    "rope_scaling": (None,),
}
OTHERS = frozenset({"head_dim", "rope_theta", "rope_parameters", "pretraining_tp"})


def read_rotary(
    table: ConfigMap, values: Mapping[str, Any], source: str, theta: float = 10000.0
) -> dict[str, Any]:
    """The fields of `table` and `rope_theta`, which is `theta` where the file does not say.

    As many key/value heads as query heads where it says none.
    """
    if values.get("num_key_value_heads", 0) is None:
        values = {**values, "num_key_value_heads": values.get("num_attention_heads")}
    return {**table.read(values, source), "rope_theta": _rope_theta(values, source, theta)}


def write_rotary(table: ConfigMap, config: LlamaConfig | Qwen3Config | MoEConfig) -> dict[str, Any]:
    """The keys of `table` and what both generations of transformers read of positions."""
    return {
        **table.write(config),
        "head_dim": config.d_head,
        "rope_theta": config.rope_theta,  # transformers 4
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},  # 5
        "dtype": "float32",
    }


def check_head_dim(values: Mapping[str, Any], d_head: int, source: str) -> None:
    """Raise FormatError unless heads divide the width, as they do in Llama and Mixtral."""
    if values.get("head_dim") not in (None, d_head):
        raise FormatError(
            f"{source}: head_dim = {values['head_dim']} differs from hidden_size / num_attention_heads"
        )


def without_tables(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """`tensors` without the rotary tables that old releases stored, which are computed, not learned."""
    return {name: array for name, array in tensors.items() if not name.endswith("rotary_emb.inv_freq")}


def _rope_theta(values: Mapping[str, Any], source: str, default: float) -> float:
    parameters = values.get("rope_parameters") or {}
    if not isinstance(parameters, dict):
        raise FormatError(f"{source}: rope_parameters is not an object")
    kind = parameters.get("rope_type", "default")
    if kind != "default":
        raise FormatError(f"{source}: rope_type {kind!r} is not supported; 'default' is")
    theta = parameters.get("rope_theta", values.get("rope_theta", default))
    if not isinstance(theta, int | float):
        raise FormatError(f"{source}: rope_theta is not a number")
    return float(theta)
