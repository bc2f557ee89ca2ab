"""How well a model predicts text: nats per token and bits per byte.

Two cuts. "story": each story by itself, from BOS to its end token, every token scored exactly once; a
story longer than the context goes on in windows that overlap by half, of which only the new half counts.
"stream": all stories one after another, cut in windows of the context, the habit of llama2.c and nanoGPT.
Bytes are the UTF-8 bytes of the text; end tokens count no bytes but their cost is counted, and is also
told apart. bits per byte = nats / ln 2 / bytes.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from lilliput.errors import DataError
from lilliput.stories.windows import iter_spans
from lilliput.tokens import Tokenizer

Cut = Literal["story", "stream"]
Ids = npt.NDArray[np.int64]
IGNORED = -100
"""A target that is not scored, as torch's losses take it."""

_BATCH_TOKENS, _BATCH_LOGITS = 8192, 2**25
"""At most this many positions at once, and logits: 128 MB, whatever the vocabulary."""


@dataclass(frozen=True)
class Loss:
    """Sums over a text, and what follows from them."""

    stories: int
    tokens: int
    bytes: int
    nats: float
    end_tokens: int
    end_nats: float
    correct: int

    @property
    def nats_per_token(self) -> float:
        """Mean cost of a token, end tokens included."""
        return self.nats / self.tokens

    @property
    def bits_per_byte(self) -> float:
        """Cost of the text in bits for each of its UTF-8 bytes, end tokens' cost included."""
        return self.nats / math.log(2) / self.bytes

    @property
    def bits_per_byte_without_ends(self) -> float:
        """The same without the cost of the end tokens."""
        return (self.nats - self.end_nats) / math.log(2) / self.bytes

    @property
    def accuracy(self) -> float:
        """Share of tokens that the model held for the likeliest."""
        return self.correct / self.tokens

    def as_row(self) -> dict[str, Any]:
        """Sums and means under the names that scripts rely on."""
        return {
            "nats_per_token": self.nats_per_token,
            "bits_per_byte": self.bits_per_byte,
            "bits_per_byte_without_ends": self.bits_per_byte_without_ends,
            "accuracy": self.accuracy,
            **asdict(self),
        }


@dataclass(frozen=True)
class Window:
    """What a model reads at once, and what it should say."""

    inputs: Ids
    """(T,)"""
    targets: Ids
    """(T,), IGNORED where another window scores the token."""


class Scorer(Protocol):
    """An engine that knows what tokens cost."""

    context: int
    vocab_size: int

    def costs(self, batch: list[Window]) -> tuple[npt.NDArray[np.float64], Ids, int]:
        """Cost in nats of each target (N, T), zero where IGNORED; the targets; how many were likeliest."""


def measure_loss(scorer: Scorer, tokenizer: Tokenizer, texts: Iterable[str], cut: Cut = "story") -> Loss:
    """Score `texts`. Raises DataError when there is nothing to score."""
    stories = tokens = text_bytes = 0

    def stories_ids() -> Iterator[Ids]:
        nonlocal stories, text_bytes
        for text in texts:
            stories += 1
            text_bytes += len(text.encode())
            yield np.array([tokenizer.bos, *tokenizer.encode(text), tokenizer.end])

    context = scorer.context
    windows = (
        (window for ids in stories_ids() for window in story_windows(ids, context))
        if cut == "story"
        else stream_windows(stories_ids(), context, tokenizer.bos == tokenizer.end)
    )
    nats = end_nats = 0.0
    end_tokens = correct = 0
    for batch in _in_batches(windows, min(_BATCH_TOKENS, _BATCH_LOGITS // scorer.vocab_size)):
        costs, targets, hits = scorer.costs(batch)
        counted = targets != IGNORED
        ends = targets == tokenizer.end
        nats += float(costs[counted].sum())
        tokens += int(counted.sum())
        end_nats += float(costs[ends].sum())
        end_tokens += int(ends.sum())
        correct += hits
    if not tokens or not text_bytes:
        raise DataError("there is no text to score")
    return Loss(stories, tokens, text_bytes, nats, end_tokens, end_nats, correct)


def story_windows(ids: Ids, context: int) -> Iterator[Window]:
    """Windows over one story in which each token but the first is a target exactly once."""
    inputs, targets = ids[:-1], ids[1:]
    for span in iter_spans(len(inputs), context):
        window = targets[span.start : span.stop].copy()
        window[: span.new - span.start] = IGNORED
        yield Window(inputs[span.start : span.stop], window)


def stream_windows(stories: Iterable[Ids], context: int, shared_end: bool) -> Iterator[Window]:
    """Windows of the context over all stories in one stream; a BOS after an end is context, not text.

    Where the end token is the BOS (`shared_end`), one token serves as both, as in llama2.c's data.
    """
    held = np.empty(0, dtype=np.int64)
    bos_places = np.empty(0, dtype=bool)  # which of `held` are a BOS that opens a later story
    for number, ids in enumerate(stories):
        piece = ids[1:] if shared_end and number else ids
        opens = np.zeros(len(piece), dtype=bool)
        opens[0] = not shared_end
        held, bos_places = np.concatenate((held, piece)), np.concatenate((bos_places, opens))
        while len(held) > context:
            yield _stream_window(held[: context + 1], bos_places[: context + 1])
            held, bos_places = held[context:], bos_places[context:]
    if len(held) > 1:
        yield _stream_window(held, bos_places)


def _stream_window(ids: Ids, opens: npt.NDArray[np.bool_]) -> Window:
    return Window(ids[:-1], np.where(opens[1:], IGNORED, ids[1:]))


def _in_batches(windows: Iterable[Window], most: int) -> Iterator[list[Window]]:
    """Groups of windows of similar length, `most` positions with padding; holds a bounded number."""
    pool: list[Window] = []
    for window in windows:
        pool.append(window)
        if len(pool) == 1024:
            yield from _cut_pool(pool, most)
            pool = []
    yield from _cut_pool(pool, most)


def _cut_pool(pool: list[Window], most: int) -> Iterator[list[Window]]:
    pool = sorted(pool, key=lambda window: len(window.inputs))
    batch: list[Window] = []
    for window in pool:
        if batch and (len(batch) + 1) * len(window.inputs) > most:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def lay_out(batch: list[Window]) -> tuple[Ids, Ids]:
    """Inputs and targets (N, T), padded behind with id 0 and IGNORED."""
    longest = max(len(window.inputs) for window in batch)
    inputs = np.zeros((len(batch), longest), dtype=np.int64)
    targets = np.full((len(batch), longest), IGNORED, dtype=np.int64)
    for row, window in enumerate(batch):
        inputs[row, : len(window.inputs)] = window.inputs
        targets[row, : len(window.targets)] = window.targets
    return inputs, targets
