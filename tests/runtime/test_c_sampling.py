"""Drawing in C against the definition in lilliput.generation.sample, over few and many ids."""

import numpy as np
import pytest

from lilliput.formats.image import write_image
from lilliput.generation.batch import Request
from lilliput.generation.c_batch import CBatch
from lilliput.generation.sample import Sampling, kept_chances, penalised
from lilliput.models.config import GPT2Config
from lilliput.models.shapes import weight_shapes
from lilliput.runtime.native import kernel_names, library_path, place_image

pytestmark = pytest.mark.skipif(library_path() is None, reason="the C engine was not built (no compiler)")

CONTEXT = 1024
RANDOM = np.random.default_rng(5)
LOGITS = {
    f"{name}, {size} ids": make(size).astype(np.float32)
    for size in (50, 32_000)
    for name, make in {
        "peaked": lambda size: RANDOM.normal(0, 3.5, size),
        "flat": lambda size: RANDOM.normal(0, 0.7, size),
        "tied": lambda size: RANDOM.integers(-3, 4, size),
        "equal": lambda size: np.full(size, -2.0),
        "one": lambda size: np.where(np.arange(size) == 7, 40.0, -40.0),
    }.items()
}
SAMPLINGS = [
    Sampling(temperature=1),
    Sampling(temperature=1, top_p=0.90501),  # of equal ids no number has exactly this share
    Sampling(temperature=0.6, top_p=0.50501),
    Sampling(temperature=1.5, top_k=10),
    Sampling(temperature=1, min_p=0.1),
    Sampling(temperature=1, top_k=40, top_p=0.81, min_p=0.02),
    Sampling(temperature=1, top_p=0.0011),
]


def open_constant(logits, kernels=None):
    """An engine whose every answer is these logits, whatever was read."""
    config = GPT2Config(
        vocab_size=len(logits), d_model=16, n_layers=1, n_heads=1, d_ff=16, context=CONTEXT, tied=False
    )
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(config).items()}
    weights["norm.bias"][0] = 1
    weights["head.weight"][:, 0] = logits
    image = place_image(write_image(config, weights, lambda _, matrix: matrix))
    return CBatch(image, kernels=kernels)


def write(engine, sampling, seed, count):
    engine.begin(0, Request((1,), sampling, seed, count, frozenset()))
    ids = []
    while len(ids) < count:
        ids += engine.run(count)[0].ids
    return ids


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
@pytest.mark.parametrize("logits", LOGITS.values(), ids=LOGITS)
def test_draws_follow_the_definition(logits, sampling):
    engine = open_constant(logits)
    drawn = np.concatenate([write(engine, sampling, seed, CONTEXT - 1) for seed in range(10)])
    kept, chances = kept_chances(logits, sampling)
    rank = np.full(len(logits), len(logits))
    order = np.argsort(-logits.astype(np.float64), kind="stable")
    rank[order] = np.arange(len(logits))
    assert rank[drawn].max() <= len(kept), "only the rounding of a sum may let in the next id"
    expected, observed = in_bins(chances * len(drawn), np.bincount(rank[drawn], minlength=len(kept)))
    if len(expected) > 1:
        distance = float(((observed - expected) ** 2 / expected).sum())  # Pearson 1900
        freedom = len(expected) - 1
        assert distance < freedom + 5 * (2 * freedom) ** 0.5 + 10


def in_bins(expected, counts):
    """Neighbouring ranks together until at least 20 draws are expected; what is over joins the last bin."""
    counts = np.concatenate([counts[: len(expected) - 1], [counts[len(expected) - 1 :].sum()]])
    bins = np.floor(np.concatenate([[0], expected.cumsum()[:-1]]) / 20).astype(int)
    bins = np.unique(bins, return_inverse=True)[1]
    sums = np.bincount(bins, expected), np.bincount(bins, counts)
    if len(sums[0]) > 1 and sums[0][-1] < 10:
        sums = tuple(np.concatenate([each[:-2], [each[-2:].sum()]]) for each in sums)
    return sums


@pytest.mark.parametrize("kernels", kernel_names()[1:] if library_path() else [])
@pytest.mark.parametrize("logits", LOGITS.values(), ids=LOGITS)
def test_every_kind_of_processor_draws_alike(logits, kernels):
    engines = open_constant(logits), open_constant(logits, kernels)
    sampling = Sampling(temperature=1, top_k=300, top_p=0.91, min_p=0.001)
    first, second = (np.array(write(engine, sampling, 0, CONTEXT - 1)) for engine in engines)
    assert (first == second).mean() > 0.99  # a draw at a boundary may fall to either side


@pytest.mark.parametrize("seed", range(3))
def test_draws_differ_by_seed_and_are_the_same_for_the_same(seed):
    engine = open_constant(LOGITS["flat, 50 ids"])
    first = write(engine, SAMPLINGS[0], seed, 100)
    assert write(engine, SAMPLINGS[0], seed, 100) == first
    assert write(engine, SAMPLINGS[0], seed + 1, 100) != first


@pytest.mark.parametrize("shift", [0, -20])  # a negative logit is multiplied, a positive one divided
@pytest.mark.parametrize("penalty", [1.1, 2.0])
def test_the_repetition_penalty_is_the_definitions(penalty, shift):
    logits = LOGITS["peaked, 50 ids"] + np.float32(shift)
    read = [1]
    for _ in range(100):
        read.append(int(penalised(logits, read, penalty).argmax()))
    sampling = Sampling(temperature=0, repetition_penalty=penalty)
    assert write(open_constant(logits), sampling, 0, 100) == read[1:]
    assert len(set(read[1:])) > 1


def test_a_penalised_draw_follows_the_definition():
    logits = LOGITS["peaked, 50 ids"]
    sampling = Sampling(temperature=1, top_p=0.95, repetition_penalty=3)
    engine = open_constant(logits)
    seen = [int(logits.argmax()), int(logits.argmin())]
    drawn = []
    for seed in range(3000):
        engine.begin(0, Request(tuple(seen), sampling, seed, 1, frozenset()))
        drawn += engine.run(1)[0].ids
    kept, chances = kept_chances(penalised(logits, seen, 3), sampling)
    counts = np.bincount(drawn, minlength=len(logits))
    assert counts[kept].sum() == len(drawn)
    assert abs(counts[kept] / len(drawn) - chances).max() < 0.03
