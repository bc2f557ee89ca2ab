"""What the tests of the stories room share: shards, a tokenizer of bytes, a hub on this machine."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from lilliput.stories.shards import Shard, open_shard, write_shard


@dataclass(frozen=True)
class ByteTokenizer:
    """Each byte is its own id, from 3 on; 1 begins a story and 2 ends it."""

    fingerprint: str = "bytes-as-they-are"
    vocab_size: int = 259
    bos: int = 1
    end: int = 2

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return [[byte + 3 for byte in text.encode()] for text in texts]


@pytest.fixture
def byte_tokenizer() -> ByteTokenizer:
    return ByteTokenizer()


@pytest.fixture
def make_shard(tmp_path: Path) -> Callable[[Sequence[Sequence[int]]], Shard]:
    """A function from stories as ids (without BOS 1 and END 2) to an open shard."""

    def make(stories: Sequence[Sequence[int]], vocab_size: int = 5000) -> Shard:
        path = tmp_path / "made.shard"
        rows = [(ids, len(ids)) for ids in stories]
        write_shard(
            path,
            rows,
            tokenizer_fingerprint="a",
            vocab_size=vocab_size,
            bos=1,
            end=2,
            source="s",
        )
        return open_shard(path)

    return make


@pytest.fixture(scope="session")
def mini_hub() -> ModuleType:
    """The module `mini_hub` beside this file."""
    place = Path(__file__).with_name("mini_hub.py")
    spec = importlib.util.spec_from_file_location("mini_hub", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
