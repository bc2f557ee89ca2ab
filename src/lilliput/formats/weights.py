"""Named arrays, and the safetensors files that hold them.

`Weights` maps our own parameter names (`blocks.0.attn.q.weight`) to float32 arrays; a tied output
matrix is not in it. Every file format reads into it and writes from it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
from safetensors.numpy import save

from lilliput.errors import FormatError
from lilliput.models.config import ModelConfig
from lilliput.models.shapes import weight_shapes
from lilliput.rundir import atomic_write

__all__ = [
    "Array",
    "Weights",
    "check_weights",
    "read_safetensors",
    "weight_shapes",
    "write_safetensors",
]

Array = npt.NDArray[Any]
Weights = dict[str, npt.NDArray[np.float32]]

_DTYPES: dict[str, type[np.generic]] = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BOOL": np.bool_,  # from here on: masks that old releases stored beside the weights
    "U8": np.uint8,
    "I64": np.int64,
}


def check_weights(weights: Mapping[str, Array], config: ModelConfig, source: str) -> None:
    """Raise FormatError unless `weights` are exactly the parameters that `config` calls for."""
    shapes = weight_shapes(config)
    for name, shape in shapes.items():
        if name not in weights:
            raise FormatError(f"{source} lacks the weight {name}: the file is not whole")
        if weights[name].shape != shape:
            raise FormatError(
                f"{source}: {name} has shape {weights[name].shape}, the config calls for {shape}"
            )
        if weights[name].dtype.kind != "f":
            raise FormatError(f"{source}: {name} holds {weights[name].dtype}, not floating-point numbers")
    if surplus := sorted(set(weights) - set(shapes)):
        raise FormatError(f"{source} holds {surplus[0]}, which the config does not call for")


def read_safetensors(path: Path) -> dict[str, Array]:
    """All arrays of a safetensors file; bfloat16 and float16 are widened to float32.

    Raises FormatError for a file that is not safetensors or holds a dtype that we do not read.
    """
    try:
        entries = safetensors.deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise FormatError(f"{path} is not a whole safetensors file: {error}") from None
    return {name: _as_array(entry, f"{path}: {name}") for name, entry in entries}


def write_safetensors(
    path: Path, arrays: Mapping[str, Array], metadata: dict[str, str] | None = None
) -> None:
    """Write arrays atomically."""
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    with atomic_write(path) as file:
        file.write(save(whole, metadata))


def _as_array(entry: dict[str, Any], source: str) -> Array:
    dtype, data, shape = entry["dtype"], entry["data"], entry["shape"]
    if dtype == "BF16":  # the upper half of a float32
        halves = np.frombuffer(data, np.uint16).astype(np.uint32) << 16
        return halves.view(np.float32).reshape(shape)
    if dtype not in _DTYPES:
        raise FormatError(f"{source} has dtype {dtype}; there are {', '.join(_DTYPES)} and BF16")
    array = np.frombuffer(data, _DTYPES[dtype]).reshape(shape)
    return array.astype(np.float32) if dtype == "F16" else array
