"""GPT-2: LayerNorm, learned positions, GELU, biases everywhere (Radford et al. 2019)."""

from lilliput.models.config import GPT2Config
from lilliput.models.decoder import Decoder
from lilliput.models.layers import Attention, Block, LayerNorm, LearnedPositions, PlainMLP


class GPT2(Decoder):
    """ids (B, T) -> logits (B, T, V)."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__(
            config,
            [_block(config) for _ in range(config.n_layers)],
            LayerNorm(config.d_model, config.norm_eps),
            LearnedPositions(config.context, config.d_model),
        )


def _block(config: GPT2Config) -> Block:
    heads = (config.n_heads, config.n_kv_heads, config.d_head)
    return Block(
        LayerNorm(config.d_model, config.norm_eps),
        Attention(config.d_model, *heads, qkv_bias=True, o_bias=True),
        LayerNorm(config.d_model, config.norm_eps),
        PlainMLP(config.d_model, config.d_ff, config.activation),
    )
