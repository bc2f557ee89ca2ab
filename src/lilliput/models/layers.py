"""Layers that the families share.

Shapes: B stories side by side, T tokens, D = d_model, F = d_ff, H query heads, G key/value heads,
K = d_head, E experts.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lilliput.models.cache import LayerCache
from lilliput.models.config import Activation

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "relu": F.relu,
}


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


class LayerNorm(nn.Module):
    """(x - mean(x)) / deviation(x) * weight + bias over the last dimension (Ba et al. 2016)."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, (x.shape[-1],), self.weight, self.bias, self.eps)


class Rotary(nn.Module):
    """Rotary positions (Su et al. 2021), channel i turned with channel i + K/2 as Hugging Face does."""

    cos: Tensor  # (context, K)
    sin: Tensor  # (context, K), the left half with its sign changed

    def __init__(self, d_head: int, context: int, theta: float) -> None:
        super().__init__()
        exponents = torch.arange(0, d_head, 2, dtype=torch.int64).float() / d_head
        angles = torch.outer(torch.arange(context).float(), 1.0 / theta**exponents)  # (context, K/2)
        cos, sin = angles.cos(), angles.sin()
        self.register_buffer("cos", torch.cat((cos, cos), dim=-1), persistent=False)
        self.register_buffer("sin", torch.cat((-sin, sin), dim=-1), persistent=False)

    def forward(self, x: Tensor, start: int) -> Tensor:
        """Turn x (B, H, T, K), whose first token stands at position `start`.

        Raises ValueError for a position at or past the context.
        """
        end = start + x.shape[-2]
        _check_context(end, len(self.cos))
        cos, sin = self.cos[start:end], self.sin[start:end]
        return x * cos + x.roll(x.shape[-1] // 2, dims=-1) * sin


class LearnedPositions(nn.Module):
    """A learned vector for every position, added to the token's."""

    def __init__(self, context: int, d_model: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(context, d_model))

    def forward(self, x: Tensor, start: int) -> Tensor:
        """x (B, T, D) with positions from `start` on added; ValueError at or past the context."""
        end = start + x.shape[-2]
        _check_context(end, len(self.weight))
        return x + self.weight[start:end]


def _check_context(end: int, context: int) -> None:
    if end > context:
        raise ValueError(f"the context has {context} positions, asked for {end}")


Attend = Callable[[Tensor, Tensor, Tensor, float, int | None, float], Tensor]
"""What `causal_attention` is."""


class Attention(nn.Module):
    """Causal attention in which several query heads may share one key/value head (Ainslie et al. 2023).

    `rotary` turns queries and keys; `qk_norm_eps` normalises each head's before (Dehghani et al. 2023);
    `scale` multiplies the scores, 1/sqrt(K) if not given; `window` is how many positions back a token
    looks, itself among them. `dropout` is no part of the model: whoever trains it may set it; and `attend`
    to what computes the same sooner.
    """

    dropout: float = 0.0
    """Share of attention that is dropped in training mode."""

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_kv_heads: int,
        d_head: int,
        *,
        rotary: Rotary | None = None,
        qk_norm_eps: float | None = None,
        qkv_bias: bool = False,
        o_bias: bool = False,
        scale: float | None = None,
        window: int | None = None,
    ) -> None:
        super().__init__()
        self.n_heads, self.n_kv_heads, self.d_head = n_heads, n_kv_heads, d_head
        self.scale, self.window = d_head**-0.5 if scale is None else scale, window
        self.q = nn.Linear(d_model, n_heads * d_head, bias=qkv_bias)
        self.k = nn.Linear(d_model, n_kv_heads * d_head, bias=qkv_bias)
        self.v = nn.Linear(d_model, n_kv_heads * d_head, bias=qkv_bias)
        self.o = nn.Linear(n_heads * d_head, d_model, bias=o_bias)
        self.q_norm = None if qk_norm_eps is None else RMSNorm(d_head, qk_norm_eps)
        self.k_norm = None if qk_norm_eps is None else RMSNorm(d_head, qk_norm_eps)
        self.rotary = rotary
        self.attend: Attend = causal_attention
        self.tap_q, self.tap_k, self.tap_v, self.tap_z = Tap(), Tap(), Tap(), Tap()

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        B, T, _ = x.shape
        start = cache.length if cache else 0
        q = self.q(x).view(B, T, self.n_heads, self.d_head).transpose(1, 2)  # (B, H, T, K)
        k = self.k(x).view(B, T, self.n_kv_heads, self.d_head).transpose(1, 2)  # (B, G, T, K)
        v = self.v(x).view(B, T, self.n_kv_heads, self.d_head).transpose(1, 2)
        if self.q_norm is not None and self.k_norm is not None:
            q, k = self.q_norm(q), self.k_norm(k)
        if self.rotary is not None:
            q, k = self.rotary(q, start), self.rotary(k, start)
        q, k, v = self.tap_q(q), self.tap_k(k), self.tap_v(v)
        if cache:
            k, v = cache.append(k, v)  # (B, G, start + T, K)
        dropout = self.dropout if self.training else 0.0
        z = self.tap_z(self.attend(q, k, v, self.scale, self.window, dropout))  # (B, H, T, K)
        out: Tensor = self.o(z.transpose(1, 2).reshape(B, T, -1))
        return out


