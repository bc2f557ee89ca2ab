"""Telling stories: where they stop, what is streamed, and the public model's published text."""

from pathlib import Path

import numpy as np
import pytest

from lilliput.errors import LilliputError
from lilliput.formats.llama2c import read_llama2c
from lilliput.generation.engines import TorchEngine
from lilliput.generation.generate import Telling, tell_story
from lilliput.generation.sample import Logits, Sampling, make_sampler
from lilliput.models.weights import model_with_weights
from lilliput.tokens import Tokenizer, read_sentencepiece, train_tokenizer


class Parrot:
    """An engine that says given ids, one after another."""

    def __init__(self, ids: list[int], vocab_size: int, context: int = 64) -> None:
        self.ids, self.vocab_size, self.context = ids, vocab_size, context
        self.read_ids: list[int] = []

    def start(self) -> None:
        self.read_ids, self.said = [], iter(self.ids)

    def read(self, ids: list[int]) -> Logits:
        self.read_ids += ids
        logits = np.zeros(self.vocab_size, dtype=np.float32)
        logits[next(self.said)] = 1
        return logits


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["a fox and a box"], 262)


GREEDY = make_sampler(Sampling(temperature=0), 0)


def test_a_story_stops_at_its_end_token(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(" and more")
    engine = Parrot([*ids, tokenizer.end, 99], tokenizer.vocab_size)
    telling = Telling(engine, tokenizer, GREEDY, "a fox")
    assert "".join(telling) == "a fox and more"
    assert telling.ending == "end"
    assert telling.ids == ids
    assert engine.read_ids == [tokenizer.bos, *tokenizer.encode("a fox"), *ids]


def test_no_piece_splits_a_character(tokenizer: Tokenizer) -> None:
    text = " é😀नमस्ते end"
    engine = Parrot([*tokenizer.encode(text), tokenizer.end], tokenizer.vocab_size)
    pieces = list(Telling(engine, tokenizer, GREEDY, "a"))
    assert "".join(pieces) == "a" + text
    assert not any("\ufffd" in piece for piece in pieces)


def test_half_a_character_at_the_end_is_shown_as_such(tokenizer: Tokenizer) -> None:
    half = tokenizer.encode("é")[:1]
    engine = Parrot([*half, tokenizer.end], tokenizer.vocab_size)
    assert tell_story(engine, tokenizer, GREEDY) == "\ufffd"


def test_the_number_of_tokens_asked_for_is_the_most(tokenizer: Tokenizer) -> None:
    engine = Parrot(tokenizer.encode("abcdefgh" * 9), tokenizer.vocab_size)
    telling = Telling(engine, tokenizer, GREEDY, max_tokens=3)
    assert "".join(telling) == "abc"
    assert telling.ending == "length"


def test_a_full_context_ends_a_story_after_its_last_position_was_used(tokenizer: Tokenizer) -> None:
    engine = Parrot(tokenizer.encode("abcdefgh" * 9), tokenizer.vocab_size, context=5)
    telling = Telling(engine, tokenizer, GREEDY, "x")
    assert "".join(telling) == "xabcd"  # BOS and x are read, so are a, b, c; d is written
    assert telling.ending == "context"
    assert len(engine.read_ids) == 5


def test_a_beginning_longer_than_the_context_is_refused(tokenizer: Tokenizer) -> None:
    engine = Parrot([], tokenizer.vocab_size, context=5)
    with pytest.raises(LilliputError, match="shorten it"):
        tell_story(engine, tokenizer, GREEDY, "abcdefgh")


@pytest.mark.parametrize(
    ("weights", "vocabulary", "text"),
    [
        ("stories260K.bin", "tok512.model", "stories260K.greedy256.txt"),
        ("babyllama-tok105-model5000.bin", "tok105.model", "babyllama-tok105.greedy256.txt"),
    ],
)
def test_the_public_models_tell_their_published_text(
    shared: Path, weights: str, vocabulary: str, text: str
) -> None:
    config, arrays = read_llama2c(shared / "models" / weights)
    tokenizer = read_sentencepiece(shared / "tokenizers" / vocabulary)
    tokenizer = tokenizer.with_roles(bos=tokenizer.bos, end=tokenizer.bos)
    engine = TorchEngine(model_with_weights(config, arrays))
    told = tell_story(engine, tokenizer, GREEDY, max_tokens=256)
    assert told.strip() == (shared / "models" / text).read_text().strip()
