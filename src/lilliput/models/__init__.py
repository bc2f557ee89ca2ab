"""ids -> logits, nothing else. Importing this room imports no torch; building a model does."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lilliput.models.config import (
    GPT2Config,
    GPTNeoConfig,
    LlamaConfig,
    ModelConfig,
    MoEConfig,
    Qwen3Config,
)

if TYPE_CHECKING:
    from lilliput.models.decoder import Decoder

__all__ = [
    "GPT2Config",
    "GPTNeoConfig",
    "LlamaConfig",
    "MoEConfig",
    "ModelConfig",
    "Qwen3Config",
    "build_model",
]


def build_model(config: ModelConfig) -> "Decoder":
    """A torch model of `config`'s family, its weights not yet set to anything meaningful."""
    from lilliput.models.gpt2 import GPT2
    from lilliput.models.gptneo import GPTNeo
    from lilliput.models.llama import Llama
    from lilliput.models.moe import MoE
    from lilliput.models.qwen3 import Qwen3

    families: dict[str, Callable[[Any], Decoder]] = {
        "llama": Llama,
        "qwen3": Qwen3,
        "gpt2": GPT2,
        "gptneo": GPTNeo,
        "moe": MoE,
    }
    return families[config.family](config)
