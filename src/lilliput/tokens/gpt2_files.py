"""GPT-2's own files, vocab.json and merges.txt, which older folders hold instead of a tokenizer.json."""

import json
from pathlib import Path

from lilliput.errors import FormatError
from lilliput.tokens.bounded import read_bounded
from lilliput.tokens.documents import Merge, byte_level_document
from lilliput.tokens.tokenizer import JSON_LIMIT_BYTES, Tokenizer

_END = "<|endoftext|>"


def has_gpt2_files(folder: Path) -> bool:
    """True where both files lie in `folder`."""
    return (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file()


def read_gpt2_files(folder: Path, *, bos: int | None = None, end: int | None = None) -> Tokenizer:
    """The byte-level tokenizer of a folder's vocab.json and merges.txt.

    `<|endoftext|>` begins and ends a story unless `bos` and `end` say otherwise. Raises FormatError, naming
    the file, for one that is damaged.
    """
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    pieces = _read_pieces(vocabulary)
    special = [_END] if _END in pieces else []
    document = byte_level_document(pieces, _read_merges(merges), special, None)
    return Tokenizer.from_json(json.dumps(document), str(vocabulary), bos=bos, end=end)


def _read_pieces(path: Path) -> list[str]:
    """The pieces in id order."""
    try:
        ids = json.loads(_read_text(path))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not JSON: {str(error)[:200]}") from None
    if not isinstance(ids, dict) or not all(type(token) is int for token in ids.values()):
        raise FormatError(f"{path} is not a table of pieces and their ids")
    if sorted(ids.values()) != list(range(len(ids))):
        raise FormatError(f"{path}: {len(ids)} pieces need the ids 0 to {len(ids) - 1}, each once")
    return sorted(ids, key=lambda piece: int(ids[piece]))


def _read_merges(path: Path) -> list[Merge]:
    merges: list[Merge] = []
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip() or (number == 1 and line.startswith("#version")):
            continue
        left, space, right = line.rstrip("\r").partition(" ")
        if not (left and space and right):
            raise FormatError(f"{path}, line {number}: not two pieces with a space between")
        merges.append((left, right))
    return merges


def _read_text(path: Path) -> str:
    try:
        return read_bounded(path, JSON_LIMIT_BYTES, f"a {path.name}").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError(f"{path} is not UTF-8 text") from None
