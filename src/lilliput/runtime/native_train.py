"""The C training step's functions, as Python calls. No torch."""

import ctypes as ct
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from lilliput.errors import LilliputError
from lilliput.runtime.native import STALE, Memory, Team, load_library

Floats = npt.NDArray[np.float32]
_int, _size, _pointer, _float, _double = ct.c_int, ct.c_size_t, ct.c_void_p, ct.c_float, ct.c_double

WEIGHTS, GRADIENTS, FIRST, SECOND, AVERAGE = range(5)
"""The arrays of a trainer: lp_train_array()."""


class TrainShape(ct.Structure):
    """lp_train_shape."""

    _fields_ = (
        *(
            (name, _int)
            for name in (
                *("vocab_size", "d_model", "n_layers", "n_heads", "n_kv_heads", "d_head", "d_ff", "context"),
                *("tied", "qk_norm", "pairs", "muon", "ema"),
            )
        ),
        ("norm_eps", _float),
        ("attention_scale", _float),
        ("turns", ct.POINTER(_float)),
    )


class Tensor(ct.Structure):
    """lp_tensor."""

    _fields_ = (
        ("rows", _int),
        ("cols", _int),
        ("stride", _int),
        ("padded_rows", _int),
        ("muon", _int),
        ("at", _size),
        ("second", _size),
    )


class Rates(ct.Structure):
    """lp_rates: one step's rates."""

    _fields_ = tuple(
        (name, _float)
        for name in (
            *("adam_rate", "beta1", "beta2", "eps", "correction1", "correction2"),
            *("muon_rate", "momentum", "weight_decay", "clip", "ema"),
        )
    )


_ids = ct.POINTER(ct.c_int32)


class Attend(ct.Structure):
    """lp_attend: the places of arrays, and how far their rows lie apart."""

    _fields_ = (
        *((name, _int) for name in ("tokens", "d_head", "heads", "pairs", "window")),
        *((name, _pointer) for name in ("q", "k", "v")),
        *((name, _size) for name in ("row", "z_row", "d_row")),
        *((name, _pointer) for name in ("z", "tops", "shares")),
        ("stat_row", _size),
        *((name, _pointer) for name in ("dz", "dq", "dk", "dv")),
        ("scale", _float),
        ("room", _pointer),
    )


class LessonsOfBatch(ct.Structure):
    """lp_lessons."""

    _fields_ = (("top", _int), ("ids", _ids), ("shares", ct.POINTER(_float)))


class RoundTo(ct.Structure):
    """lp_round_to: whole multiples of a unit, at most `limit` of them; unit 0: as it is."""

    _fields_ = (("unit", _float), ("limit", _float))


class LayerRounding(ct.Structure):
    """lp_layer_rounding."""

    _fields_ = (
        *((name, RoundTo) for name in ("q", "k", "q_turned", "k_turned")),
        ("q_sum", _float),
        ("k_offset", ct.POINTER(_float)),
        *((name, RoundTo) for name in ("v", "z", "gate", "up", "hidden")),
        *((name, _float) for name in ("z_narrow", "z_squares", "hidden_narrow", "hidden_squares")),
        *((name, _float) for name in ("middle", "next")),
    )


class Rounding(ct.Structure):
    """lp_rounding: how a model computes on the way ahead."""

    _fields_ = (
        ("window", _int),
        ("embed", _float),
        ("normed", RoundTo),
        ("activation", ct.POINTER(_float)),
        ("layers", ct.POINTER(LayerRounding)),
    )


