"""llama2.c's `tokenizer.bin`, in and out.

The file: int32 length of the longest piece, then for each id a float32 score, an int32 length and
so many bytes of text, little-endian. The text is what run.c prints: `▁` is a space, a byte piece
is spelled `<0x0A>`, ids 1 and 2 are "\\n<s>\\n" and "\\n</s>\\n". run.c encodes a prompt by
looking up each character, taking id 3 + byte for the bytes of one it does not find, and then
merging the best-scored neighbours again and again, with a space put before the text.

Two kinds are told apart by ids 3 to 258: byte pieces spelled `<0xNN>` (or no byte pieces) in
SentencePiece's, the bytes themselves in ours. We write bytes raw because run.c merges by
concatenating the texts of two ids: "<0xE2><0x80>" is never a piece, "\\xe2\\x80" may be one, and
so may "\\n\\n". Alone, a byte that is no ASCII text is not printed by run.c in either spelling.
Only byte 0 is spelled `<0x00>`: a C string cannot hold it.
"""

import json
import struct
from itertools import pairwise
from pathlib import Path

from lilliput.errors import FormatError
from lilliput.rundir import atomic_write
from lilliput.tokens.bounded import read_bounded
from lilliput.tokens.byte_alphabet import piece_of_bytes
from lilliput.tokens.documents import (
    SPACE,
    Merge,
    sentencepiece_document,
    sentencepiece_normalizer,
)
from lilliput.tokens.layout import FIRST_BYTE, FIRST_MERGE, SPECIAL, build_byte_level
from lilliput.tokens.scored_pieces import check_scores, merges_of_scores
from lilliput.tokens.tokenizer import Tokenizer
from lilliput.tokens.tokenizer_json import BYTE_LEVEL

_LIMIT_BYTES = 16 * 1024 * 1024  # Llama 2's 32,000 pieces take 0.4 MB
_BYTE_SPELLINGS = [f"<0x{byte:02X}>".encode() for byte in range(256)]
_RAW_BYTES = [_BYTE_SPELLINGS[0], *(bytes([byte]) for byte in range(1, 256))]
_NAMES = ("<unk>", "<s>", "</s>")  # ids 0, 1, 2 of SentencePiece's kind
_NAMES_IN_FILE = (b"<unk>", b"\n<s>\n", b"\n</s>\n")


def read_tokenizer_bin(path: Path) -> Tokenizer:
    """The tokenizer of a llama2.c tokenizer.bin.

    The file does not say how the model treated spaces. SentencePiece's default, which llama2.c
    trains with, removes them at both ends and makes doubles one; then no piece holds two. So that
    is done where no piece does, and spaces are kept where one does, as in Llama 2. Raises
    FormatError for a damaged file.
    """
    source = str(path)
    records = _parse(read_bounded(path, _LIMIT_BYTES, "a llama2.c tokenizer.bin"), source)
    if [text for text, _ in records[FIRST_BYTE:FIRST_MERGE]] == _RAW_BYTES:
        return _read_byte_level(records, source)
    return _read_sentencepiece_kind(records, source)


def write_tokenizer_bin(tokenizer: Tokenizer, path: Path) -> None:
    """Write `tokenizer` as llama2.c's tokenizer.bin, with scores that make run.c merge in the same
    order.

    run.c has no notion of GPT-2's cuts between words, so that its ids for a prompt can differ from
    ours where a merge crosses one (`'the`), and it always puts a space first. Raises FormatError
    for a vocabulary laid out otherwise than run.c takes for granted.
    """
    texts = _texts_for_run_c(tokenizer)
    scores = _scores_for_run_c(tokenizer)
    with atomic_write(path) as file:
        file.write(struct.pack("<i", max(map(len, texts))))
        for text, score in zip(texts, scores, strict=True):
            file.write(struct.pack("<fi", score, len(text)) + text)


def _parse(data: bytes, source: str) -> list[tuple[bytes, float]]:
    """Text and score of each id."""
    if len(data) < 4:
        raise FormatError(f"{source} is not a llama2.c tokenizer.bin: it has {len(data)} bytes")
    (longest,) = struct.unpack_from("<i", data)
    records: list[tuple[bytes, float]] = []
    position = 4
    while position < len(data):
        if len(data) - position < 8:
            raise FormatError(f"{source} is cut short: it ends within piece {len(records)}")
        score, length = struct.unpack_from("<fi", data, position)
        position += 8
        if not 0 <= length <= min(longest, len(data) - position):
            raise FormatError(
                f"{source} is not a llama2.c tokenizer.bin or is cut short: piece {len(records)} "
                f"claims {length:,} bytes"
            )
        records.append((data[position : position + length], score))
        position += length
    return records


