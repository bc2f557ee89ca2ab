"""Training a byte-level BPE on an iterator of texts, in bounded memory.

HF's trainer holds the distinct words of the text (by GPT-2's cut) and how often each came, so its
memory is that of the vocabulary of a language, not of the text, as long as the text has words. Two
things break that, and both are handled here: one text as large as a file (HF keeps several times
its size while it cuts it), and writing without spaces (a base64 dump, but also Japanese), where
nearly every stretch between spaces is new.
"""

import json
import re
from collections.abc import Iterable, Iterator

from tokenizers import Tokenizer as HFTokenizer
from tokenizers import models, pre_tokenizers, trainers

from lilliput.errors import ConfigError, DataError
from lilliput.tokens.byte_alphabet import ALPHABET
from lilliput.tokens.layout import (
    FIRST_MERGE,
    LARGEST_VOCABULARY,
    SMALLEST_VOCABULARY,
    SPECIAL,
    build_byte_level,
)
from lilliput.tokens.tokenizer import SURROGATE, Tokenizer

_CHUNK = 65_536  # characters handed over at once
_LONGEST_RUN = 256  # characters; no word is longer, and HF's time grows with the square
_LONG_RUN = re.compile(r"(?<!\S)\S{25,}|\s{257,}")
_RUN_BUDGET = 8_000_000  # bytes of long runs in all; HF holds up to 90 bytes for each


def train_tokenizer(texts: Iterable[str], vocab_size: int, *, at_most: bool = False) -> Tokenizer:
    """A byte-level BPE of exactly `vocab_size` ids (259 to 50,257) learned from `texts`, in the
    layout of `layout`.

    The iterator is read once and never held. Of stretches over 24 characters without a space, only
    the first 8 MB are learned from. The same texts give the same tokenizer,
    however many threads there are. Raises ConfigError for a size out of range; DataError for no
    text, for text that is no Unicode, and for text with fewer different words than the size needs,
    unless `at_most` says that fewer ids will do.
    """
    if not SMALLEST_VOCABULARY <= vocab_size <= LARGEST_VOCABULARY:
        raise ConfigError(
            f"a vocabulary of {vocab_size:,} ids: ask for {SMALLEST_VOCABULARY} (3 special ids and "
            f"256 bytes) to {LARGEST_VOCABULARY:,}"
        )
    learner = HFTokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(SPECIAL),
        initial_alphabet=list(ALPHABET),
        show_progress=False,
        special_tokens=[],
    )
    chunks = _Chunks(texts)
    learner.train_from_iterator(chunks, trainer)
    if not chunks.any_text:
        raise DataError("there is no text to train a tokenizer on")
    merges = _read_merges(learner)
    merged = list(dict.fromkeys(left + right for left, right in merges))
    largest = FIRST_MERGE + len(merged)
    if largest < vocab_size and not at_most:
        raise DataError(
            f"a vocabulary of {vocab_size:,} ids was asked, and this text supports {largest:,} "
            "at most: ask for fewer, or give more text"
        )
    return build_byte_level(merged, merges, "the trained tokenizer")


def _read_merges(learner: HFTokenizer) -> list[tuple[str, str]]:
    values = json.loads(learner.to_str())
    return [(left, right) for left, right in values["model"]["merges"]]


class _Chunks:
    """The texts cut into bounded chunks, without changing which words the trainer sees."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self._budget = _RUN_BUDGET
        self.any_text = False

    def __iter__(self) -> Iterator[str]:
        for number, text in enumerate(self._texts):
            for chunk in _cut(text):
                self.any_text = True
                if SURROGATE.search(chunk):
                    raise DataError(
                        f"text {number} holds a lone surrogate: it is no Unicode text; read the file as UTF-8"
                    )
                yield from self._limit_runs(chunk)

    def _limit_runs(self, chunk: str) -> Iterator[str]:
        """`chunk` with its long runs counted, cut, and left out once the budget is spent."""
        done = 0
        for match in _LONG_RUN.finditer(chunk):
            start, end = match.span()
            if end - start <= _LONGEST_RUN and self._spend(match.group()):
                continue  # stays where it is, with the space before it
            yield chunk[done:start]
            for at in range(start, end, _LONGEST_RUN):
                part = chunk[at : min(at + _LONGEST_RUN, end)]
                if not self._spend(part):
                    break
                yield part
            done = end
        yield chunk[done:]

    def _spend(self, run: str) -> bool:
        """Take the bytes of `run` from the budget; False if they are more than is left."""
        cost = len(run.encode("utf-8"))
        affordable = cost <= self._budget
        self._budget -= cost if affordable else 0
        return affordable


def _cut(text: str) -> Iterator[str]:
    """`text` in parts of at most `_CHUNK` characters, cut before a space after a word where there
    is one.

    GPT-2's regular expression never matches across such a place, so that the words stay the same.
    """
    start = 0
    while len(text) - start > _CHUNK:
        end = _last_word_end(text, start, start + _CHUNK)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _last_word_end(text: str, start: int, limit: int) -> int:
    """The last place in (start, limit) before a space and after a word, else `limit`."""
    at = limit
    while (at := text.rfind(" ", start + 1, at)) > 0:
        if not text[at - 1].isspace():
            return at
    return limit
