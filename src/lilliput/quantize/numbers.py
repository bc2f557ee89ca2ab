"""Which numbers an integer model may hold at all: limits, shifts, tables. A file may hold anything."""

from dataclasses import dataclass

import numpy as np

from lilliput.errors import ConfigError
from lilliput.quantize.fixed import (
    INT16,
    make_exp2_table,
    make_reciprocal_table,
    make_rsqrt_table,
)
from lilliput.quantize.intmodel import KIND_LIMITS, Array, IntConfig, IntMatrix, IntModel, IntNorm, IntPlanes

MOST_SHIFT = 46
"""Of a row: what a product of 47 bits can need."""
MOST_COSINE_BITS = 14
MOST_TABLE = 8
"""Inputs of a table: 256 sums, two bytes each, are addressed by one byte."""
LEAST_NARROW_SHIFT = 7
"""Of a narrow norm: with the least k, -7, still none to the left."""
MOST_LEFT = 8
"""By which a difference of scores may be shifted to the left: their unit is 2 then."""
MOST_CACHED = 127
"""Keys and values lie in the cache as int8."""
_MOST_TOKENS = 65_536
"""So that the chances of all tokens, 2 ** 14 each, add up within 32 bits, and an id has 16."""


@dataclass(frozen=True)
class _Use:
    """A matrix where it stands: what the step before makes, and what its results must fit."""

    name: str
    matrix: IntMatrix
    made: int | None
    """None: what the matrix itself says, since the step before saturates to that."""
    output: int | None
    """None: any limit up to `most_output`."""
    most_output: int = INT16


def check_numbers(model: IntModel) -> None:
    """Raise ConfigError that names the first number which no quantizer makes and no device could hold."""
    check_vocabulary(model.config)
    _within("chance_bits", model.chance_bits, 2, 14)
    _within("logit_bits", model.logit_bits, 0, 15)
    _within("cosine_bits", model.cosine_bits, 1, MOST_COSINE_BITS)
    _within("window", model.window, 0, model.config.context)
    if model.window == 1:
        raise ConfigError("window is 1, and has the first position and oneself at least")
    _among("sum_bits", model.sum_bits, [16, 32])
    _among("reciprocal_bits", model.reciprocal_bits, [8, 16] if model.sum_bits == 16 else [16])
    _check_tables(model)
    for number, layer in enumerate(model.layers):
        at = f"blocks.{number}"
        for name, most in (("q_shift", 15), ("k_shift", 15), ("o_shift", 31)):
            _within(f"{at}.{name}", getattr(layer, name), 0, most)
        _within(f"{at}.score_shift", layer.score_shift, -MOST_LEFT, 31)
        _within(f"{at}.hidden_shift", layer.hidden_shift, 0, 30)
        _within(f"{at}.q_sum_limit", layer.q_sum_limit, 0, INT16)
        _check_limit(f"{at}.q_limit", layer.q_limit, INT16)
        _check_limit(f"{at}.k_limit", layer.k_limit, MOST_CACHED)
    for name, norm in list_norms(model):
        _check_norm(name, norm)
    for use in _list_uses(model):
        _check_matrix(use)
    for number, layer in enumerate(model.layers):  # a device narrows once what several matrices read
        for name, matrix, first in (
            ("k", layer.k, layer.q),
            ("v", layer.v, layer.q),
            ("up", layer.up, layer.gate),
        ):
            limit = first.input_limit
            _within(f"blocks.{number}.{name}.input_limit", matrix.input_limit, limit, limit)
    if model.config.tied and model.head.kind != model.embed.kind:
        raise ConfigError(
            f"embed is {model.embed.kind} and head {model.head.kind}, and they are one matrix here"
        )


def check_vocabulary(config: IntConfig) -> None:
    """Raise ConfigError for more tokens than integer sampling can add up."""
    if config.vocab_size > _MOST_TOKENS:
        raise ConfigError(
            f"vocab_size is {config.vocab_size:,}, and may be {_MOST_TOKENS:,} at most in whole numbers: the "
            "sum of all tokens' chances would leave 32 bits"
        )


def list_norms(model: IntModel) -> list[tuple[str, IntNorm]]:
    """Name and norm, those of heads among them."""
    norms = [("norm", model.norm)]
    for number, layer in enumerate(model.layers):
        norms += [(f"blocks.{number}.norm1", layer.norm1), (f"blocks.{number}.norm2", layer.norm2)]
        for name, norm in (("q_norm", layer.q_norm), ("k_norm", layer.k_norm)):
            norms += [(f"blocks.{number}.attn.{name}", norm)] if norm is not None else []
    return norms


def norm_size(model: IntModel, norm: IntNorm) -> int:
    """How many elements a norm reads; its gains tell, or it is none of a head's."""
    return model.config.d_model if norm.narrow else norm.gains.shape[-1]


