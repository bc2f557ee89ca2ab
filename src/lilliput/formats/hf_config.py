"""What the Hugging Face folders of all families share: which keys of config.json count, and how names map."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lilliput.config import near_miss
from lilliput.errors import FormatError
from lilliput.formats.weights import Array
from lilliput.models.config import ModelConfig


@dataclass(frozen=True)
class HuggingFace:
    """How one family stands in a Hugging Face folder; a file beside this one makes it.

    The second arguments of the functions from Hugging Face are the file or folder, for errors; those that
    take a config take one of their own family.
    """

    model_type: str
    config_from_hf: Callable[[dict[str, Any], str], ModelConfig]
    """Our config from config.json; raises FormatError for whatever we would compute differently."""
    config_to_hf: Callable[[Any], dict[str, Any]]
    """config.json, without the token ids."""
    weights_from_hf: Callable[[Mapping[str, Array], str], dict[str, Array]]
    """Our names and shapes; raises FormatError for a weight that belongs to no such model."""
    weights_to_hf: Callable[[Mapping[str, Array]], dict[str, Array]]


FIXED: dict[str, tuple[Any, ...]] = {  # settings of any family that change the function: what we compute
    "is_decoder": (False, True),
    "add_cross_attention": (False,),
    "is_encoder_decoder": (False,),
    "quantization_config": (None,),
}
# fmt: off
NO_EFFECT = frozenset([  # keys of any family that do not change the logits at inference
    "model_type", "architectures", "dtype", "torch_dtype", "transformers_version", "_name_or_path",
    "use_cache", "initializer_range", "gradient_checkpointing", "attention_dropout", "bos_token_id",
    "eos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id", "output_attentions",
    "output_hidden_states", "return_dict", "return_dict_in_generate", "torchscript",
    "chunk_size_feed_forward", "cross_attention_hidden_size", "id2label", "label2id", "problem_type",
    "prefix", "pruned_heads", "finetuning_task", "task_specific_params", "tokenizer_class",
    "_attn_implementation", "_commit_hash", "max_length", "min_length", "do_sample", "early_stopping",
    "num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p",
    "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
    "bad_words_ids", "num_return_sequences", "output_scores", "forced_bos_token_id",
    "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty",
    "suppress_tokens", "begin_suppress_tokens", "tf_legacy_loss", "use_bfloat16", "unsloth_version",
    "unsloth_fixed",
])
# fmt: on


ACTIVATIONS = {  # Hugging Face's names -> ours; of one function the name that we write stands first
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",  # 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "relu": "relu",
}


@dataclass(frozen=True)
class ConfigMap:
    """How config.json of a family says what our config says."""

    fields: Mapping[str, str]
    """Our fields -> Hugging Face's keys of the same meaning."""
    defaults: Mapping[str, Any]
    """What transformers takes where a key is absent."""
    fixed: Mapping[str, tuple[Any, ...]]
    """Keys that change the function: the values that we compute."""
    others: frozenset[str]
    """Keys that the family's file reads itself, or that have no effect."""
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By key: Hugging Face's words for its values -> ours."""

    def read(self, values: Mapping[str, Any], source: str) -> dict[str, Any]:
        """Our fields; raises FormatError for a key that is unknown, missing or asks for another function."""
        fixed = {**FIXED, **self.fixed}
        known = {*self.fields.values(), *fixed, *self.others, *NO_EFFECT}
        for key, value in values.items():
            if key not in known:
                raise FormatError(f"{source}: unknown key {key}; {near_miss(key, known)[:200]}")
            if key in fixed and value not in fixed[key]:
                raise FormatError(f"{source}: {key} = {value!r} is not supported; {fixed[key][0]!r} is")
        filled = {**self.defaults, **values}
        for theirs in self.fields.values():
            if filled.get(theirs) is None:
                raise FormatError(f"{source} lacks {theirs}")
        for key, words in self.words.items():
            word = filled[key]
            if not isinstance(word, str) or word not in words:
                raise FormatError(f"{source}: {key} = {word!r} is not supported; {', '.join(words)} are")
            filled[key] = words[word]
        return {ours: filled[theirs] for ours, theirs in self.fields.items()}

    def write(self, config: ModelConfig) -> dict[str, Any]:
        """Hugging Face's keys and values of our fields."""
        values = {theirs: getattr(config, ours) for ours, theirs in self.fields.items()}
        for key, words in self.words.items():
            values[key] = next(theirs for theirs, ours in words.items() if ours == values[key])
        return values


@dataclass(frozen=True)
class NameMap:
    """Our names of weights and Hugging Face's, both directions; `.weight` or `.bias` stays behind each."""

    layers: str
    """What stands before a layer's number: `model.layers.`"""
    parts: Mapping[str, str]
    """Ours -> theirs within a layer."""
    whole: Mapping[str, str]
    """Ours -> theirs outside the layers."""

    def to_hf(self, name: str) -> str:
        """Hugging Face's name of our weight."""
        stem, _, kind = name.rpartition(".")
        if match := re.fullmatch(r"blocks\.(\d+)\.(.+)", stem):
            return f"{self.layers}{match[1]}.{self.parts[match[2]]}.{kind}"
        return f"{self.whole[stem]}.{kind}"

    def from_hf(self, name: str, source: str) -> str:
        """Our name of a weight of Hugging Face's; raises FormatError if it belongs to no such model."""
        stem, _, kind = name.rpartition(".")
        if kind in ("weight", "bias"):
            for ours, theirs in self.whole.items():
                if stem == theirs:
                    return f"{ours}.{kind}"
            match = re.fullmatch(re.escape(self.layers) + r"(\d+)\.(.+)", stem)
            for ours, theirs in self.parts.items():
                if match and match[2] == theirs:
                    return f"blocks.{match[1]}.{ours}.{kind}"
        raise FormatError(f"{source}: the weight {name} belongs to no model of its kind that we know")

    def rename(self, tensors: Mapping[str, Array], source: str) -> dict[str, Array]:
        """Arrays under our names; raises FormatError for a name that is unknown or comes twice."""
        renamed: dict[str, Array] = {}
        for theirs, array in tensors.items():
            ours = self.from_hf(theirs, source)
            if ours in renamed:
                raise FormatError(f"{source} holds {theirs} twice")
            renamed[ours] = array
        return renamed

    def rename_back(self, weights: Mapping[str, Array]) -> dict[str, Array]:
        """Arrays under Hugging Face's names."""
        return {self.to_hf(name): array for name, array in weights.items()}
