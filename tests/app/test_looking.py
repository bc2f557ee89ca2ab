"""What the diary tells and scores, from weights alone."""

import subprocess
import sys

import numpy as np
import pytest

from lilliput.app import looking
from lilliput.app.looking import Look
from lilliput.errors import LilliputError
from lilliput.models import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.runtime import native
from lilliput.tokens import Tokenizer, train_tokenizer

STORIES = [f"The {a} fox saw the {b} box, and the {b} box was {a}." for a in "abcdefg" for b in "hijklmn"]
CONFIG = LlamaConfig(vocab_size=280, d_model=32, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=48, context=64)
NEEDS_C = pytest.mark.skipif(native.library_path() is None, reason="the C engine was not built")


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(STORIES, 280)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {
        name: draw.normal(0, 0.3, shape).astype(np.float32) if len(shape) > 1 else np.ones(shape, np.float32)
        for name, shape in weight_shapes(CONFIG).items()
    }


@NEEDS_C
def test_c_and_torch_see_the_same(tokenizer, weights, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for engine in ("c", "torch"):
        monkeypatch.setattr(looking, "choose_engine", lambda _, engine=engine: engine)
        look = Look(CONFIG, weights, tokenizer)
        seen.append((look.tell("The", 3), look.score(STORIES[:9])))
    assert seen[0][0].startswith("The")
    assert seen[0][1]["nats_per_token"] == pytest.approx(seen[1][1]["nats_per_token"], abs=1e-5)
    assert seen[0][1]["stories"] == 9


def test_a_seed_tells_the_same_story(tokenizer, weights) -> None:
    look = Look(CONFIG, weights, tokenizer, threads=1)
    assert look.tell("The", 3) == look.tell("The", 3) != look.tell("The", 4)


def test_a_shape_that_c_refuses_is_looked_at_by_torch(
    tokenizer, weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise LilliputError("not this shape")

    expected = Look(CONFIG, weights, tokenizer).score(STORIES[:3])["nats_per_token"]
    monkeypatch.setattr(looking, "_open_c", refuse)
    monkeypatch.setattr(looking, "choose_engine", lambda _: "c")
    assert Look(CONFIG, weights, tokenizer).score(STORIES[:3])["nats_per_token"] == pytest.approx(expected)
    monkeypatch.setitem(sys.modules, "lilliput.models.weights", None)  # as where torch is not installed
    with pytest.raises(LilliputError, match="not this shape"):
        Look(CONFIG, weights, tokenizer)


@NEEDS_C
def test_looking_needs_no_torch() -> None:
    code = """
import sys
sys.modules["torch"] = None  # as where it is not installed
import numpy as np
from lilliput.app.running import Look
from lilliput.models import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.tokens import train_tokenizer
config = LlamaConfig(vocab_size=262, d_model=8, n_layers=1, n_heads=1, n_kv_heads=1, d_ff=8, context=16)
weights = {name: np.full(shape, 0.1, np.float32) for name, shape in weight_shapes(config).items()}
look = Look(config, weights, train_tokenizer(["a fox and a box"], 262))
assert look.score(["a fox"])["tokens"] > 1 and look.tell("a", 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
