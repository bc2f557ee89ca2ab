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
    blocks: Literal["all", "inner", "static"] = "inner"
    """Which inputs of matrices have an exponent of their own for each position: all, those that no norm
    makes, or static: none.
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

    def kind(self, part: str) -> Kind:
        """The format of the matrix called `part`."""
        kind: Kind | None = getattr(self, part)
        return kind or self.weights