def causal_attention(
    q: Tensor, k: Tensor, v: Tensor, scale: float, window: int | None = None, dropout: float = 0.0
) -> Tensor:
    """Attention of the last T of S positions to those at or before their own, `window` of them at most.

    The share `dropout` of its weights is dropped.

    q (B, H, T, K); k, v (B, G, S, K) with S >= T and H a multiple of G; returns (B, H, T, K).
    """
    T, S = q.shape[-2], k.shape[-2]
    unseen = 0 if window is None else S - T - window + 1
    if unseen > 0:  # nobody looks at the first ones
        k, v, S = k[..., unseen:, :], v[..., unseen:, :], S - unseen
    repeats = q.shape[1] // k.shape[1]
    if repeats > 1:
        k, v = k.repeat_interleave(repeats, dim=1), v.repeat_interleave(repeats, dim=1)
    if T == 1:
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scale)
    whole = window is None or window >= S
    if whole and S == T:
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True, scale=scale)
    allowed = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)
    if window is not None:
        allowed = allowed.triu(S - T - window + 1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, dropout_p=dropout, scale=scale)


class GatedMLP(nn.Module):
    """down(activation(gate(x)) * up(x)); with silu this is SwiGLU (Shazeer 2020)."""

    def __init__(self, d_model: int, d_ff: int, activation: Activation) -> None:
        super().__init__()
        self._activate = ACTIVATIONS[activation]
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)
        self.tap_hidden = Tap()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down(self.tap_hidden(self._activate(self.gate(x)) * self.up(x)))
        return out


class PlainMLP(nn.Module):
    """down(activation(up(x))) with biases; GPT-2 has GELU's tanh form (Hendrycks and Gimpel 2016)."""

    def __init__(self, d_model: int, d_ff: int, activation: Activation) -> None:
        super().__init__()
        self._activate = ACTIVATIONS[activation]
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.tap_hidden = Tap()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down(self.tap_hidden(self._activate(self.up(x))))
        return out


class Stacked(nn.Module):
    """The same matrix of every expert: (E, outputs, inputs)."""

    def __init__(self, n_experts: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_experts, outputs, inputs))


class ExpertMixture(nn.Module):
    """Gated experts, of which the router chooses k for each token (Jiang et al. 2024).

    Their outputs are mixed by a softmax over the router's logits of the chosen ones. All experts are
    computed, as one wide gated layer whose hidden values count nothing where they were not chosen: so a
    token's result never depends, to the bit, on what the tokens beside it chose. That costs E / k times the
    arithmetic that `flops_per_token` counts: twice for 4 experts of which 2 are chosen. The C engine computes
    the chosen ones only.
    """

    def __init__(
        self, d_model: int, d_ff: int, n_experts: int, experts_per_token: int, activation: Activation
    ) -> None:
        super().__init__()
        self._activate = ACTIVATIONS[activation]
        self.experts_per_token = experts_per_token
        self.router = nn.Linear(d_model, n_experts, bias=False)
        self.gate = Stacked(n_experts, d_model, d_ff)
        self.up = Stacked(n_experts, d_model, d_ff)
        self.down = Stacked(n_experts, d_ff, d_model)
        self.tap_router, self.tap_hidden = Tap(), Tap()

    def forward(self, x: Tensor) -> Tensor:
        logits = self.tap_router(self.router(x))  # (B, T, E)
        chosen, experts = logits.topk(self.experts_per_token, dim=-1)  # (B, T, k)
        shares = chosen.softmax(dim=-1, dtype=torch.float32)
        mixture = torch.zeros_like(logits, dtype=torch.float32).scatter(-1, experts, shares)  # (B, T, E)
        gated = self._activate(F.linear(x, self.gate.weight.flatten(0, 1)))  # (B, T, E * F)
        gated = gated * F.linear(x, self.up.weight.flatten(0, 1))
        hidden = self.tap_hidden(gated.view(*logits.shape, -1))  # (B, T, E, F)
        return torch.einsum("btef,edf->btd", hidden * mixture.unsqueeze(-1), self.down.weight)


class Block(nn.Module):
    """Attention and feed-forward, each on a normalised copy of the residual stream it adds to."""

    def __init__(self, norm1: nn.Module, attn: Attention, norm2: nn.Module, mlp: nn.Module) -> None:
        super().__init__()
        self.norm1, self.attn, self.norm2, self.mlp = norm1, attn, norm2, mlp
        self.tap_resid_pre, self.tap_resid_mid, self.tap_resid_post = Tap(), Tap(), Tap()
        self.tap_attn_out, self.tap_mlp_out = Tap(), Tap()

    def forward(self, x: Tensor, cache: LayerCache | None) -> Tensor:
        x = self.tap_resid_pre(x)  # (B, T, D)
        x = self.tap_resid_mid(x + self.tap_attn_out(self.attn(self.norm1(x), cache)))
        out: Tensor = self.tap_resid_post(x + self.tap_mlp_out(self.mlp(self.norm2(x))))
        return out
