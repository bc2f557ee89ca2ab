"""The Llama family: RMSNorm, rotary positions, grouped-query attention, SwiGLU (Touvron et al. 2023)."""

from lilliput.models.config import LlamaConfig
from lilliput.models.decoder import Decoder
from lilliput.models.layers import Attention, Block, GatedMLP, RMSNorm, Rotary


class Llama(Decoder):
    """ids (B, T) -> logits (B, T, V)."""

    def __init__(self, config: LlamaConfig) -> None:
        rotary = Rotary(config.d_head, config.context, config.rope_theta)
        super().__init__(
            config,
            [_block(config, rotary) for _ in range(config.n_layers)],
            RMSNorm(config.d_model, config.norm_eps),
        )


def _block(config: LlamaConfig, rotary: Rotary) -> Block:
    return Block(
        RMSNorm(config.d_model, config.norm_eps),
        Attention(config.d_model, config.n_heads, config.n_kv_heads, config.d_head, rotary=rotary),
        RMSNorm(config.d_model, config.norm_eps),
        GatedMLP(config.d_model, config.d_ff, config.gate),
    )
