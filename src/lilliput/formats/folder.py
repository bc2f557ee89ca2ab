"""The model folder: a Hugging Face folder with one file more, `lilliput.json`.

config.json  model.safetensors  generation_config.json      what transformers loads
tokenizer.json  tokenizer_config.json
lilliput.json                                                where it comes from, and its scores
README.md                                                    the model card
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lilliput import __version__
from lilliput.errors import FormatError
from lilliput.formats.card import write_card
from lilliput.formats.hf_config import HuggingFace
from lilliput.formats.hf_gpt2 import GPT2
from lilliput.formats.hf_gptneo import GPTNEO
from lilliput.formats.hf_llama import LLAMA
from lilliput.formats.hf_mixtral import MIXTRAL
from lilliput.formats.hf_qwen3 import QWEN3
from lilliput.formats.torch_files import read_torch_weights
from lilliput.formats.weights import (
    Array,
    Weights,
    check_weights,
    read_safetensors,
    write_safetensors,
)
from lilliput.models.config import ModelConfig
from lilliput.rundir import write_text
from lilliput.tokens import Tokenizer, has_gpt2_files, read_gpt2_files

INTEGERS = "integers.safetensors"
"""What `lilliput quantize` makes, in place of model.safetensors."""
FORMAT = 1
"""Version of lilliput.json."""

_FAMILIES = {"llama": LLAMA, "qwen3": QWEN3, "gpt2": GPT2, "gptneo": GPTNEO, "moe": MIXTRAL}
_READERS = {"model.safetensors": read_safetensors, "pytorch_model.bin": read_torch_weights}
_MODEL_TYPES = {family.model_type: family for family in _FAMILIES.values()}


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
    *,
    half: bool = False,
) -> None:
    """Write or refresh a model folder, file by file, each atomically; the weights come last.

    The arrays are only read. `details` is what lilliput.json tells besides the versions, of which
    `chat_template` goes into tokenizer_config.json too; `name` stands in the model card (the folder's own
    name if not given). With `half` the weights lie in float16.
    """
    check_weights(weights, config, str(path))
    save_surroundings(path, config, tokenizer, details, name, {"dtype": "float16"} if half else {})
    stored = _FAMILIES[config.family].weights_to_hf(weights)
    if half:
        stored = {name: array.astype(np.float16) for name, array in stored.items()}
    write_safetensors(path / "model.safetensors", stored, {"format": "pt"})


def save_surroundings(
    path: Path,
    config: ModelConfig,
    tokenizer: Tokenizer,
    details: dict[str, Any],
    name: str | None = None,
    more: dict[str, Any] | None = None,
) -> None:
    """Write all of a model folder but the weights; `more` goes into config.json."""
    if tokenizer.vocab_size > config.vocab_size:
        raise FormatError(
            f"the tokenizer has {tokenizer.vocab_size} ids and the model only {config.vocab_size}: "
            "give the tokenizer that the model was trained with"
        )
    ids = {
        "bos_token_id": tokenizer.bos,
        "eos_token_id": tokenizer.end,
        "pad_token_id": tokenizer.pad if tokenizer.pad is not None else tokenizer.end,
    }
    _write_json(
        path / "config.json", {**_FAMILIES[config.family].config_to_hf(config), **(more or {}), **ids}
    )
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
            **{name: details[name] for name in ("chat_template",) if name in details},
        },
    )
    write_details(path, details)
    write_card(path, config, details, name or path.name)


def load_folder(path: Path) -> ModelFolder:
    """Read a folder of ours, or a Hugging Face folder of a family that we know.

    Raises FormatError for anything missing, malformed, or that we would compute differently.
    """
    family, config = _read_family(path)
    weights = family.weights_from_hf(_read_tensors(path), str(path))
    if config.tied:
        weights.pop("head.weight", None)  # some store the output matrix a second time
    check_weights(weights, config, str(path))
    tokenizer = load_folder_tokenizer(path)
    if tokenizer.vocab_size > config.vocab_size:
        raise FormatError(
            f"{path}: the tokenizer has {tokenizer.vocab_size} ids and the model {config.vocab_size}"
        )
    return ModelFolder(path, config, weights, tokenizer, read_details(path))


def load_folder_config(path: Path) -> ModelConfig:
    """The model of a folder, without its weights; raises FormatError for a family that we do not know."""
    return _read_family(path)[1]


def load_folder_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a model folder, with the roles that its config.json gives to ids."""
    values = _read_config(path)
    file = path / "tokenizer.json"
    bos, end = _first_id(values.get("bos_token_id")), _first_id(values.get("eos_token_id"))
    if file.is_file():
        return Tokenizer.from_json(_read_text(file), source=str(file), bos=bos, end=end)
    if has_gpt2_files(path):
        return read_gpt2_files(path, bos=bos, end=end)
    raise FormatError(f"{path} has no tokenizer.json, nor vocab.json and merges.txt: put its tokenizer there")


