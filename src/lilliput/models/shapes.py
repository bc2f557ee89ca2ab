"""Names and shapes of a model's parameters, from its config alone (no torch).

Matrices are (outputs, inputs), experts' stacked ones (experts, outputs, inputs).
"""

from collections.abc import Callable
from typing import Any

from lilliput.models.config import GPT2Config, GPTNeoConfig, LlamaConfig, ModelConfig, MoEConfig, Qwen3Config

Shapes = dict[str, tuple[int, ...]]

EMBEDDINGS = ("embed.weight", "positions.weight", "head.weight")
"""The matrices that are as long as the vocabulary or the context, which the field counts apart."""


def weight_shapes(config: ModelConfig) -> Shapes:
    """Name and shape of every parameter of a model, in the order of its layers."""
    families: dict[str, Callable[[Any], Shapes]] = {
        "llama": _llama,
        "qwen3": _qwen3,
        "gpt2": _gpt2,
        "gptneo": _gptneo,
        "moe": _moe,
    }
    return families[config.family](config)


def _llama(config: LlamaConfig) -> Shapes:
    block = {
        "norm1.weight": (config.d_model,),
        **_projections(config),
        "norm2.weight": (config.d_model,),
        **_swiglu(config.d_model, config.d_ff),
    }
    return _stack(config, block, norm={"norm.weight": (config.d_model,)})


def _qwen3(config: Qwen3Config) -> Shapes:
    block = {
        "norm1.weight": (config.d_model,),
        **_projections(config),
        "attn.q_norm.weight": (config.d_head,),
        "attn.k_norm.weight": (config.d_head,),
        "norm2.weight": (config.d_model,),
        **_swiglu(config.d_model, config.d_ff),
    }
    return _stack(config, block, norm={"norm.weight": (config.d_model,)})


def _moe(config: MoEConfig) -> Shapes:
    experts = _swiglu(config.d_model, config.d_ff)
    block = {
        "norm1.weight": (config.d_model,),
        **_projections(config),
        "norm2.weight": (config.d_model,),
        "mlp.router.weight": (config.n_experts, config.d_model),
        **{name: (config.n_experts, *shape) for name, shape in experts.items()},
    }
    return _stack(config, block, norm={"norm.weight": (config.d_model,)})


def _gpt2(config: GPT2Config) -> Shapes:
    biases: Shapes = {f"attn.{part}.bias": (config.d_model,) for part in "qkvo"}
    return _stack_of_gpt(config, biases)


def _gptneo(config: GPTNeoConfig) -> Shapes:
    return _stack_of_gpt(config, {"attn.o.bias": (config.d_model,)})


def _stack_of_gpt(config: GPT2Config | GPTNeoConfig, biases: Shapes) -> Shapes:
    wide = (config.d_model,)
    block = {
        "norm1.weight": wide,
        "norm1.bias": wide,
        **_projections(config),
        **biases,
        "norm2.weight": wide,
        "norm2.bias": wide,
        "mlp.up.weight": (config.d_ff, config.d_model),
        "mlp.up.bias": (config.d_ff,),
        "mlp.down.weight": (config.d_model, config.d_ff),
        "mlp.down.bias": wide,
    }
    positions: Shapes = {"positions.weight": (config.context, config.d_model)}
    return _stack(config, block, norm={"norm.weight": wide, "norm.bias": wide}, positions=positions)


def _projections(config: ModelConfig) -> Shapes:
    wide, kv_wide = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    return {
        "attn.q.weight": (wide, config.d_model),
        "attn.k.weight": (kv_wide, config.d_model),
        "attn.v.weight": (kv_wide, config.d_model),
        "attn.o.weight": (config.d_model, wide),
    }


def _swiglu(d_model: int, d_ff: int) -> Shapes:
    return {
        "mlp.gate.weight": (d_ff, d_model),
        "mlp.up.weight": (d_ff, d_model),
        "mlp.down.weight": (d_model, d_ff),
    }


def _stack(config: ModelConfig, block: Shapes, norm: Shapes, positions: Shapes | None = None) -> Shapes:
    shapes: Shapes = {"embed.weight": (config.vocab_size, config.d_model), **(positions or {})}
    for layer in range(config.n_layers):
        shapes |= {f"blocks.{layer}.{name}": shape for name, shape in block.items()}
    shapes |= norm
    if not config.tied:
        shapes["head.weight"] = (config.vocab_size, config.d_model)
    return shapes
