"""The frozen integer model: small integers, tables and shifts, all that a device needs and nothing else.

What each field means in the arithmetic is said in docs/integer-arithmetic.md. No torch.
"""

from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lilliput.models.config import LlamaConfig, Qwen3Config

Kind = Literal["int8", "int4", "ternary", "planes"]
KIND_LIMITS: dict[Kind, int] = {"int8": 127, "int4": 7, "ternary": 1, "planes": 127}
"""Greatest magnitude of a weight."""
NIBBLE_LIMIT = 7
"""Keys and values up to this may lie two in a byte."""
Array = npt.NDArray[Any]
IntConfig = LlamaConfig | Qwen3Config


@dataclass(frozen=True)
class IntPlanes:
    """What a matrix of odd weights says besides: a weight of up to 2**P - 1 is a sum of P powers of two, each
    added or taken away, so a device looks up the sum of `table_size` inputs, signs at will, P times."""

    order: npt.NDArray[np.uint16]
    """(C,) the columns as tables read them: the first `table_size` by the first table, and so on."""
    table_size: int
    square_limit: int
    """Greatest sum of squares of the inputs; a vector beyond it is halved until it is within, and that is its
    exponent, or adds to it."""


@dataclass(frozen=True)
class IntMatrix:
    """y = saturate(floor(multipliers * (values @ x) * 2**e / 2**shifts + 1/2), output_limit) of x * 2**e."""

    kind: Kind
    values: npt.NDArray[np.int8]
    """(R, C)"""
    multipliers: npt.NDArray[np.int16]
    """(R,) 1 to 32767; a power of two where a device is to shift only."""
    shifts: npt.NDArray[np.uint8]
    """(R,) 1 to 46"""
    input_limit: int
    """Greatest magnitude of an element of x, a power of two less one; greater inputs are shifted down."""
    made_limit: int
    """Greatest magnitude of what the step before makes; above input_limit, inputs have an exponent."""
    output_limit: int
    planes: IntPlanes | None = None
    """Of a matrix of the kind planes."""

    @property
    def most_down(self) -> int:
        """The greatest exponent of an input."""
        return max(0, self.made_limit.bit_length() - self.input_limit.bit_length())

    @property
    def row_bounds(self) -> npt.NDArray[np.int64]:
        """(R,) the greatest magnitude that a row's sum, or any part of it, can have for any input."""
        weights = np.abs(self.values.astype(np.int64))
        bounds: npt.NDArray[np.int64] = weights.sum(axis=1) * self.input_limit
        if self.planes is None:
            return bounds
        length = (self.planes.square_limit + 1) ** 0.5 + weights.shape[1] ** 0.5 / 2  # halving rounds
        roots = np.sqrt(np.square(weights).sum(axis=1)) * length  # Cauchy and Schwarz
        least: npt.NDArray[np.int64] = np.minimum(bounds, roots.astype(np.int64) + 1)
        return least

    @property
    def row_shifts(self) -> npt.NDArray[np.int64]:
        """(R,) by how many bits a row's sum is shifted, where its multiplier is a power of two."""
        powers = np.frexp(self.multipliers.astype(np.float64))[1].astype(np.int64) - 1
        shifts: npt.NDArray[np.int64] = self.shifts.astype(np.int64) - powers
        return shifts

    @property
    def count_planes(self) -> npt.NDArray[np.int64]:
        """(R, tables) how many planes the weights of a row that one table serves need. Raises ValueError for
        a matrix that is not of the kind planes."""
        if self.planes is None:
            raise ValueError(f"{self.kind} weights have no planes")
        size = self.planes.table_size
        ordered = np.abs(self.values[:, self.planes.order].astype(np.int64))
        ordered = np.pad(ordered, ((0, 0), (0, -ordered.shape[1] % size)))
        most = ordered.reshape(len(ordered), -1, size).max(axis=2)
        planes: npt.NDArray[np.int64] = np.frexp(most.astype(np.float64))[1].astype(np.int64)
        return planes


@dataclass(frozen=True)
class IntNorm:
    """RMSNorm of whole numbers, with gains."""

    gains: npt.NDArray[np.int16]
    """(n,), or (heads, n) for a norm of each head."""
    shift: int
    epsilon: int
    """n * eps in the square of the input's unit."""
    square_bits: int
    """Inputs are shifted right until they have so many bits before they are squared."""
    output_limit: int
    narrow: bool = False
    """Of the bits that are squared alone, without gains, which are then in the matrices that read: `gains`
    is empty."""


