"""A run with a teacher: what it is told is what the model's logits say, and another tokenizer is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.errors import ConfigError
from lilliput.formats.folder import save_folder
from lilliput.models import GPT2Config, LlamaConfig, ModelConfig, build_model
from lilliput.models.decoder import Decoder
from lilliput.models.weights import get_weights
from lilliput.runtime.native import library_path
from lilliput.stories.batches import Batch
from lilliput.stories.sources import open_stories
from lilliput.tokens import Tokenizer, train_tokenizer
from lilliput.training import teaching
from lilliput.training.leading import open_batches
from lilliput.training.plan import Plan
from lilliput.training.prepare import Prepared, prepare
from lilliput.training.resume import RunFiles
from lilliput.training.step import StepResult
from lilliput.training.taught import Taught
from lilliput.training.teaching import Teacher

SHAPE = {"vocab_size": 270, "d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 24, "context": 16}
CONFIGS = [LlamaConfig(**SHAPE, n_kv_heads=1), GPT2Config(**SHAPE)]
WORDS = ["a fox", "and", "his friend", "ran to the barn", "in the rain"]
TOP = 5


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of them longer than the teacher's context."""
    draw = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("text") / "stories.txt"
    path.write_text("\n\n".join(" ".join(draw.choice(WORDS, draw.integers(1, 9))) for _ in range(60)))
    return path


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer([" ".join(WORDS)], 264)


def save_teacher(folder: Path, config: ModelConfig, tokenizer: Tokenizer) -> Decoder:
    """Its vocabulary is padded, as many are: it expects ids that no text has."""
    torch.manual_seed(0)
    assert config.vocab_size >= tokenizer.vocab_size
    model = build_model(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.3)
    save_folder(folder, config, get_weights(model), tokenizer, {})
    return model


def prepared_run(folder: Path, stories: Path, **settings: object) -> Prepared:
    plan = Plan.from_dict(
        {
            "name": "pupil",
            "model": {**SHAPE, "vocab_size": 264, "n_kv_heads": 2, "context": 120},
            "data": {"separator": "blank-line"},
            "train": {"tokens": 1000, "batch_tokens": 256},
            **settings,
        }
    )
    return prepare(
        plan, lambda: open_stories([str(stories)], separator="blank-line"), RunFiles(folder), lambda _: None
    )


def expected(model: Decoder, row: np.ndarray, context: int) -> np.ndarray:
    """The probabilities at each target of a row, read in windows that overlap by half. (T, V)"""
    found, done = [], 0
    while done < len(row) - 1:
        start = max(0, done - context // 2) if done else 0
        with torch.no_grad():
            logits = model(torch.from_numpy(row[None, start : min(len(row) - 1, start + context)]))[0]
        found.append(logits.softmax(-1)[done - start :].numpy())
        done = start + context
    return np.concatenate(found)


@pytest.mark.parametrize("engine", ["c", "torch"])
@pytest.mark.parametrize("config", CONFIGS, ids=["llama", "gpt2"])
def test_lessons_are_what_the_teachers_logits_say(
    tmp_path: Path,
    stories: Path,
    tokenizer: Tokenizer,
    config: ModelConfig,
    engine: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if engine == "torch":
        monkeypatch.setattr(teaching, "library_path", lambda: None)
    elif library_path() is None:
        pytest.skip("the C engine was not built")
    model = save_teacher(tmp_path / "teacher", config, tokenizer)
    teacher = {"folder": str(tmp_path / "teacher"), "top": TOP}
    prepared = prepared_run(tmp_path / "run", stories, teacher=teacher)
    assert prepared.tokenizer.fingerprint == tokenizer.fingerprint
    seen = 0
    batches = open_batches(prepared.plan, prepared.train)
    for step in range(batches.steps_per_epoch):
        batch = batches.at(step)
        for row, lesson in zip(batch.rows, batch.lessons, strict=True):
            wanted = expected(model, row, config.context)
            wanted = wanted[:, : tokenizer.vocab_size]
            told = np.take_along_axis(wanted, lesson.ids.astype(np.int64), 1)
            np.testing.assert_allclose(lesson.chances, told, atol=1e-3)  # kept in float16
            np.testing.assert_allclose(lesson.chances, -np.sort(-wanted, 1)[:, :TOP], atol=1e-3)
            seen += len(row) > config.context + 1
    assert seen


@pytest.mark.parametrize("vocab_size", [264, 270])
def test_asked_anew_a_teacher_says_all_that_it_expects(
    tmp_path: Path, stories: Path, tokenizer: Tokenizer, vocab_size: int
) -> None:
    if library_path() is None:
        pytest.skip("the C engine was not built")
    config = LlamaConfig(**{**SHAPE, "vocab_size": vocab_size}, n_kv_heads=1)
    model = save_teacher(tmp_path / "teacher", config, tokenizer)
    teacher = {"folder": str(tmp_path / "teacher"), "top": 0}
    prepared = prepared_run(tmp_path / "run", stories, teacher=teacher)
    assert not RunFiles(tmp_path / "run").lessons.exists()
    batch, told = open_batches(prepared.plan, prepared.train).at(0), []
    assert batch.lessons == ()

    class Listening:
        device = "cpu"

        def learn(self, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
            told.append((batch, factor, teaching))
            return StepResult(0.0, 0.0)

    step = Taught(Listening(), Teacher(prepared.plan))
    step.learn(batch, 0.5, 0.0)
    step.learn(batch, 0.5, 1.0)
    (plain, *_), (taught, factor, teaching) = told
    assert plain.lessons == ()
    assert (factor, teaching) == (0.5, 1.0)
    for row, lesson in zip(batch.rows, taught.lessons, strict=True):
        wanted = expected(model, row, config.context)[:, : tokenizer.vocab_size]
        assert lesson.ids.shape == wanted.shape
        found = np.zeros_like(wanted)
        np.put_along_axis(found, lesson.ids.astype(np.int64), lesson.chances, 1)
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_teacher_of_another_tokenizer_is_refused(
    tmp_path: Path, stories: Path, tokenizer: Tokenizer
) -> None:
    save_teacher(tmp_path / "teacher", CONFIGS[0], tokenizer)
    tokenizer_file = tmp_path / "other" / "tokenizer.json"
    train_tokenizer(["quite another text"], 264).save(tokenizer_file)
    teacher = {"folder": str(tmp_path / "teacher")}
    with pytest.raises(ConfigError, match="reads with another tokenizer than this run"):
        prepared_run(tmp_path / "run", stories, teacher=teacher, tokenizer=str(tokenizer_file))


def test_ngrams_are_not_asked_anew() -> None:
    with pytest.raises(ConfigError, match="asks a folder at every batch"):
        Plan.from_dict(
            {
                "name": "x",
                "model": {**SHAPE, "n_kv_heads": 1},
                "train": {"tokens": 1, "batch_tokens": 16},
                "teacher": {"ngrams": 2, "top": 0},
            }
        )


def test_two_teachers_are_one_too_many() -> None:
    with pytest.raises(ConfigError, match="a folder or ngrams teaches, not both"):
        Plan.from_dict(
            {
                "name": "x",
                "model": {**SHAPE, "n_kv_heads": 1},
                "train": {"tokens": 1, "batch_tokens": 16},
                "teacher": {"folder": "x", "ngrams": 2},
            }
        )
