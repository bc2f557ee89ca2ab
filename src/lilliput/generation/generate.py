"""Telling a story with an engine: text streams out, and the story stops at its own end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from lilliput.errors import LilliputError
from lilliput.generation.engines import Engine
from lilliput.generation.sample import Sampler
from lilliput.tokens import Tokenizer

Ending = Literal["end", "length", "context"]
"""The story's own end; the number of tokens asked for; the model's context is full."""


@dataclass
class Telling:
    """One story as it is told: iterate over it for pieces of text, then read how it ended."""

    engine: Engine
    tokenizer: Tokenizer
    sampler: Sampler
    prompt: str = ""
    max_tokens: int | None = None
    """Most new tokens; None is as many as the context holds."""
    ids: list[int] = field(default_factory=list)
    """New ids so far, the end token not among them."""
    ending: Ending | None = None

    def __iter__(self) -> Iterator[str]:
        """Pieces of text, the prompt first; none splits a character. Can be run once."""
        prompt_ids = [self.tokenizer.bos, *self.tokenizer.encode(self.prompt)]
        if len(prompt_ids) >= self.engine.context:
            raise LilliputError(
                f"the beginning has {len(prompt_ids)} tokens and the model reads "
                f"{self.engine.context} at most; shorten it"
            )
        decode = self.tokenizer.make_stream_decoder()
        self.engine.start()
        yield from filter(None, map(decode, prompt_ids))
        logits = self.engine.read(prompt_ids)
        room = self.engine.context - len(prompt_ids) + 1  # the last token is written, not read
        most = room if self.max_tokens is None else min(self.max_tokens, room)
        while len(self.ids) < most:
            token = self.sampler(logits)
            if token == self.tokenizer.end:
                self.ending = "end"
                break
            self.ids.append(token)
            if piece := decode(token):
                yield piece
            if len(self.ids) < most:
                logits = self.engine.read([token])
        else:
            self.ending = "context" if most == room else "length"
        if tail := decode(None):
            yield tail


def tell_story(
    engine: Engine,
    tokenizer: Tokenizer,
    sampler: Sampler,
    prompt: str = "",
    max_tokens: int | None = None,
) -> str:
    """A whole story, its prompt included."""
    return "".join(Telling(engine, tokenizer, sampler, prompt, max_tokens))
