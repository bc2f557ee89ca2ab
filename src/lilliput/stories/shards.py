"""Stories to shards: one pass that tokenizes, splits and fingerprints.

The file itself is `shard_files`; what its readers need is given on from here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from lilliput.errors import DataError
from lilliput.rundir import atomic_write
from lilliput.stories.shard_files import (
    Shard,
    ShardHeader,
    ShardWriter,
    is_shard,
    open_shard,
    write_shard,
)
from lilliput.stories.sources import Fingerprint
from lilliput.stories.split import is_valid
from lilliput.stories.story import Story
from lilliput.stories.text_files import ENDOFTEXT

__all__ = [
    "Encoder",
    "Shard",
    "ShardHeader",
    "Tokenized",
    "is_shard",
    "open_shard",
    "tokenize_stories",
    "write_shard",
]

_BATCH_CHARACTERS = 1 << 20  # of text that is tokenized at once


class Encoder(Protocol):
    """What is needed of a tokenizer: identity, special ids, and texts to ids without them."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def bos(self) -> int: ...
    @property
    def end(self) -> int: ...
    def encode_batch(self, texts: list[str], /) -> Sequence[Sequence[int]]: ...


@dataclass(frozen=True, slots=True)
class Tokenized:
    """The headers of the two shards; counts and fingerprints are in them."""

    train: ShardHeader
    valid: ShardHeader


def tokenize_stories(
    stories: Iterable[Story],
    tokenizer: Encoder,
    train_path: Path,
    valid_path: Path,
    valid_share: float,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Tokenized:
    """Tokenize stories once and write them to two shards, split by a hash of each story's text.

    Both shards appear at the end or not at all, and carry the fingerprint of all the stories.
    `on_progress(stories, text_bytes)` is called with what is done so far.

    Raises DataError when there are not two stories, or when one side of the split stays empty.
    """
    if not 0 < valid_share < 1:
        raise DataError(f"the share for validation is {valid_share}: it must lie between 0 and 1")
    fingerprint = Fingerprint()
    done = done_bytes = 0
    with ExitStack() as files:
        train, valid = (
            ShardWriter(
                files.enter_context(atomic_write(path)),
                tokenizer=tokenizer.fingerprint,
                vocab_size=tokenizer.vocab_size,
                bos=tokenizer.bos,
                end=tokenizer.end,
            )
            for path in (train_path, valid_path)
        )
        for batch in _iter_batches(stories):
            for story, ids in zip(
                batch, tokenizer.encode_batch([story.text for story in batch]), strict=True
            ):
                fingerprint.add(story)
                size = len(story.text.encode("utf-8"))
                (valid if is_valid(story.text, valid_share) else train).add(ids, size)
                done, done_bytes = done + 1, done_bytes + size
            if on_progress is not None:
                on_progress(done, done_bytes)
        _check_sides(train.stories, valid.stories, valid_share)
        source = str(fingerprint)
        return Tokenized(train.finish(source), valid.finish(source))


def _iter_batches(stories: Iterable[Story]) -> Iterator[list[Story]]:
    waiting = iter(stories)
    for first in waiting:
        batch, size = [first], len(first.text)
        while size < _BATCH_CHARACTERS and (more := list(islice(waiting, 1))):
            batch += more
            size += len(more[0].text)
        yield batch


def _check_sides(train: int, valid: int, share: float) -> None:
    count = train + valid
    if count < 2:
        what = "there is no story" if count == 0 else "one story is not enough"
        raise DataError(
            f"{what} to train and to validate on: if the source holds more, put {ENDOFTEXT} "
            "between them, or say how they are separated with --separator"
        )
    if train == 0 or valid == 0:
        side = "train" if train == 0 else "validate"
        raise DataError(
            f"none of the {count:,} stories fell to the side to {side} on (a hash of each gives "
            f"about {share:.1%} to validation): give more stories, or another share"
        )
