"""What a tokenizer does to a text: how short, how whole, how much of the vocabulary is used."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lilliput.errors import DataError
from lilliput.tokens.tokenizer import Tokenizer

_BATCH = 256  # texts


@dataclass(frozen=True)
class Measures:
    """Counts over all texts, and what follows from them. No bos and end tokens are counted.

    `words` are what lies between white space. `coverage` is the share of the characters (code
    points) that arrive whole in a token; not covered are characters split over several tokens,
    spelled in SentencePiece's byte pieces (`<0x0A>`, though that may be one token), unknown, or
    removed by the tokenizer. `unused_ids` counts the ids that no text needed, special ids aside;
    `unused_share` is their share of the ids that are not special. `round_trips` is the share of
    texts that decode to exactly themselves.
    """

    stories: int
    bytes: int
    characters: int
    words: int
    tokens: int
    bytes_per_token: float
    characters_per_token: float
    tokens_per_word: float
    coverage: float
    unused_ids: int
    unused_share: float
    round_trips: float
    vocab_size: int
    fingerprint: str


def measure_tokenizer(tokenizer: Tokenizer, texts: Iterable[str]) -> Measures:
    """Measure `tokenizer` on `texts`, read once, 256 at a time.

    Empty texts count as stories and nothing else. Raises DataError if there is not one character,
    or if there is not one word.
    """
    uses = np.zeros(tokenizer.vocab_size, dtype=np.int64)
    stories = bytes_ = characters = words = exact = prefixes = 0
    for batch in _batches(texts):
        for text, ids in zip(batch, tokenizer.encode_batch(batch), strict=True):
            stories += 1
            bytes_ += len(text.encode("utf-8"))
            characters += len(text)
            words += len(text.split())
            exact += tokenizer.decode(ids) == text
            prefixes += tokenizer.dummy_prefix and bool(ids)
            np.add.at(uses, ids, 1)
    tokens = int(uses.sum())
    if not words or not tokens:
        raise DataError("there is no text to measure a tokenizer on")
    ordinary = np.ones(tokenizer.vocab_size, dtype=bool)
    ordinary[list(tokenizer.special_ids)] = False
    unused = int((uses[ordinary] == 0).sum())
    whole = int(uses @ _whole_characters(tokenizer)) - prefixes  # the space put before a text is not its own
    return Measures(
        stories=stories,
        bytes=bytes_,
        characters=characters,
        words=words,
        tokens=tokens,
        bytes_per_token=bytes_ / tokens,
        characters_per_token=characters / tokens,
        tokens_per_word=tokens / words,
        coverage=whole / characters,
        unused_ids=unused,
        unused_share=unused / int(ordinary.sum()),
        round_trips=exact / stories,
        vocab_size=tokenizer.vocab_size,
        fingerprint=tokenizer.fingerprint,
    )


def _whole_characters(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """(V,) how many whole characters each id holds; none in special ids and byte pieces."""
    counts = [
        0
        if tokenizer.is_byte_fallback(token)
        else len(tokenizer.token_bytes(token).decode("utf-8", errors="ignore"))
        for token in range(tokenizer.vocab_size)
    ]
    return np.array(counts, dtype=np.int64)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        yield batch
