"""The numbers of an integer model as constant arrays and structs of C."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lilliput.quantize.draw import DRAW_BITS
from lilliput.quantize.fixed import make_exp2_table
from lilliput.quantize.intmodel import LAYER_NUMBERS, IntLayer, IntMatrix, IntModel, IntNorm
from lilliput.quantize.packing import joinable, pack_rows, pack_scales, row_bytes, scales_fit

_COLUMNS = 118
_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "uint16": "uint16_t"}
_TABLES = ("cosines", "sines", "activation", "exp2", "rsqrt", "reciprocal")
_MATRICES = ("q", "k", "v", "o", "gate", "up", "down")
_NORMS = ("norm1", "norm2", "q_norm", "k_norm")


class _Form(NamedTuple):
    """How matrices are written."""

    together: bool
    """A row's multiplier and shift share 16 bits."""
    fours: bool
    """Weights are so written that the compiler may join each two."""


def _array(name: str, values: npt.NDArray[Any], words: Iterable[str] | None = None) -> str:
    """A constant array in C, in lines of bounded length; `words` are its numbers as they are written."""
    lines, line = [], ""
    for number in words or values.reshape(-1).tolist():
        word = f"{number},"
        if len(line) + len(word) > _COLUMNS:
            lines.append(line)
            line = ""
        line += word
    lines.append(line.rstrip(","))
    body = "\n".join(lines)
    return f"static const {_TYPES[values.dtype.name]} {name}[{values.size}] = {{\n{body}}};\n"


def _in_fours(values: npt.NDArray[np.int8]) -> Iterable[str]:
    """Weights (R, C) for the macro LP_4 of integer_target.inc; the rest of a row as it is."""
    whole = values.shape[1] & ~3
    for row in values.tolist():
        yield from ("LP_4({},{},{},{})".format(*row[i : i + 4]) for i in range(0, whole, 4))
        yield from map(str, row[whole:])


def write_numbers(model: IntModel) -> str:
    """All constant arrays, and the structs of runtime/c/integer_model.inc that lead to them."""
    form = _Form(scales_fit(model), joinable(model))
    embed, embed_struct = _matrix("lp_embed", model.embed, form)
    shared = "lp_embed_values" if model.config.tied else None
    head, head_struct = _matrix("lp_head", model.head, form, shared)
    norm, norm_struct = _norm("lp_norm", model.norm)
    layers = [_layer(f"lp_{number}", layer, form) for number, layer in enumerate(model.layers)]
    tables = {name: getattr(model, name) for name in _TABLES}
    draws = "exp2"
    if model.chance_bits != DRAW_BITS:
        draws = "draw_exp2"
        tables[draws] = make_exp2_table(DRAW_BITS)
    fields = [f".embed = {embed_struct}", f".head = {head_struct}", f".norm = {norm_struct}"]
    fields += [".layers = lp_layers", f".draw_exp2 = lp_table_{draws}"]
    fields += [f".{name} = lp_table_{name}" for name in _TABLES]
    structs = ",\n".join(struct for _, struct in layers)
    return "\n".join(
        [
            *(embed, head, norm),
            *(text for text, _ in layers),
            *(_array(f"lp_table_{name}", table) for name, table in tables.items()),
            f"static const lp_layer lp_layers[] = {{\n{structs}}};\n",
            "static const lp_numbers lp_model = {\n" + ",\n".join(fields) + "};\n",
        ]
    )


def _matrix(name: str, matrix: IntMatrix, form: _Form, values: str | None = None) -> tuple[str, str]:
    """Arrays of a matrix, and the struct; `values` is an array that has them already."""
    rows, columns = matrix.values.shape
    words = _in_fours(matrix.values) if form.fours else None
    text = "" if values else _array(f"{name}_values", pack_rows(matrix), words)
    scales: dict[str, npt.NDArray[Any]]
    if form.together:
        scales = {"scales": pack_scales(matrix)}
    else:
        scales = {"multipliers": matrix.multipliers, "shifts": matrix.shifts}
    text += "".join(_array(f"{name}_{part}", array) for part, array in scales.items())
    kind = {"int8": "LP_INT8", "int4": "LP_INT4", "ternary": "LP_TERNARY"}[matrix.kind]
    limits = f"{matrix.input_limit}, {matrix.made_limit}, {matrix.output_limit}"
    places = ", ".join([values or f"{name}_values", *(f"{name}_{part}" for part in scales)])
    sizes = f"{rows}, {columns}, {row_bytes(matrix)}"
    return text, f"{{{places}, {sizes}, {limits}, {kind}, {matrix.shifts.max()}}}"


def _norm(name: str, norm: IntNorm | None) -> tuple[str, str]:
    if norm is None:
        return "", "{0, 0, 0, 0, 0}"
    limits = f"{norm.epsilon}, {norm.output_limit}, {norm.shift}, {norm.square_bits}"
    return _array(f"{name}_gains", norm.gains), f"{{{name}_gains, {limits}}}"


def _layer(name: str, layer: IntLayer, form: _Form) -> tuple[str, str]:
    """Arrays of a layer, and the struct."""
    text = ""
    fields: list[str] = []
    for part in _MATRICES:
        arrays, struct = _matrix(f"{name}_{part}", getattr(layer, part), form)
        text, fields = text + arrays, [*fields, f".{part} = {struct}"]
    for part in _NORMS:
        arrays, struct = _norm(f"{name}_{part}", getattr(layer, part))
        text, fields = text + arrays, [*fields, f".{part} = {struct}"]
    text += _array(f"{name}_k_offset", layer.k_offset)
    fields.append(f".k_offset = {name}_k_offset")
    for part in LAYER_NUMBERS:
        fields.append(f".{part} = {getattr(layer, part)}")
    return text, "{" + ",\n".join(fields) + "}"
