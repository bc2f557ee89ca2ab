"""Telling stories: where they stop, what is streamed, and the public model's published text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lilliput.errors import LilliputError
from lilliput.formats.llama2c import read_llama2c
from lilliput.formats.weights import Weights
from lilliput.generation.batch import BatchEngine, Event, Request, most_new_tokens
from lilliput.generation.c_batch import CBatch, engine_image
from lilliput.generation.generate import Telling, tell_story
from lilliput.generation.sample import Sampling
from lilliput.generation.torch_batch import TorchBatch
from lilliput.models.config import ModelConfig
from lilliput.models.weights import model_with_weights
from lilliput.runtime.native import library_path
from lilliput.tokens import Tokenizer, read_sentencepiece, train_tokenizer


class Parrot:
    """A batch engine of one slot that says given ids, one after another."""

    slots = 1

    def __init__(self, ids: list[int], context: int = 64) -> None:
        self.ids, self.context = list(ids), context
        self.cancelled = 0

    def begin(self, slot: int, request: Request) -> None:
        assert slot == 0
        self.request = request
        self.left, self.most_is = most_new_tokens(request, self.context)

    def run(self, steps: int) -> list[Event]:
        said, self.ids = self.ids[: min(steps, self.left)], self.ids[min(steps, self.left) :]
        self.left -= len(said)
        if ends := [i for i, id in enumerate(said) if id in self.request.ends]:
            return [Event(0, tuple(said[: ends[0]]), (), "end")]
        return [Event(0, tuple(said), (), None if self.left else self.most_is)]

    def cancel(self, slot: int) -> None:
        self.cancelled += 1


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["a fox and a box"], 262)


GREEDY = Sampling(temperature=0)


def test_a_story_stops_at_its_end_token(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(" and more")
    engine = Parrot([*ids, tokenizer.end, 99])
    telling = Telling(engine, tokenizer, GREEDY, prompt="a fox")
    assert "".join(telling) == "a fox and more"
    assert telling.ending == "end"
    assert telling.ids == ids
    assert engine.request.ids == (tokenizer.bos, *tokenizer.encode("a fox"))


def test_no_piece_splits_a_character(tokenizer: Tokenizer) -> None:
    text = " é😀नमस्ते end"
    engine = Parrot([*tokenizer.encode(text), tokenizer.end])
    pieces = list(Telling(engine, tokenizer, GREEDY, prompt="a"))
    assert "".join(pieces) == "a" + text
    assert not any("\ufffd" in piece for piece in pieces)


def test_half_a_character_at_the_end_is_shown_as_such(tokenizer: Tokenizer) -> None:
    half = tokenizer.encode("é")[:1]
    engine = Parrot([*half, tokenizer.end])
    assert tell_story(engine, tokenizer, GREEDY) == "\ufffd"


def test_the_number_of_tokens_asked_for_is_the_most(tokenizer: Tokenizer) -> None:
    engine = Parrot(tokenizer.encode("abcdefgh" * 9))
    telling = Telling(engine, tokenizer, GREEDY, max_tokens=3)
    assert "".join(telling) == "abc"
    assert telling.ending == "length"


def test_a_full_context_ends_a_story_after_its_last_position_was_used(tokenizer: Tokenizer) -> None:
    engine = Parrot(tokenizer.encode("abcdefgh" * 9), context=5)
    telling = Telling(engine, tokenizer, GREEDY, prompt="x")
    assert "".join(telling) == "xabcd"  # BOS and x are read, so are a, b, c; d is written
    assert telling.ending == "context"


def test_a_beginning_longer_than_the_context_is_refused(tokenizer: Tokenizer) -> None:
    engine = Parrot([], context=5)
    with pytest.raises(LilliputError, match="shorten it"):
        tell_story(engine, tokenizer, GREEDY, prompt="abcdefgh")


def test_a_story_nobody_listens_to_any_more_is_cancelled(tokenizer: Tokenizer) -> None:
    engine = Parrot(tokenizer.encode("abcdefgh" * 9))
    pieces = iter(Telling(engine, tokenizer, GREEDY))
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert engine.cancelled == 1


def make_torch(config: ModelConfig, weights: Weights) -> BatchEngine:
    return TorchBatch(model_with_weights(config, weights), 1)


def make_c(config: ModelConfig, weights: Weights) -> BatchEngine:
    if library_path() is None:
        pytest.skip("the C engine was not built (no compiler)")
    return CBatch(engine_image(config, weights, "f32"))


@pytest.mark.parametrize("make_engine", [make_torch, make_c])
@pytest.mark.parametrize(
    ("weights", "vocabulary", "text"),
    [
        ("stories260K.bin", "tok512.model", "stories260K.greedy256.txt"),
        ("babyllama-tok105-model5000.bin", "tok105.model", "babyllama-tok105.greedy256.txt"),
    ],
)
def test_the_public_models_tell_their_published_text(
    shared: Path,
    make_engine: Callable[[ModelConfig, Weights], BatchEngine],
    weights: str,
    vocabulary: str,
    text: str,
) -> None:
    config, arrays = read_llama2c(shared / "models" / weights)
    tokenizer = read_sentencepiece(shared / "tokenizers" / vocabulary)
    tokenizer = tokenizer.with_roles(bos=tokenizer.bos, end=tokenizer.bos)
    told = tell_story(make_engine(config, arrays), tokenizer, GREEDY, max_tokens=256)
    assert told.strip() == (shared / "models" / text).read_text().strip()
