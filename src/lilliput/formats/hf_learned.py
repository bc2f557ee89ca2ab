"""What GPT-2 and GPT-Neo, the families with learned positions, share in Hugging Face folders."""

import re
from collections.abc import Mapping
from typing import Any

from lilliput.errors import FormatError
from lilliput.formats.hf_config import ACTIVATIONS
from lilliput.formats.weights import Array

WHOLE = {
    "embed": "transformer.wte",
    "positions": "transformer.wpe",
    "norm": "transformer.ln_f",
    "head": "lm_head",
}
WORDS = {"activation_function": ACTIVATIONS}
DEFAULTS = {"activation_function": "gelu_new", "tie_word_embeddings": True, "layer_norm_epsilon": 1e-5}
NO_EFFECT = frozenset(
    [
        "summary_type",
        "summary_use_proj",
        "summary_activation",
        "summary_proj_to_labels",
        "summary_first_dropout",
    ]
)


def default_d_ff(d_ff: Any, d_model: Any) -> Any:
    """The width of the feed-forward part, which is four times the model's where a config.json says null."""
    return 4 * d_model if d_ff is None and isinstance(d_model, int) else d_ff


def without_masks(tensors: Mapping[str, Array], mask: re.Pattern[str], source: str) -> dict[str, Array]:
    """`tensors` without the causal masks that old releases stored, under the whole model's names.

    Files of the bare trunk leave `transformer.` out. Raises FormatError for a weight that comes twice.
    """
    learned: dict[str, Array] = {}
    for name, array in tensors.items():
        whole = name if name.startswith(("transformer.", "lm_head.")) else f"transformer.{name}"
        if whole in learned:
            raise FormatError(f"{source} holds {whole} twice")
        if not mask.fullmatch(whole):
            learned[whole] = array
    return learned