def _list_uses(model: IntModel) -> list[_Use]:
    uses = [
        _Use("embed", model.embed, 1, INT16),
        _Use("head", model.head, model.norm.output_limit, INT16),
    ]
    for number, layer in enumerate(model.layers):
        at, first, second = f"blocks.{number}", layer.norm1.output_limit, layer.norm2.output_limit
        uses += [
            _Use(f"{at}.attn.q", layer.q, first, None),
            _Use(f"{at}.attn.k", layer.k, first, None),
            _Use(f"{at}.attn.v", layer.v, first, None, MOST_CACHED),
            _Use(f"{at}.attn.o", layer.o, None, INT16),
            _Use(f"{at}.mlp.gate", layer.gate, second, None),
            _Use(f"{at}.mlp.up", layer.up, second, None),
            _Use(f"{at}.mlp.down", layer.down, None, INT16),
        ]
    return uses


def _check_matrix(use: _Use) -> None:
    name, matrix = use.name, use.matrix
    if matrix.kind not in KIND_LIMITS:
        raise ConfigError(f"{name} is of kind {matrix.kind!r}; there are {', '.join(KIND_LIMITS)}")
    _check_limit(f"{name}.input_limit", matrix.input_limit, INT16)
    _check_limit(f"{name}.made_limit", matrix.made_limit, INT16, use.made)
    _check_limit(f"{name}.output_limit", matrix.output_limit, use.most_output, use.output)
    most = int(np.abs(matrix.values.astype(np.int64)).max(initial=0))
    _within(f"{name}'s greatest weight", most, 0, KIND_LIMITS[matrix.kind])
    if (matrix.kind == "planes") != (matrix.planes is not None):
        raise ConfigError(f"{name} is of kind {matrix.kind}, and its planes say otherwise")
    if matrix.planes is not None:
        _check_planes(name, matrix, matrix.planes)
    multipliers, shifts = matrix.multipliers.astype(np.int64), matrix.shifts.astype(np.int64)
    _within(f"{name}'s least multiplier", int(multipliers.min()), 1, INT16)
    least = 1 if matrix.planes else 1 + matrix.most_down  # an exponent of the input is taken from it
    for shift in (int(shifts.min()), int(shifts.max())):
        _within(f"{name}'s shift", shift, least, MOST_SHIFT)


def _check_planes(name: str, matrix: IntMatrix, planes: IntPlanes) -> None:
    columns: int = matrix.values.shape[1]
    _within(f"{name}.planes.table_size", planes.table_size, 1, MOST_TABLE)
    _within(f"{name}.planes.square_limit", planes.square_limit, 0, 2**31 - 1)
    if not np.array_equal(np.sort(planes.order), np.arange(columns)):
        raise ConfigError(f"{name}.planes.order does not name each column once")
    if not (matrix.values & 1).all():
        raise ConfigError(f"{name}.values hold an even number, and planes make odd ones")
    if (matrix.multipliers & (matrix.multipliers - 1)).any():
        raise ConfigError(f"{name}.multipliers of planes are powers of two")
    _within(f"{name}'s shift of sums", int(matrix.row_shifts.min()), 0, MOST_SHIFT)


def _check_norm(name: str, norm: IntNorm) -> None:
    _within(f"{name}.shift", norm.shift, 0, 30)
    _within(f"{name}.square_bits", norm.square_bits, 1, 15)
    if norm.narrow:
        _within(f"{name}.shift", norm.shift, LEAST_NARROW_SHIFT, 30)
        _within(f"{name}.square_bits", norm.square_bits, 8, 8)
    _within(f"{name}.epsilon", norm.epsilon, 0, 2**31 - 1)
    of_heads = name.endswith(("q_norm", "k_norm"))  # what is turned has 16 bits
    _check_limit(f"{name}.output_limit", norm.output_limit, INT16, INT16 if of_heads else None)


def _check_tables(model: IntModel) -> None:
    made: list[tuple[str, Array, Array]] = [
        ("exp2", model.exp2, make_exp2_table(model.chance_bits)),
        ("rsqrt", model.rsqrt, make_rsqrt_table()),
        ("reciprocal", model.reciprocal, make_reciprocal_table()),
    ]
    for name, table, wanted in made:
        if not np.array_equal(table, wanted):
            raise ConfigError(f"the table {name} is not the one that docs/integer-arithmetic.md defines")
    for name, turns in (("cosines", model.cosines), ("sines", model.sines)):
        _within(f"the greatest of {name}", int(np.abs(turns.astype(np.int64)).max()), 0, 2**model.cosine_bits)


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{name} is {value}, and may be {least} to {most}")


def _among(name: str, value: int, allowed: list[int]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name} is {value}, and may be {', '.join(map(str, allowed[:8]))}")


def _check_limit(name: str, limit: int, most: int, wanted: int | None = None) -> None:
    """A power of two less one, and the one that the steps beside it call for."""
    if wanted is not None and limit != wanted:
        raise ConfigError(f"{name} is {limit}, where {wanted} must be")
    if not 0 < limit <= most or limit & (limit + 1):
        raise ConfigError(f"{name} is {limit}, and may be a power of two less one up to {most}")
