"""Tokenizers in GGUF files, both directions.

llama.cpp has "gpt2" for byte-level BPE, whose way of cutting text into words it knows by a name
(`tokenizer.ggml.pre`), and "llama" for SentencePiece's kind, with scores instead of merges. A file holds as
many tokens as the model has ids; the ones that the tokenizer lacks are called `[PAD7]` and marked unused.
"""

import base64
import json
from typing import Any

import numpy as np

from lilliput.errors import FormatError
from lilliput.formats.gguf_file import GGUFFile
from lilliput.tokens import Tokenizer
from lilliput.tokens.documents import (
    byte_level_document,
    sentencepiece_document,
    sentencepiece_normalizer,
)
from lilliput.tokens.scored_pieces import merges_of_scores
from lilliput.tokens.tokenizer_json import BYTE_LEVEL

_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED, _BYTE = 1, 2, 3, 4, 5, 6
_BYTE_LEVEL_STEP = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
_DIGITS_STEP = {"type": "Digits", "individual_digits": True}
_WAYS_TO_CUT: dict[str, dict[str, Any]] = {  # tokenizer.ggml.pre -> pre_tokenizer of a tokenizer.json
    "gpt-2": _BYTE_LEVEL_STEP,
    "smollm": {"type": "Sequence", "pretokenizers": [_DIGITS_STEP, _BYTE_LEVEL_STEP]},
}
_PREFIX = "tokenizer.ggml."


def tokenizer_to_gguf(tokenizer: Tokenizer, vocab_size: int) -> dict[str, Any]:
    """The values that say a tokenizer, for a model of `vocab_size` ids.

    Raises FormatError for one that llama.cpp would read otherwise and has no word for.
    """
    document = json.loads(tokenizer.to_json())
    missing = vocab_size - tokenizer.vocab_size
    unused = [f"[PAD{token}]" for token in range(tokenizer.vocab_size, vocab_size)]
    types = [_type_of(tokenizer, token, document) for token in range(tokenizer.vocab_size)]
    values: dict[str, Any] = {
        "tokens": [*tokenizer.pieces, *unused],
        "token_type": [*types, *[_UNUSED] * missing],
        "bos_token_id": tokenizer.bos,
        "eos_token_id": tokenizer.end,
        "add_bos_token": True,
        "add_eos_token": False,
    }
    if tokenizer.pad is not None:
        values["padding_token_id"] = tokenizer.pad
    if tokenizer.unknown is not None:
        values["unknown_token_id"] = tokenizer.unknown
    if tokenizer.kind == BYTE_LEVEL:
        if not tokenizer.merges:
            raise FormatError("this tokenizer has single bytes only, and llama.cpp wants merges")
        values |= {"model": "gpt2", "pre": _way_to_cut(document), "add_space_prefix": False}
        values["merges"] = [f"{left} {right}" for left, right in tokenizer.merges]
    else:
        values |= {"model": "llama", "pre": "default", **_normalizer_to_gguf(tokenizer, document)}
        values["scores"] = [*_scores_of(tokenizer), *[-float(vocab_size)] * missing]
    return {f"{_PREFIX}{name}": value for name, value in values.items()}


def tokenizer_from_gguf(file: GGUFFile) -> Tokenizer:
    """The tokenizer of a GGUF file; raises FormatError where there is none that we can be sure of."""
    source = str(file.path)
    values = {
        name.removeprefix(_PREFIX): value for name, value in file.values.items() if name.startswith(_PREFIX)
    }
    pieces, types = _pieces_and_types(values, source)
    kind = values.get("model")
    readers = {"gpt2": _byte_level, "llama": _sentencepiece}
    if not isinstance(kind, str) or kind not in readers:
        raise FormatError(f"{source} has a tokenizer of the kind {str(kind)[:40]!r}; gpt2 and llama are read")
    bos, end, pad = (
        _role(values, f"{name}_token_id", len(pieces), source) for name in ("bos", "eos", "padding")
    )
    first = (
        pieces[bos] if bos is not None and _flag(values, "add_bos_token", kind == "llama", source) else None
    )
    document = readers[kind](values, pieces, types, first, source)
    for entry in document["added_tokens"]:
        entry["special"] = types[entry["id"]] != _USER_DEFINED
    return Tokenizer.from_json(json.dumps(document), source, bos=bos, end=end, pad=pad)


