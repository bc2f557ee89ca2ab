"""Whole models on a Game Boy: every logit of every token is the reference's, whatever the shape."""

import numpy as np
import pytest

from lilliput.errors import ConfigError
from lilliput.models.config import LlamaConfig
from lilliput.quantize.draw import make_int_sampler, plan_draws
from lilliput.quantize.reference import Reference
from lilliput.quantize.settings import CARTRIDGE

SMALL = {"d_model": 24, "d_ff": 44, "context": 40, "n_heads": 3, "n_kv_heads": 1}
SHAPES = {
    "small": (LlamaConfig(vocab_size=61, n_layers=2, **SMALL), ("window=12",)),
    "one layer, all positions": (LlamaConfig(vocab_size=100, n_layers=1, **SMALL), ("window=0",)),
    "wide heads": (
        LlamaConfig(vocab_size=300, d_model=32, n_layers=2, d_ff=50, context=60, n_heads=2, n_kv_heads=2),
        ("window=20", "value_bits=4", "key_bits=6"),
    ),
    "logits in a bank of their own": (
        LlamaConfig(
            vocab_size=2048, d_model=48, n_layers=1, d_ff=31, context=30, n_heads=6, n_kv_heads=2, gate="relu"
        ),
        ("window=9",),
    ),
    "values in work memory": (
        LlamaConfig(vocab_size=90, d_model=64, n_layers=5, d_ff=90, context=140, n_heads=8, n_kv_heads=4),
        ("window=128",),
    ),
    "another activation, few bits": (
        LlamaConfig(
            vocab_size=128, d_model=40, n_layers=3, d_ff=64, context=50, n_heads=5, n_kv_heads=5, gate="gelu"
        ),
        ("window=16", "bits=2.5", "value_bits=4"),
    ),
}


@pytest.fixture(scope="session")
def models(load):
    """The module model_roms.py."""
    return load("deploy/gameboy/model_roms.py")


@pytest.fixture(params=SHAPES)
def model(request, integers):
    """A model of random weights, some of them far from the others."""
    config, settings = SHAPES[request.param]
    config = config.model_copy(update={"tied": False})
    weights = integers.draw_weights(config)
    random = np.random.default_rng(len(request.param))
    weights = {
        name: matrix * np.where(random.random(matrix.shape) < 0.01, 5, 1).astype(np.float32)
        for name, matrix in weights.items()
    }
    return integers.quantized(config, *CARTRIDGE, *settings, weights=weights).model


@pytest.mark.parametrize("first_rows", [True, False])
def test_every_logit_and_every_draw_is_the_references(emulators, models, model, first_rows):
    plans = [plan_draws(heat, 0, 1.0, 0.0, model.logit_bits) for heat in (0, 0.9)]
    random = np.random.default_rng(1)
    with models.ModelBench(emulators, model, plans, ends=(), first_rows=first_rows) as bench:
        for seed, beginning in ((1, []), (40000, random.integers(0, model.config.vocab_size, 7).tolist())):
            bench.begin(beginning, temperature=1, seed=seed)
            reference, sample = Reference(model, checked=True), make_int_sampler(plans[1], seed)
            cache = reference.start()
            ids = [1, *beginning]
            for _ in range(16):
                logits = reference.read(np.array(ids), cache, last_only=True)[0]
                drawn = bench.next()
                assert bench.logits().tolist() == logits.tolist()
                ids = [sample(logits)]
                assert drawn == ids[0]


def test_a_story_ends_where_the_model_ends_it_or_the_context_is_full(emulators, models, integers):
    config = LlamaConfig(vocab_size=61, n_layers=1, **SMALL).model_copy(update={"tied": False})
    model = integers.quantized(config, *CARTRIDGE, "window=12").model
    hot = plan_draws(1.0, 0, 1.0, 0.0, model.logit_bits)
    told = []
    sample, reference = make_int_sampler(hot, 3), Reference(model)
    cache, ids = reference.start(), [1]
    while cache.length + len(ids) <= config.context:
        logits = reference.read(np.array(ids), cache, last_only=True)[0]
        told.append(sample(logits))
        ids = [told[-1]]
    with models.ModelBench(emulators, model, [hot], ends=()) as bench:
        bench.begin([], seed=3)
        assert [bench.next() for _ in range(config.context + 2)] == [*told, None, None]
    last = told[20]
    with models.ModelBench(emulators, model, [hot], ends=(last, 60000)) as bench:
        bench.begin([], seed=3)
        assert [bench.next() for _ in range(told.index(last) + 1)] == [*told[: told.index(last)], None]


def test_models_without_room_are_refused_by_what_is_too_great(emulators, models, integers):
    many = LlamaConfig(vocab_size=2100, n_layers=1, **SMALL).model_copy(update={"tied": False})
    with pytest.raises(ConfigError, match="2,100 tokens: a cartridge has room for the logits of 2,048"):
        models.ModelBench(emulators, integers.quantized(many, *CARTRIDGE, "window=12").model, [])
    wide = {**SMALL, "d_ff": 1200}
    config = LlamaConfig(vocab_size=61, n_layers=1, **wide).model_copy(update={"tied": False})
    with pytest.raises(ConfigError, match=r"d_ff 1200 .* choose less"):
        models.ModelBench(emulators, integers.quantized(config, *CARTRIDGE, "window=12").model, [])
    long = LlamaConfig(
        vocab_size=61, n_layers=6, d_model=64, d_ff=64, context=200, n_heads=8, n_kv_heads=8, tied=False
    )
    with pytest.raises(ConfigError, match="a shorter window"):
        models.ModelBench(emulators, integers.quantized(long, *CARTRIDGE, "window=128").model, [])
