"""The integer forward pass in C, as devices run it, as a Python call. No torch."""

import ctypes as ct
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from lilliput.errors import LilliputError
from lilliput.runtime.native import STALE, library_path, load_library

_int, _short, _byte, _pointer = ct.c_int32, ct.c_int16, ct.c_uint8, ct.c_void_p


class Matrix(ct.Structure):
    """lp_matrix."""

    _fields_ = (
        *((name, _pointer) for name in ("values", "multipliers", "shifts")),
        *((name, _int) for name in ("rows", "columns", "row_bytes")),
        *((name, _short) for name in ("input_limit", "made_limit", "output_limit")),
        ("kind", _byte),
        ("most_shift", _byte),
    )


class Norm(ct.Structure):
    """lp_norm."""

    _fields_ = (
        ("gains", _pointer),
        ("epsilon", _int),
        ("output_limit", _short),
        ("shift", _byte),
        ("square_bits", _byte),
    )


class Layer(ct.Structure):
    """lp_layer."""

    _fields_ = (
        *((name, Matrix) for name in ("q", "k", "v", "o", "gate", "up", "down")),
        *((name, Norm) for name in ("norm1", "norm2", "q_norm", "k_norm")),
        ("k_offset", _pointer),
        *((name, _short) for name in ("q_limit", "k_limit")),
        *(
            (name, _byte)
            for name in ("q_shift", "k_shift", "score_shift", "hidden_shift", "mid_shift", "post_shift")
        ),
        ("o_shift", ct.c_int8),
    )


class Numbers(ct.Structure):
    """lp_numbers."""

    _fields_ = (
        ("layers", ct.POINTER(Layer)),
        ("embed", Matrix),
        ("head", Matrix),
        ("norm", Norm),
        *((name, _pointer) for name in ("cosines", "sines", "activation")),
        *((name, _pointer) for name in ("exp2", "draw_exp2", "rsqrt", "reciprocal")),
    )


class Model(ct.Structure):
    """lp_int_model."""

    _fields_ = (
        ("numbers", Numbers),
        *((name, _int) for name in ("width", "hidden", "layers", "heads", "kv_heads", "head")),
        *((name, _int) for name in ("context", "vocab", "key_nibbles", "value_nibbles")),
    )


class Story(ct.Structure):
    """lp_story: a model, and places of the working memory."""

    _fields_ = (
        ("model", ct.POINTER(Model)),
        *((name, _pointer) for name in ("scores", "sums", "logits", "h", "x", "a", "b")),
        *((name, _pointer) for name in ("keys", "values", "row")),
        ("length", _int),
    )


@cache
def integer_library() -> ct.CDLL | None:
    """The library with its integer functions declared; None where it was not built.

    Raises LilliputError for one that was built of another version.
    """
    if library_path() is None:
        return None
    library = load_library()
    try:
        library.lp_int_sizes.argtypes, library.lp_int_sizes.restype = [_pointer], None
        library.lp_int_read.argtypes = [ct.POINTER(Story), _pointer, _int, ct.c_int, _pointer]
    except AttributeError:
        raise LilliputError(STALE) from None
    library.lp_int_read.restype = None
    sizes = (_int * 5)()
    library.lp_int_sizes(sizes)
    if list(sizes) != [ct.sizeof(kind) for kind in (Matrix, Norm, Layer, Model, Story)]:
        raise LilliputError(STALE)
    return library


def read_ids(
    library: ct.CDLL, story: Story, ids: npt.NDArray[np.int32], vocab: int, *, last_only: bool
) -> npt.NDArray[np.int16]:
    """Logits (T, V) behind each of ids (T,), or (1, V) behind the last. The caller has checked the ids."""
    logits = np.empty((1 if last_only else len(ids), vocab), np.int16)
    given = np.ascontiguousarray(ids, np.int32)
    library.lp_int_read(ct.byref(story), given.ctypes.data, len(given), last_only, logits.ctypes.data)
    return logits


def address(array: npt.NDArray[Any] | None) -> int | None:
    """Where an array's numbers lie; the caller keeps it."""
    return None if array is None else array.ctypes.data
