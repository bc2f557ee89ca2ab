"""What proves that no integer model overflows, whatever it reads (docs/integer-arithmetic.md, section 5)."""

from dataclasses import dataclass

import numpy as np

from lilliput.errors import ConfigError
from lilliput.quantize.fixed import INT16, INT32, SPLIT_SHIFT, Ints
from lilliput.quantize.intmodel import NIBBLE_LIMIT, IntLayer, IntMatrix, IntModel, IntNorm
from lilliput.quantize.numbers import check_numbers, list_norms


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
    check_numbers(model)
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
    most_chance, turned = 2**model.chance_bits, _turned(model)
    for number, layer in enumerate(model.layers):
        at = f"blocks.{number}"
        offset = int(np.abs(layer.k_offset.astype(np.int64)).max())
        bounds += [
            Bound(f"{at}.attn.turned queries", turned + (1 << 13 + layer.q_shift), INT32),
            Bound(f"{at}.attn.turned keys", turned + (offset << 14) + (1 << 13 + layer.k_shift), INT32),
            Bound(f"{at}.attn.scores", config.d_head * layer.q_limit * layer.k_limit, INT32 // 2),
            Bound(f"{at}.attn.chances", config.context * most_chance, INT32),
            Bound(f"{at}.attn.values", config.context * most_chance * _most_value(layer), INT32),
            Bound(f"{at}.attn.o_shift", layer.o_shift, 30 + (model.chance_bits - 15) - 17),
        ]
        gated = int(np.abs(model.activation.astype(np.int64)).max()) * layer.up.output_limit
        bounds.append(Bound(f"{at}.mlp.hidden", gated + (1 << layer.hidden_shift >> 1), INT32))
    for name, matrix in [*model.iter_matrices()[1:], *([("head", model.head)] if config.tied else [])]:
        bounds += _matrix(name, matrix)
    return [*bounds, *(bound for name, norm in list_norms(model) for bound in _norm(name, norm))]


def _most_value(layer: IntLayer) -> int:
    """What a chance may be multiplied by: values of 4 bits are held, and may be added up, with 8 more."""
    limit = layer.v.output_limit
    return limit + 8 if limit <= NIBBLE_LIMIT else limit


def _turned(model: IntModel) -> int:
    """|a cos - b sin| for any a, b of 16 bits, by the model's own cosines and sines."""
    both = np.abs(model.cosines.astype(np.int64)) + np.abs(model.sines.astype(np.int64))
    return INT16 * int(both.max())


def _embedding(model: IntModel) -> Bound:
    embed = model.embed
    shifts = embed.shifts.astype(np.int64)
    most = np.abs(embed.values.astype(np.int64)).max(axis=1) * embed.multipliers
    return Bound("embed", _greatest_plain(most, shifts, shifts), INT32)


def _greatest_plain(products: Ints, shifts: Ints, least: Ints) -> int:
    """Of products formed plainly, with half a unit: those that are shifted by 17 or more come in halves."""
    whole = products + (np.int64(1) << (shifts - 1))
    return int(np.where(least >= SPLIT_SHIFT, 0, whole).max(initial=0))


def _matrix(name: str, matrix: IntMatrix) -> list[Bound]:
    rows = matrix.row_bounds
    shifts, multipliers = matrix.shifts.astype(np.int64), matrix.multipliers.astype(np.int64)
    plain = _greatest_plain(rows * multipliers, shifts, shifts - matrix.most_down)
    return [
        Bound(f"{name} sums", int(rows.max(initial=0)), INT32),
        Bound(f"{name} scaled sums", plain, INT32),
    ]


def _norm(name: str, norm: IntNorm) -> list[Bound]:
    size = norm.gains.shape[-1]
    gains = int(np.abs(norm.gains.astype(np.int64)).max())
    return [
        Bound(f"{name} squares", size * 4**norm.square_bits + norm.epsilon, 2**32 - 1),
        Bound(f"{name} gains", gains * INT16 + (1 << norm.shift >> 1), INT32),
    ]
