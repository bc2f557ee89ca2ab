"""GPT-Neo: GPT-2 with layers that look at a window only, and scores that are not scaled (Black et al. 2021).

Queries, keys and values have no biases; the attention's output has one.
"""

from lilliput.models.config import GPTNeoConfig
from lilliput.models.decoder import Decoder
from lilliput.models.layers import Attention, Block, LayerNorm, LearnedPositions, PlainMLP


class GPTNeo(Decoder):
    """ids (B, T) -> logits (B, T, V)."""

    def __init__(self, config: GPTNeoConfig) -> None:
        super().__init__(
            config,
            [_block(config, config.window if local else None) for local in config.local_layers],
            LayerNorm(config.d_model, config.norm_eps),
            LearnedPositions(config.context, config.d_model),
        )


def _block(config: GPTNeoConfig, window: int | None) -> Block:
    heads = (config.n_heads, config.n_kv_heads, config.d_head)
    return Block(
        LayerNorm(config.d_model, config.norm_eps),
        Attention(config.d_model, *heads, o_bias=True, scale=1.0, window=window),
        LayerNorm(config.d_model, config.norm_eps),
        PlainMLP(config.d_model, config.d_ff, config.activation),
    )