_SIGNATURES = {
    "lp_train_layout": (ct.c_long, []),
    "lp_train_room": (_size, [ct.POINTER(TrainShape), _pointer, _pointer, _int, _int]),
    "lp_train_open": (
        _int,
        [ct.POINTER(TrainShape), _pointer, _pointer, _int, _int, _pointer, ct.POINTER(_pointer)],
    ),
    "lp_train_tensors": (_int, [_pointer]),
    "lp_train_tensor": (ct.POINTER(Tensor), [_pointer, _int]),
    "lp_train_array": (ct.POINTER(_float), [_pointer, _int]),
    "lp_train_refresh": (None, [_pointer]),
    "lp_train_gradient": (
        _double,
        [_pointer, _ids, _ids, _ids, _int, ct.POINTER(LessonsOfBatch), _float, _float, _int],
    ),
    "lp_train_round": (None, [_pointer, ct.POINTER(Rounding)]),
    "lp_train_norm": (_double, [_pointer]),
    "lp_train_update": (None, [_pointer, ct.POINTER(Rates), _double]),
    "lp_attend_items": (None, [_pointer, ct.POINTER(Attend), _int, _int, _int, _int]),
    "lp_attend_room": (_size, [_int, _int]),
    "lp_train_kernels_at": (_pointer, [_int]),
    "lp_train_kernels_name": (ct.c_char_p, [_pointer]),
    "lp_train_has_pairs": (_int, [_pointer]),
}


@cache
def load_train_library() -> ct.CDLL:
    """The compiled engine with the functions of training. Raises LilliputError where it was not built."""
    library = load_library()
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name, None)
        if function is None:
            raise LilliputError(STALE)
        function.restype, function.argtypes = result, arguments
    layout = 0
    for structure in (TrainShape, Tensor, Rates, LessonsOfBatch, Attend, Rounding, LayerRounding):
        layout = layout * 509 + ct.sizeof(structure)
    if library.lp_train_layout() != layout & 0x7FFFFFFF:
        raise LilliputError(STALE)
    return library


def train_kernel_names() -> list[str]:
    """The arithmetic of training that this processor has, best first."""
    library = load_train_library()
    names: list[str] = []
    while kernels := library.lp_train_kernels_at(len(names) + 1):
        names.append(library.lp_train_kernels_name(kernels).decode())
    return names


def has_bfloat16() -> bool:
    """Does this processor multiply bfloat16?"""
    library = load_train_library()
    return bool(library.lp_train_has_pairs(library.lp_train_kernels_at(0)))


