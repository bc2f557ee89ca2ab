"""How a story longer than a model's context is read: in windows that overlap by half."""

from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """Inputs `start` to `stop` are read together; what is said before `new` was said in the window before."""

    start: int
    new: int
    stop: int


def iter_spans(inputs: int, context: int) -> Iterator[Span]:
    """The windows over so many inputs; each is new in exactly one."""
    yield Span(0, 0, min(inputs, context))
    step = context // 2
    done = context
    while done < inputs:
        start = done - (context - step)
        yield Span(start, done, min(inputs, start + context))
        done = start + context
