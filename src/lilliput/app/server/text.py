"""One story's ids as text: cut before a stop text, never through a character, with log-probabilities.

All of it goes id by id, so that a story's text does not depend on how its ids were handed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lilliput.generation.batch import Event, Logprob
from lilliput.generation.sample import BrokenModelError
from lilliput.tokens import Tokenizer

Finish = Literal["stop", "length"]
_LONGEST_CHARACTER = 4  # bytes in UTF-8


@dataclass(frozen=True)
class Token:
    """A new id, for those who asked for log-probabilities."""

    id: int
    start: int
    """Characters of new text before it."""
    logprob: Logprob


@dataclass(frozen=True)
class Piece:
    """What is new in a story."""

    index: int
    """Which of the request's stories."""
    text: str
    tokens: tuple[Token, ...]
    written: int
    """New ids so far, those behind a stop text's last one not counted."""
    finish: Finish | None


class StoryText:
    """Takes a story's events, gives its pieces."""

    def __init__(
        self, tokenizer: Tokenizer, prompt: Sequence[int], index: int = 0, stops: Sequence[str] = ()
    ) -> None:
        """`prompt` is read for what it leaves open: half a character, or that nothing was said yet."""
        self._decode = tokenizer.make_stream_decoder()
        for token in _last_bytes(tokenizer, prompt):
            self._decode(token)
        self._index, self._stops = index, tuple(stops)
        self._held = ""  # text that may yet turn out to begin a stop text
        self._decoded = self._given = 0  # characters
        self._tokens: list[Token] = []  # those not given
        self._written = 0
        self._finish: Finish | None = None

    def take(self, event: Event) -> Piece:
        """The piece that an event adds; once a piece has a finish, no more is taken.

        Raises BrokenModelError for a story that ends because the model does not answer with numbers.
        """
        text = ""
        for place, token in enumerate(event.ids):
            self._written += 1
            if event.logprobs:
                self._tokens.append(Token(token, self._decoded, event.logprobs[place]))
            text += self._add(self._decode(token))
            if self._finish:
                break
        if event.ending == "broken" and not self._finish:
            raise BrokenModelError
        if event.ending and not self._finish:
            text += self._add(self._decode(None))
            if not self._finish:
                text += self._held
                self._finish = "stop" if event.ending == "end" else "length"
                self._given += len(text)
                return self._piece(text, len(self._tokens))
        self._given += len(text)
        return self._piece(text, sum(token.start < self._given for token in self._tokens))

    def _add(self, new: str) -> str:
        """Text that can be given once `new` is there."""
        self._decoded += len(new)
        held = self._held + new
        found = [place for stop in self._stops if (place := held.find(stop)) >= 0]
        if found:
            self._held, self._finish = "", "stop"
            return held[: min(found)]
        kept = max((_begun(held, stop) for stop in self._stops), default=0)
        self._held = held[len(held) - kept :]
        return held[: len(held) - kept]

    def _piece(self, text: str, ready: int) -> Piece:
        tokens, self._tokens = self._tokens[:ready], self._tokens[ready:]
        return Piece(self._index, text, tuple(tokens), self._written, self._finish)


def _begun(text: str, stop: str) -> int:
    """How many characters at the end of `text` may begin `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)


def _last_bytes(tokenizer: Tokenizer, ids: Sequence[int]) -> Sequence[int]:
    """The end of `ids` that decides how a decoder goes on: a character's worth of bytes, or all of them."""
    size = 0
    for place in range(len(ids) - 1, -1, -1):
        size += len(tokenizer.token_bytes(ids[place]))
        if size >= _LONGEST_CHARACTER:
            return ids[place:]
    return ids
