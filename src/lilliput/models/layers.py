"""Layers that the families share.

Shapes: B stories side by side, T tokens, D = d_model, H query heads, G key/value heads, K = d_head.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lilliput.models.cache import LayerCache


class Tap(nn.Identity):
    """A named identity: where a hook can read or change an activation. It computes nothing."""


class RMSNorm(nn.Module):
    """x / rms(x) * weight over the last dimension (Zhang and Sennrich 2019)."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


class Rotary(nn.Module):
    """Rotary positions (Su et al. 2021), channel i turned with channel i + K/2 as Hugging Face does."""

    cos: Tensor  # (context, K)
    sin: Tensor  # (context, K)

    def __init__(self, d_head: int, context: int, theta: float) -> None:
        super().__init__()
        exponents = torch.arange(0, d_head, 2, dtype=torch.int64).float() / d_head
        angles = torch.outer(torch.arange(context).float(), 1.0 / theta**exponents)  # (context, K/2)
        angles = torch.cat((angles, angles), dim=-1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x: Tensor, start: int) -> Tensor:
        """Turn x (B, H, T, K), whose first token stands at position `start`.

        Raises ValueError for a position at or past the context.
        """
        end = start + x.shape[-2]
        if end > len(self.cos):
            raise ValueError(f"the context has {len(self.cos)} positions, asked for {end}")
        cos, sin = self.cos[start:end], self.sin[start:end]
        left, right = x.chunk(2, dim=-1)
        return x * cos + torch.cat((-right, left), dim=-1) * sin


class GroupedAttention(nn.Module):
    """Causal attention in which several query heads share one key/value head (Ainslie et al. 2023)."""

    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int) -> None:
        super().__init__()
        self.n_heads, self.n_kv_heads, self.d_head = n_heads, n_kv_heads, d_model // n_heads
        self.q = nn.Linear(d_model, n_heads * self.d_head, bias=False)
        self.k = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.v = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.o = nn.Linear(n_heads * self.d_head, d_model, bias=False)
        self.tap_q, self.tap_k, self.tap_v, self.tap_z = Tap(), Tap(), Tap(), Tap()

    def forward(self, x: Tensor, rotary: Rotary, cache: LayerCache | None = None) -> Tensor:
        B, T, _ = x.shape
        start = cache.length if cache else 0
        q = self.q(x).view(B, T, self.n_heads, self.d_head).transpose(1, 2)  # (B, H, T, K)
        k = self.k(x).view(B, T, self.n_kv_heads, self.d_head).transpose(1, 2)  # (B, G, T, K)
        v = self.v(x).view(B, T, self.n_kv_heads, self.d_head).transpose(1, 2)
        q = self.tap_q(rotary(q, start))
        k, v = self.tap_k(rotary(k, start)), self.tap_v(v)
        if cache:
            k, v = cache.append(k, v)  # (B, G, start + T, K)
        z = self.tap_z(causal_attention(q, k, v))  # (B, H, T, K)
        out: Tensor = self.o(z.transpose(1, 2).reshape(B, T, -1))
        return out


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention of the last T of S positions to all positions at or before their own.

    q (B, H, T, K); k, v (B, G, S, K) with S >= T and H a multiple of G; returns (B, H, T, K).
    """
    T, S = q.shape[-2], k.shape[-2]
    repeats = q.shape[1] // k.shape[1]
    if repeats > 1:
        k, v = k.repeat_interleave(repeats, dim=1), v.repeat_interleave(repeats, dim=1)
    if S == T:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    if T == 1:
        return F.scaled_dot_product_attention(q, k, v)
    allowed = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x)) (Shazeer 2020)."""

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)
        self.tap_hidden = Tap()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down(self.tap_hidden(F.silu(self.gate(x)) * self.up(x)))
        return out
