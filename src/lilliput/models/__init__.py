"""ids -> logits, nothing else. Importing this room imports no torch; building a model does."""

from typing import TYPE_CHECKING

from lilliput.models.config import LlamaConfig, ModelConfig

if TYPE_CHECKING:
    from lilliput.models.llama import Llama as Model

__all__ = ["LlamaConfig", "ModelConfig", "build_model"]


def build_model(config: ModelConfig) -> "Model":
    """A torch model of `config`'s family, its weights not yet set to anything meaningful."""
    from lilliput.models.llama import Llama

    families = {"llama": Llama}
    return families[config.family](config)
