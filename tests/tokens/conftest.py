"""Tokenizers and stories that several tests of this room use."""

import json
from pathlib import Path

import pytest

from lilliput.tokens import Tokenizer, train_tokenizer

STORY = (
    "Once upon a time, there was a little dog named Tim.\n\nTim said, “I don't want to go!” "
    "He ran to the big red tree and saw 3 cats. The cats were happy.\n"
)


@pytest.fixture(scope="session")
def story() -> str:
    """A short story with quotes, a number and line feeds."""
    return STORY


@pytest.fixture(scope="session")
def trained() -> Tokenizer:
    """A byte-level tokenizer of 320 ids, trained on one story."""
    return train_tokenizer([STORY], 320)


@pytest.fixture(scope="session")
def valid_stories(shared: Path) -> list[str]:
    """The 1,316 validation stories of TinyStories."""
    text = (shared / "data/tinystories-valid.txt").read_text(encoding="utf-8")
    return [story for part in text.split("<|endoftext|>") if (story := part.strip())]


@pytest.fixture(scope="session")
def gpt2_json(shared: Path) -> str:
    """GPT-2's tokenizer.json, put together from its vocabulary and merges."""
    folder = shared / "tokenizers"
    vocabulary = json.loads((folder / "gpt2-vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "gpt2-merges.txt").read_text(encoding="utf-8").splitlines()
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    end = {"id": 50256, "content": "<|endoftext|>", "special": True, "normalized": False}
    flags = {"single_word": False, "lstrip": False, "rstrip": False}
    return json.dumps(
        {
            "version": "1.0",
            "added_tokens": [end | flags],
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": None,
            "decoder": byte_level,
            "model": {"type": "BPE", "vocab": vocabulary, "merges": lines},
        }
    )
