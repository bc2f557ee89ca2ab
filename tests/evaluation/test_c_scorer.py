"""What tokens cost by the C engine, beside torch."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.evaluation.c_scorer import CScorer
from lilliput.evaluation.loss import IGNORED, Window, measure_loss
from lilliput.evaluation.torch_scorer import TorchScorer
from lilliput.formats.llama2c import read_llama2c
from lilliput.generation.c_batch import engine_image
from lilliput.models import ModelConfig, build_model
from lilliput.models.weights import get_weights, model_with_weights
from lilliput.quantize.rows import to_int8
from lilliput.runtime.native import library_path
from lilliput.tokens import read_sentencepiece

pytestmark = pytest.mark.skipif(library_path() is None, reason="the C engine was not built (no compiler)")


def draw_windows(config: ModelConfig) -> list[Window]:
    """Windows of many lengths, the context among them, some targets of which another window scores."""
    random = np.random.default_rng(2)
    windows = []
    for length in (1, 2, 17, config.context):
        inputs, targets = random.integers(0, config.vocab_size, (2, length))
        targets[: length // 3] = IGNORED
        windows.append(Window(inputs, targets))
    return windows


@pytest.mark.parametrize("threads", [1, 3])
def test_costs_and_hits_are_torchs(any_config: ModelConfig, threads: int) -> None:
    torch.manual_seed(0)
    model = build_model(any_config).eval()
    windows = draw_windows(any_config)
    costs, targets, hits = CScorer(engine_image(any_config, get_weights(model), "f32"), threads).costs(
        windows
    )
    expected, expected_targets, expected_hits = TorchScorer(model).costs(windows)
    np.testing.assert_array_equal(targets, expected_targets)
    np.testing.assert_allclose(costs, expected, atol=1e-4)
    assert hits == expected_hits
    assert (costs[targets == IGNORED] == 0).all()


def test_int8_costs_the_public_model_what_its_restored_twin_costs_in_torch(shared: Path) -> None:
    """The twin has the rounded weights as floats; what is left is the rounding of inputs, keys and values."""
    config, weights = read_llama2c(shared / "models/stories260K.bin")
    tokenizer = read_sentencepiece(shared / "tokenizers/tok512.model")
    tokenizer = tokenizer.with_roles(end=tokenizer.bos)
    text = (shared / "data/tinystories-valid.txt").read_text(encoding="utf-8")
    texts = [part.strip() for part in text.split("<|endoftext|>")][:150]
    restored = {name: to_int8(w).restored() if w.ndim == 2 else w for name, w in weights.items()}
    mine = measure_loss(CScorer(engine_image(config, weights, "int8"), 2, small_cache=True), tokenizer, texts)
    twin = measure_loss(TorchScorer(model_with_weights(config, restored).eval()), tokenizer, texts)
    assert mine.tokens == twin.tokens > 40_000
    assert 0 < abs(mine.nats_per_token - twin.nats_per_token) < 0.002
    assert mine.nats_per_token == pytest.approx(1.29, abs=0.05)
