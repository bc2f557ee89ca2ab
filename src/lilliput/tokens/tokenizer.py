"""Text to ids and back: one class over HF `tokenizers`.

HF encodes; decoding is ours, a table of bytes for each id, so that a stream of ids and a list of
ids give the same text by construction, and so that bytes can be counted.
"""

import codecs
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.errors import DataError, FormatError
from lilliput.rundir import write_text
from lilliput.tokens.bounded import read_bounded
from lilliput.tokens.byte_alphabet import ALPHABET, bytes_of_piece
from lilliput.tokens.documents import SPACE, Merge, bos_template
from lilliput.tokens.tokenizer_json import (
    BYTE_LEVEL,
    Definition,
    Roles,
    find_roles,
    open_with_hf,
    parse_tokenizer_json,
    raise_unless_foreign,
)

JSON_LIMIT_BYTES = 64 * 1024 * 1024  # the largest public vocabularies (262,144 pieces) take 35 MB
SURROGATE = re.compile("[\ud800-\udfff]")
_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")


class Tokenizer:
    """A vocabulary and how text is cut into it. Immutable; made by the class methods and readers.

    Byte-level kinds give back every Unicode text exactly. SentencePiece-like kinds give it back
    except: `▁` (U+2581) returns as a space; where the model says so, spaces at both ends go and
    doubles become one, and its character table (nfkc) is not undone; without byte pieces, unknown
    characters are lost.
    """

    def __init__(self, definition: Definition, roles: Roles, source: str) -> None:
        """For `from_json`, which checks what it passes."""
        self._hf = open_with_hf(definition, roles, source)
        self._definition = definition
        self._source = source
        self.bos: int = roles.bos  # the id put before a story
        self.end: int = roles.end  # the id that ends one
        self.pad: int | None = roles.pad
        self.kind: str = definition.kind
        self.special_ids: frozenset[int] = self._find_special_ids()
        self._bytes = [self._find_bytes(token) for token in range(self.vocab_size)]
        self._missing = self._find_missing_bytes()
        self.fingerprint: str = self._take_fingerprint()

    @classmethod
    def from_json(
        cls,
        text: str,
        source: str = "tokenizer.json",
        *,
        bos: int | None = None,
        end: int | None = None,
        pad: int | None = None,
    ) -> "Tokenizer":
        """From the text of a Hugging Face tokenizer.json.

        Such a file does not say which ids begin and end a story; the config.json beside it does.
        Where `bos`, `end` or `pad` is not given, it is found by the conventional names of special
        tokens. Raises FormatError, naming `source`, for a file that is damaged or of an
        unsupported kind.
        """
        definition = parse_tokenizer_json(text, source)
        return cls(definition, find_roles(definition, bos, end, pad, source), source)

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """From a tokenizer.json file; the roles from a config.json beside it, if there is one."""
        data = read_bounded(path, JSON_LIMIT_BYTES, "a tokenizer.json")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise FormatError(f"{path} is not a tokenizer.json: it is not UTF-8") from None
        return cls.from_json(text, str(path), **roles_beside(path))

    def to_json(self) -> str:
        """The text of a tokenizer.json that says the same."""
        return self._hf.to_str(pretty=True)

    def save(self, path: Path) -> None:
        """Write the tokenizer.json to `path`."""
        write_text(path, self.to_json())

    def with_roles(
        self, *, bos: int | None = None, end: int | None = None, pad: int | None = None
    ) -> "Tokenizer":
        """The same vocabulary with other ids for the given duties; raises FormatError for an
        unknown id.

        llama2.c's models, for one, were trained with `<s>` before each story and nothing after it,
        so their `end` is their `bos`.
        """
        bos = self.bos if bos is None else bos
        document = json.loads(self.to_json())
        if bos != self.bos and document["post_processor"] and 0 <= bos < self.vocab_size:
            document["post_processor"] = bos_template(bos, self._definition.pieces[bos])
        return Tokenizer.from_json(
            json.dumps(document),
            self._source,
            bos=bos,
            end=self.end if end is None else end,
            pad=self.pad if pad is None else pad,
        )

    @property
    def vocab_size(self) -> int:
        """How many ids there are; they go from 0 to one less."""
        return len(self._definition.pieces)

    @property
    def pieces(self) -> tuple[str, ...]:
        """The vocabulary in id order, written as in tokenizer.json."""
        return self._definition.pieces

    @property
    def merges(self) -> list[Merge]:
        """The merges, first the one that goes first."""
        return [(left, right) for left, right in self._definition.document["model"]["merges"]]

    @property
    def dummy_prefix(self) -> bool:
        """Whether encoding puts a space before the text and decoding takes one off."""
        return self._definition.dummy_prefix

    @property
    def unknown(self) -> int | None:
        """The id for what the vocabulary cannot spell, None where there is none."""
        content = self._definition.document["model"].get("unk_token")
        return None if content is None else self._hf.token_to_id(content)

    @property
    def hf_special_tokens(self) -> dict[str, str]:
        """The tokens that a tokenizer_config.json names, such as `bos_token`, those there are."""
        ids = {
            "bos_token": self.bos,
            "eos_token": self.end,
            "pad_token": self.pad,
            "unk_token": self.unknown,
        }
        return {name: self.pieces[token] for name, token in ids.items() if token is not None}

    def describe(self) -> dict[str, Any]:
        """What it is, as plain values."""
        roles = {"bos": self.bos, "end": self.end, "pad": self.pad}
        return {
            "kind": self.kind,
            "vocab_size": self.vocab_size,
            "fingerprint": self.fingerprint,
            **roles,
            "special": {self.pieces[token]: token for token in sorted(self.special_ids)},
        }

    def encode(self, text: str) -> list[int]:
        """The ids of `text`, without bos and end; "" gives [].

        What looks like a special token in it is text. Raises DataError for text that is no Unicode
        (a lone surrogate) or that has a byte for which the vocabulary has neither an id nor an
        unknown id.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text, on all cores."""
        if self._missing:
            self._refuse_missing_bytes(texts)
        try:
            encodings = self._hf.encode_batch_fast(texts, add_special_tokens=False)
        except BaseException as error:
            raise_unless_foreign(error)
            if isinstance(error, TypeError):
                _refuse_surrogates(texts)
                raise
            raise FormatError(f"{self._source} cannot encode: {str(error)[:200]}") from None
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`: special ids vanish, and bytes that are no UTF-8 become U+FFFD.

        Raises DataError for a number that is no id.
        """
        text = b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")
        return text.removeprefix(" ") if self.dummy_prefix else text

    def make_stream_decoder(self) -> Callable[[int | None], str]:
        """A function that takes one id after another and returns the text that is now complete.

        It never splits a character. None instead of an id returns what is left (U+FFFD for the
        bytes of an unfinished character) and begins anew. The texts, put together, are `decode` of
        the ids.
        """
        utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        at_start = True

        def feed(token: int | None) -> str:
            nonlocal at_start
            raw = b"" if token is None else self.token_bytes(token)
            text = utf8.decode(raw, final=token is None)
            if at_start and text and self.dummy_prefix:
                text = text.removeprefix(" ")
                at_start = False
            if token is None:
                at_start = True
            return text

        return feed

    def token_bytes(self, token: int) -> bytes:
        """The bytes of an id, perhaps a part of a character; empty for special ids."""
        if not 0 <= token < len(self._bytes):
            raise DataError(f"{token} is no id of a vocabulary of {self.vocab_size}")
        return self._bytes[token]

    def bytes_per_id(self) -> NDArray[np.int32]:
        """(V,) the length of `token_bytes` of every id."""
        return np.array([len(raw) for raw in self._bytes], dtype=np.int32)

    def is_byte_fallback(self, token: int) -> bool:
        """Whether the id is a SentencePiece-like byte piece such as `<0xE2>`."""
        return self._fallback_byte(token) is not None

    def _find_special_ids(self) -> frozenset[int]:
        document = self._definition.document
        ids = {int(entry["id"]) for entry in document["added_tokens"] if entry.get("special")}
        duties = {self.bos, self.end, self.pad, self.unknown} - {None}
        return frozenset(ids | {token for token in duties if token is not None})

    def _find_bytes(self, token: int) -> bytes:
        piece = self.pieces[token]
        if token in self.special_ids:
            return b""
        if piece in self._definition.added:
            return piece.encode("utf-8")
        if self.kind == BYTE_LEVEL:
            return bytes_of_piece(piece)
        byte = self._fallback_byte(token)
        return piece.replace(SPACE, " ").encode("utf-8") if byte is None else bytes([byte])

    def _fallback_byte(self, token: int) -> int | None:
        if not self._definition.document["model"].get("byte_fallback"):
            return None
        match = _BYTE_PIECE.fullmatch(self.pieces[token])
        return int(match[1], 16) if match else None

    def _find_missing_bytes(self) -> bytes:
        """Bytes that HF would drop without a word: no piece of their own, and no unknown id."""
        if self.kind != BYTE_LEVEL or self.unknown is not None:
            return b""
        known = set(self.pieces)
        return bytes(byte for byte in range(256) if ALPHABET[byte] not in known)

    def _refuse_missing_bytes(self, texts: Sequence[str]) -> None:
        for text in texts:
            raw = text.encode("utf-8", errors="surrogatepass")
            if len(raw.translate(None, self._missing)) < len(raw):
                byte = next(byte for byte in raw if byte in self._missing)
                raise DataError(
                    f"the vocabulary of {self._source} has no id for byte 0x{byte:02X}, which is "
                    "in the text; clean the text, or train a tokenizer"
                )

    def _take_fingerprint(self) -> str:
        model = self._definition.document["model"]
        unfused = {key: bool(model.get(key)) for key in _MODEL_SWITCHES}
        plain = {
            content: token
            for content, token in self._definition.added.items()
            if token not in self.special_ids
        }
        deciding = [
            self.kind,
            self.pieces,
            model["merges"],
            [model.get("unk_token"), unfused, plain],
            [_component(self._hf.normalizer), _component(self._hf.pre_tokenizer)],
            [self.bos, self.end, self.pad],
        ]
        canonical = json.dumps(deciding, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:16]


_MODEL_SWITCHES = ("fuse_unk", "byte_fallback", "ignore_merges")


def _component(part: Any) -> Any:
    """A normalizer or pre-tokenizer as plain values, without what moves offsets only."""
    if part is None:
        return None
    values = json.loads(part.__getstate__())
    return {key: value for key, value in values.items() if key != "trim_offsets"}


def _refuse_surrogates(texts: Sequence[str]) -> None:
    """Raise DataError if one of the texts holds a lone surrogate."""
    for number, text in enumerate(texts):
        match = SURROGATE.search(text)
        if match:
            raise DataError(
                f"text {number} holds a lone surrogate (U+{ord(match[0]):04X}) at character "
                f"{match.start():,}: it is no Unicode text; read the file as UTF-8"
            )


def roles_beside(path: Path) -> dict[str, int]:
    """The ids that a config.json beside `path` gives to bos and end, if it is there.

    Of several ends the first counts. Not pad: where a model has none, its config.json names the
    end.
    """
    config = path.with_name("config.json")
    try:
        values = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # whoever loads the model says what is wrong with it
    if not isinstance(values, dict):
        return {}
    roles = {}
    for role, key in (("bos", "bos_token_id"), ("end", "eos_token_id")):
        token = values.get(key)
        token = token[0] if isinstance(token, list) and token else token
        if type(token) is int:
            roles[role] = token
    return roles
