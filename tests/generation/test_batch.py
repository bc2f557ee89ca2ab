"""What both engines must do with what comes at them: models that break, settings at their ends."""

from collections.abc import Callable

import numpy as np
import pytest

from lilliput.errors import LilliputError
from lilliput.generation.batch import BatchEngine, Request
from lilliput.generation.c_batch import CBatch, engine_image
from lilliput.generation.generate import Telling
from lilliput.generation.many import write_stories
from lilliput.generation.sample import Sampling
from lilliput.generation.torch_batch import TorchBatch
from lilliput.models.config import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.models.weights import model_with_weights
from lilliput.runtime.native import library_path
from lilliput.tokens import train_tokenizer

CONFIG = LlamaConfig(
    vocab_size=262, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=24, context=40, tied=False
)
POISON = range(100, 112)
"""A poisoned model that has read one of these ids last answers with infinities."""
Open = Callable[[int], BatchEngine]


def make_weights(poisoned: bool) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    shapes = weight_shapes(CONFIG).items()
    weights = {name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes}
    if poisoned:
        for name, array in weights.items():  # channel 0 is zero, but for the poison
            if name in {"embed.weight", "head.weight"}:
                array[:, 0] = 0
            elif name.endswith(("attn.o.weight", "mlp.down.weight")):
                array[0] = 0
        weights["embed.weight"][POISON, 0] = 1
        weights["norm.weight"][0] = weights["head.weight"][:, 0] = 3e38
    return weights


def opener(name: str, poisoned: bool) -> Open:
    if name == "torch":
        return lambda slots: TorchBatch(model_with_weights(CONFIG, make_weights(poisoned)), slots)
    if library_path() is None:
        pytest.skip("the C engine was not built (no compiler)")
    return lambda slots: CBatch(engine_image(CONFIG, make_weights(poisoned), "f32"), slots)


@pytest.fixture(params=["torch", "c"])
def open_poisoned(request: pytest.FixtureRequest) -> Open:
    return opener(request.param, poisoned=True)


def ask(seed: int, logprobs: int = 0) -> Request:
    prompt = (1, 9, POISON[0]) if seed % 5 == 0 else (1, 20 + seed, 9)
    return Request(prompt, Sampling(temperature=1), seed, 30, frozenset({2}), logprobs)


def write(engine: BatchEngine, requests: list[Request], steps: int) -> list[tuple[list[int], str | None]]:
    """Every request begun in the first free slot; ids and ending of each."""
    told: list[tuple[list[int], str | None]] = [([], None) for _ in requests]
    waiting, in_slot = list(range(len(requests))), dict[int, int]()
    while waiting or in_slot:
        for slot in range(engine.slots):
            if slot not in in_slot and waiting:
                in_slot[slot] = waiting.pop(0)
                engine.begin(slot, requests[in_slot[slot]])
        for event in engine.run(steps):
            ids, _ = told[in_slot[event.slot]]
            told[in_slot[event.slot]] = ([*ids, *event.ids], event.ending)
            if event.ending:
                del in_slot[event.slot]
    return told


@pytest.mark.parametrize("logprobs", [0, 2])
@pytest.mark.parametrize("steps", [1, 7, 64])
def test_a_story_that_breaks_ends_alone_and_its_slot_serves_the_next(
    open_poisoned: Open, steps: int, logprobs: int
) -> None:
    asked = [ask(seed, logprobs) for seed in range(20)]
    alone = [write(open_poisoned(1), [one], 50)[0] for one in asked]
    assert write(open_poisoned(4), asked, steps) == alone
    endings = {ending for _, ending in alone}
    assert any(ids and ending == "broken" for ids, ending in alone)
    assert endings & {"end", "length"}
    for request, (ids, ending) in zip(asked, alone, strict=True):
        read = [*request.ids, *ids]
        assert (ending == "broken") == (read[-1] in POISON)
        assert not set(POISON) & set(read[:-1])


def test_the_model_is_blamed_where_stories_are_told(open_poisoned: Open) -> None:
    requests = [ask(seed) for seed in (1, 0, 2)]
    with pytest.raises(LilliputError, match="NaN or infinity"):
        list(write_stories([open_poisoned(2)], requests))
    telling = Telling(open_poisoned(1), train_tokenizer(["a fox"], 262), Sampling(temperature=1), prompt="a")
    with pytest.raises(LilliputError, match="NaN or infinity"):
        list(telling)
    assert telling.ending == "broken"


@pytest.mark.parametrize("name", ["torch", "c"])
def test_settings_too_small_for_32_bits_tell_the_greedy_story(name: str) -> None:
    engine = opener(name, poisoned=False)(1)
    greedy = Request((1, 5), Sampling(temperature=0), 0, 30, frozenset())
    (expected,) = write(engine, [greedy], 50)
    for small in (
        {"top_p": 1e-50},
        {"temperature": 1e-39},
        {"top_p": 5e-324, "temperature": 1e-39, "top_k": 9},
    ):
        for seed in range(3):
            sampling = Sampling(**{"temperature": 1.0, **small})
            assert write(engine, [Request((1, 5), sampling, seed, 30, frozenset())], 50) == [expected], small
