"""Weights that are still learning, opened for use: what the diary tells and scores."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lilliput.app.engines import choose_engine, count_threads
from lilliput.errors import LilliputError
from lilliput.formats.weights import Weights
from lilliput.generation.batch import BatchEngine
from lilliput.models.config import ModelConfig
from lilliput.tokens import Tokenizer
from lilliput.training.diary import Row

if TYPE_CHECKING:
    from lilliput.evaluation.loss import Scorer

_DIARY_TOKENS = 200
"""Tokens of a diary's story."""


class Look:
    """A model as it is now. Weights are numpy arrays, whichever step made them.

    `device` is where the step computes: on a CPU the C engine looks, where it was built and knows the model;
    otherwise torch does, on that device. Raises LilliputError where there is neither.
    """

    def __init__(
        self,
        config: ModelConfig,
        weights: Weights,
        tokenizer: Tokenizer,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        self._tokenizer = tokenizer
        self._engine, self._scorer = _open(config, weights, count_threads(threads), device)

    def score(self, texts: Iterable[str]) -> Row:
        """Loss on `texts`, story by story."""
        from lilliput.evaluation.loss import measure_loss

        return measure_loss(self._scorer, self._tokenizer, texts).as_row()

    def tell(self, prompt: str, seed: int) -> str:
        """The diary's next story: of a beginning and a seed always the same draws."""
        from lilliput.generation.generate import tell_story
        from lilliput.generation.sample import Sampling

        sampling = Sampling(temperature=0.7)
        return tell_story(self._engine, self._tokenizer, sampling, seed, prompt, _DIARY_TOKENS)


def _open(config: ModelConfig, weights: Weights, threads: int, device: str) -> "tuple[BatchEngine, Scorer]":
    refusal: LilliputError | None = None
    if device == "cpu" and choose_engine(None) == "c":
        try:
            return _open_c(config, weights, threads)
        except LilliputError as error:
            refusal = error  # a shape that only torch computes
    try:
        return _open_torch(config, weights, device)
    except ImportError:
        raise refusal or LilliputError(
            "neither the C engine nor torch is there: install a C compiler and then lilliput again"
        ) from None


def _open_c(config: ModelConfig, weights: Weights, threads: int) -> "tuple[BatchEngine, Scorer]":
    from lilliput.evaluation.c_scorer import CScorer
    from lilliput.generation.c_batch import CBatch, engine_image

    image = engine_image(config, weights, "f32")
    return CBatch(image, threads=threads), CScorer(image, threads)


def _open_torch(config: ModelConfig, weights: Weights, device: str) -> "tuple[BatchEngine, Scorer]":
    from lilliput.evaluation.torch_scorer import TorchScorer
    from lilliput.generation.torch_batch import TorchBatch
    from lilliput.models.weights import model_with_weights

    model = model_with_weights(config, weights, device)
    return TorchBatch(model, slots=1), TorchScorer(model)
