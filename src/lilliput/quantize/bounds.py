"""What proves that no integer model overflows, whatever it reads (docs/integer-arithmetic.md, section 5)."""

from dataclasses import dataclass

import numpy as np

from lilliput.errors import ConfigError
from lilliput.quantize.fixed import INT16, INT32, SPLIT_SHIFT, Ints
from lilliput.quantize.intmodel import NIBBLE_LIMIT, IntLayer, IntMatrix, IntModel, IntNorm
from lilliput.quantize.numbers import check_numbers, list_norms, norm_size
from lilliput.quantize.planes import norm_square_limit


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
    most_chance, positions = 2**model.chance_bits, model.window or config.context
    for number, layer in enumerate(model.layers):
        at = f"blocks.{number}"
        queries, keys = most_turned(model, layer)
        bounds += [
            Bound(f"{at}.attn.turned queries", queries, INT32),
            Bound(f"{at}.attn.turned keys", keys, INT32),
            Bound(f"{at}.attn.scores", most_score(model, layer), INT32 // 2),
            Bound(f"{at}.attn.chances", positions * most_chance, INT32),
            Bound(f"{at}.attn.values", most_sum(model, layer), INT32),
            Bound(f"{at}.attn.o_shift", layer.o_shift, _most_o_shift(model, layer)),
        ]
        gated = int(np.abs(model.activation.astype(np.int64)).max()) * layer.up.output_limit
        bounds.append(Bound(f"{at}.mlp.hidden", gated + (1 << layer.hidden_shift >> 1), INT32))
    for name, matrix in [*model.iter_matrices()[1:], *([("head", model.head)] if config.tied else [])]:
        bounds += _matrix(name, matrix)
    for name, norm, readers in _list_readers(model):
        bounds += [_lengths(name, norm, config.d_model, matrix) for matrix in readers if norm.narrow]
    norms = [bound for name, norm in list_norms(model) for bound in _norm(name, norm, norm_size(model, norm))]
    return [*bounds, *norms]


def most_turned(model: IntModel, layer: IntLayer) -> tuple[int, int]:
    """The greatest of turned queries, and of keys less their offset, each with half a unit."""
    one, turn = model.cosine_bits, _turn(model)
    offset = int(np.abs(layer.k_offset.astype(np.int64)).max())
    queries = turn * layer.q.output_limit + (1 << one + layer.q_shift >> 1)
    return queries, turn * layer.k.output_limit + (offset << one) + (1 << one + layer.k_shift >> 1)


def _list_readers(model: IntModel) -> list[tuple[str, IntNorm, list[IntMatrix]]]:
    """Norms, and the matrices that read what they make."""
    readers = [("norm", model.norm, [model.head])]
    for number, layer in enumerate(model.layers):
        readers.append((f"blocks.{number}.norm1", layer.norm1, [layer.q, layer.k, layer.v]))
        readers.append((f"blocks.{number}.norm2", layer.norm2, [layer.gate, layer.up]))
    return readers


def _lengths(name: str, norm: IntNorm, size: int, matrix: IntMatrix) -> Bound:
    """What a narrow norm makes is within what a matrix of planes counts on: it is never halved."""
    most = min(norm_square_limit(size, norm.shift), size * norm.output_limit**2)
    return Bound(f"{name} lengths", most, matrix.planes.square_limit if matrix.planes else most)


def _most_value(layer: IntLayer) -> int:
    """What a chance may be multiplied by: values of 4 bits are held, and may be added up, with 8 more."""
    limit = layer.v.output_limit
    return limit + 8 if limit <= NIBBLE_LIMIT else limit


def most_score(model: IntModel, layer: IntLayer) -> int:
    """Of any query and key."""
    most = model.config.d_head * layer.q_limit
    return (min(most, layer.q_sum_limit) if layer.q_sum_limit else most) * layer.k_limit


def most_sum(model: IntModel, layer: IntLayer) -> int:
    """Of values times chances."""
    if model.sum_bits == 16:
        return INT16 // layer.v.output_limit * layer.v.output_limit
    return (model.window or model.config.context) * (1 << model.chance_bits) * _most_value(layer)


def _most_o_shift(model: IntModel, layer: IntLayer) -> int:
    """What leaves the shift of a sum of values its least: 17, or 1 where both factors are small."""
    least, down = 1 << model.chance_bits, 0
    if model.sum_bits == 16:  # the likeliest is left when all are halved as often as they can be
        most = (model.window or model.config.context) * least
        while most >> down > INT16 // layer.v.output_limit:
            down += 1
    if least >> down == 0:  # no chance might be left at all
        return -1
    k = (least >> down).bit_length() - 16
    return 30 - 7 + k - 1 if model.reciprocal_bits == 8 else 30 + k - 17


def _turn(model: IntModel) -> int:
    """|cos| + |sin| at most: by so much a pair grows, in units of cosines."""
    both = np.abs(model.cosines.astype(np.int64)) + np.abs(model.sines.astype(np.int64))
    return int(both.max())


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


def _norm(name: str, norm: IntNorm, size: int) -> list[Bound]:
    if norm.narrow:
        return [Bound(f"{name} squares", size * 4**norm.square_bits + norm.epsilon, 2**32 - 1)]
    gains = int(np.abs(norm.gains.astype(np.int64)).max())
    return [
        Bound(f"{name} squares", size * 4**norm.square_bits + norm.epsilon, 2**32 - 1),
        Bound(f"{name} gains", gains * INT16 + (1 << norm.shift >> 1), INT32),
    ]
