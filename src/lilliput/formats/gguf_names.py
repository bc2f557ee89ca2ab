"""llama.cpp's names for our families: architectures, config values and tensors, both directions."""

import re
from typing import Any

from lilliput.config import near_miss
from lilliput.errors import ConfigError, FormatError
from lilliput.formats.gguf_file import GGUFFile
from lilliput.models.config import GPT2Config, LlamaConfig, ModelConfig, MoEConfig, Qwen3Config
from lilliput.models.shapes import weight_shapes

ARCHITECTURES = {"llama": "llama", "moe": "llama", "qwen3": "qwen3", "gpt2": "gpt2"}  # ours -> llama.cpp's
_ACTIVATIONS = {
    "llama": "silu",
    "moe": "silu",
    "qwen3": "silu",
    "gpt2": "gelu_tanh",
}  # what llama.cpp computes

_SHARED = {
    "d_model": "embedding_length",
    "n_layers": "block_count",
    "n_heads": "attention.head_count",
    "d_ff": "feed_forward_length",
    "context": "context_length",
}
_ROTARY = {
    **_SHARED,
    "n_kv_heads": "attention.head_count_kv",
    "norm_eps": "attention.layer_norm_rms_epsilon",
    "rope_theta": "rope.freq_base",
}
_FIELDS = {  # by our family: ours -> llama.cpp's, without the architecture before it
    "llama": _ROTARY,
    "qwen3": {**_ROTARY, "d_head": "attention.key_length"},
    "moe": {**_ROTARY, "n_experts": "expert_count", "experts_per_token": "expert_used_count"},
    "gpt2": {**_SHARED, "norm_eps": "attention.layer_norm_epsilon"},
}
_DEFAULTS = {"rope_theta": 10000.0}  # of llama.cpp; whatever else is missing is an error
_OF_HEADS = ("attention.key_length", "attention.value_length", "rope.dimension_count")  # all are our d_head
_FIXED: dict[str, tuple[Any, ...]] = {  # values that change the function: what we compute
    "rope.scaling.type": ("none",),
    "attention.causal": (True,),
    "expert_count": (0,),
    "expert_used_count": (0,),
}
_NO_EFFECT = {"vocab_size", "tensor_data_layout"}
_LARGEST = 2**24  # far above any real size

_PARTS = {
    "norm1": "attn_norm",
    "attn.q": "attn_q",
    "attn.k": "attn_k",
    "attn.v": "attn_v",
    "attn.o": "attn_output",
    "attn.q_norm": "attn_q_norm",
    "attn.k_norm": "attn_k_norm",
    "norm2": "ffn_norm",
    "mlp.gate": "ffn_gate",
    "mlp.up": "ffn_up",
    "mlp.down": "ffn_down",
}
_PARTS_OF = {  # where a family departs from it
    "gpt2": {"attn.q": "attn_qkv", "attn.k": "attn_qkv", "attn.v": "attn_qkv"},  # one matrix of the three
    "moe": {
        "mlp.router": "ffn_gate_inp",
        "mlp.gate": "ffn_gate_exps",
        "mlp.up": "ffn_up_exps",
        "mlp.down": "ffn_down_exps",
    },
}
_WHOLE = {"embed": "token_embd", "positions": "position_embd", "norm": "output_norm", "head": "output"}
_NAME = re.compile(r"(?:blocks\.(\d+)\.)?(.+)\.(weight|bias)")


def find_architecture(config: ModelConfig) -> str:
    """llama.cpp's name of the architecture; raises ConfigError where it has none that computes `config`."""
    if config.family not in ARCHITECTURES:
        raise ConfigError(
            f"llama.cpp has no architecture for {config.family} models, so there is no GGUF of them; "
            f"there is for {', '.join(ARCHITECTURES)}"
        )
    if config.hidden_activation != _ACTIVATIONS[config.family]:
        raise ConfigError(
            f"llama.cpp computes {config.family} models with {_ACTIVATIONS[config.family]} only, and "
            f"this one has {config.hidden_activation}: there is no GGUF of it"
        )
    return ARCHITECTURES[config.family]