class NativeTrainer:
    """A model's weights, gradients and moments in C, for batches of at most `tokens` tokens in `rows` rows.

    One caller at a time. The views that `array` gives are the trainer's own memory.
    """

    def __init__(
        self,
        shape: TrainShape,
        *,
        tokens: int,
        rows: int,
        threads: int = 1,
        kernels: str | None = None,
    ) -> None:
        self._library = library = load_train_library()
        self._shape = shape  # keeps the table of positions
        self._team = Team(threads) if threads > 1 else None
        team = self._team.address if self._team else None
        table = library.lp_train_kernels_at(train_kernel_names().index(kernels) + 1 if kernels else 0)
        need = library.lp_train_room(ct.byref(shape), table, team, tokens, rows)
        if not need:
            raise LilliputError(
                f"the C step cannot train heads of this kind ({shape.n_heads} of width {shape.d_head} over "
                f"{shape.n_kv_heads} of keys): --set train.step=torch"
            )
        self.bytes, self.tokens, self.rows = need, tokens, rows
        self._memory = Memory(need)
        trainer = _pointer()
        library.lp_train_open(
            ct.byref(shape), table, team, tokens, rows, self._memory.address, ct.byref(trainer)
        )
        self._trainer = trainer

    def tensors(self) -> Iterator[Tensor]:
        """The parameters, in the order of the model's."""
        for number in range(self._library.lp_train_tensors(self._trainer)):
            yield self._library.lp_train_tensor(self._trainer, number).contents

    def array(self, which: int, tensor: Tensor) -> Floats:
        """The numbers of a parameter in one of the arrays: (rows, cols), or (cols,) of a vector."""
        at = tensor.second if which == SECOND else tensor.at
        start = ct.addressof(self._library.lp_train_array(self._trainer, which).contents)
        offset = start - self._memory.address + self._memory.offset + 4 * at
        count = tensor.padded_rows * tensor.stride
        whole = np.frombuffer(
            self._memory.map, np.float32, count, offset
        )  # the memory lives as long as a view
        return whole.reshape(tensor.padded_rows, tensor.stride)[: tensor.rows, : tensor.cols]

    def round(self, rounding: Rounding) -> None:
        """From now on the way ahead is rounded so. What it points to is the caller's to keep."""
        self._rounding = rounding
        self._library.lp_train_round(self._trainer, ct.byref(rounding))

    def refresh(self) -> None:
        """To be called when weights were written."""
        self._require_threads()
        self._library.lp_train_refresh(self._trainer)

    def gradient(
        self,
        ids: npt.NDArray[np.int32],
        targets: npt.NDArray[np.int32],
        starts: npt.NDArray[np.int32],
        *,
        share: float,
        z_loss: float = 0.0,
        fresh: bool = True,
        lessons: tuple[npt.NDArray[np.int32], Floats] | None = None,
    ) -> float:
        """Add `share` times the slope of the summed cost of targets (T,) behind ids (T,), in rows that begin
        at starts (rows + 1,), to the gradients; the targets' cost in nats. A negative target costs nothing.

        `lessons`, ids and shares (T, top), are what of each target's part of the cost is other ids'.
        """
        self._require_threads()
        sizes, vocabulary = np.diff(starts), self._shape.vocab_size
        if starts[0] or not len(ids) == len(targets) == starts[-1] or sizes.min() < 1:
            raise ValueError("rows begin at 0, behind one another, and end with the ids and targets")
        if len(ids) > self.tokens or len(sizes) > self.rows or sizes.max() > self._shape.context:
            raise ValueError(
                f"{len(ids)} tokens in {len(sizes)} rows of at most {sizes.max()} do not fit this trainer"
            )
        if ids.min() < 0 or max(ids.max(), targets.max()) >= vocabulary:
            raise ValueError(f"an id is beyond the vocabulary of {vocabulary}")
        arrays = [np.ascontiguousarray(array, np.int32) for array in (ids, targets, starts)]
        places = [array.ctypes.data_as(_ids) for array in arrays]
        said, weighed = self._check_lessons(lessons, len(ids)) if lessons else (None, None)
        taught = None
        if said is not None and weighed is not None:  # both are held while C reads them
            shares = weighed.ctypes.data_as(ct.POINTER(_float))
            taught = LessonsOfBatch(said.shape[1], said.ctypes.data_as(_ids), shares)
        return float(
            self._library.lp_train_gradient(
                self._trainer, *places, len(starts) - 1, taught, share, z_loss, fresh
            )
        )

    def _check_lessons(
        self, lessons: tuple[npt.NDArray[np.int32], Floats], tokens: int
    ) -> tuple[npt.NDArray[np.int32], Floats]:
        ids, shares = np.ascontiguousarray(lessons[0], np.int32), np.ascontiguousarray(lessons[1], np.float32)
        if ids.ndim != 2 or ids.shape != shares.shape or len(ids) != tokens:
            raise ValueError(f"lessons {ids.shape} and {shares.shape} of {tokens} tokens")
        if ids.min() < 0 or ids.max() >= self._shape.vocab_size:
            raise ValueError(f"a teacher's id is beyond the vocabulary of {self._shape.vocab_size}")
        return ids, shares

    def norm(self) -> float:
        """The norm of the gradient."""
        self._require_threads()
        return float(self._library.lp_train_norm(self._trainer))

    def update(self, rates: Rates, norm: float) -> None:
        """One step along the gradient, which is `norm` long."""
        self._require_threads()
        self._library.lp_train_update(self._trainer, ct.byref(rates), norm)

    def _require_threads(self) -> None:
        if self._team:
            self._team.require()
