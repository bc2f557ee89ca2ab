"""Integer models of many forms with what they must compute: twenty drawn at random, and real ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import lilliput
from lilliput.deploy.csource import write_c
from lilliput.formats.folder import load_folder
from lilliput.formats.llama2c import read_llama2c
from lilliput.generation.generate import tell_story
from lilliput.generation.int_batch import IntBatch
from lilliput.generation.sample import Sampling
from lilliput.models.config import LlamaConfig, Qwen3Config
from lilliput.models.shapes import weight_shapes
from lilliput.quantize.intmodel import IntConfig, IntModel, shorten
from lilliput.quantize.ptq import quantize
from lilliput.quantize.reference import IntCache, Reference
from lilliput.quantize.settings import QuantizeSettings
from lilliput.tokens import Tokenizer, load_tokenizer, train_tokenizer

READ = 100
"""Tokens whose logits are compared."""
TOLD = 40
"""Tokens that a story has beyond its beginning, at most."""
TENTHS, TOP_P, SEED, PROMPT = 8, 0.95, 11, "One day a bird"
SENTENCES = (
    "Once upon a time, there was a little bird. One day the bird saw a big red ball in the park and sang.",
    "Tom and his mom went to the shop. “Can I have a toy?” he said. His mom smiled and gave him a small car.",
)

SHAPE: dict[str, Any] = {"vocab_size": 290, "d_model": 24, "n_layers": 2, "d_ff": 44, "context": READ}
EIGHT_BIT = [
    "blocks=static",
    "activation_bits=9",
    "key_bits=6",
    "value_bits=5",
    "gate_bits=8",
    "chance_bits=6",
    "scales=shift",
]


def _llama(**parts: Any) -> LlamaConfig:
    return LlamaConfig(**{**SHAPE, "n_heads": 4, "n_kv_heads": 2, **parts})


def _qwen3(**parts: Any) -> Qwen3Config:
    return Qwen3Config(**{**SHAPE, "n_heads": 3, "n_kv_heads": 1, "d_head": 10, **parts})


RANDOM: dict[str, tuple[IntConfig, Sequence[str]]] = {
    "int8": (_llama(), ()),
    "of 260K": (
        _llama(vocab_size=330, d_model=64, n_layers=5, n_heads=8, n_kv_heads=4, d_ff=172),
        ("value_bits=4",),
    ),
    "int4, not tied": (_llama(tied=False, gate="relu"), ("weights=int4",)),
    "int4 in odd rows": (_llama(d_model=22, n_heads=1, n_kv_heads=1, d_ff=33), ("weights=int4",)),
    "ternary, one head": (_llama(n_layers=1, n_heads=1, n_kv_heads=1, gate="gelu"), ("weights=ternary",)),
    "ternary in odd rows": (_qwen3(d_model=37, d_ff=47), ("weights=ternary", "value_bits=4")),
    "mixed": (_qwen3(tied=False), ("q=int4", "k=ternary", "down=int4", "head=int4", "gate=ternary")),
    "16 bits": (_qwen3(n_heads=2, n_kv_heads=2), ("activation_bits=16",)),
    "9 bits": (_llama(d_ff=60), ("activation_bits=9", "blocks=all")),
    "5 bits": (_llama(gate="gelu_tanh"), ("activation_bits=5", "blocks=all", "query_bits=8")),
    "no exponents": (_llama(vocab_size=263), ("blocks=static", "weights=ternary", "scales=shift")),
    "as an 8-bit processor likes it": (
        _qwen3(d_head=16),
        EIGHT_BIT,
    ),
    "narrow keys and values": (_llama(), ("key_bits=4", "value_bits=4")),
    "narrower keys and values": (_qwen3(n_heads=4, n_kv_heads=4), ("key_bits=3", "value_bits=2")),
    "few exponents": (_llama(), ("chance_bits=4", "query_bits=8", "gate_bits=5")),
    "a wide gate": (_qwen3(gate="silu"), ("gate_bits=13", "chance_bits=13")),
    "a narrow stream": (_llama(), ("residual_bits=8", "square_bits=4")),
    "a head of 16 bits": (_llama(tied=False, n_heads=3, n_kv_heads=3), ("head_bits=16", "embed=int4")),
    "nearest": (_qwen3(vocab_size=301), ("rounding=nearest", "ranges=max", "weights=int4", "embed=int8")),
    "one layer, many heads": (_qwen3(n_layers=1, n_heads=12, n_kv_heads=3, d_head=6), ("blocks=all",)),
}


@dataclass(frozen=True)
class Case:
    """A model, and what is asked of it."""

    name: str
    model: IntModel
    tokenizer: Tokenizer
    ids: list[int]
    logits: np.ndarray = field(repr=False)
    """(READ, V) behind each of the ids, by the reference."""
    text: str
    """The story that begins with PROMPT at SEED, by the reference."""

    def sources(self, *, library: bool) -> dict[str, str]:
        """C files by name."""
        return write_c(self.model, self.tokenizer, library=library)

    def as_header(self) -> str:
        """The same for cortex_m_case.c."""
        numbers = {"TENTHS": TENTHS, "TOP_P": f"{round(TOP_P * 65536)}u", "SEED": SEED, "TOKENS": TOLD}
        wanted = {**numbers, "PROMPT": f'"{PROMPT}"', "IDS": ",".join(map(str, self.ids))}
        return "".join(f"#define CASE_{name} {value}\n" for name, value in wanted.items())


def make_case(name: str, model: IntModel, tokenizer: Tokenizer) -> Case:
    """What the reference computes with a model."""
    drawn = np.random.default_rng(1).integers(0, model.config.vocab_size, READ - 1)
    ids = [tokenizer.bos, *drawn.tolist()]
    reference = Reference(model)
    logits = reference.read(np.array(ids), IntCache(model))
    sampling = Sampling(temperature=TENTHS / 10, top_p=TOP_P)
    text = tell_story(IntBatch(reference), tokenizer, sampling, SEED, PROMPT, TOLD)
    return Case(name, model, tokenizer, ids, logits, text)


def make_random(name: str) -> Case:
    """One of RANDOM."""
    return make_drawn(name, *RANDOM[name])


def make_drawn(name: str, config: IntConfig, settings: Sequence[str]) -> Case:
    """A model of weights drawn at random, as its name says."""
    random = np.random.default_rng(len(name))
    weights = {
        part: random.normal(float(len(shape) == 1), 0.2 if len(shape) == 1 else 0.3, shape).astype(np.float32)
        for part, shape in weight_shapes(config).items()
    }
    stories = [random.integers(0, config.vocab_size, config.context - less) for less in (10, 30, 60)]
    wish = QuantizeSettings().with_settings(settings)
    tokenizer = train_tokenizer(SENTENCES, config.vocab_size, at_most=True)
    assert tokenizer.vocab_size == config.vocab_size
    return make_case(name, quantize(config, weights, stories, wish).model, tokenizer)


def _quantized(config: IntConfig, weights: Any, tokenizer: Tokenizer, *settings: str) -> IntModel:
    """A real model, calibrated on little: what it computes must be equal, not good."""
    stories = [np.array([tokenizer.bos, *tokenizer.encode(text)]) for text in SENTENCES]
    return quantize(config, weights, stories, QuantizeSettings().with_settings(settings)).model


def make_shipped(name: str = "pocket") -> Case:
    """A model that comes with the package, in int8."""
    folder = load_folder(Path(lilliput.__file__).parent / "shipped" / name)
    model = _quantized(folder.config, folder.weights, folder.tokenizer)
    return make_case(name, model, folder.tokenizer)


def make_260k(shared: Path, *settings: str) -> Case:
    """The public stories260K as it goes into 64 KB: context 256, values of 4 bits if nothing else is said."""
    config, weights = read_llama2c(shared / "models/stories260K.bin")
    tokenizer = load_tokenizer(shared / "tokenizers/tok512.bin")
    model = _quantized(config, weights, tokenizer, *(settings or ["value_bits=4"]))
    return make_case("stories260K", shorten(model, 256), tokenizer)


def iter_cases() -> Iterator[Case]:
    """The random ones, and what is shipped."""
    yield from map(make_random, RANDOM)
    yield make_shipped()
