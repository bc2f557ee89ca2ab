"""Models that the tests of WebAssembly and of the page share, each compiled once."""

from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from lilliput.app import shipped
from lilliput.deploy.csource import write_c
from lilliput.deploy.wasm import build_wasm
from lilliput.formats.folder import load_folder
from lilliput.generation.generate import tell_story
from lilliput.generation.int_batch import IntBatch
from lilliput.generation.sample import Sampling
from lilliput.quantize.intmodel import IntModel
from lilliput.quantize.ptq import quantize
from lilliput.quantize.reference import Reference
from lilliput.quantize.settings import QuantizeSettings
from lilliput.tokens import Tokenizer, train_tokenizer

STORIES = [
    f"The {a} fox saw the {b} box — “here!”, said the café’s 🦊 to a little girl who loved the sunny park."
    for a in "abcdefg"
    for b in "hijklmn"
]
SPEAKING = (1, 6, 11, 16, 21)
"""Numbers of random models with as many ids as the tokenizer below."""


@dataclass(frozen=True)
class Built:
    """A model as a module."""

    model: IntModel
    tokenizer: Tokenizer
    module: bytes

    def ids(self, count: int = 100) -> np.ndarray:
        """As many as asked for, or as the context holds."""
        size = min(count, self.model.config.context)
        return np.random.default_rng(0).integers(0, self.model.config.vocab_size, size)

    def logits(self, ids: np.ndarray) -> np.ndarray:
        """(T, V) the reference's."""
        reference = Reference(self.model)
        return reference.read(ids, reference.start())

    def story(self, opening: str, seed: int, **sampling: float) -> str:
        """What `lilliput tell --engine integer` tells."""
        wish = Sampling.from_dict({"temperature": 0.8, "top_p": 0.95, **sampling}, "test")
        return tell_story(IntBatch(Reference(self.model)), self.tokenizer, wish, seed, opening)


@cache
def tokenizer() -> Tokenizer:
    """300 ids: bytes and few merges, so that pieces cut characters."""
    return train_tokenizer(STORIES, 300)


def build(integers: ModuleType, number: int) -> Built:
    """The random model of a number (tests/integers.py)."""
    model = integers.draw_model(number)
    return Built(model, tokenizer(), build_wasm(write_c(model, tokenizer())))


@cache
def build_pocket() -> Built:
    """The shipped pocket, calibrated on noise: quick, and what is compared is bits, not stories."""
    folder = load_folder(shipped.shipped_models()["pocket"])
    stories = [np.random.default_rng(0).integers(0, folder.config.vocab_size, 60)]
    wish = QuantizeSettings().with_settings(["rounding=nearest"])
    model = quantize(folder.config, folder.weights, stories, wish).model
    return Built(model, folder.tokenizer, build_wasm(write_c(model, folder.tokenizer)))
