"""Telling a story with an engine: text streams out, and the story stops at its own end."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from lilliput.generation.batch import BatchEngine, Ending, Request
from lilliput.generation.sample import BrokenModelError, Sampling
from lilliput.tokens import Tokenizer

_PAUSE_S = 0.02
"""Text comes in pieces about this far apart, so that an engine is not asked for every token by itself."""


@dataclass
class Telling:
    """One story as it is told: iterate over it for pieces of text, then read how it ended."""

    engine: BatchEngine
    """Its slot 0 is used."""
    tokenizer: Tokenizer
    sampling: Sampling
    seed: int = 0
    prompt: str = ""
    max_tokens: int | None = None
    """Most new tokens; None is as many as the context holds."""
    ends: frozenset[int] | None = None
    """Ids that end the story; None is the tokenizer's end alone."""
    ids: list[int] = field(default_factory=list)
    """New ids so far, the end token not among them."""
    ending: Ending | None = None

    def __iter__(self) -> Iterator[str]:
        """Pieces of text, the prompt first; none splits a character. Can be run once.

        Raises BrokenModelError, behind what was told so far, when the model does not answer with numbers.
        """
        prompt_ids = (self.tokenizer.bos, *self.tokenizer.encode(self.prompt))
        most = self.max_tokens if self.max_tokens is not None else self.engine.context
        ends = frozenset([self.tokenizer.end]) if self.ends is None else self.ends
        self.engine.begin(0, Request(prompt_ids, self.sampling, self.seed, most, ends))
        decode = self.tokenizer.make_stream_decoder()
        try:
            yield from filter(None, map(decode, prompt_ids))
            steps = 1
            while self.ending is None:
                began = time.perf_counter()
                for event in self.engine.run(steps):
                    self.ids += event.ids
                    self.ending = event.ending
                    if piece := "".join(map(decode, event.ids)):
                        yield piece
                if self.ending == "broken":
                    raise BrokenModelError
                quick = time.perf_counter() - began < _PAUSE_S
                steps = steps * 2 if quick else max(1, steps // 2)
            if tail := decode(None):
                yield tail
        finally:
            if self.ending is None:  # nobody listens any more
                self.engine.cancel(0)


def tell_story(
    engine: BatchEngine,
    tokenizer: Tokenizer,
    sampling: Sampling,
    seed: int = 0,
    prompt: str = "",
    max_tokens: int | None = None,
) -> str:
    """A whole story, its prompt included."""
    return "".join(Telling(engine, tokenizer, sampling, seed, prompt, max_tokens))
