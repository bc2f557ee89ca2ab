"""Integer models in C: the code that devices run, with the bits of quantize.reference."""

import ctypes as ct
from typing import Any

import numpy as np
import numpy.typing as npt

from lilliput.generation.engines import IntReader
from lilliput.quantize.draw import DRAW_BITS
from lilliput.quantize.fixed import make_exp2_table
from lilliput.quantize.intmodel import IntLayer, IntMatrix, IntModel, IntNorm
from lilliput.runtime.native_integer import (
    Layer,
    Matrix,
    Model,
    Norm,
    Numbers,
    Story,
    address,
    integer_library,
    read_ids,
)

_Ids = npt.NDArray[np.int64]


def open_reader(model: IntModel) -> IntReader:
    """The model in C where that was built, and can count what it holds; else the reference."""
    library, c = integer_library(), model.config
    cached = c.n_layers * c.context * c.n_kv_heads * c.d_head  # C counts in 32 bits
    newer = model.version > 1  # C computes version 1 of the arithmetic
    if library is None or newer or max(cached, c.vocab_size * c.d_model, c.d_ff * c.d_model) >= 2**31:
        from lilliput.quantize.reference import Reference

        return Reference(model)
    return NativeReader(library, model)


class _Memory:
    """A story's working memory, and the C struct that leads to it."""

    def __init__(self, reader: "NativeReader") -> None:
        c = reader.model.config
        attended, kept = c.n_heads * c.d_head, c.n_kv_heads * c.d_head
        widest = max(c.d_model, attended, c.d_ff)
        sizes: dict[str, tuple[int, Any]] = {
            "scores": (c.context, np.int32),
            "sums": (c.d_head, np.int32),
            "logits": (c.vocab_size, np.int16),
            "h": (c.d_model, np.int16),
            "x": (widest, np.int16),
            "a": (widest, np.int16),
            "b": (max(2 * kept, c.d_ff), np.int16),
            "keys": (c.n_layers * c.context * kept, np.int8),
            "values": (c.n_layers * c.context * kept, np.int8),
        }
        self._reader = reader  # its numbers must stay where they are
        self._arrays = {name: np.zeros(size, kind) for name, (size, kind) in sizes.items()}
        places = {name: array.ctypes.data for name, array in self._arrays.items()}
        self.story = Story(model=ct.pointer(reader.numbers), row=None, length=0, **places)


class NativeReader:
    """See IntReader. Weights are held as int8, whatever their format on a device."""

    def __init__(self, library: ct.CDLL, model: IntModel) -> None:
        self.model = model
        self._library = library
        self._kept: list[Any] = []
        c = model.config
        layers = (Layer * c.n_layers)(*(self._layer(layer) for layer in model.layers))
        numbers = Numbers(
            layers=layers,
            embed=self._matrix(model.embed),
            head=self._matrix(model.head),
            norm=self._norm(model.norm),
            draw_exp2=self._place(make_exp2_table(DRAW_BITS)),
            **{
                name: self._place(getattr(model, name))
                for name in ("cosines", "sines", "activation", "exp2", "rsqrt", "reciprocal")
            },
        )
        self._kept.append(layers)
        self.numbers = Model(
            numbers=numbers,
            width=c.d_model,
            hidden=c.d_ff,
            layers=c.n_layers,
            heads=c.n_heads,
            kv_heads=c.n_kv_heads,
            head=c.d_head,
            context=c.context,
            vocab=c.vocab_size,
        )

    def start(self) -> _Memory:
        """See IntReader.start."""
        return _Memory(self)

    def read(self, ids: _Ids, cache: _Memory, *, last_only: bool = False) -> npt.NDArray[np.int16]:
        """See IntReader.read. Raises ValueError for what is no id, and for more than the context holds."""
        ids = np.asarray(ids, np.int64)
        room = self.model.config.context - cache.story.length
        if len(ids) > room:
            raise ValueError(f"{len(ids)} ids, and the context has room for {room}")
        if len(ids) and not 0 <= ids.min() <= ids.max() < self.model.config.vocab_size:
            raise ValueError(f"ids are 0 to {self.model.config.vocab_size - 1}")
        wide = ids.astype(np.int32)
        return read_ids(self._library, cache.story, wide, self.model.config.vocab_size, last_only=last_only)

    def _place(self, array: npt.NDArray[Any] | None) -> int | None:
        """Where an array's numbers lie; they stay there as long as this reader."""
        kept = None if array is None else np.ascontiguousarray(array)
        self._kept.append(kept)
        return address(kept)

    def _matrix(self, matrix: IntMatrix) -> Matrix:
        rows, columns = matrix.values.shape
        return Matrix(
            values=self._place(matrix.values),
            multipliers=self._place(matrix.multipliers),
            shifts=self._place(matrix.shifts),
            rows=rows,
            columns=columns,
            row_bytes=columns,
            input_limit=matrix.input_limit,
            made_limit=matrix.made_limit,
            output_limit=matrix.output_limit,
        )

    def _norm(self, norm: IntNorm | None) -> Norm:
        if norm is None:
            return Norm()
        return Norm(self._place(norm.gains), norm.epsilon, norm.output_limit, norm.shift, norm.square_bits)

    def _layer(self, layer: IntLayer) -> Layer:
        matrices = {
            name: self._matrix(getattr(layer, name)) for name in ["q", "k", "v", "o", "gate", "up", "down"]
        }
        norms = {name: self._norm(getattr(layer, name)) for name in ["norm1", "norm2", "q_norm", "k_norm"]}
        limits = ["q_limit", "k_limit", "q_shift", "k_shift", "score_shift", "hidden_shift", "o_shift"]
        numbers = {name: getattr(layer, name) for name in limits}
        return Layer(**matrices, **norms, **numbers, k_offset=self._place(layer.k_offset))
