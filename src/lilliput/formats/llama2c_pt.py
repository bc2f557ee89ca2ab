"""Checkpoints of llama2.c's training, `ckpt.pt`: read only.

A dictionary: `model` (named tensors, behind `_orig_mod.` where the model was compiled), `model_args` (the
numbers of the shape), and what the training kept. Its rotary positions turn channel 2i with 2i + 1; see
`llama2c`.
"""

from pathlib import Path
from typing import Any

import numpy as np

from lilliput.errors import ConfigError, FormatError
from lilliput.formats.hf_config import NameMap
from lilliput.formats.llama2c import swap_rotary
from lilliput.formats.torch_files import as_arrays, read_torch_file
from lilliput.formats.weights import Array, Weights, check_weights
from lilliput.models.config import LlamaConfig

_NAMES = NameMap(
    "layers.",
    {
        "norm1": "attention_norm",
        "attn.q": "attention.wq",
        "attn.k": "attention.wk",
        "attn.v": "attention.wv",
        "attn.o": "attention.wo",
        "norm2": "ffn_norm",
        "mlp.gate": "feed_forward.w1",
        "mlp.down": "feed_forward.w2",
        "mlp.up": "feed_forward.w3",
    },
    {"embed": "tok_embeddings", "norm": "norm", "head": "output"},
)
_TABLES = ("freqs_cos", "freqs_sin", "freqs_cis", "attention.mask")  # computed, not learned


def read_llama2c_pt(path: Path) -> tuple[LlamaConfig, Weights]:
    """Config and weights of a checkpoint; nothing of it is unpickled but tensors and plain values.

    Raises FormatError for a file that is damaged, would run code, or holds another kind of model.
    """
    checkpoint = read_torch_file(path)
    parts = checkpoint if isinstance(checkpoint, dict) else {}
    arguments, model = parts.get("model_args"), parts.get("model")
    if not isinstance(arguments, dict) or not isinstance(model, dict):
        raise FormatError(f"{path} is not a checkpoint of llama2.c: it has no model and model_args")
    tensors = {str(name).removeprefix("_orig_mod."): tensor for name, tensor in model.items()}
    learned = {name: tensor for name, tensor in tensors.items() if not name.endswith(_TABLES)}
    weights = _NAMES.rename(as_arrays(learned, path), str(path))
    head = weights.get("head.weight")
    tied = head is None or np.array_equal(head, weights.get("embed.weight", head[:0]))
    if tied:
        weights.pop("head.weight", None)
    config = _config(arguments, weights, tied, str(path))
    check_weights(weights, config, str(path))
    return config, swap_rotary(weights, config, to_llama2c=False)


def _config(arguments: dict[Any, Any], weights: dict[str, Array], tied: bool, source: str) -> LlamaConfig:
    """The hidden width stands in no argument but in the matrices: llama2.c rounds it."""
    gate = weights.get("blocks.0.mlp.gate.weight")
    if gate is None or gate.ndim != 2:
        raise FormatError(f"{source} lacks layers.0.feed_forward.w1.weight")
    heads = arguments.get("n_heads")
    values = {
        "vocab_size": arguments.get("vocab_size"),
        "d_model": arguments.get("dim"),
        "n_layers": arguments.get("n_layers"),
        "n_heads": heads,
        "n_kv_heads": heads if arguments.get("n_kv_heads") is None else arguments["n_kv_heads"],
        "d_ff": len(gate),
        "context": arguments.get("max_seq_len"),
        "tied": tied,
        "norm_eps": arguments.get("norm_eps", 1e-5),
    }
    try:
        return LlamaConfig.from_dict(values)
    except ConfigError as error:
        raise FormatError(f"{source} is not a checkpoint of llama2.c: {error}") from None
