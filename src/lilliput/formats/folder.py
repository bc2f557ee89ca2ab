"""The model folder: a Hugging Face folder with one file more, `lilliput.json`.

config.json  model.safetensors  generation_config.json      what transformers loads
tokenizer.json  tokenizer_config.json
lilliput.json                                                where it comes from, and its scores
README.md                                                    the model card
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lilliput import __version__
from lilliput.errors import FormatError
from lilliput.formats.card import write_card
from lilliput.formats.hf_llama import (
    config_from_hf,
    config_to_hf,
    split_tied,
    weight_from_hf,
    weight_to_hf,
)
from lilliput.formats.weights import (
    Array,
    Weights,
    check_weights,
    read_safetensors,
    write_safetensors,
)
from lilliput.models.config import ModelConfig
from lilliput.rundir import write_text
from lilliput.tokens import Tokenizer

FORMAT = 1
"""Version of lilliput.json."""


@dataclass(frozen=True)
class ModelFolder:
    """What a folder holds. `details` is lilliput.json: origin or plan, data, scores."""

    path: Path
    config: ModelConfig
    weights: Weights
    tokenizer: Tokenizer
    details: dict[str, Any]


def save_folder(
    path: Path,
    config: ModelConfig,
    weights: Weights,
    tokenizer: Tokenizer,
    details: dict[str, Any],
    name: str | None = None,
) -> None:
    """Write or refresh a model folder, file by file, each atomically; the weights come last.

    The arrays are only read. `details` is what lilliput.json tells besides the versions; `name` stands
    in the model card (the folder's own name if not given).
    """
    if tokenizer.vocab_size > config.vocab_size:
        raise FormatError(
            f"the tokenizer has {tokenizer.vocab_size} ids and the model only {config.vocab_size}: "
            "give the tokenizer that the model was trained with"
        )
    check_weights(weights, config, str(path))
    ids = {
        "bos_token_id": tokenizer.bos,
        "eos_token_id": tokenizer.end,
        "pad_token_id": tokenizer.pad if tokenizer.pad is not None else tokenizer.end,
    }
    _write_json(path / "config.json", {**config_to_hf(config), **ids})
    generation = {**ids, "do_sample": True, "temperature": 1.0, "max_length": config.context}
    _write_json(path / "generation_config.json", generation)
    tokenizer.save(path / "tokenizer.json")
    _write_json(
        path / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": config.context,
            "clean_up_tokenization_spaces": False,
            **tokenizer.hf_special_tokens,
        },
    )
    write_details(path, details)
    write_card(path, config, details, name or path.name)
    named = {weight_to_hf(name): array for name, array in weights.items()}
    write_safetensors(path / "model.safetensors", named, {"format": "pt"})


def load_folder(path: Path) -> ModelFolder:
    """Read a folder of ours, or a Hugging Face folder of a family that we know.

    Raises FormatError for anything missing, malformed, or that we would compute differently.
    """
    values = _read_config(path)
    source = str(path / "config.json")
    config = config_from_hf(values, source)
    weights = {
        ours: array
        for theirs, array in _read_tensors(path).items()
        if (ours := weight_from_hf(theirs)) is not None
    }
    weights = split_tied(weights, config)
    check_weights(weights, config, str(path))
    tokenizer = load_folder_tokenizer(path)
    if tokenizer.vocab_size > config.vocab_size:
        raise FormatError(
            f"{path}: the tokenizer has {tokenizer.vocab_size} ids and the model {config.vocab_size}"
        )
    return ModelFolder(path, config, weights, tokenizer, read_details(path))


def load_folder_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a model folder, with the roles that its config.json gives to ids."""
    values = _read_config(path)
    file = path / "tokenizer.json"
    if not file.is_file():
        raise FormatError(f"{path} has no tokenizer.json")
    text = _read_text(file)
    bos, end = _first_id(values.get("bos_token_id")), _first_id(values.get("eos_token_id"))
    return Tokenizer.from_json(text, source=str(file), bos=bos, end=end)


def read_details(path: Path) -> dict[str, Any]:
    """lilliput.json of a folder; empty for a folder made by others."""
    file = path / "lilliput.json"
    if not file.is_file():
        return {}
    details = read_json_object(file)
    if details.get("format") != FORMAT:
        raise FormatError(
            f"{file} has format {details.get('format')!r}; this version of lilliput reads {FORMAT}"
        )
    return details


def write_details(path: Path, details: dict[str, Any]) -> None:
    """Write lilliput.json, with this package's version."""
    _write_json(path / "lilliput.json", {**details, "format": FORMAT, "lilliput": __version__})


def add_score(path: Path, score: dict[str, Any]) -> None:
    """Keep a score in lilliput.json and in the model card; one for the same suite, data and cut goes."""
    details = read_details(path)

    def key(row: dict[str, Any]) -> list[Any]:
        return [row.get(name) for name in ("suite", "data_fingerprint", "cut")]

    others = [row for row in details.get("scores", []) if key(row) != key(score)]
    details = {**details, "scores": [*others, score]}
    write_details(path, details)
    write_card(path, config_from_hf(_read_config(path), str(path / "config.json")), details, path.name)


def read_json_object(path: Path) -> dict[str, Any]:
    """A JSON file that holds an object; raises FormatError that names the file otherwise."""
    try:
        values = json.loads(_read_text(path))
    except (ValueError, RecursionError) as error:  # a number may have too many digits
        raise FormatError(f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise FormatError(f"{path} holds no JSON object")
    return values


def _read_config(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        kind = "is a file, not a model folder" if path.is_file() else "is not there"
        raise FormatError(f"{path} {kind}; a model is a folder that lilliput train or import made")
    if (path / "resume" / "plan.json").is_file() and not (path / "config.json").is_file():
        raise FormatError(
            f"{path} was cut off before its model was saved: go on with lilliput train --resume --out {path}"
        )
    if not (path / "config.json").is_file():
        raise FormatError(f"{path} is no model folder: it has no config.json")
    values = read_json_object(path / "config.json")
    if values.get("model_type") != "llama":
        raise FormatError(f"{path}: model_type {values.get('model_type')!r} is not known; llama is")
    return values


def _read_tensors(path: Path) -> dict[str, Array]:
    """The arrays of model.safetensors, or of the parts that an index names."""
    whole, index = path / "model.safetensors", path / "model.safetensors.index.json"
    if whole.is_file():
        return read_safetensors(whole)
    if not index.is_file():
        raise FormatError(f"{path} has no model.safetensors")
    parts = read_json_object(index).get("weight_map")
    if not isinstance(parts, dict) or not all(isinstance(part, str) for part in parts.values()):
        raise FormatError(f"{index} has no weight_map")
    tensors: dict[str, Array] = {}
    for part in sorted(set(parts.values())):
        if Path(part).name != part or not (path / part).is_file():
            raise FormatError(f"{index} names {part}, which is not in the folder")
        tensors |= read_safetensors(path / part)
    return tensors


def _first_id(value: Any) -> int | None:
    """A token id of config.json, which may be a list of them."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, int) else None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"{path} is not UTF-8 text") from None


def _write_json(path: Path, values: dict[str, Any]) -> None:
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")
