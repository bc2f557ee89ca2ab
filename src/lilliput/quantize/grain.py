"""How fine an integer model's numbers are, as real numbers: what training must know to compute as it will."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass
class LayerGrain:
    """Units of a layer's activations."""

    q: Floats
    """(H * K) of queries before they are turned"""
    k: Floats
    """(kv * K)"""
    v: Floats
    """(kv * K)"""
    up: Floats = field(default_factory=lambda: np.zeros(0))
    """(F,)"""
    hidden: Floats = field(default_factory=lambda: np.zeros(0))
    """(F,) before an exponent is taken out"""


@dataclass
class Grain:
    """Units of a model, and of weights of the kind planes."""

    normed: float
    """Of what narrow norms make; 0 where norms have gains."""
    gate: float
    activated: float
    """Of the entries of the activation's table."""
    residual: tuple[float, ...]
    """Of the residual stream as it begins and behind each addition."""
    layers: list[LayerGrain] = field(default_factory=list)
    steps: dict[str, Floats] = field(default_factory=dict)
    """By the matrix's name (R, C): what 1 stands for, in each place."""
