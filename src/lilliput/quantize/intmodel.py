"""The frozen integer model: small integers, tables and shifts, all that a device needs and nothing else.

What each field means in the arithmetic is said in docs/integer-arithmetic.md. No torch.
"""

from dataclasses import MISSING, Field, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lilliput.models.config import LlamaConfig, Qwen3Config

Kind = Literal["int8", "int4", "ternary"]
KIND_LIMITS: dict[Kind, int] = {"int8": 127, "int4": 7, "ternary": 1}
"""Greatest magnitude of a weight."""
NIBBLE_LIMIT = 7
"""Keys and values up to this may lie two in a byte."""
Array = npt.NDArray[Any]
IntConfig = LlamaConfig | Qwen3Config


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

    @property
    def most_down(self) -> int:
        """The greatest exponent of an input."""
        return max(0, self.made_limit.bit_length() - self.input_limit.bit_length())

    @property
    def row_bounds(self) -> npt.NDArray[np.int64]:
        """(R,) the greatest magnitude that a row's sum, or any part of it, can have for any input."""
        bounds: npt.NDArray[np.int64] = np.abs(self.values.astype(np.int64)).sum(axis=1) * self.input_limit
        return bounds


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

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weights as a device stores them: one a byte, two (int4), or five (ternary)."""
        per_byte = {"int8": 1, "int4": 2, "ternary": 5}
        matrices = [matrix for _, matrix in self.iter_matrices()]
        return sum(m.values.shape[0] * -(-m.values.shape[1] // per_byte[m.kind]) for m in matrices)

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
    return replace(model, config=config, cosines=model.cosines[:context], sines=model.sines[:context])


def is_left_out(field: Field[Any], value: Any) -> bool:
    """Whether a field holds what a file without it stands for: so files of before it stay as they are."""
    return field.default is not MISSING and bool(field.default == value)