def what_llama_cpp_reads_otherwise(tokenizer: Tokenizer) -> str | None:
    """A sentence on texts whose ids llama.cpp finds otherwise than `tokenizer`; None if there are none."""
    if tokenizer.kind == BYTE_LEVEL:
        return None
    values = _normalizer_to_gguf(tokenizer, json.loads(tokenizer.to_json()))
    if "precompiled_charsmap" in values:
        return "llama.cpp does not rewrite characters (nfkc) as this tokenizer does"
    if values["remove_extra_whitespaces"]:
        return "llama.cpp keeps doubled spaces and spaces at both ends, which this tokenizer removes"
    return None


def _type_of(tokenizer: Tokenizer, token: int, document: dict[str, Any]) -> int:
    if token == tokenizer.unknown:
        return _UNKNOWN
    if token in tokenizer.special_ids:
        return _CONTROL
    if any(entry["id"] == token for entry in document["added_tokens"]):
        return _USER_DEFINED
    return _BYTE if tokenizer.is_byte_fallback(token) else _NORMAL


def _way_to_cut(document: dict[str, Any]) -> str:
    """llama.cpp's name of how a byte-level tokenizer cuts text into words."""
    for name, way in _WAYS_TO_CUT.items():
        if _without_offsets(document["pre_tokenizer"]) == _without_offsets(way):
            if document["normalizer"] is None and not document["model"].get("ignore_merges"):
                return name
            break
    raise FormatError(
        "this tokenizer cuts text in a way that has no name in llama.cpp that we know; "
        f"there are {', '.join(_WAYS_TO_CUT)}"
    )


def _without_offsets(step: Any) -> Any:
    """A pre-tokenizer without the setting that moves offsets only."""
    if isinstance(step, dict):
        return {key: _without_offsets(value) for key, value in step.items() if key != "trim_offsets"}
    return [_without_offsets(part) for part in step] if isinstance(step, list) else step


def _normalizer_to_gguf(tokenizer: Tokenizer, document: dict[str, Any]) -> dict[str, Any]:
    """Values that say a SentencePiece-like normalizer; raises FormatError for one of another make."""
    steps = (document["normalizer"] or {}).get("normalizers", [])
    charsmap = next((step["precompiled_charsmap"] for step in steps if step["type"] == "Precompiled"), None)
    for collapse in (False, True):
        expected = sentencepiece_normalizer(tokenizer.dummy_prefix, collapse, charsmap)
        if document["normalizer"] == expected and document["pre_tokenizer"] is None:
            break
    else:
        raise FormatError("this tokenizer changes text in a way that llama.cpp's files have no words for")
    if not document["model"].get("byte_fallback"):
        raise FormatError(
            "this tokenizer has no byte pieces: llama.cpp would stop at the first character it cannot spell"
        )
    values: dict[str, Any] = {
        "add_space_prefix": tokenizer.dummy_prefix,
        "remove_extra_whitespaces": collapse,
    }
    if charsmap is not None:
        values["precompiled_charsmap"] = base64.b64decode(charsmap)
    return values


def _scores_of(tokenizer: Tokenizer) -> list[float]:
    """Scores that make the same merges in the same order: minus the place of a piece in it."""
    ranks: dict[str, int] = {}
    for left, right in tokenizer.merges:
        ranks.setdefault(left + right, len(ranks))
    normal = [
        piece
        for token, piece in enumerate(tokenizer.pieces)
        if token not in tokenizer.special_ids and not tokenizer.is_byte_fallback(token)
    ]
    scores = {piece: -float(ranks.get(piece, len(ranks))) for piece in normal}
    if merges_of_scores(scores, "this tokenizer") != tokenizer.merges:
        raise FormatError("this tokenizer merges in an order that scores cannot say, as llama.cpp wants it")
    return [scores.get(piece, 0.0) for piece in tokenizer.pieces]


def _pieces_and_types(values: dict[str, Any], source: str) -> tuple[list[str], list[int]]:
    """Pieces and their types in id order, without the unused ones at the end."""
    pieces = _texts(values, "tokens", source)
    types = _numbers(values, "token_type", source, [_NORMAL] * len(pieces))
    if len(types) != len(pieces) or not pieces:
        raise FormatError(f"{source} has {len(pieces)} tokens and {len(types)} types of them")
    types = [int(kind) for kind in types]
    if not set(types) <= {_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED, _BYTE}:
        raise FormatError(f"{source}: there are tokens of a type that is not known")
    while types and types[-1] == _UNUSED:
        pieces.pop()
        types.pop()
    if "" in pieces or len(set(pieces)) < len(pieces):
        raise FormatError(f"{source}: a token is empty or comes twice")
    return pieces, types


