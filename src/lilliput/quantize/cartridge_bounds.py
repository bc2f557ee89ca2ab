"""What proves that a model's sums fit the 16 bits of a Game Boy (docs/integer-arithmetic.md, section 9.7)."""

import numpy as np

from lilliput.errors import ConfigError
from lilliput.quantize.bounds import Bound, check_bounds, most_score, most_sum, most_turned
from lilliput.quantize.fixed import INT16
from lilliput.quantize.intmodel import IntMatrix, IntModel, IntNorm
from lilliput.quantize.narrow import NARROW_BITS
from lilliput.quantize.numbers import list_norms

_BYTE, _WORD, _THREE_BYTES = 255, 2**16 - 1, 2**23 - 1


def check_cartridge(model: IntModel) -> list[Bound]:
    """Every bound of 16 or 24 bits. Raises ConfigError that names the first that does not hold, or the first
    format that is not a cartridge's."""
    check_bounds(model)
    _check_form(model)
    bounds = list_cartridge_bounds(model)
    for bound in bounds:
        if bound.most > bound.allowed:
            raise ConfigError(
                f"{bound.name} may reach {bound.most:,}, above {bound.allowed:,}: too much for a cartridge; "
                "quantize with --to cartridge"
            )
    return bounds


def list_cartridge_bounds(model: IntModel) -> list[Bound]:
    """The greatest value of each step of a token, for any input, by the numbers that the model holds."""
    bounds = [Bound(f"{name} normed products", _BYTE * _BYTE, _WORD) for name, _ in list_norms(model)]
    for number, layer in enumerate(model.layers):
        at = f"blocks.{number}"
        queries, keys = most_turned(model, layer)
        scores = most_score(model, layer)
        gated = int(np.abs(model.activation.astype(np.int64)).max()) * layer.up.output_limit
        bounds += [  # of half a unit none: floor(a / 2**s + 1/2) is (a >> s - 1, plus 1) >> 1
            Bound(f"{at}.attn.turned queries", queries, _THREE_BYTES),
            Bound(f"{at}.attn.turned keys", keys, _THREE_BYTES),
            Bound(f"{at}.attn.scores", scores, INT16),
            Bound(f"{at}.attn.differences of scores", 2 * scores, _WORD),
            Bound(f"{at}.attn.chances", (model.window or model.config.context) << model.chance_bits, _WORD),
            Bound(f"{at}.attn.values", most_sum(model, layer), INT16),
            Bound(f"{at}.attn.means", most_sum(model, layer) * _BYTE, _THREE_BYTES),
            Bound(f"{at}.mlp.hidden", gated, _WORD),
        ]
    return bounds + [bound for name, matrix in model.iter_matrices()[1:] for bound in _matrix(name, matrix)]


def _matrix(name: str, matrix: IntMatrix) -> list[Bound]:
    """Sums; sums of one table's inputs; sums of squares of all."""
    if matrix.planes is None:
        raise ConfigError(f"{name} is {matrix.kind}; a cartridge has planes")
    return [
        Bound(f"{name} sums", int(matrix.row_bounds.max(initial=0)), INT16),
        Bound(f"{name} table", matrix.planes.table_size * matrix.input_limit, INT16),
        Bound(f"{name} squares", matrix.values.shape[1] * matrix.input_limit**2, 2**24 - 1),
    ]


def _check_form(model: IntModel) -> None:
    """Raise ConfigError that names the first format which is not a cartridge's."""
    formats: list[tuple[str, int, int]] = [
        ("config.tied", int(model.config.tied), 0),
        ("sum_bits", model.sum_bits, 16),
        ("reciprocal_bits", model.reciprocal_bits, 8),
        ("odd_keys", int(model.odd_keys), 1),
        *((f"{name}.narrow", int(_is_narrow(norm)), 1) for name, norm in list_norms(model)),
        *((f"{name}.kind", int(matrix.kind == "planes"), 1) for name, matrix in model.iter_matrices()[1:]),
    ]
    for name, value, wanted in formats:
        if value != wanted:
            raise ConfigError(f"{name} is {value}, and {wanted} on a cartridge: quantize with --to cartridge")


def _is_narrow(norm: IntNorm) -> bool:
    return norm.narrow and norm.square_bits == NARROW_BITS
