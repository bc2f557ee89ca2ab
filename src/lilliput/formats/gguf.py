"""GGUF, llama.cpp's file: config, weights and tokenizer in one, both directions."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lilliput.errors import FormatError
from lilliput.formats.gguf_file import GGUFFile, open_gguf, require_gguf
from lilliput.formats.gguf_names import (
    config_from_gguf,
    config_to_gguf,
    find_architecture,
    tensor_names,
    turns_neighbours,
)
from lilliput.formats.gguf_tokenizer import tokenizer_from_gguf, tokenizer_to_gguf
from lilliput.formats.llama2c import swap_rotary
from lilliput.formats.weights import Weights, check_weights
from lilliput.models.config import ModelConfig
from lilliput.models.shapes import weight_shapes
from lilliput.rundir import atomic_write
from lilliput.tokens import Tokenizer

if TYPE_CHECKING:
    from gguf import GGUFWriter

Kind = Literal["f32", "f16", "q8_0", "q4_0"]
"""How matrices are stored: floats, or 8 or 4 bits with one scale for every 32 weights of a row."""

_MATRIX_KINDS = {"f32": "F32", "f16": "F16", "q8_0": "Q8_0", "q4_0": "Q4_0"}
_BLOCK = 32
_KEPT_F32 = ("position_embd.weight", "ffn_gate_inp.weight")  # as llama.cpp's converter keeps them


def write_gguf(
    path: Path,
    config: ModelConfig,
    weights: Weights,
    tokenizer: Tokenizer,
    kind: Kind = "f32",
    *,
    name: str = "lilliput",
    pure: bool = False,
) -> dict[str, str]:
    """Write a file that llama.cpp runs; returns how each tensor was stored, such as "Q8_0".

    Vectors, learned positions and routers stay float32. A matrix whose rows are no multiple of 32 long is
    float16 in the quantized kinds. The output matrix (and so an embedding that is tied to it) of "q4_0" is
    Q8_0, unless `pure`. Raises ConfigError for a family, FormatError for a tokenizer, that llama.cpp lacks.
    """
    architecture = find_architecture(config)
    require_gguf()
    check_weights(weights, config, str(path))
    values = {**config_to_gguf(config), **tokenizer_to_gguf(tokenizer, config.vocab_size)}
    from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType
    from gguf.gguf_writer import WriterState
    from gguf.quants import quantize

    stored: dict[str, str] = {}
    with atomic_write(path) as file:
        writer = GGUFWriter(None, architecture)
        writer.add_name(name)
        file_kinds = {
            "f32": LlamaFileType.ALL_F32,
            "f16": LlamaFileType.MOSTLY_F16,
            "q8_0": LlamaFileType.MOSTLY_Q8_0,
            "q4_0": LlamaFileType.MOSTLY_Q4_0,
        }
        writer.add_file_type(file_kinds[kind])
        writer.add_quantization_version(2)
        for key, value in values.items():
            _add_value(writer, key, value)
        for theirs, array in _iter_tensors(config, weights):
            stored[theirs] = _choose_kind(theirs, array, kind, pure, config.tied)
            code = GGMLQuantizationType[stored[theirs]]
            writer.add_tensor(theirs, quantize(array, code), raw_dtype=code)
        # The writer opens files by name; it is handed one that is already open, in the state of a fresh one.
        writer.fout, writer.state = [file], WriterState.EMPTY  # type: ignore[list-item]
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    return stored


def read_gguf(path: Path) -> tuple[ModelConfig, Weights, Tokenizer]:
    """Config, float32 weights and tokenizer of a GGUF file, quantized or not.

    Raises FormatError for a file that is damaged, of an architecture that we lack, or that we would compute
    or cut into tokens otherwise than llama.cpp.
    """
    file = open_gguf(path)
    config = config_from_gguf(file)
    names = tensor_names(config)
    shapes = weight_shapes(config)
    if surplus := sorted(file.tensors.keys() - names.keys()):
        raise FormatError(f"{path} holds {surplus[0][:80]!r}, which its config does not call for")
    for theirs, ours in names.items():
        parts = [shapes[name] for name in ours]
        expected = (sum(shape[0] for shape in parts), *parts[0][1:]) if len(parts) > 1 else parts[0]
        if theirs not in file.tensors:
            raise FormatError(f"{path} lacks the tensor {theirs}: the file is not whole")
        if file.tensors[theirs].shape != expected:
            raise FormatError(
                f"{path}: {theirs} has shape {file.tensors[theirs].shape}, its config calls for {expected}"
            )
    tokenizer = tokenizer_from_gguf(file)
    if tokenizer.vocab_size > config.vocab_size:
        raise FormatError(f"{path} has {tokenizer.vocab_size} tokens and {config.vocab_size} embeddings")
    return config, _read_weights(file, config), tokenizer


def measure_difference(path: Path, config: ModelConfig, weights: Weights, tokenizer: Tokenizer) -> float:
    """The largest difference between `weights` and those in a file just written, read back.

    Raises FormatError if the file holds another shape, or another tokenizer.
    """
    read_config, read, read_tokenizer = read_gguf(path)
    if weight_shapes(read_config) != weight_shapes(config):
        raise FormatError(f"{path} was written with another shape than the model's")
    if read_tokenizer.fingerprint != tokenizer.fingerprint:
        raise FormatError(f"{path} does not read back with the model's tokenizer")
    return max(float(np.abs(read[name] - weights[name]).max()) for name in weights)


def _iter_tensors(config: ModelConfig, weights: Weights) -> Iterator[tuple[str, np.ndarray]]:
    if turns_neighbours(config):
        weights = swap_rotary(weights, config, to_llama2c=True)
    for theirs, ours in tensor_names(config).items():
        arrays = [weights[name] for name in ours]
        yield theirs, np.ascontiguousarray(arrays[0] if len(arrays) == 1 else np.concatenate(arrays))


def _read_weights(file: GGUFFile, config: ModelConfig) -> Weights:
    shapes = weight_shapes(config)
    weights: Weights = dict.fromkeys(shapes, np.empty(0, np.float32))  # in the order of the layers
    for theirs, ours in tensor_names(config).items():
        whole, row = file.read(theirs), 0
        for name in ours:
            weights[name] = whole[row : row + shapes[name][0]]
            row += shapes[name][0]
    return swap_rotary(weights, config, to_llama2c=False) if turns_neighbours(config) else weights


def _choose_kind(name: str, array: np.ndarray, kind: Kind, pure: bool, tied: bool) -> str:
    if array.ndim == 1 or name.endswith(_KEPT_F32):
        return "F32"
    if kind in ("q8_0", "q4_0") and array.shape[-1] % _BLOCK:
        return "F16"
    is_output = name == ("token_embd.weight" if tied else "output.weight")
    return "Q8_0" if kind == "q4_0" and is_output and not pure else _MATRIX_KINDS[kind]


def _add_value(writer: "GGUFWriter", key: str, value: Any) -> None:
    """Add a value by its type; whole numbers go as uint32, as llama.cpp wants sizes and ids."""
    adders: dict[type, Any] = {
        bool: writer.add_bool,
        int: writer.add_uint32,
        float: writer.add_float32,
        str: writer.add_string,
        list: writer.add_array,
        bytes: writer.add_array,
    }
    adders[type(value)](key, value)
