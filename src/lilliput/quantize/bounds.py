"""What proves that no integer model overflows, whatever it reads (docs/integer-arithmetic.md, section 5)."""

from dataclasses import dataclass

import numpy as np

from lilliput.errors import ConfigError
from lilliput.quantize.fixed import INT16, INT32
from lilliput.quantize.intmodel import KIND_LIMITS, IntMatrix, IntModel, IntNorm


@dataclass(frozen=True)
class Bound:
    """The greatest magnitude that a step can make, for any input, and what it must stay within."""

    name: str
    most: int
    allowed: int

    @property
    def bits(self) -> int:
        """Bits that the step's accumulator needs, its sign among them."""
        return self.most.bit_length() + 1


def check_bounds(model: IntModel) -> list[Bound]:
    """Every bound of a model. Raises ConfigError that names the first that does not hold."""
    _check_numbers(model)
    bounds = list_bounds(model)
    for bound in bounds:
        if bound.most > bound.allowed:
            raise ConfigError(
                f"{bound.name} may reach {bound.most:,}, above {bound.allowed:,}: this model could overflow "
                "on a device; quantize it with fewer activation_bits or chance_bits"
            )
    return bounds


def _check_numbers(model: IntModel) -> None:
    """Raise ConfigError for a shift or limit that no quantizer makes: a file may hold anything."""
    small = [("chance_bits", model.chance_bits, 31), ("logit_bits", model.logit_bits, 15)]
    limits: list[tuple[str, int, int]] = []  # name, limit, and the one that it must equal
    for number, layer in enumerate(model.layers):
        at = f"blocks.{number}"
        shifts = ("q_shift", "k_shift", "score_shift", "o_shift", "hidden_shift")
        small += [(f"{at}.{name}", getattr(layer, name), 31 if name[0] in "sh" else 15) for name in shifts]
        limits += [(f"{at}.{name}", limit := getattr(layer, name), limit) for name in ("q_limit", "k_limit")]
        for name, matrix, made in (
            ("q", layer.q, layer.norm1.output_limit),
            ("k", layer.k, layer.norm1.output_limit),
            ("v", layer.v, layer.norm1.output_limit),
            ("o", layer.o, layer.o.made_limit),
            ("gate", layer.gate, layer.norm2.output_limit),
            ("up", layer.up, layer.norm2.output_limit),
            ("down", layer.down, layer.down.made_limit),
        ):
            limits += [(f"{at}.{name}", matrix.made_limit, made)]
            limits += [(f"{at}.{name}", limit, limit) for limit in (matrix.output_limit, matrix.input_limit)]
    limits += [("head", model.head.made_limit, model.norm.output_limit)]
    for _, norm in _list_norms(model):
        small += [("a norm's shift", norm.shift, 30), ("a norm's square_bits", norm.square_bits, 15)]
        small += [("a norm's epsilon", norm.epsilon, 2**31)]
    for name, value, most in small:
        if not 0 <= value <= most:
            raise ConfigError(f"{name} is {value}, and may be 0 to {most}")
    for name, limit, wanted in limits:
        if limit != wanted or limit & (limit + 1) or not 0 < limit <= INT16:
            raise ConfigError(
                f"{name} has a limit of {limit}, where {wanted} or a power of two less one must be"
            )
    for name, matrix in [*model.iter_matrices(), ("head", model.head)]:
        if int(matrix.multipliers.min()) < 0 or int(matrix.shifts.min()) - matrix.most_down < 1:
            raise ConfigError(f"{name} has a multiplier below 0 or a shift below 1")


def _list_norms(model: IntModel) -> list[tuple[str, IntNorm]]:
    norms = [("norm", model.norm)]
    for number, layer in enumerate(model.layers):
        norms += [(f"blocks.{number}.norm1", layer.norm1), (f"blocks.{number}.norm2", layer.norm2)]
        for name, norm in (("q_norm", layer.q_norm), ("k_norm", layer.k_norm)):
            norms += [(f"blocks.{number}.attn.{name}", norm)] if norm is not None else []
    return norms


def list_bounds(model: IntModel) -> list[Bound]:
    """The bound of every step, computed from the numbers that the model holds."""
    config = model.config
    bounds = [_embedding(model)]
    most_chance = 2**model.chance_bits
    for number, layer in enumerate(model.layers):
        at = f"blocks.{number}"
        offset = int(np.abs(layer.k_offset.astype(np.int64)).max())
        bounds += [
            Bound(f"{at}.attn.turned", _turned(INT16) + (offset << 14) + (1 << 13 + layer.k_shift), INT32),
            Bound(f"{at}.attn.scores", config.d_head * layer.q_limit * layer.k_limit, INT32 // 2),
            Bound(f"{at}.attn.chances", config.context * most_chance, INT32),
            Bound(f"{at}.attn.values", config.context * most_chance * layer.v.output_limit, INT32),
            Bound(f"{at}.attn.o_shift", layer.o_shift, 30 + (model.chance_bits - 15) - 17),
        ]
        gated = int(np.abs(model.activation.astype(np.int64)).max()) * layer.up.output_limit
        bounds.append(Bound(f"{at}.mlp.hidden", gated + (1 << layer.hidden_shift >> 1), INT32))
    for name, matrix in [*model.iter_matrices()[1:], *([("head", model.head)] if config.tied else [])]:
        bounds += _matrix(name, matrix)
    return [*bounds, *(bound for name, norm in _list_norms(model) for bound in _norm(name, norm))]


def _turned(limit: int) -> int:
    """|a cos - b sin| for |a|, |b| <= limit; cosines and sines of 14 bits, each off by half a unit."""
    return int(limit * (2**0.5 * 2**14 + 1)) + 1


def _embedding(model: IntModel) -> Bound:
    embed = model.embed
    most = np.abs(embed.values.astype(np.int64)).max(axis=1) * embed.multipliers
    return Bound("embed", int((most + (1 << (embed.shifts.astype(np.int64) - 1))).max()), INT32)


def _matrix(name: str, matrix: IntMatrix) -> list[Bound]:
    rows = matrix.row_bounds
    shifts, multipliers = matrix.shifts.astype(np.int64), matrix.multipliers.astype(np.int64)
    least = shifts - matrix.most_down
    whole = rows * multipliers + (np.int64(1) << (shifts - 1))
    whole = np.where(least >= 17, 0, whole)  # formed in two halves, section 2.3
    weights = int(np.abs(matrix.values.astype(np.int64)).max(initial=0))
    return [
        Bound(f"{name} weights", weights, KIND_LIMITS[matrix.kind]),
        Bound(f"{name} sums", int(rows.max(initial=0)), INT32),
        Bound(f"{name} scaled sums", int(whole.max(initial=0)), INT32),
        Bound(f"{name} shifts", int(shifts.max()), 46),
    ]


def _norm(name: str, norm: IntNorm) -> list[Bound]:
    size = norm.gains.shape[-1]
    gains = int(np.abs(norm.gains.astype(np.int64)).max())
    return [
        Bound(f"{name} squares", size * 4**norm.square_bits + norm.epsilon, 2**32 - 1),
        Bound(f"{name} gains", gains * INT16 + (1 << norm.shift >> 1), INT32),
    ]
