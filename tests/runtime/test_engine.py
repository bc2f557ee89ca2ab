"""The C engine against torch: every family, many shapes, every kind of processor this machine has."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch

from lilliput.errors import LilliputError
from lilliput.formats.image import write_image
from lilliput.generation.batch import Request
from lilliput.generation.c_batch import CBatch, engine_image
from lilliput.generation.sample import Sampling
from lilliput.models import build_model
from lilliput.models.config import GPT2Config, GPTNeoConfig, LlamaConfig, MoEConfig, Qwen3Config
from lilliput.models.weights import get_weights
from lilliput.quantize.rows import to_int4, to_int8
from lilliput.runtime.native import CRequest, NativeEngine, kernel_names, library_path, place_image

pytestmark = pytest.mark.skipif(library_path() is None, reason="the C engine was not built (no compiler)")

GREEDY = Sampling(temperature=0)
TINY = {"vocab_size": 40, "d_model": 8, "n_layers": 1, "n_heads": 2, "d_ff": 9, "context": 16}


def draw_config(seed):
    """A config of each family in turn, its sizes drawn: odd, below 16, divided by no vector."""
    random = np.random.default_rng(seed)
    head = int(random.choice([2, 4, 6, 8, 10, 16, 24]))
    kv_heads = int(random.integers(1, 4))
    heads = kv_heads * int(random.integers(1, 4))
    shared = {
        "vocab_size": int(random.integers(17, 700)),
        "d_model": head * heads,
        "n_layers": int(random.integers(1, 4)),
        "n_heads": heads,
        "d_ff": int(random.integers(5, 200)),
        "context": 224,
        "tied": bool(random.integers(2)),
        "norm_eps": float(random.choice([1e-5, 1e-6])),
    }
    family = (LlamaConfig, Qwen3Config, GPT2Config, GPTNeoConfig, MoEConfig)[seed % 5]
    if family in (LlamaConfig, Qwen3Config, MoEConfig):
        shared |= {"n_kv_heads": kv_heads, "rope_theta": float(random.choice([1e4, 5e5]))}
    if family is Qwen3Config:
        shared["d_head"] = int(random.choice([2, 8, 12, 34]))
    if family is MoEConfig:
        shared |= {"n_experts": int(random.integers(2, 6)), "experts_per_token": int(random.integers(1, 3))}
    if family is GPTNeoConfig:
        shared["window"] = int(random.integers(1, 60))
    if random.integers(3) == 0:
        shared["gate" if "n_kv_heads" in shared else "activation"] = str(random.choice(["gelu", "relu"]))
    return family(**shared)


def draw_model(config, seed=0):
    torch.manual_seed(seed)
    model = build_model(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(0, parameter.shape[-1] ** -0.5 if parameter.ndim > 1 else 0.1)
            if "norm" in name and name.endswith("weight"):
                parameter.add_(1)
    return model


@pytest.fixture(scope="module", params=range(20))
def drawn(request):
    config = draw_config(request.param)
    model = draw_model(config, request.param)
    return config, model, get_weights(model)


def run_batch(engine, requests):
    """Ids and ending of every request, through as many slots as the engine has."""
    waiting, at, done = list(enumerate(requests)), {}, {}
    told = {number: [] for number, _ in waiting}
    while waiting or at:
        for slot in range(engine.slots):
            if slot not in at and waiting:
                at[slot], request = waiting.pop(0)
                engine.begin(slot, request)
        for event in engine.run(7):
            told[at[event.slot]] += event.ids
            if event.ending:
                done[at.pop(event.slot)] = event.ending
    return [(told[i], done[i]) for i in range(len(requests))]


@torch.inference_mode()
def torch_greedy(model, prompt, count):
    ids = list(prompt)
    for _ in range(count):
        ids.append(int(model(torch.tensor([ids]))[0, -1].argmax()))
    return ids[len(prompt) :]


def test_every_kind_of_processor_here_is_tried():
    names = kernel_names()
    assert names[-1] == "plain"
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kernels", kernel_names() if library_path() else [])
def test_logits_are_torchs(drawn, kernels):
    config, model, weights = drawn
    ids = np.random.default_rng(1).integers(0, config.vocab_size, 100).tolist()
    engine = NativeEngine(engine_image(config, weights, "f32"), slots=1, width=7, kernels=kernels)
    logits = engine.read(0, ids[:60], all_logits=True)
    logits = np.concatenate([logits, [engine.read(0, [id]) for id in ids[60:]]])
    with torch.inference_mode():
        expected = model(torch.tensor([ids]))[0].numpy()
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(logits / scale, expected / scale, atol=1e-4)
    assert np.abs(expected).max() > 0.1


def test_200_greedy_ids_are_torchs(drawn):
    config, model, weights = drawn
    prompt = [1, 5, 3]
    engine = CBatch(engine_image(config, weights, "f32"))
    [(ids, ending)] = run_batch(engine, [Request(tuple(prompt), GREEDY, 0, 200, frozenset())])
    assert ids == torch_greedy(model, prompt, 200)
    assert ending == "length"


@pytest.mark.parametrize("precision", ["f32", "int8", "int4"])
def test_neighbours_slots_threads_and_cuts_change_no_id(drawn, precision):
    config, _, weights = drawn
    image = engine_image(config, weights, precision)
    random = np.random.default_rng(3)
    requests = [
        Request(
            tuple(random.integers(0, config.vocab_size, n).tolist()),
            Sampling(temperature=t, top_p=0.9),
            seed=n,
            max_tokens=10 + n,
            ends=frozenset([2]),
        )
        for n, t in itertools.product([1, 2, 30, 31, 100], [0.0, 1.0])
    ]
    alone = [run_batch(CBatch(image, 1, precision=precision), [request])[0] for request in requests]
    assert run_batch(CBatch(image, 3, precision=precision), requests) == alone
    assert run_batch(CBatch(image, 20, precision=precision), requests[::-1]) == alone[::-1]
    assert run_batch(CBatch(image, 2, 2, precision=precision), requests) == alone


def test_a_shared_beginning_is_copied_and_changes_nothing(drawn):
    config, _, weights = drawn
    image = engine_image(config, weights, "f32")
    random = np.random.default_rng(5)
    prompt = tuple(random.integers(0, config.vocab_size, 50).tolist())
    requests = [Request(prompt, Sampling(temperature=1), seed, 40, frozenset()) for seed in range(6)]
    alone = [run_batch(CBatch(image), [request])[0] for request in requests]
    assert run_batch(CBatch(image, 6), requests) == alone


ROUNDINGS = {"int8": to_int8, "int8 by 32": partial(to_int8, group=32), "int4": to_int4}


@pytest.mark.parametrize("rounding", ROUNDINGS.values(), ids=ROUNDINGS)
def test_integers_differ_from_their_restored_twin_by_their_activations_only(drawn, rounding):
    config, _, weights = drawn
    if isinstance(config, MoEConfig):  # all experts: which are chosen may turn on the last digit
        config = config.with_changes({"experts_per_token": config.n_experts}, "test")
    restored = {
        name: (
            rounding(w).restored()
            if w.ndim == 2 and "positions" not in name and "router" not in name
            else np.stack([rounding(e).restored() for e in w])
            if w.ndim == 3
            else w
        )
        for name, w in weights.items()
    }
    ids = np.random.default_rng(1).integers(0, config.vocab_size, 60).tolist()
    image = place_image(write_image(config, weights, lambda _, matrix: rounding(matrix)))
    mine = NativeEngine(image, width=9).read(0, ids, all_logits=True)
    one_by_one = NativeEngine(image, width=9)
    np.testing.assert_array_equal(mine, [one_by_one.read(0, [id]) for id in ids])
    twin = NativeEngine(engine_image(config, restored, "f32"), width=9).read(0, ids, all_logits=True)
    spread = twin.std()
    assert np.median(np.abs(mine - twin)) < 0.06 * spread
    assert np.abs(mine - twin).max() > 0


def test_all_kernels_agree_on_integers(drawn):
    config, _, weights = drawn
    ids = np.random.default_rng(1).integers(0, config.vocab_size, 40).tolist()
    for precision in ("int8", "int4"):
        image = engine_image(config, weights, precision)
        logits = [
            NativeEngine(image, width=5, kernels=k).read(0, ids, all_logits=True) for k in kernel_names()
        ]
        for other in logits[1:]:
            assert np.median(np.abs(other - logits[0])) < 0.02 * logits[0].std()


SMALL = LlamaConfig(
    vocab_size=40, d_model=16, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=24, context=32, tied=True
)


@pytest.fixture(scope="module")
def small_image():
    return engine_image(SMALL, get_weights(draw_model(SMALL)), "f32")


def test_a_full_context_ends_the_story_there(small_image):
    request = Request((1, 2), Sampling(temperature=1), 0, 1000, frozenset())
    [(ids, ending)] = run_batch(CBatch(small_image), [request])
    assert (len(ids), ending) == (31, "context")  # the last is written and not read


@pytest.mark.parametrize(
    ("prompt", "sampling"),
    [
        ((), {}),
        (tuple(range(32)), {}),
        ((-1,), {}),
        ((40,), {}),
        ((1,), {"temperature": -1.0}),
        ((1,), {"top_p": 1.5}),
    ],
)
def test_a_request_that_cannot_be_served_is_refused(small_image, prompt, sampling):
    engine = CBatch(small_image)
    made = Sampling.model_construct(**{**Sampling().model_dump(), **sampling})
    with pytest.raises(LilliputError):
        engine.begin(0, Request(prompt, made, 0, 5, frozenset()))
    engine.begin(0, Request((1,), GREEDY, 0, 5, frozenset()))  # the slot is still free


def test_logprobs_are_the_models_own(small_image):
    model = draw_model(SMALL)
    request = Request((1, 2), Sampling(temperature=0.5, top_k=3), 0, 6, frozenset(), logprobs=2)
    engine = CBatch(small_image, 2)
    engine.begin(1, request)
    [event] = engine.run(10)
    assert event.ending == "length"
    assert len(event.logprobs) == len(event.ids) == 6
    with torch.inference_mode():
        logits = model(torch.tensor([[1, 2, *event.ids]]))[0, 1:-1].log_softmax(-1)
    for row, id, told in zip(logits, event.ids, event.logprobs, strict=True):
        assert told.own == pytest.approx(float(row[id]), abs=1e-4)
        assert [i for i, _ in told.likeliest] == row.topk(2).indices.tolist()


def test_the_engine_takes_a_setup_apart(small_image):
    for wrong in ({"slots": 0}, {"width": 0}, {"width": 65}):
        with pytest.raises(LilliputError):
            NativeEngine(small_image, **wrong)
    engine = NativeEngine(small_image)
    with pytest.raises(LilliputError, match="slot"):
        engine.begin(1, [1], CRequest(0, 0, 1, 0, 1, 0, 1, 0))
    with pytest.raises(LilliputError, match="prompt"):
        engine.read(0, [1] * 33)


ACTIVATIONS = ("silu", "gelu", "gelu_tanh", "relu")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("gated", [True, False])
def test_every_activation_is_torchs_over_its_whole_range_on_every_processor(activation, gated):
    shape = {**TINY, "d_model": 32, "d_ff": 50}
    config = (
        LlamaConfig(**shape, n_kv_heads=1, gate=activation)
        if gated
        else GPT2Config(**shape, activation=activation)
    )
    model = draw_model(config)
    with torch.no_grad():
        into = model.blocks[0].mlp.gate if gated else model.blocks[0].mlp.up
        into.weight.mul_(5)  # hidden values from -15 to 15, about
    ids = list(range(10))
    with torch.inference_mode():
        expected = model(torch.tensor([ids]))[0].numpy()
    for name in kernel_names():
        engine = NativeEngine(engine_image(config, get_weights(model), "f32"), slots=1, width=7, kernels=name)
        logits = engine.read(0, ids, all_logits=True)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(logits / scale, expected / scale, atol=2e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activation_lets_what_is_no_number_through_on_every_processor(activation):
    """So a broken story ends as broken and is not told on."""
    config = GPT2Config(**TINY, activation=activation)
    weights = get_weights(draw_model(config))
    weights["blocks.0.mlp.up.bias"][3] = np.nan
    for name in kernel_names():
        engine = CBatch(engine_image(config, weights, "f32"), kernels=name)
        engine.begin(0, Request((1, 2), GREEDY, 0, 4, frozenset()))
        assert engine.run(5)[0].ending == "broken", name


@pytest.mark.parametrize("seed", range(5))
def test_what_an_engine_expects_are_the_greatest_of_its_logits(seed):
    config = draw_config(seed)
    engine = NativeEngine(engine_image(config, get_weights(draw_model(config)), "f32"), width=8)
    ids = np.random.default_rng(seed).integers(0, config.vocab_size, 30).astype(np.int32)
    logits = engine.read(0, ids.tolist(), all_logits=True).astype(np.float64)
    chances = np.exp(logits - logits.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    for top in (1, 7, config.vocab_size):
        likeliest, found = engine.expect(ids, top)
        assert likeliest.shape == found.shape == (30, top)
        np.testing.assert_array_equal(likeliest, np.argsort(-logits, axis=1, kind="stable")[:, :top])
        np.testing.assert_allclose(found, np.take_along_axis(chances, likeliest.astype(int), 1), rtol=1e-4)
    likeliest, _ = engine.expect(ids, 3, 9)
    np.testing.assert_array_equal(likeliest, np.argsort(-logits[:, :9], axis=1, kind="stable")[:, :3])
    for top, end in ((0, None), (config.vocab_size + 1, None), (4, 3), (1, config.vocab_size + 1)):
        with pytest.raises(LilliputError):
            engine.expect(ids, top, end)
