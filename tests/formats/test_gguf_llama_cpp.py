"""llama.cpp reads and runs the GGUF files we write, with the same ids.

It lives in an environment of its own: LILLIPUT_LLAMA_CPP_PYTHON names its Python (see .ci/llama_cpp).
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lilliput.formats.gguf import write_gguf
from lilliput.formats.llama2c import read_llama2c
from lilliput.formats.weights import Weights
from lilliput.models.config import GPT2Config, LlamaConfig, ModelConfig, MoEConfig, Qwen3Config
from lilliput.models.shapes import weight_shapes
from lilliput.models.weights import model_with_weights
from lilliput.stories.world import iter_world
from lilliput.tokens import Tokenizer, load_tokenizer, train_tokenizer

SHAPE = {"vocab_size": 400, "d_model": 64, "n_layers": 3, "d_ff": 96, "context": 256}
FAMILIES: list[ModelConfig] = [
    LlamaConfig(**SHAPE, n_heads=4, n_kv_heads=2),
    LlamaConfig(**SHAPE, n_heads=8, n_kv_heads=8, tied=False, rope_theta=777.0, norm_eps=1e-6),
    Qwen3Config(**SHAPE, n_heads=4, n_kv_heads=2, d_head=32),
    MoEConfig(**SHAPE, n_heads=4, n_kv_heads=2, n_experts=4, experts_per_token=2),
    GPT2Config(**SHAPE, n_heads=4),
]
TEXTS = [
    "Once upon a time, there was a little fox.",
    "  Two  spaces,\n\ntwo lines and a tab\t. ",
    "It's 1234567 o'clock ... wait?! <s> <|endoftext|> 'twas --- 'the",
    "naïve café, 你好 😀 – Привет",
]


def ask(path: Path, texts: list[str], prompt: list[int], count: int) -> dict[str, Any]:
    python = os.environ.get("LILLIPUT_LLAMA_CPP_PYTHON")
    if not python:
        pytest.skip("needs LILLIPUT_LLAMA_CPP_PYTHON: a Python that has xllamacpp or llama_cpp")
    job = {"model": str(path), "texts": texts, "prompt": prompt, "count": count}
    program = Path(__file__).with_name("ask_llama_cpp.py")
    answer = subprocess.run(
        [python, program], input=json.dumps(job), capture_output=True, text=True, check=True, timeout=120
    )
    values: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return values


def missing_logit(config: ModelConfig, weights: Weights, prompt: list[int], story: list[int]) -> float:
    """How far below torch's likeliest id the ids of a story are at most, as a share of the largest logit."""
    ids = torch.tensor([[*prompt, *story[:-1]]])
    with torch.inference_mode():
        logits = model_with_weights(config, weights)(ids)[0, len(prompt) - 1 :]
    chosen = logits.gather(1, torch.tensor(story)[:, None])[:, 0]
    return float((logits.max(dim=1).values - chosen).max() / logits.abs().max())


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    stories = (story.text for story in iter_world(seed=1, count=30))
    cuts = ["it's 1234567 naïve cafés ... wait?! ¡¿ --- 'twas \n\n  'the"] * 200  # where ways to cut differ
    return train_tokenizer([*stories, *cuts], 390)


def test_the_published_story_and_its_tokens(shared: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(shared / "tokenizers/tok512.model")
    tokenizer = tokenizer.with_roles(end=tokenizer.bos)
    config, weights = read_llama2c(shared / "models/stories260K.bin")
    write_gguf(tmp_path / "m.gguf", config, weights, tokenizer)
    answer = ask(tmp_path / "m.gguf", TEXTS, [tokenizer.bos], 200)
    assert len(answer["story"]) == 200
    golden = (shared / "models/stories260K.greedy256.txt").read_text()
    assert golden.startswith(answer["text"].removeprefix(" "))
    assert tokenizer.decode(answer["story"]) == answer["text"].removeprefix(" ")
    for text, ids in zip(TEXTS, answer["ids"], strict=True):
        same = ids == [tokenizer.bos, *tokenizer.encode(text)]
        assert same == ("  " not in text)  # llama.cpp keeps doubled spaces, this tokenizer removes them


@pytest.mark.parametrize("config", FAMILIES, ids=str)
def test_every_family_tells_the_same_greedy_story(
    config: ModelConfig, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    weights = {
        name: random.normal(1.0 if "norm" in name and name.endswith("weight") else 0.0, 0.2, shape).astype(
            "f4"
        )
        for name, shape in weight_shapes(config).items()
    }
    write_gguf(tmp_path / "m.gguf", config, weights, tokenizer)
    answer = ask(tmp_path / "m.gguf", TEXTS, [1, 70, 90], 200)
    assert len(answer["story"]) == 200
    tolerance = 1e-3 if config.family == "gpt2" else 1e-5  # llama.cpp's GELU is a table of float16
    assert missing_logit(config, weights, [1, 70, 90], answer["story"]) < tolerance
    assert answer["ids"] == [[1, *tokenizer.encode(text)] for text in TEXTS]


@pytest.mark.parametrize("kind", ["f16", "q8_0", "q4_0"])
def test_llama_cpp_takes_every_kind(kind: Any, tokenizer: Tokenizer, tmp_path: Path) -> None:
    config = LlamaConfig(**{**SHAPE, "d_ff": 172}, n_heads=4, n_kv_heads=2)
    random = np.random.default_rng(0)
    weights = {
        name: random.normal(0, 0.2, shape).astype("f4") for name, shape in weight_shapes(config).items()
    }
    write_gguf(tmp_path / "m.gguf", config, weights, tokenizer, kind)
    assert len(ask(tmp_path / "m.gguf", [], [1], 20)["story"]) == 20