def has_floats(path: Path) -> bool:
    """Whether a folder holds float weights, as one file or in parts."""
    return any((path / (name + more)).is_file() for name in _READERS for more in ("", ".index.json"))


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
    """Keep a score in lilliput.json and in the model card; the one of the same text and precision goes."""
    details = read_details(path)

    def key(row: dict[str, Any]) -> list[Any]:
        same = [row.get(name) for name in ("suite", "data_fingerprint", "cut")]
        return [*same, row.get("precision", "f32")]

    others = [row for row in details.get("scores", []) if key(row) != key(score)]
    details = {**details, "scores": [*others, score]}
    write_details(path, details)
    write_card(path, _read_family(path)[1], details, path.name)


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
    return read_json_object(path / "config.json")


def _read_family(path: Path) -> tuple[HuggingFace, ModelConfig]:
    """Which family a folder's config.json says it is of, and its config."""
    values = _read_config(path)
    kind = values.get("model_type")
    if not isinstance(kind, str) or kind not in _MODEL_TYPES:
        known = ", ".join(_MODEL_TYPES)
        raise FormatError(f"{path}: model_type {kind!r} is not known; there are {known}")
    family = _MODEL_TYPES[kind]
    return family, family.config_from_hf(values, str(path / "config.json"))


def _read_tensors(path: Path) -> dict[str, Array]:
    """The arrays of model.safetensors, else of pytorch_model.bin, whole or in parts that an index names."""
    for name, read in _READERS.items():
        if (path / name).is_file():
            return read(path / name)
        if (path / f"{name}.index.json").is_file():
            return _read_parts(path / f"{name}.index.json", read)
    if (path / INTEGERS).is_file():
        raise FormatError(
            f"{path} holds an integer model only, and this needs the floats it was made of"
            f"{_name_origin(path)}: give that folder"
        )
    refuse_lost_integers(path)
    raise FormatError(f"{path} has no {' and no '.join(_READERS)}")


def refuse_lost_integers(path: Path) -> None:
    """Raise FormatError for a folder that was made for integers, as its lilliput.json says, and has none."""
    if isinstance(read_details(path).get("integers"), dict) and not (path / INTEGERS).is_file():
        raise FormatError(
            f"{path} is an integer model whose {INTEGERS} is missing: put it back, or quantize the floats it "
            f"was made of{_name_origin(path)} again"
        )


def _name_origin(path: Path) -> str:
    """The name of the float folder that integers were made of, where the folder tells it."""
    integers = read_details(path).get("integers")
    name = integers.get("from") if isinstance(integers, dict) else None
    return f" ({name})" if isinstance(name, str) else ""


def _read_parts(index: Path, read: Callable[[Path], dict[str, Array]]) -> dict[str, Array]:
    path = index.parent
    parts = read_json_object(index).get("weight_map")
    if not isinstance(parts, dict) or not all(isinstance(part, str) for part in parts.values()):
        raise FormatError(f"{index} has no weight_map")
    tensors: dict[str, Array] = {}
    for part in sorted(set(parts.values())):
        if Path(part).name != part or not (path / part).is_file():
            raise FormatError(f"{index} names {part}, which is not in the folder")
        tensors |= read(path / part)
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
