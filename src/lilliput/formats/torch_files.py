"""Files that `torch.save` wrote, read through torch's weights-only loader: no code in them runs."""

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from lilliput.device import require_torch
from lilliput.errors import FormatError
from lilliput.formats.weights import Array

_ZIP = b"PK\x03\x04"  # how everything begins that torch.save wrote since version 1.6


def is_torch_file(path: Path) -> bool:
    """True for a file that begins like one of `torch.save`."""
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def read_torch_file(path: Path) -> Any:
    """What was saved, tensors and plain values; the tensors lie in the file, which stays mapped.

    Raises FormatError for a damaged file, for one that would run code when unpickled (nothing is run), and
    for compressed or older kinds, which cannot be read without trust in what they say of their size.
    """
    require_torch(f"reading {path.name}")
    import torch

    if not is_torch_file(path):
        raise FormatError(f"{path} is not a file that torch.save wrote (since version 1.6)")
    try:
        with zipfile.ZipFile(path) as archive:
            packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist())
    except Exception as error:
        raise FormatError(f"{path} is not a whole file of torch.save: {_one_line(error)}") from None
    if packed:
        raise FormatError(f"{path} is a compressed archive, which torch.save never writes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # mapped, so that a tensor that claims to be longer than the file ends with the file
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        raise FormatError(f"{path} cannot be read as weights and plain values: {_one_line(error)}") from None


def read_torch_weights(path: Path) -> dict[str, Array]:
    """The arrays of a `pytorch_model.bin`; bfloat16 and float16 are widened to float32."""
    return as_arrays(read_torch_file(path), path)


def as_arrays(tensors: Any, path: Path) -> dict[str, Array]:
    """Copies of named tensors of the file `path`; raises FormatError for anything else.

    Tensors may share their numbers, as a tied output matrix does; together they may not be more than twice
    as large as the file, so that no file makes us allocate out of proportion.
    """
    import torch

    if not isinstance(tensors, dict) or not all(isinstance(name, str) for name in tensors):
        raise FormatError(f"{path} holds no table of named weights")
    most_bytes = 2 * path.stat().st_size
    for name, tensor in tensors.items():
        plain = isinstance(tensor, torch.Tensor) and tensor.layout == torch.strided
        if not plain or tensor.is_quantized or tensor.is_complex() or tensor.device.type != "cpu":
            raise FormatError(f"{path}: {name} is not an array of numbers")
        most_bytes -= tensor.numel() * tensor.element_size()
    if most_bytes < 0:
        raise FormatError(f"{path} describes more numbers than it holds")
    return {name: _as_array(tensor.detach()) for name, tensor in tensors.items()}


def _as_array(tensor: Any) -> Array:
    import torch

    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    array: Array = np.array(tensor.numpy(), order="C")
    return array


def _one_line(error: Exception) -> str:
    """The first line of a message, shortened; torch's go on with advice to trust the file."""
    return (str(error).strip().split("\n")[0] or type(error).__name__)[:200]
