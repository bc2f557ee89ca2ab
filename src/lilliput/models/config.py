"""What decides a model's shape: one config class per family, with that family's fields only. No torch."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lilliput.config import Config

Size = Annotated[int, Field(ge=1)]
MOST_LAYERS = 4096
Activation = Literal["silu", "gelu", "gelu_tanh", "relu"]
"""What hidden values go through: `gelu` by the error function, `gelu_tanh` by its approximation with tanh."""


class _Shape(Config):
    """What every family's config has."""

    attention_scale: ClassVar[float | None] = None
    """What scores are multiplied with; None is 1/sqrt(d_head)."""

    family: str
    vocab_size: Size
    d_model: Size
    n_layers: Annotated[int, Field(ge=1, le=MOST_LAYERS)]
    n_heads: Size
    d_ff: Size
    context: Annotated[int, Field(ge=2)]
    tied: bool = True
    """The output matrix is the embedding matrix."""
    norm_eps: Annotated[float, Field(gt=0)] = 1e-5

    def reach(self, layer: int) -> int:  # noqa: ARG002 (a family with windows looks at the layer)
        """How many positions, the token's own among them, the attention of `layer` looks at, at most."""
        return self.context


class _RotaryShape(_Shape):
    """What the families with rotary positions and grouped-query attention have."""

    n_kv_heads: Size
    """Heads of keys and values: n_heads of them, fewer (grouped-query), or 1 (multi-query attention)."""
    rope_theta: Annotated[float, Field(gt=0)] = 10000.0
    gate: Activation = "silu"
    """What the gate of the feed-forward part goes through: silu makes it SwiGLU, relu ReGLU, gelu GEGLU."""

    @property
    def hidden_activation(self) -> Activation:
        """The activation of the feed-forward part, gated or not."""
        return self.gate

    @model_validator(mode="after")
    def _heads_share_keys_evenly(self) -> Self:
        if self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_heads {self.n_heads} is not a multiple of n_kv_heads {self.n_kv_heads}; change either"
            )
        return self


class _EvenHeadsShape(_RotaryShape):
    """What Llama and its mixture have: heads divide the width, and are even for rotary positions."""

    @property
    def d_head(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.n_heads

    @model_validator(mode="after")
    def _widths_fit(self) -> Self:
        _check_even_heads(self.d_model, self.n_heads)
        return self


class LlamaConfig(_EvenHeadsShape):
    """The Llama family: RMSNorm, rotary positions, SwiGLU, grouped-query attention."""

    family: Literal["llama"] = "llama"


class Qwen3Config(_RotaryShape):
    """Qwen3: Llama whose heads have a width of their own, and whose queries and keys are normalised."""

    family: Literal["qwen3"] = "qwen3"
    d_head: Size
    """Width of one attention head; d_model / n_heads if not given."""

    @model_validator(mode="before")
    @classmethod
    def _fill_d_head(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("d_head") is not None:
            return values
        d_model, n_heads = values.get("d_model"), values.get("n_heads")
        if not (isinstance(d_model, int) and isinstance(n_heads, int) and d_model >= n_heads > 0):
            return values
        _check_whole_heads(d_model, n_heads)
        return {**values, "d_head": d_model // n_heads}

    @model_validator(mode="after")
    def _heads_turn_in_pairs(self) -> Self:
        if self.d_head % 2:
            raise ValueError(f"d_head {self.d_head} is odd; rotary positions turn pairs, so make it even")
        return self


class MoEConfig(_EvenHeadsShape):
    """Mixtral's mixture of experts: Llama with several feed-forward networks, a few of which read a token."""

    family: Literal["moe"] = "moe"
    n_experts: Annotated[int, Field(ge=1, le=4096)] = 8
    experts_per_token: Size = 2

    @model_validator(mode="after")
    def _experts_suffice(self) -> Self:
        if self.experts_per_token > self.n_experts:
            raise ValueError(
                f"experts_per_token {self.experts_per_token} is more than n_experts {self.n_experts}"
            )
        return self


class _LearnedPositionsShape(_Shape):
    """What GPT-2 and GPT-Neo have: every head has its own keys, and heads divide the width."""

    activation: Activation = "gelu_tanh"
    """What the hidden values of the feed-forward part go through."""

    @property
    def hidden_activation(self) -> Activation:
        """The activation of the feed-forward part, gated or not."""
        return self.activation

    @property
    def d_head(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.n_heads

    @property
    def n_kv_heads(self) -> int:
        """Heads of keys and values: as many as of queries."""
        return self.n_heads

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        _check_whole_heads(self.d_model, self.n_heads)
        return self


class GPT2Config(_LearnedPositionsShape):
    """GPT-2: LayerNorm, learned positions, GELU (its tanh form, unless said), biases everywhere."""

    family: Literal["gpt2"] = "gpt2"


class GPTNeoConfig(_LearnedPositionsShape):
    """GPT-Neo: GPT-2 whose layers see everything or a window, in turn, and whose scores are not scaled."""

    attention_scale: ClassVar[float | None] = 1.0
    family: Literal["gptneo"] = "gptneo"
    window: Size = 256
    """How many positions, the token's own among them, a local layer looks at."""
    pattern: tuple[Literal["global", "local"], ...] = Field(("global", "local"), min_length=1)
    """Which layers look how far; repeated as often as there are layers."""

    @property
    def local_layers(self) -> tuple[bool, ...]:
        """For each layer, whether it looks at a window only."""
        return tuple(self.pattern[i % len(self.pattern)] == "local" for i in range(self.n_layers))

    def reach(self, layer: int) -> int:
        """How many positions, the token's own among them, the attention of `layer` looks at, at most."""
        return min(self.window, self.context) if self.local_layers[layer] else self.context

    @model_validator(mode="after")
    def _pattern_fits(self) -> Self:
        if len(self.pattern) > max(self.n_layers, 2):
            raise ValueError(f"pattern has {len(self.pattern)} parts and there are {self.n_layers} layers")
        return self


ModelConfig = Annotated[
    LlamaConfig | Qwen3Config | GPT2Config | GPTNeoConfig | MoEConfig, Field(discriminator="family")
]
"""Any family's config, told apart by `family`."""


def _check_whole_heads(d_model: int, n_heads: int) -> None:
    if d_model % n_heads:
        raise ValueError(f"d_model {d_model} is not a multiple of n_heads {n_heads}; change either")


def _check_even_heads(d_model: int, n_heads: int) -> None:
    _check_whole_heads(d_model, n_heads)
    if d_model // n_heads % 2:
        raise ValueError(
            f"d_model / n_heads = {d_model // n_heads} is odd; rotary positions turn pairs, so make it even"
        )
