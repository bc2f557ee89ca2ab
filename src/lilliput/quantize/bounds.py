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
    bounds = list_bounds(model)
    for bound in bounds:
        if bound.most > bound.allowed:
            raise ConfigError(
                f"{bound.name} may reach {bound.most:,}, above {bound.allowed:,}: this model could overflow "
                "on a device; quantize it with fewer activation_bits or chance_bits"
            )
    return bounds


def list_bounds(model: IntModel) -> list[Bound]:
    """The bound of every step, computed from the numbers that the model holds."""
    config = model.config
    bounds = [_embedding(model)]
    most_chance = 2**model.chance_bits
    for number, layer in enumerate(model.layers):
        at = f"blocks.{number}"
        bounds += _norm(f"{at}.norm1", layer.norm1)
        for name, norm in (("q_norm", layer.q_norm), ("k_norm", layer.k_norm)):
            bounds += _norm(f"{at}.attn.{name}", norm) if norm is not None else []
        offset = int(np.abs(layer.k_offset.astype(np.int64)).max())
        bounds += [
            Bound(f"{at}.attn.turned", _turned(INT16) + (offset << 14) + (1 << 13 + layer.k_shift), INT32),
            Bound(f"{at}.attn.scores", config.d_head * layer.q_limit * layer.k_limit, INT32 // 2),
            Bound(f"{at}.attn.chances", config.context * most_chance, INT32),
            Bound(f"{at}.attn.values", config.context * most_chance * layer.v.output_limit, INT32),
            Bound(f"{at}.attn.o_shift", layer.o_shift, 30 + (model.chance_bits - 15) - 17),
        ]
        bounds += _norm(f"{at}.norm2", layer.norm2)
        gated = int(np.abs(model.activation.astype(np.int64)).max()) * layer.up.output_limit
        bounds.append(Bound(f"{at}.mlp.hidden", gated + (1 << layer.hidden_shift >> 1), INT32))
    for name, matrix in [*model.iter_matrices()[1:], *([("head", model.head)] if config.tied else [])]:
        bounds += _matrix(name, matrix)
    return [*bounds, *_norm("norm", model.norm)]


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