def config_to_gguf(config: ModelConfig) -> dict[str, Any]:
    """The values that say a config, by their full names."""
    prefix = find_architecture(config)
    values = {theirs: getattr(config, ours) for ours, theirs in _FIELDS[config.family].items()}
    values["vocab_size"] = config.vocab_size
    if config.family != "gpt2":
        values |= dict.fromkeys(_OF_HEADS, config.d_head)
    return {f"{prefix}.{name}": value for name, value in values.items()}


def config_from_gguf(file: GGUFFile) -> ModelConfig:
    """The config of a GGUF file; raises FormatError for whatever we would compute differently."""
    source = str(file.path)
    architecture = str(file.values.get("general.architecture"))
    if architecture not in ARCHITECTURES.values():
        known = ", ".join(sorted(set(ARCHITECTURES.values())))
        raise FormatError(f"{source}: the architecture {architecture[:40]!r} is not supported; {known} are")
    prefix = f"{architecture}."
    values = {
        name.removeprefix(prefix): value for name, value in file.values.items() if name.startswith(prefix)
    }
    experts = values.get("expert_count")
    family = "moe" if architecture == "llama" and type(experts) is int and experts > 0 else architecture
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None:
        raise FormatError(f"{source} has no token_embd.weight")
    ours = _read_fields(values, _FIELDS[family], source)
    settings = {**ours, "vocab_size": embedding.shape[0], "tied": "output.weight" not in file.tensors}
    classes: dict[str, Any] = {
        "llama": LlamaConfig,
        "qwen3": Qwen3Config,
        "moe": MoEConfig,
        "gpt2": GPT2Config,
    }
    try:
        config: ModelConfig = classes[family].from_dict(settings)
    except ConfigError as error:
        raise FormatError(f"{source}: {error}") from None
    _check_the_rest(values, config, source)
    return config


def tensor_names(config: ModelConfig) -> dict[str, list[str]]:
    """llama.cpp's name of each tensor, with our names of what it holds, row under row."""
    names: dict[str, list[str]] = {}
    for ours in weight_shapes(config):
        match = _NAME.fullmatch(ours)
        assert match is not None, ours
        layer, part, ending = match.groups()
        if layer is None:
            theirs = f"{_WHOLE[part]}.{ending}"
        else:
            theirs = f"blk.{layer}.{(_PARTS | _PARTS_OF.get(config.family, {}))[part]}.{ending}"
        names.setdefault(theirs, []).append(ours)
    return names


def turns_neighbours(config: ModelConfig) -> bool:
    """Whether llama.cpp turns rotary channels 2i with 2i + 1 in this family, as llama2.c does."""
    return find_architecture(config) == "llama"


def _read_fields(values: dict[str, Any], fields: dict[str, str], source: str) -> dict[str, Any]:
    ours: dict[str, Any] = {}
    defaults = {**_DEFAULTS, "n_kv_heads": values.get("attention.head_count")}
    if "attention.key_length" in fields.values():
        defaults["d_head"] = None  # Qwen3Config knows
    for name, theirs in fields.items():
        if theirs not in values and name not in defaults:
            raise FormatError(f"{source} lacks {theirs}")
        value = values.get(theirs, defaults.get(name))
        if value is not None and (type(value) not in (int, float) or not 0 < value < _LARGEST):
            raise FormatError(f"{source}: {theirs} is not one number from 0 to {_LARGEST:,}")
        ours[name] = value
    return ours


def _check_the_rest(values: dict[str, Any], config: ModelConfig, source: str) -> None:
    """Refuse values that we do not know, or that say another function than ours."""
    fields = _FIELDS[config.family].values()
    fixed = {**dict.fromkeys(_OF_HEADS, (config.d_head,)), **_FIXED}
    for name, value in values.items():
        if name in fields or name in _NO_EFFECT:
            continue
        if name not in fixed:
            raise FormatError(f"{source}: unknown value {name[:80]!r}; {near_miss(name[:80], fixed)[:200]}")
        if not isinstance(value, bool | int | float | str) or value not in fixed[name]:
            raise FormatError(f"{source}: {name} = {str(value)[:40]!r} is not supported; {fixed[name][0]} is")
