"""The two kinds of tokenizer.json that we write, as plain dictionaries.

Byte-level BPE (what we train, and GPT-2's kind) cuts text with GPT-2's regular expression and
merges within the cuts. SentencePiece-like BPE writes a space as `▁`, merges over the whole text,
and spells a character it does not know in bytes such as `<0xE2>`. Both follow the published
Hugging Face format.
"""

from collections.abc import Iterable, Sequence
from typing import Any

SPACE = "▁"  # U+2581, how SentencePiece writes a space
Merge = tuple[str, str]


def byte_level_document(
    pieces: Sequence[str], merges: Iterable[Merge], special: Sequence[str], bos: str | None
) -> dict[str, Any]:
    """A byte-level tokenizer.json.

    `pieces` are in id order, in GPT-2's byte alphabet, `special` strings among them; with `bos`,
    Hugging Face's own encode puts that token first.
    """
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    return _document(
        pieces,
        merges,
        special,
        bos,
        normalizer=None,
        pre_tokenizer=byte_level,
        decoder=byte_level,
        model={"unk_token": None, "fuse_unk": False, "byte_fallback": False},
    )


def sentencepiece_document(
    pieces: Sequence[str],
    merges: Iterable[Merge],
    special: Sequence[str],
    bos: str | None,
    *,
    unknown: str,
    byte_fallback: bool,
    normalizer: dict[str, Any],
    dummy_prefix: bool,
) -> dict[str, Any]:
    """A SentencePiece-like tokenizer.json; `normalizer` from `sentencepiece_normalizer`."""
    steps: list[dict[str, Any]] = [
        {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
    ]
    steps += [{"type": "ByteFallback"}] * byte_fallback
    steps += [{"type": "Fuse"}]
    steps += [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] * dummy_prefix
    return _document(
        pieces,
        merges,
        special,
        bos,
        normalizer=normalizer,
        pre_tokenizer=None,
        decoder={"type": "Sequence", "decoders": steps},
        model={"unk_token": unknown, "fuse_unk": True, "byte_fallback": byte_fallback},
    )


def sentencepiece_normalizer(
    dummy_prefix: bool, collapse_spaces: bool, charsmap_base64: str | None = None
) -> dict[str, Any]:
    """What SentencePiece does to text before it merges, in its order.

    `dummy_prefix` puts a space before the text (not before an empty one); `collapse_spaces`
    removes spaces at both ends and doubles within. SentencePiece strips the end after spaces
    became `▁`, so that a literal `▁` there goes too. `charsmap_base64` holds its character table
    (nfkc and the like).
    """
    steps: list[dict[str, Any]] = []
    if charsmap_base64 is not None:
        steps.append({"type": "Precompiled", "precompiled_charsmap": charsmap_base64})
    if collapse_spaces:
        steps += [_replace({"Regex": r"\A +"}, ""), _replace({"Regex": " {2,}"}, " ")]
    if dummy_prefix:
        steps.append({"type": "Prepend", "prepend": SPACE})
    steps.append(_replace({"String": " "}, SPACE))
    if collapse_spaces:
        steps.append(_replace({"Regex": SPACE + r"+\z"}, ""))
    return {"type": "Sequence", "normalizers": steps}


def special_token(token: int, content: str) -> dict[str, Any]:
    """The entry of a special token in `added_tokens`."""
    return {
        "id": token,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


def bos_template(token: int, content: str) -> dict[str, Any]:
    """A post-processor that puts the token before every text."""
    bos = {"SpecialToken": {"id": content, "type_id": 0}}
    first = {"Sequence": {"id": "A", "type_id": 0}}
    second = {"Sequence": {"id": "B", "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [bos, first],
        "pair": [bos, first, bos, second],
        "special_tokens": {content: {"id": content, "ids": [token], "tokens": [content]}},
    }


def _replace(pattern: dict[str, str], content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": pattern, "content": content}


def _document(
    pieces: Sequence[str],
    merges: Iterable[Merge],
    special: Sequence[str],
    bos: str | None,
    *,
    normalizer: dict[str, Any] | None,
    pre_tokenizer: dict[str, Any] | None,
    decoder: dict[str, Any],
    model: dict[str, Any],
) -> dict[str, Any]:
    ids = {piece: token for token, piece in enumerate(pieces)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [special_token(ids[content], content) for content in special],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None if bos is None else bos_template(ids[bos], bos),
        "decoder": decoder,
        "model": {
            "type": "BPE",
            "dropout": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "ignore_merges": False,
            **model,
            "vocab": ids,
            "merges": [list(pair) for pair in merges],
        },
    }
