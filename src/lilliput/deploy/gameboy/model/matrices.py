"""The matrices of a model as code: which read the same inputs, where these and the results lie."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.matrices.endings import Ending
from lilliput.deploy.gameboy.matrices.groups import improve_groups
from lilliput.deploy.gameboy.matrices.lookups import Matrix, Workplace, compile_matrix
from lilliput.deploy.gameboy.matrices.shapes import choose_shape
from lilliput.deploy.gameboy.matrices.streams import Stream
from lilliput.deploy.gameboy.model.places import Places
from lilliput.deploy.gameboy.steps.turn import in_pairs
from lilliput.quantize.intmodel import IntMatrix, IntModel

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Rows:
    """Rows of one matrix of the model: what becomes of them, and where."""

    matrix: IntMatrix
    endings: Sequence[Ending]
    results: Ints


def compile_matrices(model: IntModel, places: Places, *, with_first: bool = True) -> dict[str, Stream]:
    """Code of each: qkvN, oN, gatedN and downN of layer N, and head; without `with_first` not of qkv0.

    Raises ConfigError for weights, sums or tables that a cartridge has no room for.
    """
    config = model.config
    width = config.d_head
    inputs = {
        "x": places.x + np.arange(config.d_model),
        "means": places.means + np.arange(config.n_heads * width),
        "hidden": places.gated + 2 + 4 * np.arange(config.d_ff),
    }
    turned = {
        "queries": places.queries + 2 * _pair_places(config.n_heads, width),
        "keys": places.keys + 2 * _pair_places(config.n_kv_heads, width),
    }
    values = places.values + np.arange(config.n_kv_heads * width)
    sums = places.sums + 2 * np.arange(config.d_model)
    gates = places.gated + 4 * np.arange(config.d_ff)
    streams = {}
    for n, layer in enumerate(model.layers):
        v = [Ending("byte", int(shift), layer.v.output_limit) for shift in layer.v.row_shifts]
        q, k = _as_words(layer.q, turned["queries"]), _as_words(layer.k, turned["keys"])
        gate, up = _as_words(layer.gate, gates), _as_words(layer.up, gates + 2)
        parts = {
            "qkv": ("x", [q, k, _Rows(layer.v, v, values)]),
            "o": ("means", [_unshifted(layer.o, sums)]),
            "gated": ("x", [gate, up]),
            "down": ("hidden", [_unshifted(layer.down, sums)]),
        }
        for name, (source, rows) in parts.items():
            if name == "qkv" and n == 0 and not with_first:
                continue
            streams[f"{name}{n}"] = _compile(rows, inputs[source], places.work(), places.partial_bytes)
    logits = places.logits + 2 * np.arange(config.vocab_size)
    streams["head"] = _compile([_as_words(model.head, logits)], inputs["x"], places.work(head=True), 0)
    return streams


def _pair_places(heads: int, width: int) -> Ints:
    """(heads * width,) the place of each channel among words in pairs."""
    natural = np.arange(heads * width)
    order = in_pairs(natural.reshape(heads, width)).reshape(-1)  # the channel at each place
    places = np.empty_like(natural)
    places[order] = natural
    return places


def _as_words(matrix: IntMatrix, results: Ints) -> _Rows:
    return _Rows(matrix, [Ending("word", int(shift)) for shift in matrix.row_shifts], results)


def _unshifted(matrix: IntMatrix, results: Ints) -> _Rows:
    """Rows whose shifts depend on an exponent: steps/rejoin.py."""
    return _Rows(matrix, [Ending("word")] * len(matrix.values), results)


def _compile(rows: Sequence[_Rows], inputs: Ints, work: Workplace, partial_bytes: int) -> Stream:
    weights = np.concatenate([part.matrix.values for part in rows]).astype(np.int64)
    planes = float(np.frexp(np.abs(weights).astype(np.float64))[1].mean())
    passes = 4 if 2 * len(weights) <= partial_bytes else 1
    shape = choose_shape(len(weights), inputs.size, planes, work.table_bytes, most_passes=passes)
    groups = improve_groups(weights, shape.deal(np.square(weights).sum(axis=0).astype(np.float64)))
    return compile_matrix(
        Matrix(
            weights,
            groups,
            shape.half,
            inputs,
            [ending for part in rows for ending in part.endings],
            np.concatenate([part.results for part in rows]),
            np.concatenate([part.matrix.row_bounds for part in rows]),
        ),
        work,
    )
