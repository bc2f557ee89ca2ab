"""The file of an integer model: safetensors, whose metadata is a JSON header with version and fingerprint."""

import hashlib
import json
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import safetensors
from safetensors.numpy import save

from lilliput.config import Config
from lilliput.errors import ConfigError, FormatError
from lilliput.models.config import LlamaConfig, Qwen3Config
from lilliput.quantize.bounds import check_bounds
from lilliput.quantize.intmodel import Array, IntModel, IntNorm, is_left_out
from lilliput.rundir import atomic_write

VERSIONS = (1, 2)
"""Of docs/integer-arithmetic.md, by a model's choices: what computes otherwise has another number."""
_KEY = "lilliput_integers"
_CONFIGS: dict[str, type[Config]] = {"llama": LlamaConfig, "qwen3": Qwen3Config}
_TYPES = {"I8": np.int8, "U8": np.uint8, "I16": np.int16, "U16": np.uint16}


def save_intmodel(path: Path, model: IntModel) -> None:
    """Write a model as one file, atomically."""
    numbers, arrays = _flatten(model)
    header = {"version": model.version, "fingerprint": fingerprint(model), "numbers": numbers}
    with atomic_write(path) as file:
        file.write(save(arrays, {_KEY: json.dumps(header)}))


def load_intmodel(path: Path) -> IntModel:
    """Read a model, and prove its bounds again.

    Raises FormatError for a file that is not whole or not one of ours, or whose bounds do not hold.
    """
    try:
        data = path.read_bytes()
        entries = dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]
        length = int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_KEY])
        version = header["version"]
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError):
        raise FormatError(f"{path} is not a whole integer model: make one with lilliput quantize") from None
    if version not in VERSIONS:
        raise FormatError(
            f"{path} has version {version}; this lilliput computes versions {VERSIONS[0]} to {VERSIONS[-1]}: "
            "quantize again"
        )
    try:
        arrays = {name: _as_array(entry) for name, entry in entries.items()}
        model: IntModel = _build(IntModel, "", header["numbers"], arrays)
    except (KeyError, ValueError, TypeError, ConfigError) as error:
        raise FormatError(f"{path} lacks or garbles a part of an integer model: {error}") from None
    if fingerprint(model) != header.get("fingerprint"):
        raise FormatError(f"{path} is damaged: its fingerprint does not agree; copy or quantize it again")
    try:
        if model.version != version:
            raise ConfigError(f"it says version {version}, and its numbers are of version {model.version}")
        check_shapes(model)
        check_bounds(model)
    except ConfigError as error:
        raise FormatError(f"{path}: {error}") from None
    return model


