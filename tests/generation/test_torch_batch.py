"""Many stories at once: each is what it would be alone, and slots are freed."""

import numpy as np
import pytest
import torch

from lilliput.errors import LilliputError
from lilliput.generation.batch import Event, Request
from lilliput.generation.engines import TorchEngine
from lilliput.generation.sample import Sampling, log_chances, make_sampler
from lilliput.generation.torch_batch import TorchBatch
from lilliput.models import build_model
from lilliput.models.config import LlamaConfig
from lilliput.models.decoder import Decoder

CONFIG = LlamaConfig(
    vocab_size=30, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=24, context=24, tied=True
)


@pytest.fixture(scope="module")
def model() -> Decoder:
    torch.manual_seed(1)
    made = build_model(CONFIG)
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(3)  # chances that differ
    return made.eval()


def request(seed: int, prompt: tuple[int, ...] = (1, 5, 6), **changes: object) -> Request:
    wanted = {"sampling": Sampling(temperature=1, top_p=0.9), "max_tokens": 12, "ends": frozenset({2})}
    return Request(prompt, seed=seed, **{**wanted, **changes})  # type: ignore[arg-type]


def alone(model: Decoder, asked: Request) -> tuple[list[int], str]:
    """A story written without any batch, by the simplest loop."""
    engine, sampler = TorchEngine(model), make_sampler(asked.sampling, asked.seed)
    written: list[int] = []
    logits = engine.read(list(asked.ids))
    while True:
        token = sampler(logits, [*asked.ids, *written])
        if token in asked.ends:
            return written, "end"
        written.append(token)
        if len(asked.ids) + len(written) > engine.context:
            return written, "context"
        if len(written) == asked.max_tokens:
            return written, "length"
        logits = engine.read([token])


def write_all(
    batch: TorchBatch, asked: list[Request], steps: list[int]
) -> list[tuple[list[int], str | None]]:
    """Stories in the order of `asked`, a freed slot refilled at once; run k has steps[k % len] steps."""
    waiting, in_slot = list(range(len(asked))), dict[int, int]()
    told: list[tuple[list[int], str | None]] = [([], None) for _ in asked]
    runs = 0
    while waiting or in_slot:
        for slot in range(batch.slots):
            if slot not in in_slot and waiting:
                in_slot[slot] = waiting.pop(0)
                batch.begin(slot, asked[in_slot[slot]])
        for event in batch.run(steps[runs % len(steps)]):
            ids, _ = told[in_slot[event.slot]]
            told[in_slot[event.slot]] = ([*ids, *event.ids], event.ending)
            if event.ending:
                del in_slot[event.slot]
        runs += 1
    return told


@pytest.mark.parametrize(("slots", "steps"), [(1, [1]), (3, [1]), (3, [5, 1, 2]), (8, [64])])
def test_a_story_is_the_same_whatever_stands_beside_it(model: Decoder, slots: int, steps: list[int]) -> None:
    asked = []
    for seed in range(12):
        sampling = Sampling(temperature=1, repetition_penalty=1 + seed % 2)
        asked.append(request(seed, (1, 4 + seed % 9) * (1 + seed % 4), sampling=sampling))
    asked[3] = request(3, max_tokens=100)
    told = write_all(TorchBatch(model, slots), asked, steps)
    assert told == [alone(model, one) for one in asked]
    assert {ending for _, ending in told} >= {"end", "length"}
    assert len({tuple(ids) for ids, _ in told}) > 6


def test_a_story_fills_the_context_and_no_more(model: Decoder) -> None:
    batch = TorchBatch(model, 1)
    (told,) = write_all(batch, [request(0, max_tokens=100, ends=frozenset())], [7])
    assert len(told[0]) == CONFIG.context - 3 + 1
    assert told[1] == "context"
    (told,) = write_all(batch, [request(0, (1,) * 23, max_tokens=100, ends=frozenset())], [7])
    assert len(told[0]) == 2


def test_a_run_ends_with_the_first_story_that_ends(model: Decoder) -> None:
    batch = TorchBatch(model, 2)
    batch.begin(0, request(0, max_tokens=3, ends=frozenset()))
    batch.begin(1, request(1, max_tokens=9, ends=frozenset()))
    events = {event.slot: event for event in batch.run(50)}
    assert events[0].ending == "length"
    assert events[1].ending is None
    assert [len(events[slot].ids) for slot in (0, 1)] == [3, 3]


def test_a_cancelled_slot_is_free_and_silent(model: Decoder) -> None:
    batch = TorchBatch(model, 1)
    batch.begin(0, request(0))
    batch.run(1)
    batch.cancel(0)
    batch.cancel(0)
    assert batch.run(3) == []
    batch.begin(0, request(1))


def test_a_slot_in_use_is_not_given_twice(model: Decoder) -> None:
    batch = TorchBatch(model, 1)
    batch.begin(0, request(0))
    for slot in (0, 1, -1):
        with pytest.raises(LilliputError, match="not free"):
            batch.begin(slot, request(1))


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"prompt": ()}, "give BOS"), ({"prompt": (1,) * 24}, "shorten it"), ({"max_tokens": 0}, "at least 1")],
)
def test_a_request_that_cannot_be_served_is_refused(
    model: Decoder, changes: dict[str, object], told: str
) -> None:
    batch = TorchBatch(model, 1)
    with pytest.raises(LilliputError, match=told):
        batch.begin(0, request(0, **changes))  # type: ignore[arg-type]
    batch.begin(0, request(0))


def test_logprobs_are_the_models_own(model: Decoder) -> None:
    batch = TorchBatch(model, 1)
    plain = request(4, max_tokens=6, ends=frozenset())
    asked = request(4, max_tokens=6, ends=frozenset(), logprobs=3)
    batch.begin(0, asked)
    event: Event = batch.run(50)[0]
    assert len(event.logprobs) == len(event.ids) == 6
    ids = torch.tensor([[*asked.ids, *event.ids]])
    with torch.inference_mode():
        chances = model(ids)[0].log_softmax(-1).numpy()  # (T, V)
    for place, (token, logprob) in enumerate(zip(event.ids, event.logprobs, strict=True)):
        row = chances[len(asked.ids) - 1 + place]
        assert logprob.own == pytest.approx(row[token], abs=1e-4)
        assert [other for other, _ in logprob.likeliest] == np.argsort(-row, kind="stable")[:3].tolist()
        assert logprob.likeliest[0][1] == pytest.approx(log_chances(row).max(), abs=1e-4)
    batch.begin(0, plain)
    assert batch.run(50)[0].ids == event.ids
    assert not batch.run(1)
