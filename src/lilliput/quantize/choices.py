"""Which choices of a model need version 2 of the arithmetic, as settings that a person can leave out."""

from collections.abc import Iterator
from itertools import chain

from lilliput.quantize.fixed import INT16
from lilliput.quantize.intmodel import IntLayer, IntModel


def name_newer_choices(model: IntModel) -> list[str]:
    """Settings of lilliput quantize that version 1 does not compute; none for a model of version 1."""
    planes = [f"{name.rpartition('.')[2]}=planes" for name, m in model.iter_matrices() if m.kind == "planes"]
    layers = chain.from_iterable(_iter_of_layer(layer) for layer in model.layers)
    return list(dict.fromkeys([*planes, *layers, *_iter_of_model(model)]))


def _iter_of_layer(layer: IntLayer) -> Iterator[str]:
    if layer.norm1.narrow:
        yield "norms=narrow"
    if layer.q.output_limit < INT16:
        yield f"turn_bits={layer.q.output_limit.bit_length() + 1}"
    if layer.up.output_limit < INT16:
        yield f"up_bits={layer.up.output_limit.bit_length() + 1}"
    if layer.q_sum_limit or layer.score_shift < 0:
        yield "score_bits=16"


def _iter_of_model(model: IntModel) -> Iterator[str]:
    if model.cosine_bits != 14:
        yield f"cosine_bits={model.cosine_bits}"
    if model.odd_keys:
        yield "keys=odd"
    if model.sum_bits != 32:
        yield f"sum_bits={model.sum_bits}"
    if model.reciprocal_bits != 16:
        yield f"reciprocal_bits={model.reciprocal_bits}"
    if model.window:
        yield f"window={model.window}"
