"""What quantization may be told."""

from typing import Annotated, Literal

from pydantic import Field

from lilliput.config import Config
from lilliput.quantize.intmodel import Kind

Bits = Annotated[int, Field(ge=2, le=16)]


class QuantizeSettings(Config):
    """Number formats of an integer model, and how they are found. Set with --set name=value."""

    weights: Kind = "int8"
    """Of every matrix that has no format of its own below."""
    embed: Kind | None = None
    """The embedding, and the output matrix where the two are one."""
    head: Kind | None = None
    """An output matrix of its own."""
    q: Kind | None = None
    k: Kind | None = None
    v: Kind | None = None
    o: Kind | None = None
    gate: Kind | None = None
    up: Kind | None = None
    down: Kind | None = None
    activation_bits: Annotated[int, Field(ge=4, le=16)] = 8
    """Of what matrices read."""
    blocks: Literal["all", "inner", "hidden", "static"] = "inner"
    """Which inputs of matrices have an exponent of their own for each position: all, those that no norm
    makes, the hidden layer's, or static: none.
    An exponent costs a look for the greatest, and a shift."""
    head_bits: Annotated[int, Field(ge=4, le=16)] | None = None
    """Of what the output matrix reads; as the others if not set."""
    query_bits: Annotated[int, Field(ge=4, le=16)] = 16
    key_bits: Annotated[int, Field(ge=2, le=8)] = 8
    value_bits: Annotated[int, Field(ge=2, le=8)] = 8
    gate_bits: Annotated[int, Field(ge=5, le=13)] = 11
    """The table of the activation has 2 ** gate_bits - 1 entries."""
    chance_bits: Annotated[int, Field(ge=4, le=14)] = 14
    square_bits: Annotated[int, Field(ge=4, le=14)] = 12
    residual_bits: Annotated[int, Field(ge=8, le=16)] = 16
    """Of the residual stream; a quarter more than the greatest value that calibration saw has room."""
    scales: Literal["multiplier", "shift"] = "multiplier"
    """Of rows: a number of 15 bits and a shift, or a shift alone."""
    rounding: Literal["gptq", "nearest"] = "gptq"
    units: Literal["uneven", "even"] = "uneven"
    """Of a matrix's inputs: of each channel, or one for all of them: then a weight as it stands is its row's
    step times a whole number, which is what training with rounded weights makes."""
    ranges: Literal["mse", "max"] = "mse"
    """Where activations are cut: where products' error is least, or nowhere within what calibration saw."""

    bits: Annotated[float, Field(ge=2, le=7)] = 5.06
    """Of weights of the kind planes, on average: how many planes a look at a table takes."""
    bits_head: Annotated[float, Field(ge=2, le=7)] | None = None
    """Of one matrix in place of `bits`."""
    bits_q: Annotated[float, Field(ge=2, le=7)] | None = None
    bits_k: Annotated[float, Field(ge=2, le=7)] | None = None
    bits_v: Annotated[float, Field(ge=2, le=7)] | None = None
    bits_o: Annotated[float, Field(ge=2, le=7)] | None = None
    bits_gate: Annotated[float, Field(ge=2, le=7)] | None = None
    bits_up: Annotated[float, Field(ge=2, le=7)] | None = None
    bits_down: Annotated[float, Field(ge=2, le=7)] | None = None
    norms: Literal["gained", "narrow"] = "gained"
    """Norms with gains, or of 8 bits, the gains in the matrices behind: these have activation_bits=8 then,
    and embedding and head are two matrices."""
    cosine_bits: Annotated[int, Field(ge=4, le=14)] = 14
    turn_bits: Annotated[int, Field(ge=8, le=16)] = 16
    """Of queries and keys before they are turned."""
    turn_shift: Annotated[int, Field(ge=0, le=7)] = 7
    """How many of these bits may be finer than a turned query's or key's unit, at most. With 0 the layers of
    a cartridge are alike in it, and share the code that turns them."""
    score_bits: Literal[16, 32] = 32
    keys: Literal["even", "odd"] = "even"
    """Odd ones have no zero, and one value more."""
    sum_bits: Literal[16, 32] = 32
    """Of sums of values."""
    reciprocal_bits: Literal[8, 16] = 16
    hidden_bits: Annotated[int, Field(ge=8, le=16)] = 16
    """Of hidden values before their exponent is taken out."""
    up_bits: Annotated[int, Field(ge=6, le=16)] = 16
    """Of what the activation multiplies."""
    table_bits: Annotated[int, Field(ge=6, le=16)] = 16
    """Of the entries of the activation's table."""
    window: Annotated[int, Field(ge=0)] = 0
    """How many positions one attends to: the first, itself and those before it. 0: all."""

    def bits_of(self, part: str) -> float:
        """Bits a weight, on average, of the matrix called `part`."""
        bits: float | None = getattr(self, f"bits_{part}", None)
        return bits or self.bits

    def kind(self, part: str) -> Kind:
        """The format of the matrix called `part`."""
        kind: Kind | None = getattr(self, part)
        return kind or self.weights


CARTRIDGE = (
    "weights=planes",
    "bits=5.5",
    "bits_q=5.6",
    "bits_k=5.6",
    "embed=int8",
    "blocks=hidden",
    "scales=shift",
    "norms=narrow",
    "square_bits=8",
    "cosine_bits=7",
    "turn_bits=10",
    "score_bits=16",
    "keys=odd",
    "key_bits=7",
    "value_bits=5",
    "chance_bits=7",
    "sum_bits=16",
    "reciprocal_bits=8",
    "hidden_bits=12",
    "gate_bits=9",
    "up_bits=9",
    "table_bits=9",
    "window=128",
    "residual_bits=13",
)
"""What an 8-bit processor with tables and sums of 16 bits, and no multiplier, computes with."""


def cartridge_settings(d_head: int) -> tuple[str, ...]:
    """CARTRIDGE for heads of this width: those of 16 share one turning routine, to save room."""
    return (*CARTRIDGE, "turn_shift=0") if d_head > 8 else CARTRIDGE
