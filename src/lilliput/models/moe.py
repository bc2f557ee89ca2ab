"""Mixtral's mixture of experts: Llama, each token read by a few of several SwiGLU (Jiang et al. 2024)."""

from lilliput.models.config import MoEConfig
from lilliput.models.decoder import Decoder
from lilliput.models.layers import Attention, Block, ExpertMixture, RMSNorm, Rotary


class MoE(Decoder):
    """ids (B, T) -> logits (B, T, V)."""

    def __init__(self, config: MoEConfig) -> None:
        rotary = Rotary(config.d_head, config.context, config.rope_theta)
        super().__init__(
            config,
            [_block(config, rotary) for _ in range(config.n_layers)],
            RMSNorm(config.d_model, config.norm_eps),
        )


def _block(config: MoEConfig, rotary: Rotary) -> Block:
    return Block(
        RMSNorm(config.d_model, config.norm_eps),
        Attention(config.d_model, config.n_heads, config.n_kv_heads, config.d_head, rotary=rotary),
        RMSNorm(config.d_model, config.norm_eps),
        ExpertMixture(config.d_model, config.d_ff, config.n_experts, config.experts_per_token, config.gate),
    )
