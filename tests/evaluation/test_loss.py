"""Loss: every token once, against known truths and an independent evaluation."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import DataError
from lilliput.evaluation import loss as evaluation_loss
from lilliput.evaluation.loss import measure_loss, story_windows, stream_windows
from lilliput.evaluation.torch_scorer import TorchScorer
from lilliput.formats.llama2c import read_llama2c
from lilliput.models import LlamaConfig, build_model
from lilliput.models.loss import IGNORED
from lilliput.models.weights import model_with_weights
from lilliput.tokens import Tokenizer, read_sentencepiece, train_tokenizer

CONFIG = LlamaConfig(vocab_size=262, d_model=16, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=24, context=16)
TEXTS = ["a fox", "and a box and a fox and a box", "é", "x" * 60]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["a fox and a box"], 262)


def uniform_model() -> torch.nn.Module:
    model = build_model(CONFIG).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    return model


def test_what_is_not_scored_is_marked_alike_with_torch_and_without() -> None:
    assert evaluation_loss.IGNORED == IGNORED == torch.nn.CrossEntropyLoss().ignore_index


@pytest.mark.parametrize("cut", ["story", "stream"])
def test_the_perplexity_of_a_uniform_model_is_its_vocabulary(tokenizer: Tokenizer, cut: str) -> None:
    loss = measure_loss(TorchScorer(uniform_model()), tokenizer, TEXTS, cut)
    assert math.exp(loss.nats_per_token) == pytest.approx(CONFIG.vocab_size, rel=1e-6)
    assert loss.stories == loss.end_tokens == len(TEXTS)
    assert loss.tokens == sum(len(tokenizer.encode(text)) + 1 for text in TEXTS)
    assert loss.bytes == sum(len(text.encode()) for text in TEXTS)
    bits = loss.tokens * math.log2(CONFIG.vocab_size) / loss.bytes
    assert loss.bits_per_byte == pytest.approx(bits, rel=1e-6)
    assert loss.accuracy == 0  # the first id is the likeliest of equals, and it is padding
    without = (loss.tokens - loss.stories) * math.log2(CONFIG.vocab_size) / loss.bytes
    assert loss.bits_per_byte_without_ends == pytest.approx(without, rel=1e-6)


@settings(deadline=None)
@given(length=st.integers(2, 200), context=st.integers(2, 40))
def test_windows_score_each_token_of_a_story_once_with_half_a_context_before_it(
    length: int, context: int
) -> None:
    ids = np.arange(length)
    seen = []
    for number, window in enumerate(story_windows(ids, context)):
        assert len(window.inputs) == len(window.targets) <= context
        counted = window.targets != IGNORED
        assert np.array_equal(window.targets[counted], window.inputs[counted] + 1)
        if number:
            assert np.argmax(counted) >= context - context // 2
        seen += window.targets[counted].tolist()
    assert seen == list(range(1, length))


@settings(deadline=None)
@given(lengths=st.lists(st.integers(2, 50), min_size=1, max_size=8), context=st.integers(2, 20))
def test_the_stream_scores_each_token_once_and_no_bos(lengths: list[int], context: int) -> None:
    ends = np.cumsum([0, *lengths])
    stories = [np.arange(a, b) for a, b in zip(ends[:-1], ends[1:], strict=True)]
    firsts = {int(story[0]) for story in stories}
    seen = [
        int(target)
        for window in stream_windows(stories, context, shared_end=False)
        for target in window.targets
        if target != IGNORED
    ]
    assert seen == [token for token in range(ends[-1]) if token not in firsts]


def test_a_shared_end_token_stands_once_between_stories() -> None:
    stories = [np.array([1, 7, 8, 1]), np.array([1, 9, 1])]
    windows = list(stream_windows(stories, 100, shared_end=True))
    assert windows[0].inputs.tolist() == [1, 7, 8, 1, 9]
    assert windows[0].targets.tolist() == [7, 8, 1, 9, 1]


def test_a_story_is_scored_without_its_neighbours(tokenizer: Tokenizer) -> None:
    model = build_model(CONFIG).eval()
    alone = [measure_loss(TorchScorer(model), tokenizer, [text]).nats for text in TEXTS]
    assert measure_loss(TorchScorer(model), tokenizer, TEXTS).nats == pytest.approx(sum(alone), rel=1e-6)


def test_nothing_to_score_is_said(tokenizer: Tokenizer) -> None:
    with pytest.raises(DataError, match="no text"):
        measure_loss(TorchScorer(uniform_model()), tokenizer, [])


def test_the_public_model_scores_as_transformers_says(shared: Path, tmp_path: Path) -> None:
    """The first 60 stories, one by one, through transformers; the whole file is `make bench`'s."""
    from transformers import AutoModelForCausalLM

    from lilliput.formats.folder import save_folder

    config, weights = read_llama2c(shared / "models/stories260K.bin")
    tokenizer = read_sentencepiece(shared / "tokenizers/tok512.model")
    tokenizer = tokenizer.with_roles(bos=tokenizer.bos, end=tokenizer.bos)
    text = (shared / "data/tinystories-valid.txt").read_text(encoding="utf-8")
    stories = [story.strip() for story in text.split("<|endoftext|>")[:60]]
    save_folder(tmp_path, config, weights, tokenizer, {})
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    nats, tokens, correct = 0.0, 0, 0
    for story in stories:
        ids = [tokenizer.bos, *tokenizer.encode(story), tokenizer.end]
        if len(ids) - 1 > config.context:
            continue
        with torch.inference_mode():
            logits = theirs(torch.tensor([ids[:-1]])).logits[0].double()
        nats -= float(logits.log_softmax(-1)[torch.arange(len(ids) - 1), ids[1:]].sum())
        tokens += len(ids) - 1
        correct += int((logits.argmax(-1) == torch.tensor(ids[1:])).sum())
    short = [story for story in stories if len(tokenizer.encode(story)) < config.context]
    loss = measure_loss(TorchScorer(model_with_weights(config, weights)), tokenizer, short)
    assert loss.tokens == tokens
    assert loss.nats_per_token == pytest.approx(nats / tokens, abs=1e-4)
    assert loss.correct == correct


@pytest.mark.parametrize(
    ("weights", "vocabulary", "tokens", "nats_per_token", "bits_per_byte"),
    [("stories260K.bin", "tok512.model", 510_649, 1.3060, 0.9175)],
)
def test_the_public_model_scores_what_an_independent_evaluation_measured(
    shared: Path,
    weights: str,
    vocabulary: str,
    tokens: int,
    nats_per_token: float,
    bits_per_byte: float,
) -> None:
    config, arrays = read_llama2c(shared / "models" / weights)
    tokenizer = read_sentencepiece(shared / "tokenizers" / vocabulary)
    tokenizer = tokenizer.with_roles(bos=tokenizer.bos, end=tokenizer.bos)
    text = (shared / "data/tinystories-valid.txt").read_text(encoding="utf-8")
    stories = [part.strip() for part in text.split("<|endoftext|>") if part.strip()]
    loss = measure_loss(TorchScorer(model_with_weights(config, arrays)), tokenizer, stories)
    assert loss.tokens == tokens
    assert loss.nats_per_token == pytest.approx(nats_per_token, abs=1e-3)
    assert loss.bits_per_byte == pytest.approx(bits_per_byte, abs=1e-3)
    assert loss.bits_per_byte_without_ends == pytest.approx(0.9162, abs=1e-3)
