"""Reading a foreign tokenizer.json: what it must be before we hand it to HF `tokenizers`.

The library fills gaps in ids, renumbers added tokens, applies padding, truncation and dropout that
a file asks for, and panics on some faults; so the file is checked and cleaned here first.
"""

import json
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer as HFTokenizer

from lilliput.errors import FormatError
from lilliput.tokens.documents import SPACE, special_token

BYTE_LEVEL = "byte-level BPE"
SENTENCEPIECE = "SentencePiece-like BPE"
_SUPPORTED = f"supported are {BYTE_LEVEL} (GPT-2's kind) and {SENTENCEPIECE} (Llama's kind)"

BOS_NAMES = ("<|bos|>", "<s>", "<|begin_of_text|>", "<bos>")
END_NAMES = ("<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>")
PAD_NAMES = ("<|pad|>", "<pad>", "[PAD]")


@dataclass(frozen=True)
class Definition:
    """A checked tokenizer.json.

    `pieces` holds the strings in id order; `added` maps an added token to its id (a part of
    `pieces`).
    """

    document: dict[str, Any]
    kind: str
    pieces: tuple[str, ...]
    added: dict[str, int]
    dummy_prefix: bool  # encoding puts a space before the text, decoding takes one off


@dataclass(frozen=True)
class Roles:
    """Ids with a duty: `bos` before a story, `end` after it, `pad` to fill a batch (or None)."""

    bos: int
    end: int
    pad: int | None


