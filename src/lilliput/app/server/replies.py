"""The shapes of answers: OpenAI's, whole and in chunks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lilliput import __version__
from lilliput.app.server.text import Finish, Piece, Token
from lilliput.tokens import Tokenizer


@dataclass
class Choice:
    """A story as it comes together."""

    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    written: int = 0
    finish: Finish | None = None

    def add(self, piece: Piece) -> None:
        """Put a piece behind what is there."""
        self.text += piece.text
        self.tokens += piece.tokens
        self.written, self.finish = piece.written, piece.finish


class Shape(Protocol):
    """How one endpoint words its answer."""

    def whole(self, choices: Sequence[Choice], prompt_tokens: int) -> dict[str, Any]:
        """The answer at once."""

    def opening(self, index: int) -> list[dict[str, Any]]:
        """The chunks of a stream before a story's first piece."""

    def chunks(self, piece: Piece) -> list[dict[str, Any]]:
        """A piece as chunks of a stream."""

    def counts(self, prompt_tokens: int, written: int) -> dict[str, Any]:
        """The chunk that ends a stream whose client wants to know the counts."""


class CompletionShape:
    """Of /v1/completions. See Shape."""

    def __init__(
        self, head: dict[str, Any], tokenizer: Tokenizer, echoes: Sequence[str], logprobs: int | None
    ) -> None:
        self._head = {**head, "id": f"cmpl-{head['id']}", "object": "text_completion"}
        self._tokenizer, self._echoes, self._logprobs = tokenizer, echoes, logprobs

    def whole(self, choices: Sequence[Choice], prompt_tokens: int) -> dict[str, Any]:
        """See Shape.whole."""
        told = [
            self._choice(index, echo + choice.text, choice.tokens, choice.finish)
            for index, (echo, choice) in enumerate(zip(self._echoes, choices, strict=True))
        ]
        written = sum(choice.written for choice in choices)
        return {**self._head, "choices": told, "usage": usage(prompt_tokens, written)}

    def opening(self, index: int) -> list[dict[str, Any]]:
        """See Shape.opening."""
        echo = self._echoes[index]
        return [{**self._head, "choices": [self._choice(index, echo, [], None)]}] if echo else []

    def chunks(self, piece: Piece) -> list[dict[str, Any]]:
        """See Shape.chunks."""
        choice = self._choice(piece.index, piece.text, piece.tokens, piece.finish)
        return [{**self._head, "choices": [choice]}]

    def counts(self, prompt_tokens: int, written: int) -> dict[str, Any]:
        """See Shape.counts."""
        return {**self._head, "choices": [], "usage": usage(prompt_tokens, written)}

    def _choice(
        self, index: int, text: str, tokens: Sequence[Token], finish: Finish | None
    ) -> dict[str, Any]:
        logprobs = None if self._logprobs is None else self._tell_logprobs(tokens, self._logprobs)
        return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish}

    def _tell_logprobs(self, tokens: Sequence[Token], most: int) -> dict[str, Any]:
        return {
            "tokens": [name_token(self._tokenizer, token.id) for token in tokens],
            "token_logprobs": [token.logprob.own for token in tokens],
            "top_logprobs": [self._tell_likeliest(token, most) for token in tokens] if most else None,
            "text_offset": [token.start for token in tokens],
        }

    def _tell_likeliest(self, token: Token, most: int) -> dict[str, float]:
        told: dict[str, float] = {}
        for other, logprob in token.logprob.likeliest[:most]:
            told.setdefault(name_token(self._tokenizer, other), logprob)  # of two alike, the likelier
        told.setdefault(name_token(self._tokenizer, token.id), token.logprob.own)  # OpenAI always adds it
        return told


class ChatShape:
    """Of /v1/chat/completions. See Shape."""

    def __init__(
        self, head: dict[str, Any], tokenizer: Tokenizer, logprobs: bool, top_logprobs: int | None
    ) -> None:
        self._head = {**head, "id": f"chatcmpl-{head['id']}"}
        self._tokenizer, self._logprobs, self._most = tokenizer, logprobs, top_logprobs or 0

    def whole(self, choices: Sequence[Choice], prompt_tokens: int) -> dict[str, Any]:
        """See Shape.whole."""
        told = [
            {
                "index": index,
                "message": {"role": "assistant", "content": choice.text, "refusal": None},
                "logprobs": self._tell_logprobs(choice.tokens),
                "finish_reason": choice.finish,
            }
            for index, choice in enumerate(choices)
        ]
        written = sum(choice.written for choice in choices)
        head = {**self._head, "object": "chat.completion"}
        return {**head, "choices": told, "usage": usage(prompt_tokens, written)}

    def opening(self, index: int) -> list[dict[str, Any]]:
        """See Shape.opening."""
        return [self._chunk(index, {"role": "assistant", "content": ""}, [], None)]

    def chunks(self, piece: Piece) -> list[dict[str, Any]]:
        """See Shape.chunks."""
        told = []
        if piece.text or piece.tokens:
            told.append(self._chunk(piece.index, {"content": piece.text}, piece.tokens, None))
        if piece.finish:
            told.append(self._chunk(piece.index, {}, [], piece.finish))
        return told

    def counts(self, prompt_tokens: int, written: int) -> dict[str, Any]:
        """See Shape.counts."""
        head = {**self._head, "object": "chat.completion.chunk"}
        return {**head, "choices": [], "usage": usage(prompt_tokens, written)}

    def _chunk(
        self, index: int, delta: dict[str, Any], tokens: Sequence[Token], finish: Finish | None
    ) -> dict[str, Any]:
        logprobs = self._tell_logprobs(tokens) if tokens else None
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}

    def _tell_logprobs(self, tokens: Sequence[Token]) -> dict[str, Any] | None:
        if not self._logprobs:
            return None
        told = []
        for token in tokens:
            likeliest = [self._tell_logprob(*other) for other in token.logprob.likeliest[: self._most]]
            own = self._tell_logprob(token.id, token.logprob.own)
            told.append({**own, "top_logprobs": likeliest})
        return {"content": told, "refusal": None}

    def _tell_logprob(self, token: int, logprob: float) -> dict[str, Any]:
        raw = list(self._tokenizer.token_bytes(token))
        return {"token": name_token(self._tokenizer, token), "logprob": logprob, "bytes": raw or None}


def make_head(model: str, unique: str, created: int) -> dict[str, Any]:
    """What every answer says of itself; `created` is in seconds since 1970."""
    fingerprint = f"lilliput-{__version__}"
    return {"id": unique, "created": created, "model": model, "system_fingerprint": fingerprint}


def usage(prompt_tokens: int, written: int) -> dict[str, int]:
    """The counts: a prompt counts once, however many stories begin with it, and its BOS counts."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": written,
        "total_tokens": prompt_tokens + written,
    }


def name_token(tokenizer: Tokenizer, token: int) -> str:
    """A token's text; its name if it has none, its bytes if they are a part of a character."""
    raw = tokenizer.token_bytes(token)
    try:
        return raw.decode("utf-8") or tokenizer.pieces[token]
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in raw)
