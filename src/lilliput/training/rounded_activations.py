"""What an integer model rounds between its matrices, for a step that learns to compute so. No torch."""

import ctypes as ct
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lilliput.runtime.native_train import LayerRounding, Rounding, RoundTo

Floats = npt.NDArray[np.float32]
Pair = tuple[float, float]
"""A unit, and at most how many of it."""


@dataclass(frozen=True)
class RoundedLayer:
    """Units and limits of a layer's activations, one for all channels; a unit of 0 rounds nothing."""

    q: Pair
    k: Pair
    """Before they are turned."""
    q_turned: Pair
    k_turned: Pair
    """Keys are odd multiples, of what is left without their offset."""
    q_sum: float
    """How great the sum of a head's |q| may be, in units; a query beyond it is halved. 0: any."""
    k_offset: Floats
    """(kv * K)"""
    v: Pair
    z: Pair
    """What attention reads."""
    gate: Pair
    up: Pair
    hidden: Pair
    z_narrow: float
    z_squares: float
    hidden_narrow: float
    hidden_squares: float
    """Greatest multiple and greatest sum of squares that a matrix reads: a token's unit is doubled until they
    are within."""
    middle: float
    next: float
    """Units of the residual stream behind attention, and behind the rest."""


@dataclass(frozen=True)
class RoundedActivations:
    """Units and limits of a model's activations."""

    layers: tuple[RoundedLayer, ...]
    window: int
    """Positions that one attends to: the first, itself and those before it. 0: all."""
    embed: float
    """Unit of the residual stream as it begins."""
    normed: Pair
    activation: Floats
    """(2 * gate limit + 1,) what the gate's multiples, from -limit on, go through"""
    cosine_units: int
    _kept: list[object] = field(default_factory=list)
    """What C points to."""

    def as_c(self) -> Rounding:
        """As the C step reads it; this object is to be kept as long."""
        layers = (LayerRounding * len(self.layers))(*(self._layer(layer) for layer in self.layers))
        self._kept.append(layers)
        return Rounding(self.window, self.embed, RoundTo(*self.normed), self._place(self.activation), layers)

    def _layer(self, layer: RoundedLayer) -> LayerRounding:
        values = {
            name: RoundTo(*value) if isinstance(value, tuple) else value
            for name, value in vars(layer).items()
        }
        return LayerRounding(**values | {"k_offset": self._place(layer.k_offset)})

    def _place(self, array: Floats) -> "ct._Pointer[ct.c_float]":
        kept = np.ascontiguousarray(array, np.float32)
        self._kept.append(kept)
        return kept.ctypes.data_as(ct.POINTER(ct.c_float))
