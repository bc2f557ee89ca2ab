"""The models of decode_vs_peers.py: one shape as every file that an engine wants."""

import struct
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import numpy as np

from lilliput.formats.folder import save_folder
from lilliput.formats.gguf import write_gguf
from lilliput.formats.llama2c import read_llama2c, write_llama2c
from lilliput.formats.weights import Weights
from lilliput.models.config import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.presets import find_plan
from lilliput.tokens import Tokenizer, load_tokenizer, write_tokenizer_bin
from lilliput.tokens.byte_alphabet import ALPHABET
from lilliput.tokens.layout import FIRST_MERGE, build_byte_level

BOS = 1


@dataclass(frozen=True)
class Files:
    """Where a shape lies in every format; `vocabulary` holds what run.c prints for each id."""

    config: LlamaConfig
    folder: Path
    run_c: Path
    runq: Path
    vocabulary: Path
    gguf: dict[str, Path]
    parseable: bool
    """run.c prints ids instead of words."""


def make_real(folder: Path, weights_file: Path, tokenizer_file: Path) -> Files:
    """stories260K and its tokenizer."""
    config, weights = read_llama2c(weights_file)
    tokenizer = load_tokenizer(tokenizer_file)
    tokenizer = tokenizer.with_roles(end=tokenizer.bos)
    return _write(folder, config, weights, tokenizer, parseable=False)


def make_random(folder: Path, preset: str, seed: int) -> Files:
    """Random weights in the shape of a preset; the story never ends early."""
    config = find_plan(preset).model
    assert isinstance(config, LlamaConfig)
    random = np.random.default_rng(seed)
    weights: Weights = {}
    for name, shape in weight_shapes(config).items():
        if len(shape) == 1:
            weights[name] = np.ones(shape, np.float32)
            continue
        scale = np.float32(0.02 if name == "embed.weight" else shape[-1] ** -0.5)
        weights[name] = random.standard_normal(shape, np.float32) * scale
    weights["embed.weight"][BOS] *= 1e-3  # the output matrix too: BOS, where run.c stops, is never likeliest
    return _write(folder, config, weights, _make_vocabulary(config.vocab_size), parseable=True)


def _write(
    folder: Path, config: LlamaConfig, weights: Weights, tokenizer: Tokenizer, *, parseable: bool
) -> Files:
    files = Files(
        config=config,
        folder=folder / "folder",
        run_c=folder / "run.bin",
        runq=folder / "runq.bin",
        vocabulary=folder / "tokenizer.bin",
        gguf={name: folder / f"{name}.gguf" for name in ("F32", "Q8_0", "Q4_0", "Q4_0 pure")},
        parseable=parseable,
    )
    save_folder(files.folder, config, weights, tokenizer, {})
    write_llama2c(files.run_c, config, weights, 0)
    write_llama2c(files.runq, config, weights, 2)
    if parseable:
        _write_numbers(files.vocabulary, config.vocab_size)
    else:
        write_tokenizer_bin(tokenizer, files.vocabulary)
    write_gguf(files.gguf["F32"], config, weights, tokenizer, "f32")
    write_gguf(files.gguf["Q8_0"], config, weights, tokenizer, "q8_0")
    write_gguf(files.gguf["Q4_0"], config, weights, tokenizer, "q4_0")
    write_gguf(files.gguf["Q4_0 pure"], config, weights, tokenizer, "q4_0", pure=True)
    return files


def _make_vocabulary(size: int) -> Tokenizer:
    """A byte-level tokenizer of that many ids: pairs of bytes."""
    pairs = list(islice(product(ALPHABET, ALPHABET), size - FIRST_MERGE))
    return build_byte_level([left + right for left, right in pairs], pairs)


def _write_numbers(path: Path, size: int) -> None:
    """A tokenizer.bin in which every id is spelled as its number and a comma."""
    texts = [f"{token},".encode() for token in range(size)]
    records = b"".join(struct.pack("<fi", 0.0, len(text)) + text for text in texts)
    path.write_bytes(struct.pack("<i", max(map(len, texts))) + records)
