"""The Llama family: token ids in, logits out."""

from torch import Tensor, nn

from lilliput.models.cache import Cache, LayerCache
from lilliput.models.config import LlamaConfig
from lilliput.models.layers import GroupedAttention, RMSNorm, Rotary, SwiGLU, Tap


class Block(nn.Module):
    """Attention and feed-forward, each on a normalised copy of the residual stream it adds to."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.norm1 = RMSNorm(config.d_model, config.norm_eps)
        self.attn = GroupedAttention(config.d_model, config.n_heads, config.n_kv_heads)
        self.norm2 = RMSNorm(config.d_model, config.norm_eps)
        self.mlp = SwiGLU(config.d_model, config.d_ff)
        self.tap_resid_pre, self.tap_resid_mid, self.tap_resid_post = Tap(), Tap(), Tap()
        self.tap_attn_out, self.tap_mlp_out = Tap(), Tap()

    def forward(self, x: Tensor, rotary: Rotary, cache: LayerCache | None) -> Tensor:
        x = self.tap_resid_pre(x)  # (B, T, D)
        x = self.tap_resid_mid(x + self.tap_attn_out(self.attn(self.norm1(x), rotary, cache)))
        out: Tensor = self.tap_resid_post(x + self.tap_mlp_out(self.mlp(self.norm2(x))))
        return out


class Llama(nn.Module):
    """ids (B, T) -> logits (B, T, V)."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.rotary = Rotary(config.d_head, config.context, config.rope_theta)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.embed.weight
        self.tap_embed = Tap()

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """Logits (B, T, V) for ids (B, T); with a cache, ids follow on what the cache has read."""
        layers = cache.layers if cache else [None] * len(self.blocks)
        x = self.tap_embed(self.embed(ids))  # (B, T, D)
        for block, layer in zip(self.blocks, layers, strict=True):
            x = block(x, self.rotary, layer)
        logits: Tensor = self.head(self.norm(x))
        return logits