def _byte_level(
    values: dict[str, Any], pieces: list[str], types: list[int], bos: str | None, source: str
) -> dict[str, Any]:
    way = values.get("pre")
    if not isinstance(way, str) or way not in _WAYS_TO_CUT:
        known = ", ".join(_WAYS_TO_CUT)
        raise FormatError(f"{source} cuts text in llama.cpp's way {str(way)[:40]!r}; {known} are read")
    if _flag(values, "add_space_prefix", False, source):
        raise FormatError(f"{source} puts a space before the text, which byte-level tokenizers here do not")
    merges = []
    for number, merge in enumerate(_texts(values, "merges", source)):
        left, space, right = merge.partition(" ")
        if not left or not space or not right:
            raise FormatError(f"{source}: merge {number} is not two pieces")
        merges.append((left, right))
    special = [piece for piece, kind in zip(pieces, types, strict=True) if kind not in (_NORMAL, _UNUSED)]
    document = byte_level_document(pieces, merges, special, bos)
    return document | {"pre_tokenizer": _WAYS_TO_CUT[way]}


def _sentencepiece(
    values: dict[str, Any], pieces: list[str], types: list[int], bos: str | None, source: str
) -> dict[str, Any]:
    scores = _numbers(values, "scores", source, [])
    if len(scores) < len(pieces):
        raise FormatError(f"{source} has {len(pieces)} tokens and {len(scores)} scores")
    unknown = [token for token, kind in enumerate(types) if kind == _UNKNOWN]
    if len(unknown) != 1:
        raise FormatError(f"{source} has {len(unknown)} unknown tokens; SentencePiece's kind has one")
    spelled = {piece for piece, kind in zip(pieces, types, strict=True) if kind == _BYTE}
    if spelled != {f"<0x{byte:02X}>" for byte in range(256)}:
        raise FormatError(f"{source} has not one byte token for each of the 256 bytes")
    normal = {
        piece: float(scores[token])
        for token, (piece, kind) in enumerate(zip(pieces, types, strict=True))
        if kind == _NORMAL
    }
    prefix = _flag(values, "add_space_prefix", True, source)
    collapse = _flag(values, "remove_extra_whitespaces", False, source)
    special = [
        piece
        for piece, kind in zip(pieces, types, strict=True)
        if kind in (_UNKNOWN, _CONTROL, _USER_DEFINED)
    ]
    return sentencepiece_document(
        pieces,
        merges_of_scores(normal, source),
        special,
        bos,
        unknown=pieces[unknown[0]],
        byte_fallback=True,
        normalizer=sentencepiece_normalizer(prefix, collapse, _charsmap(values, source)),
        dummy_prefix=prefix,
    )


def _charsmap(values: dict[str, Any], source: str) -> str | None:
    if "precompiled_charsmap" not in values:
        return None
    table = values["precompiled_charsmap"]
    if not isinstance(table, np.ndarray) or table.dtype.itemsize != 1:
        raise FormatError(f"{source}: precompiled_charsmap is not bytes")
    return base64.b64encode(table.tobytes()).decode("ascii")


def _role(values: dict[str, Any], name: str, size: int, source: str) -> int | None:
    token = values.get(name)
    if token is not None and (type(token) is not int or not 0 <= token < size):
        raise FormatError(f"{source}: {name} = {str(token)[:40]!r} is no id of {size} tokens")
    return token


def _texts(values: dict[str, Any], name: str, source: str) -> list[str]:
    texts = values.get(name)
    if not isinstance(texts, list):
        raise FormatError(f"{source} has no list {_PREFIX}{name}")
    return list(texts)


def _numbers(values: dict[str, Any], name: str, source: str, default: list[int]) -> Any:
    numbers = values.get(name, default)
    if numbers is not default and not isinstance(numbers, np.ndarray):
        raise FormatError(f"{source}: {_PREFIX}{name} is not a list of numbers")
    return numbers


def _flag(values: dict[str, Any], name: str, default: bool, source: str) -> bool:
    flag = values.get(name, default)
    if not isinstance(flag, bool):
        raise FormatError(f"{source}: {_PREFIX}{name} is neither true nor false")
    return flag
