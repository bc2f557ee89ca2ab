"""What decides a model's shape: one config class per family, with that family's fields only. No torch."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lilliput.config import Config

Size = Annotated[int, Field(ge=1)]


class LlamaConfig(Config):
    """The Llama family: RMSNorm, rotary positions, SwiGLU, grouped-query attention."""

    family: Literal["llama"] = "llama"
    vocab_size: Size
    d_model: Size
    n_layers: Annotated[int, Field(ge=1, le=4096)]
    n_heads: Size
    n_kv_heads: Size
    d_ff: Size
    context: Annotated[int, Field(ge=2)]
    tied: bool = True
    """The output matrix is the embedding matrix."""
    rope_theta: Annotated[float, Field(gt=0)] = 10000.0
    norm_eps: Annotated[float, Field(gt=0)] = 1e-5

    @property
    def d_head(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.n_heads

    @model_validator(mode="after")
    def _widths_fit(self) -> Self:
        if self.d_model % self.n_heads:
            raise ValueError(
                f"d_model {self.d_model} is not a multiple of n_heads {self.n_heads}; change either"
            )
        if self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_heads {self.n_heads} is not a multiple of n_kv_heads {self.n_kv_heads}; change either"
            )
        if self.d_head % 2:
            raise ValueError(
                f"d_model / n_heads = {self.d_head} is odd; rotary positions turn pairs, so make it even"
            )
        return self


ModelConfig = LlamaConfig
"""Any family's config (the union of them, told apart by `family`)."""