def fingerprint(model: IntModel) -> str:
    """A name for all the numbers of a model: equal for equal models, whatever they were made of."""
    numbers, arrays = _flatten(replace(model, source={}))
    digest = hashlib.sha256(json.dumps(numbers, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()[:16]


def check_shapes(model: IntModel) -> None:
    """Raise ConfigError where an array's shape is not what the config calls for."""
    c = model.config
    wide, kv_wide = c.n_heads * c.d_head, c.n_kv_heads * c.d_head
    shapes = {
        "attn.q": (wide, c.d_model),
        "attn.k": (kv_wide, c.d_model),
        "attn.v": (kv_wide, c.d_model),
        "attn.o": (c.d_model, wide),
        "mlp.gate": (c.d_ff, c.d_model),
        "mlp.up": (c.d_ff, c.d_model),
        "mlp.down": (c.d_model, c.d_ff),
    }
    wanted: list[tuple[str, Array, tuple[int, ...]]] = []
    for name, matrix in [*model.iter_matrices(), ("head", model.head)]:
        shape: tuple[int, ...] = shapes.get(
            name.partition(".")[2].partition(".")[2], (c.vocab_size, c.d_model)
        )
        wanted += [(name, matrix.values, shape)]
        wanted += [(name, scale, shape[:1]) for scale in (matrix.multipliers, matrix.shifts)]
        wanted += [(f"{name}'s order", matrix.planes.order, shape[1:])] if matrix.planes else []
    turns = (c.context, c.d_head // 2)
    wanted += [("cosines", model.cosines, turns), ("sines", model.sines, turns), ("exp2", model.exp2, (256,))]
    wanted += [("rsqrt", model.rsqrt, (193,)), ("reciprocal", model.reciprocal, (129,))]
    wanted += [("norm", model.norm.gains, _gains(model.norm, c.d_model))]
    for number, layer in enumerate(model.layers):
        at = f"blocks.{number}"
        wanted += [
            (f"{at}.norm1", layer.norm1.gains, _gains(layer.norm1, c.d_model)),
            (f"{at}.norm2", layer.norm2.gains, _gains(layer.norm2, c.d_model)),
        ]
        wanted += [(f"{at}.k_offset", layer.k_offset, (c.n_kv_heads, c.d_head))]
        wanted += [(f"{at}.activation", model.activation, (2 * layer.gate.output_limit + 1,))]
        if (layer.q_norm is None or layer.k_norm is None) != (c.family == "llama"):
            raise ConfigError(f"{at}: norms of queries and keys are for qwen3, and for it always")
        for heads, norm in ((c.n_heads, layer.q_norm), (c.n_kv_heads, layer.k_norm)):
            wanted += [(f"{at}.attn", norm.gains, (heads, c.d_head))] if norm is not None else []
    if len(model.layers) != c.n_layers:
        raise ConfigError(f"{len(model.layers)} layers, and the config calls for {c.n_layers}")
    for name, array, shape in wanted:
        if array.shape != shape:
            raise ConfigError(f"{name} has shape {array.shape}, and the config calls for {shape}")


def _gains(norm: IntNorm, size: int) -> tuple[int]:
    return (0 if norm.narrow else size,)


def _flatten(value: Any, name: str = "") -> tuple[dict[str, Any], dict[str, Array]]:
    """Numbers and arrays of nested dataclasses, by dotted names; a tied head's values are stored once."""
    if isinstance(value, np.ndarray):
        return {}, {name: value}
    if isinstance(value, Config):
        return {name: value.model_dump()}, {}
    if not is_dataclass(value) and not isinstance(value, tuple):
        return {name: value}, {}
    numbers: dict[str, Any] = {}
    arrays: dict[str, Array] = {}
    if isinstance(value, tuple):
        parts = [(str(number), part) for number, part in enumerate(value)]
    else:
        named = [(field, getattr(value, field.name)) for field in fields(value)]
        parts = [(field.name, part) for field, part in named if not is_left_out(field, part)]
    for part_name, part in parts:
        inner = _flatten(part, f"{name}.{part_name}" if name else part_name)
        numbers |= inner[0]
        arrays |= inner[1]
    if isinstance(value, IntModel) and value.config.tied:
        del arrays["head.values"]
    return numbers, arrays


def _build(kind: Any, name: str, numbers: dict[str, Any], arrays: dict[str, Array]) -> Any:
    """The inverse of `_flatten` for the dataclass `kind`."""
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in fields(kind):
        part, hint = f"{name}.{field.name}" if name else field.name, hints[field.name]
        if field.default is not MISSING and not _holds(part, numbers, arrays):
            continue  # as in a file of before there was such a field
        if field.name == "config":
            values[field.name] = _CONFIGS[numbers[part]["family"]].from_dict(numbers[part])
        elif get_origin(hint) is tuple:
            count = values["config"].n_layers
            values[field.name] = tuple(
                _build(get_args(hint)[0], f"{part}.{n}", numbers, arrays) for n in range(count)
            )
        elif get_origin(hint) is UnionType:  # a norm that only some families have
            values[field.name] = None if part in numbers else _build(get_args(hint)[0], part, numbers, arrays)
        elif is_dataclass(hint):
            values[field.name] = _build(hint, part, numbers, arrays)
        elif part == "head.values" and numbers["config"]["tied"]:
            values[field.name] = arrays["embed.values"]
        elif get_origin(hint) is np.ndarray:
            wanted = get_args(get_args(hint)[1])[0]
            if arrays[part].dtype != wanted:
                raise ConfigError(f"{part} holds {arrays[part].dtype}, not {wanted.__name__}")
            values[field.name] = arrays[part]
        else:
            values[field.name] = _checked(part, numbers[part], hint)
    return kind(**values)


def _holds(part: str, numbers: dict[str, Any], arrays: dict[str, Array]) -> bool:
    """Whether a file has a part, or parts of it."""
    return part in numbers or any(name.startswith(f"{part}.") for name in [*numbers, *arrays])


def _checked(name: str, value: Any, hint: Any) -> Any:
    """A number, word or object as it is, if it is what the field holds."""
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ConfigError(f"{name} is {value!r}, and may be {', '.join(get_args(hint))}")
    elif type(value) is not {int: int, bool: bool, dict[str, Any]: dict}[hint]:
        raise ConfigError(f"{name} is {value!r}")
    return value


def _as_array(entry: dict[str, Any]) -> Array:
    return np.frombuffer(entry["data"], _TYPES[entry["dtype"]]).reshape(entry["shape"])