def _read_sentencepiece_kind(records: list[tuple[bytes, float]], source: str) -> Tokenizer:
    if tuple(text for text, _ in records[:3]) != _NAMES_IN_FILE:
        raise FormatError(f"{source} is not a llama2.c tokenizer.bin: ids 0 to 2 are not <unk>, <s>, </s>")
    pieces = [*_NAMES, *(_decode(text, source).replace(" ", SPACE) for text, _ in records[3:])]
    if "" in pieces or len(set(pieces)) < len(pieces):
        raise FormatError(f"{source}: a piece is empty or comes twice")
    byte_fallback = [text for text, _ in records[FIRST_BYTE:FIRST_MERGE]] == _BYTE_SPELLINGS
    first_normal = FIRST_MERGE if byte_fallback else FIRST_BYTE
    scores = {pieces[token]: records[token][1] for token in range(first_normal, len(pieces))}
    document = sentencepiece_document(
        pieces,
        merges_of_scores(scores, source),
        _NAMES,
        "<s>",
        unknown="<unk>",
        byte_fallback=byte_fallback,
        normalizer=sentencepiece_normalizer(
            dummy_prefix=True, collapse_spaces=not any(2 * SPACE in piece for piece in pieces)
        ),
        dummy_prefix=True,
    )
    return Tokenizer.from_json(json.dumps(document), source, bos=1, end=2)


def _read_byte_level(records: list[tuple[bytes, float]], source: str) -> Tokenizer:
    if tuple(text for text, _ in records[:3]) != _special_texts():
        raise FormatError(f"{source}: ids 0 to 2 are not {', '.join(SPECIAL)}")
    texts = [text for text, _ in records[FIRST_MERGE:]]
    pieces = [piece_of_bytes(text) for text in texts]
    known = {piece_of_bytes(bytes([byte])) for byte in range(256)}
    if not all(pieces) or len(known.union(pieces)) < 256 + len(pieces):
        raise FormatError(f"{source}: a piece is empty or comes twice")
    scores = dict(zip(pieces, (score for _, score in records[FIRST_MERGE:]), strict=True))
    check_scores(scores, source)
    ranks: dict[Merge, int] = {}
    for piece in sorted(pieces, key=lambda piece: -scores[piece]):
        parts = _merge_fully(list(piece), ranks)
        if len(parts) != 2:
            raise FormatError(f"{source}: no two better pieces make {piece!r}, so nothing ever merges to it")
        ranks[parts[0], parts[1]] = len(ranks)
    return build_byte_level(pieces, list(ranks), source)


def _merge_fully(parts: list[str], ranks: dict[Merge, int]) -> list[str]:
    """`parts` after all merges of `ranks`, lowest first."""
    while len(parts) > 1:
        pairs = list(pairwise(parts))
        best = min(range(len(pairs)), key=lambda at: ranks.get(pairs[at], len(ranks)))
        if pairs[best] not in ranks:
            break
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    return parts


def _texts_for_run_c(tokenizer: Tokenizer) -> list[bytes]:
    ids = range(tokenizer.vocab_size)
    if tokenizer.kind == BYTE_LEVEL:
        texts = [tokenizer.token_bytes(token) for token in ids]
        if tokenizer.pieces[:3] != SPECIAL or texts[FIRST_BYTE:FIRST_MERGE] != [
            bytes([byte]) for byte in range(256)
        ]:
            raise FormatError(
                "this vocabulary cannot be a llama2.c tokenizer.bin: run.c takes for granted that "
                "byte b has id 3 + b and that 1 begins a story; a tokenizer trained here is so"
            )
        return [*_special_texts(), *_RAW_BYTES, *texts[FIRST_MERGE:]]
    if tokenizer.pieces[:3] != _NAMES:
        raise FormatError(
            "this vocabulary cannot be a llama2.c tokenizer.bin: run.c takes for granted that ids "
            "0 to 2 are <unk>, <s> and </s>"
        )
    plain = [piece.replace(SPACE, " ").encode("utf-8") for piece in tokenizer.pieces[3:]]
    return [*_NAMES_IN_FILE, *plain]


def _scores_for_run_c(tokenizer: Tokenizer) -> list[float]:
    """Minus the place of each piece in the order of merging; 0 for special and byte pieces.

    SentencePiece's own scores are the same numbers: pieces that nothing makes come last, in id
    order, and the very first piece has -0.0.
    """
    ranks: dict[str, int] = {}
    for left, right in tokenizer.merges:
        ranks.setdefault(left + right, len(ranks))
    ordinary = [token for token in range(3, tokenizer.vocab_size) if not _is_byte_piece(tokenizer, token)]
    ordinary.sort(key=lambda token: ranks.get(tokenizer.pieces[token], len(ranks)))
    scores = [0.0] * tokenizer.vocab_size
    for place, token in enumerate(ordinary):
        scores[token] = -float(place)
    return scores


def _is_byte_piece(tokenizer: Tokenizer, token: int) -> bool:
    if tokenizer.kind == BYTE_LEVEL:
        return token < FIRST_MERGE
    return tokenizer.is_byte_fallback(token)


def _special_texts() -> tuple[bytes, ...]:
    return tuple(content.encode("ascii") for content in SPECIAL)


def _decode(text: bytes, source: str) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"{source}: the piece {text[:40]!r} is not UTF-8") from None
