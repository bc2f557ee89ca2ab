"""What a float model computes on some stories: the ranges that integers must hold. Numpy only, no torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lilliput.models.angles import rotary_table
from lilliput.quantize.intmodel import IntConfig

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LayerSeen:
    """What went through a layer, positions of all stories in a row (N, ...)."""

    attn_in: Floats
    """(N, D) behind the norm and its gains"""
    q: Floats
    """(N, H * K) as the matrix makes them"""
    k: Floats
    turned_q: Floats
    """(N, H, K) normed, where the family does so, and turned"""
    turned_k: Floats
    v: Floats
    attn_out: Floats
    """(N, H * K)"""
    mlp_in: Floats
    gate: Floats
    up: Floats
    hidden: Floats
    """(N, F)"""


@dataclass(frozen=True)
class Seen:
    """What went through a model."""

    layers: tuple[LayerSeen, ...]
    head_in: Floats
    most_residual: float
    most_logit: float
    most_gate: float
    """The greatest value that an activation saw, in any layer."""
    nats: float
    """Cost of the tokens of the stories, all together."""
    tokens: int


def observe(
    config: IntConfig, weights: Mapping[str, Floats], stories: Sequence[Ids], most_rows: int = 4096
) -> Seen:
    """Run the float model over stories, each from its own BOS; of a story the context's length at most.

    Of all positions, every so-manieth is kept, so that there are `most_rows` at most.
    """
    cut = [(story[: config.context], story[1 : config.context + 1]) for story in stories]
    apart = max(1, -(-sum(len(ids) for ids, _ in cut) // most_rows))
    heads_in, most_residual, most_logit, most_gate, nats, read = [], 0.0, 0.0, 0.0, 0.0, 0
    parts: list[list[dict[str, Floats]]] = [[] for _ in range(config.n_layers)]
    head = weights.get("head.weight", weights["embed.weight"])
    for ids, targets in cut:
        kept = slice(-read % apart, None, apart)
        h = weights["embed.weight"][ids]
        most_residual = max(most_residual, float(np.abs(h).max()))
        for layer in range(config.n_layers):
            h, seen = _run_layer(config, weights, layer, h)
            parts[layer].append({name: values[kept] for name, values in seen.items()})
            most_residual = max(most_residual, float(np.abs(h).max()))
            most_gate = max(most_gate, float(seen["gate"].max()))
        x = _norm(h, weights["norm.weight"], config.norm_eps)
        heads_in.append(x[kept])
        logits = x @ head.T
        most_logit = max(most_logit, float(np.abs(logits).max()))
        nats += float(costs_of(logits[: len(targets)], targets).sum())
        read += len(ids)
    layers = tuple(
        LayerSeen(**{name: np.concatenate([part[name] for part in each]) for name in each[0]})
        for each in parts
    )
    tokens = sum(len(targets) for _, targets in cut)
    return Seen(layers, np.concatenate(heads_in), most_residual, most_logit, most_gate, nats, tokens)


def read_logits(config: IntConfig, weights: Mapping[str, Floats], ids: Ids) -> Floats:
    """(T, V) logits of the float model behind each of ids (T,)."""
    h = weights["embed.weight"][ids]
    for layer in range(config.n_layers):
        h, _ = _run_layer(config, weights, layer, h)
    logits: Floats = (
        _norm(h, weights["norm.weight"], config.norm_eps)
        @ weights.get("head.weight", weights["embed.weight"]).T
    )
    return logits


def costs_of(logits: npt.NDArray[np.floating], targets: Ids) -> npt.NDArray[np.float64]:
    """(T,) nats of each target by logits (T, V)."""
    below = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    own: npt.NDArray[np.float64] = below[np.arange(len(targets)), targets]
    costs: npt.NDArray[np.float64] = np.log(np.exp(below).sum(axis=-1)) - own
    return costs


def activation_of(name: str) -> Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    """What the gate's values go through."""
    return {"silu": _silu, "relu": _relu, "gelu": _gelu, "gelu_tanh": _gelu_tanh}[name]


def _silu(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    activated: npt.NDArray[np.float64] = x / (1 + np.exp(-x))
    return activated


def _relu(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.maximum(x, 0)


def _gelu(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    from math import erf

    activated: npt.NDArray[np.float64] = x * (1 + np.vectorize(erf, otypes=[np.float64])(x / 2**0.5)) / 2
    return activated


def _gelu_tanh(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    tanh = np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))
    activated: npt.NDArray[np.float64] = x * (1 + tanh) / 2
    return activated


def _norm(x: Floats, gains: Floats, eps: float) -> Floats:
    scaled: Floats = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + np.float32(eps)) * gains
    return scaled


def _turn(x: Floats, table: Floats) -> Floats:
    """x (T, heads, K), table (T, K) of cosines, then sines."""
    cos, sin = np.split(table[:, np.newaxis], 2, axis=-1)
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def _run_layer(
    config: IntConfig, weights: Mapping[str, Floats], layer: int, h: Floats
) -> tuple[Floats, dict[str, Floats]]:
    def weight(name: str) -> Floats:
        return weights[f"blocks.{layer}.{name}.weight"]

    length, eps = len(h), config.norm_eps
    x = _norm(h, weight("norm1"), eps)
    seen = {
        "attn_in": x,
        "q": x @ weight("attn.q").T,
        "k": x @ weight("attn.k").T,
        "v": x @ weight("attn.v").T,
    }
    q, k = seen["q"].reshape(length, -1, config.d_head), seen["k"].reshape(length, -1, config.d_head)
    if config.family == "qwen3":
        q, k = _norm(q, weight("attn.q_norm"), eps), _norm(k, weight("attn.k_norm"), eps)
    table = rotary_table(config.d_head, length, config.rope_theta)
    q, k = _turn(q, table), _turn(k, table)
    seen |= {"turned_q": q, "turned_k": k}
    seen["attn_out"] = out = _attend(config, q, k, seen["v"].reshape(length, -1, config.d_head))
    h = h + out @ weight("attn.o").T
    seen["mlp_in"] = x = _norm(h, weight("norm2"), eps)
    seen["gate"], seen["up"] = x @ weight("mlp.gate").T, x @ weight("mlp.up").T
    activated = activation_of(config.gate)(seen["gate"].astype(np.float64)).astype(np.float32)
    seen["hidden"] = activated * seen["up"]
    h = (h + seen["hidden"] @ weight("mlp.down").T).astype(np.float32)
    return h, seen


def _attend(config: IntConfig, q: Floats, k: Floats, v: Floats) -> Floats:
    """(T, H * K)"""
    per_key = config.n_heads // config.n_kv_heads
    k, v = k.repeat(per_key, axis=1).swapaxes(0, 1), v.repeat(per_key, axis=1).swapaxes(0, 1)  # (H, T, K)
    scores = q.swapaxes(0, 1) @ k.swapaxes(1, 2) / np.float32(config.d_head**0.5)
    scores = np.where(np.tri(len(q), dtype=bool), scores, np.float32(-np.inf))
    chances = np.exp(scores - scores.max(axis=-1, keepdims=True))
    chances /= chances.sum(axis=-1, keepdims=True)
    out: Floats = (chances @ v).swapaxes(0, 1).reshape(len(q), -1)
    return out