def parse_tokenizer_json(text: str, source: str) -> Definition:
    """Check and clean the text of a tokenizer.json; raises FormatError naming `source`."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{source} is not JSON: {str(error)[:200]}") from None
    if not isinstance(values, dict) or not isinstance(values.get("model"), dict):
        raise FormatError(f"{source} is not a tokenizer.json: it has no model")
    model = _check_model(values["model"], source)
    added = _check_added(values.get("added_tokens") or [], source)
    pieces = _pieces_in_id_order(model["vocab"], added, source)
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": sorted(added.values(), key=lambda entry: int(entry["id"])),
        "normalizer": values.get("normalizer"),
        "pre_tokenizer": values.get("pre_tokenizer"),
        "post_processor": values.get("post_processor"),
        "decoder": values.get("decoder"),
        "model": model,
    }
    kind = _find_kind(document, source)
    return Definition(
        document=document,
        kind=kind,
        pieces=pieces,
        added={content: int(entry["id"]) for content, entry in added.items()},
        dummy_prefix=kind == SENTENCEPIECE and _drops_leading_space(document["decoder"]),
    )


def find_roles(
    definition: Definition, bos: int | None, end: int | None, pad: int | None, source: str
) -> Roles:
    """The given ids where given, else those of the conventional names among the added tokens.

    One of bos and end serves as the other where the vocabulary has only one, as in GPT-2.
    """
    size = len(definition.pieces)
    for name, token in (("bos", bos), ("end", end), ("pad", pad)):
        if token is not None and not 0 <= token < size:
            raise FormatError(f"{source}: {name} = {token} is no id of a vocabulary of {size}")
    found_bos = _first(definition.added, BOS_NAMES) if bos is None else bos
    found_end = _first(definition.added, END_NAMES) if end is None else end
    found_end = found_bos if found_end is None else found_end
    found_bos = found_end if found_bos is None else found_bos
    if found_bos is None or found_end is None:
        raise FormatError(
            f"{source}: no special token is called {' or '.join(BOS_NAMES[:2] + END_NAMES[:2])}; "
            "say bos_token_id and eos_token_id in a config.json beside it"
        )
    found_pad = _first(definition.added, PAD_NAMES) if pad is None else pad
    return Roles(found_bos, found_end, found_pad)


def open_with_hf(definition: Definition, roles: Roles, source: str) -> HFTokenizer:
    """The HF tokenizer of the definition, ids of `roles` special; raises FormatError."""
    document = definition.document
    entries = {int(entry["id"]): dict(entry) for entry in document["added_tokens"]}
    for token in {roles.bos, roles.end, roles.pad} - {None}:
        assert token is not None
        entry = entries.setdefault(token, special_token(token, definition.pieces[token]))
        entry["special"] = True
    document = document | {"added_tokens": [entries[token] for token in sorted(entries)]}
    try:
        tokenizer = HFTokenizer.from_str(json.dumps(document))
    except BaseException as error:
        raise_unless_foreign(error)
        message = str(error).split("\n", maxsplit=1)[0][:200]
        raise FormatError(f"{source} is not a sound tokenizer.json: {message}") from None
    if tokenizer.get_vocab_size(with_added_tokens=True) != len(definition.pieces) or any(
        tokenizer.token_to_id(entry["content"]) != token for token, entry in entries.items()
    ):
        raise FormatError(f"{source}: its added tokens and its vocabulary disagree about ids")
    tokenizer.encode_special_tokens = True  # "<s>" within a story is text
    return tokenizer


def raise_unless_foreign(error: BaseException) -> None:
    """Raise `error` again unless it came from the Rust library: a plain Exception, or a panic.

    A Rust panic arrives as PanicException, which derives from BaseException and cannot be imported.
    """
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error


def _check_model(model: dict[str, Any], source: str) -> dict[str, Any]:
    kind = model.get("type", "BPE" if "merges" in model else "a model without a type")
    if kind != "BPE":
        raise FormatError(f"{source} holds a {str(kind)[:40]} tokenizer; {_SUPPORTED}")
    for affix in ("continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(affix):
            raise FormatError(f"{source} holds a BPE with {affix} {model[affix]!r}; {_SUPPORTED}")
    vocabulary, merges = model.get("vocab"), model.get("merges")
    if not isinstance(vocabulary, dict) or not isinstance(merges, list):
        raise FormatError(f"{source}: its BPE model has no vocab or no merges")
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]
    for number, pair in enumerate(pairs):
        sound = isinstance(pair, list) and len(pair) == 2
        if not sound or not all(isinstance(part, str) and part in vocabulary for part in pair):
            raise FormatError(f"{source}: merge {number} is not two pieces of the vocabulary")
        if pair[0] + pair[1] not in vocabulary:
            raise FormatError(f"{source}: merge {number} makes a piece that has no id")
    return model | {"type": "BPE", "dropout": None, "merges": pairs}


def _check_added(entries: Any, source: str) -> dict[str, dict[str, Any]]:
    """The entries by content."""
    added: dict[str, dict[str, Any]] = {}
    if not isinstance(entries, list):
        raise FormatError(f"{source}: added_tokens is not a list")
    for entry in entries:
        content = entry.get("content") if isinstance(entry, dict) else None
        if not isinstance(content, str) or not content or not _is_id(entry.get("id")):
            raise FormatError(f"{source}: an added token lacks a content or an id")
        if content in added:
            raise FormatError(f"{source}: the added token {content!r} comes twice")
        added[content] = entry
    return added


def _pieces_in_id_order(
    vocabulary: dict[str, Any], added: dict[str, dict[str, Any]], source: str
) -> tuple[str, ...]:
    ids = dict(vocabulary)
    for content, entry in added.items():
        if ids.setdefault(content, entry["id"]) != entry["id"]:
            raise FormatError(f"{source}: {content!r} has two ids, {ids[content]} and {entry['id']}")
    pieces: list[str | None] = [None] * len(ids)
    for piece, token in ids.items():
        if not _is_id(token) or token >= len(ids):
            raise FormatError(
                f"{source}: {piece!r} has id {str(token)[:40]}, and {len(ids)} pieces need the "
                f"ids 0 to {len(ids) - 1} without a gap"
            )
        if pieces[token] is not None:
            raise FormatError(f"{source}: {pieces[token]!r} and {piece!r} share the id {token}")
        pieces[token] = piece
    return tuple(piece for piece in pieces if piece is not None)


def _find_kind(document: dict[str, Any], source: str) -> str:
    model = document["model"]
    decoders = _steps(document["decoder"], "decoders")
    if any(step.get("type") == "ByteLevel" for step in decoders):
        cutters = _steps(document["pre_tokenizer"], "pretokenizers")
        if not any(step.get("type") == "ByteLevel" for step in cutters):
            raise FormatError(f"{source} decodes bytes but does not encode them; {_SUPPORTED}")
        return BYTE_LEVEL
    if any(step.get("type") == "Metaspace" or _turns_to_space(step) for step in decoders):
        unknown = model.get("unk_token")
        knows_unknown = isinstance(unknown, str) and unknown in model["vocab"]
        if not knows_unknown and not _has_all_bytes(model):
            raise FormatError(
                f"{source} has neither an unknown token nor all 256 byte pieces: text would be lost"
            )
        return SENTENCEPIECE
    raise FormatError(f"{source} holds a BPE that is neither; {_SUPPORTED}")


def _has_all_bytes(model: dict[str, Any]) -> bool:
    fallback = model.get("byte_fallback") is True
    return fallback and all(f"<0x{byte:02X}>" in model["vocab"] for byte in range(256))


def _steps(part: Any, inner: str) -> list[dict[str, Any]]:
    """The steps of a component of a tokenizer.json, which may be a (nested) sequence."""
    if not isinstance(part, dict):
        return []
    if part.get("type") != "Sequence":
        return [part]
    listed = part.get(inner)
    return [step for each in listed for step in _steps(each, inner)] if isinstance(listed, list) else []


def _turns_to_space(step: dict[str, Any]) -> bool:
    return (
        step.get("type") == "Replace"
        and step.get("pattern") == {"String": SPACE}
        and step.get("content") == " "
    )


def _drops_leading_space(decoder: Any) -> bool:
    for step in _steps(decoder, "decoders"):
        if step.get("type") == "Metaspace":
            return bool(step.get("add_prefix_space", step.get("prepend_scheme") != "never"))
        if step.get("type") == "Strip" and step.get("content") == " " and step.get("start"):
            return True
    return False


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _first(added: dict[str, int], names: tuple[str, ...]) -> int | None:
    return next((added[name] for name in names if name in added), None)