@dataclass(frozen=True)
class IntLayer:
    """A layer; see docs/integer-arithmetic.md for the order of its steps."""

    norm1: IntNorm
    q: IntMatrix
    k: IntMatrix
    v: IntMatrix
    q_norm: IntNorm | None
    k_norm: IntNorm | None
    q_shift: int
    q_limit: int
    k_shift: int
    k_limit: int
    k_offset: npt.NDArray[np.int16]
    """(n_kv_heads, K) taken from turned keys: the same for all, so that no chance changes."""
    score_shift: int
    """Below zero: to the left."""
    o_shift: int
    o: IntMatrix
    norm2: IntNorm
    gate: IntMatrix
    up: IntMatrix
    hidden_shift: int
    down: IntMatrix
    mid_shift: int = 0
    """By how much the residual stream is shifted right before attention's part is added."""
    post_shift: int = 0
    """The same before the feed-forward part is."""
    q_sum_limit: int = 0
    """Greatest sum of a head's |q|; a query beyond it is halved until it is within. 0: none is."""


LAYER_NUMBERS = (
    "q_limit",
    "k_limit",
    "q_shift",
    "k_shift",
    "score_shift",
    "hidden_shift",
    "o_shift",
    "mid_shift",
    "post_shift",
)
"""Of a layer, beside its arrays."""


@dataclass(frozen=True)
class IntModel:
    """A whole model. `source` says what it was made of; `fingerprint` is in its file."""

    config: IntConfig
    source: dict[str, Any]
    embed: IntMatrix
    layers: tuple[IntLayer, ...]
    norm: IntNorm
    head: IntMatrix
    """Its values are the embedding's where the config is tied."""
    cosines: npt.NDArray[np.int16]
    """(context, K / 2), units of 2 ** -14"""
    sines: npt.NDArray[np.int16]
    exp2: npt.NDArray[np.uint16]
    rsqrt: npt.NDArray[np.uint16]
    reciprocal: npt.NDArray[np.uint16]
    activation: npt.NDArray[np.int16]
    """(2 * gate limit + 1,) what the gate's value goes through"""
    chance_bits: int
    """2 ** chance_bits is the chance of the likeliest, before the chances are divided by their sum."""
    logit_bits: int
    """Logits are nats in units of 2 ** -logit_bits."""
    cosine_bits: int = 14
    """Of cosines and sines, behind the point."""
    window: int = 0
    """How many positions one attends to: the first, itself and those before it. 0: all."""
    odd_keys: bool = False
    """Keys in the cache are odd numbers."""
    sum_bits: int = 32
    """Of sums of values; for 16, chances are shifted down where they are many."""
    reciprocal_bits: int = 16
    """Of the factor by which a sum of values is divided by the sum of chances."""

    @property
    def version(self) -> int:
        """Of the arithmetic (docs/integer-arithmetic.md) that the model needs: 1 or 2."""
        return 2 if _has_newer(self) else 1

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weights as a device stores them: one a byte, two (int4), or five (ternary); of planes
        one a table."""
        per_byte = {"int8": 1, "int4": 2, "ternary": 5}
        return sum(
            int(m.count_planes.sum())
            if m.planes is not None
            else m.values.shape[0] * -(-m.values.shape[1] // per_byte[m.kind])
            for _, m in self.iter_matrices()
        )

    def iter_matrices(self) -> list[tuple[str, IntMatrix]]:
        """Name and matrix, each stored one once."""
        named = [("embed", self.embed)]
        for number, layer in enumerate(self.layers):
            parts = {"attn.q": layer.q, "attn.k": layer.k, "attn.v": layer.v, "attn.o": layer.o}
            parts |= {"mlp.gate": layer.gate, "mlp.up": layer.up, "mlp.down": layer.down}
            named += [(f"blocks.{number}.{name}", matrix) for name, matrix in parts.items()]
        return named if self.config.tied else [*named, ("head", self.head)]


def shorten(model: IntModel, context: int) -> IntModel:
    """The same model with fewer positions: 2 to what it has. Its logits at these are the same."""
    config = model.config.model_copy(update={"context": context})
    cosines, sines, window = model.cosines[:context], model.sines[:context], min(model.window, context)
    return replace(model, config=config, cosines=cosines, sines=sines, window=window)


def is_left_out(field: Field[Any], value: Any) -> bool:
    """Whether a field holds what stands for it where a file lacks it: files of before it stay as they are."""
    return field.default is not MISSING and bool(field.default == value)


_OF_VERSION_1 = ("mid_shift", "post_shift")
"""Of version 1 from its beginning, though a file leaves them out where they are 0."""


def _has_newer(value: Any) -> bool:
    """Whether a number is set that version 1 has not, here or in a part."""
    if isinstance(value, IntLayer) and any(
        matrix.output_limit != 32767 for matrix in (value.q, value.k, value.up)
    ):
        return True
    if isinstance(value, IntLayer) and value.score_shift < 0:
        return True
    if isinstance(value, tuple):
        return any(_has_newer(part) for part in value)
    if not is_dataclass(value):
        return False
    parts = [(field, getattr(value, field.name)) for field in fields(value)]
    return any(
        (field.name not in _OF_VERSION_1 and field.default is not MISSING and not is_left_out(field, part))
        or _has_newer(part)
        for field, part in parts
    )
