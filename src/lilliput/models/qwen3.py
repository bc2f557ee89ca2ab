"""Qwen3: Llama with heads of a width of their own and normalised queries and keys (Qwen team 2025)."""

from lilliput.models.config import Qwen3Config
from lilliput.models.decoder import Decoder
from lilliput.models.layers import Attention, Block, GatedMLP, RMSNorm, Rotary


class Qwen3(Decoder):
    """ids (B, T) -> logits (B, T, V)."""

    def __init__(self, config: Qwen3Config) -> None:
        rotary = Rotary(config.d_head, config.context, config.rope_theta)
        super().__init__(
            config,
            [_block(config, rotary) for _ in range(config.n_layers)],
            RMSNorm(config.d_model, config.norm_eps),
        )


def _block(config: Qwen3Config, rotary: Rotary) -> Block:
    heads = (config.n_heads, config.n_kv_heads, config.d_head)
    return Block(
        RMSNorm(config.d_model, config.norm_eps),
        Attention(config.d_model, *heads, rotary=rotary, qk_norm_eps=config.norm_eps),
        RMSNorm(config.d_model, config.norm_eps),
        GatedMLP(config.d_model, config.d_ff, config.gate),
    )
