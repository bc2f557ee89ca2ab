"""Many stories at once: what is asked for, what comes back, and what an engine that does it must offer."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from lilliput.errors import LilliputError
from lilliput.generation.sample import Logits, Sampling, log_chances

Ending = Literal["end", "length", "context", "broken"]
"""The story's own end; the number of tokens asked for; the model's context is full; the model did not answer
with numbers, which BrokenModelError says to people."""


@dataclass(frozen=True)
class Request:
    """One story to be written. Its ids follow from the request alone."""

    ids: tuple[int, ...]
    """The prompt, BOS among it: at least one id, and fewer than the context."""
    sampling: Sampling
    seed: int
    """0 to 2**63 - 1."""
    max_tokens: int
    """Most new tokens, at least 1; where the context holds fewer, the story ends there."""
    ends: frozenset[int]
    """Ids that end the story; they are never part of it."""
    logprobs: int = 0
    """0: none are told; k > 0: each id's own, and those of the k likeliest."""


@dataclass(frozen=True)
class Logprob:
    """How likely an id was by the model's own chances: no temperature, no penalty, no cut."""

    own: float
    likeliest: tuple[tuple[int, float], ...]
    """(id, logprob), the likeliest first; of equals, the lowest id."""


@dataclass(frozen=True)
class Event:
    """What happened in a slot since its last event."""

    slot: int
    ids: tuple[int, ...]
    """New ids, without the one that ended the story."""
    logprobs: tuple[Logprob, ...]
    """One an id if the request asks for them, else empty."""
    ending: Ending | None
    """None while the story goes on; otherwise the slot is free again."""


class BatchEngine(Protocol):
    """Writes up to `slots` stories at once. Not for several threads at a time.

    A story's ids depend on its request alone: not on its slot, its neighbours, or how it was cut into runs.
    """

    context: int
    """Most tokens the model reads."""
    slots: int

    def begin(self, slot: int, request: Request) -> None:
        """Take a request into a free slot; raises LilliputError for one that cannot be served."""

    def run(self, steps: int) -> list[Event]:
        """Write at most `steps` tokens a story; returns early when a slot has ended.

        One event for each slot in which something happened. Where the model does not answer with numbers,
        that slot's story has the ending "broken", and the others go on.
        """

    def cancel(self, slot: int) -> None:
        """Free a slot, whatever is in it."""


def logprob_of(token: int, logits: Logits, count: int) -> Logprob:
    """How likely `token` was, beside the `count` likeliest ids, by logits (V,)."""
    chances = log_chances(logits)
    order = np.argsort(-chances, kind="stable")[:count]
    return Logprob(float(chances[token]), tuple((int(other), float(chances[other])) for other in order))


def most_new_tokens(request: Request, context: int) -> tuple[int, Ending]:
    """How many new ids a story may have at most, and what its ending is called if it reaches them.

    The last id is written and not read, so there is room for context - prompt + 1.
    Raises LilliputError for a prompt that is empty or fills the context.
    """
    if not request.ids:
        raise LilliputError("a story needs a token to begin with: give BOS")
    if len(request.ids) >= context:
        raise LilliputError(
            f"the beginning has {len(request.ids)} tokens and the model reads {context} at most; shorten it"
        )
    if request.max_tokens < 1:
        raise LilliputError(f"max_tokens = {request.max_tokens}: a story has at least 1 token")
    room = context - len(request.ids) + 1
    return (request.max_tokens, "length") if request.max_tokens < room else (room, "context")
