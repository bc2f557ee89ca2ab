"""Reading SentencePiece `.model` files of the BPE type.

The file is a protobuf message (sentencepiece_model.proto). We read the dozen fields that decide
ids ourselves: the package's own reader is C++ and is not made for hostile bytes. Ids are equal to
the package's for every text where the model's normalisation is `identity`, as in llama2.c and
Llama 2. With a character table (nfkc, nmt_nfkc) they differ, as in every Hugging Face conversion,
for a combining mark after a character that the table rewrites, and for CR LF.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from lilliput.errors import FormatError
from lilliput.tokens.bounded import read_bounded
from lilliput.tokens.documents import sentencepiece_document, sentencepiece_normalizer
from lilliput.tokens.protobuf import (
    get_bytes,
    get_float,
    get_int,
    get_text,
    iter_fields,
    read_message,
)
from lilliput.tokens.scored_pieces import merges_of_scores
from lilliput.tokens.tokenizer import Tokenizer

_LIMIT_BYTES = 16 * 1024 * 1024  # a vocabulary of 262,144 pieces takes 4.7 MB

# ModelProto, and what it holds
_PIECES, _TRAINER, _NORMALIZER, _DENORMALIZER = 1, 2, 3, 5
_PIECE_TEXT, _PIECE_SCORE, _PIECE_TYPE = 1, 2, 3
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED, _BYTE = 1, 2, 3, 4, 5, 6
_MODEL_TYPE, _SPACE_AS_SUFFIX = 3, 24
_BOS_PIECE, _EOS_PIECE, _PAD_PIECE = 46, 47, 48
_CHARSMAP, _DUMMY_PREFIX, _COLLAPSE_SPACES, _ESCAPE_SPACES = 2, 3, 4, 5
_UNIGRAM, _BPE = 1, 2
_TYPE_NAMES = {1: "Unigram", 2: "BPE", 3: "word", 4: "character"}


@dataclass(frozen=True)
class _Piece:
    text: str
    score: float
    type: int


def read_sentencepiece(path: Path) -> Tokenizer:
    """The tokenizer of a SentencePiece model file.

    Raises FormatError for a damaged file, and for what the format can say and we cannot: the types
    other than BPE, user-defined and unused pieces, spaces written at the end of words.
    """
    source = str(path)
    data = read_bounded(path, _LIMIT_BYTES, "a SentencePiece model")
    pieces = [_read_piece(value, source) for number, value in iter_fields(data, source) if number == _PIECES]
    model = read_message(data, source)
    trainer = read_message(get_bytes(model, _TRAINER, b"", source), source)
    _check_type(get_int(trainer, _MODEL_TYPE, _UNIGRAM, source), source)
    if get_int(trainer, _SPACE_AS_SUFFIX, 0, source):
        raise FormatError(f"{source} writes spaces at the end of words, which is not supported")
    _check_pieces(pieces, source)
    dummy_prefix, normalizer = _read_normalizer(model, source)
    control = {piece.text: token for token, piece in enumerate(pieces) if piece.type == _CONTROL}
    bos = control.get(get_text(trainer, _BOS_PIECE, "<s>", source))
    end = control.get(get_text(trainer, _EOS_PIECE, "</s>", source))
    if bos is None and end is None:
        raise FormatError(f"{source} has no token for the beginning and the end of a text")
    texts = [piece.text for piece in pieces]
    scores = {piece.text: piece.score for piece in pieces if piece.type == _NORMAL}
    document = sentencepiece_document(
        texts,
        merges_of_scores(scores, source),
        [piece.text for piece in pieces if piece.type in (_CONTROL, _UNKNOWN)],
        None if bos is None else texts[bos],
        unknown=next(piece.text for piece in pieces if piece.type == _UNKNOWN),
        byte_fallback=any(piece.type == _BYTE for piece in pieces),
        normalizer=normalizer,
        dummy_prefix=dummy_prefix,
    )
    return Tokenizer.from_json(
        json.dumps(document),
        source,
        bos=end if bos is None else bos,
        end=bos if end is None else end,
        pad=control.get(get_text(trainer, _PAD_PIECE, "<pad>", source)),
    )


def _read_piece(value: int | bytes, source: str) -> _Piece:
    if not isinstance(value, bytes):
        raise FormatError(f"{source} is not a SentencePiece model: a piece is a number")
    fields = read_message(value, source)
    text = get_text(fields, _PIECE_TEXT, "", source)
    score = get_float(fields, _PIECE_SCORE, 0.0, source)
    return _Piece(text, score, get_int(fields, _PIECE_TYPE, _NORMAL, source))


def _check_type(model_type: int, source: str) -> None:
    if model_type != _BPE:
        name = _TYPE_NAMES.get(model_type, f"unknown ({model_type})")
        raise FormatError(
            f"{source} is a SentencePiece model of the {name} type; only BPE is supported "
            "(train with --model_type=bpe)"
        )


def _check_pieces(pieces: list[_Piece], source: str) -> None:
    seen: set[str] = set()
    for piece in pieces:
        if not piece.text or piece.text in seen:
            raise FormatError(f"{source}: the piece {piece.text!r} is empty or comes twice")
        if piece.type in (_USER_DEFINED, _UNUSED):
            raise FormatError(f"{source}: {piece.text!r} is user-defined or unused, which is not supported")
        if piece.type not in (_NORMAL, _UNKNOWN, _CONTROL, _BYTE):
            raise FormatError(f"{source}: {piece.text!r} is of the unknown type {piece.type}")
        seen.add(piece.text)
    if sum(piece.type == _UNKNOWN for piece in pieces) != 1:
        raise FormatError(f"{source} is not a SentencePiece model: it needs one unknown piece")
    spelled = {piece.text for piece in pieces if piece.type == _BYTE}
    if spelled and spelled != {f"<0x{byte:02X}>" for byte in range(256)}:
        raise FormatError(f"{source} has byte pieces, but not one for each of the 256 bytes")


def _read_normalizer(model: dict[int, int | bytes], source: str) -> tuple[bool, dict[str, object]]:
    """Whether a space is put before the text, and the normalizer of tokenizer.json."""
    spec = read_message(get_bytes(model, _NORMALIZER, b"", source), source)
    undo = read_message(get_bytes(model, _DENORMALIZER, b"", source), source)
    if get_bytes(undo, _CHARSMAP, b"", source):
        raise FormatError(f"{source} rewrites characters when decoding, which is not supported")
    if not get_int(spec, _ESCAPE_SPACES, 1, source):
        raise FormatError(f"{source} does not write a space as ▁, which is not supported")
    charsmap = get_bytes(spec, _CHARSMAP, b"", source)
    dummy_prefix = bool(get_int(spec, _DUMMY_PREFIX, 1, source))
    return dummy_prefix, sentencepiece_normalizer(
        dummy_prefix,
        bool(get_int(spec, _COLLAPSE_SPACES, 1, source)),
        base64.b64encode(charsmap).decode("ascii") if charsmap else None,
    )
