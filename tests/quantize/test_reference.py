"""The integer forward pass: the same however it is cut, near the floats it was made of, within 32 bits."""

from dataclasses import replace

import numpy as np
import pytest

from lilliput.errors import ConfigError
from lilliput.formats.llama2c import read_llama2c
from lilliput.models.config import GPT2Config, LlamaConfig, Qwen3Config
from lilliput.quantize.bounds import check_bounds
from lilliput.quantize.fixed import exact_product
from lilliput.quantize.intmodel import KIND_LIMITS, IntModel
from lilliput.quantize.observe import costs_of, observe
from lilliput.quantize.ptq import quantize
from lilliput.quantize.reference import IntCache, Reference
from lilliput.quantize.scaling import split_ratios
from lilliput.quantize.settings import QuantizeSettings
from lilliput.tokens import load_tokenizer

CONFIG = Qwen3Config(
    vocab_size=61, d_model=24, n_layers=2, d_ff=44, context=40, n_heads=2, n_kv_heads=1, d_head=12
)
FORMATS = [
    (),
    ("blocks=all", "weights=int4", "embed=int8"),
    ("blocks=static", "weights=ternary", "scales=shift"),
    ("activation_bits=16",),
    ("activation_bits=9", "key_bits=6", "value_bits=4", "query_bits=12", "chance_bits=6", "gate_bits=8"),
]


@pytest.mark.parametrize("settings", FORMATS, ids=lambda settings: ",".join(settings) or "int8")
def test_token_by_token_and_all_at_once_give_the_same_numbers(config, make, settings, stories_of):
    model = make(config, *settings).model
    reference, ids = Reference(model, checked=True), stories_of(config, 1, seed=5)[0]
    whole = reference.read(ids, IntCache(model))
    one_by_one, in_parts = IntCache(model), IntCache(model)
    singly = [reference.read(ids[n : n + 1], one_by_one)[0] for n in range(len(ids))]
    np.testing.assert_array_equal(np.stack(singly), whole)
    reference.read(ids[:3], in_parts)
    np.testing.assert_array_equal(reference.read(ids[3:], in_parts, last_only=True), whole[-1:])
    np.testing.assert_array_equal(one_by_one.keys, in_parts.keys)


@pytest.mark.parametrize("score_shift", [20, 27, 28, 29, 31])
def test_what_is_hidden_counts_nothing_at_any_score_shift(config, make, stories_of, score_shift):
    made = make(config).model
    layers = tuple(replace(layer, score_shift=score_shift) for layer in made.layers)
    model, ids = replace(made, layers=layers), stories_of(config, 1, seed=5)[0]
    check_bounds(model)
    reference, cache = Reference(model), IntCache(model)
    singly = [reference.read(ids[n : n + 1], cache)[0] for n in range(len(ids))]
    np.testing.assert_array_equal(np.stack(singly), reference.read(ids, IntCache(model)))


def test_a_later_token_changes_no_earlier_logit(config, make, stories_of):
    model = make(config).model
    reference, ids = Reference(model), stories_of(config, 1, seed=6)[0]
    changed = ids.copy()
    changed[-1] = (changed[-1] + 1) % config.vocab_size
    before, after = (reference.read(each, IntCache(model)) for each in (ids, changed))
    np.testing.assert_array_equal(before[:-1], after[:-1])
    assert (before[-1] != after[-1]).any()


def test_wide_formats_come_close_to_the_floats(config, make, weights_of, stories_of):
    weights = weights_of(config)
    quantized = make(config, "activation_bits=14", "gate_bits=13", "blocks=all", weights=weights)
    stories = stories_of(config, 6)
    seen = observe(config, weights, stories)
    nats = sum(
        costs_of(
            Reference(quantized.model).read(s, IntCache(quantized.model))[: len(s) - 1]
            / 2.0**quantized.model.logit_bits,
            s[1:],
        ).sum()
        for s in stories
    )
    assert abs(nats - seen.nats) / seen.tokens < 0.02
    assert max(report.by_both for report in quantized.reports) < 0.03


def test_the_float_forward_pass_agrees_with_torch(config, weights_of, stories_of):
    torch = pytest.importorskip("torch")
    from lilliput.models.weights import model_with_weights

    weights, story = weights_of(config), stories_of(config, 1)[0]
    with torch.inference_mode():
        logits = model_with_weights(config, weights)(torch.from_numpy(story)[None])[0].numpy()
    costs = costs_of(logits[:-1], story[1:]).sum()
    assert observe(config, weights, [story]).nats == pytest.approx(costs, rel=1e-5)


def fill_with_worst(model: IntModel) -> None:
    """Weights at their limits, signs at random; rows are rescaled so that results are of the same size."""
    random = np.random.default_rng(1)
    both = [*model.iter_matrices(), *([("head", model.head)] if model.config.tied else [])]
    before = [matrix.row_bounds for _, matrix in both]
    for _, matrix in model.iter_matrices():
        limit = KIND_LIMITS[matrix.kind]
        matrix.values[:] = random.choice([-limit, limit], matrix.values.shape)
    for (name, matrix), rows in zip(both, before, strict=True):
        ratios, bounds = matrix.multipliers / 2.0**matrix.shifts, matrix.row_bounds
        if name == "embed":  # no sum
            bounds = np.full(len(ratios), KIND_LIMITS[matrix.kind])
        else:
            ratios = ratios * rows / bounds
        matrix.multipliers[:], matrix.shifts[:] = split_ratios(ratios, bounds, name, matrix.most_down)


@pytest.mark.parametrize("settings", FORMATS, ids=lambda settings: ",".join(settings) or "int8")
def test_worst_inputs_stay_within_the_bounds(config, make, settings, stories_of):
    """Weights at their limits, cache and inputs saturated: checked mode holds every step to its width."""
    model = make(config, *settings).model
    fill_with_worst(model)
    check_bounds(model)  # none is refused
    reference, cache = Reference(model, checked=True), IntCache(model)
    for ids in stories_of(config, 3, seed=2):
        reference.read(ids, IntCache(model))
    for layer in range(config.n_layers):
        cache.keys[layer] = model.layers[layer].k_limit
        cache.values[layer] = -model.layers[layer].v.output_limit
    cache.length = config.context - 1
    reference.read(np.array([0]), cache)


def test_a_rows_bound_is_reached_by_its_worst_input(config, make):
    matrix = make(config).model.layers[0].down
    worst = np.sign(matrix.values[0].astype(np.int64)) * matrix.input_limit
    sums = exact_product(worst[np.newaxis], matrix.values.astype(np.float64))
    assert sums[0, 0] == matrix.row_bounds[0] == matrix.row_bounds[0].clip(max=2**31 - 1)


def test_a_model_that_could_overflow_is_refused_with_the_bound_named(make):
    model = make(CONFIG, "activation_bits=16").model
    check_bounds(model)
    layer = model.layers[1]
    long = np.full((24, 600), 127, np.int8)  # 600 * 127 * 32767 is above 2**31
    wide = replace(layer, down=replace(layer.down, values=long))
    with pytest.raises(ConfigError, match=r"blocks\.1\.mlp\.down sums may reach [\d,]+, above 2,147,483,647"):
        check_bounds(replace(model, layers=(model.layers[0], wide)))
    with pytest.raises(ConfigError, match=r"blocks\.0\.attn\.values may reach"):
        check_bounds(replace(model, config=CONFIG.model_copy(update={"context": 1040})))
    with pytest.raises(ConfigError, match=r"head's greatest weight is 3, and may be 0 to 1"):
        check_bounds(
            replace(model, head=replace(model.head, kind="ternary", values=model.head.values * 0 + 3))
        )


def test_a_factor_that_leaves_32_bits_is_refused_and_a_tight_one_gets_fewer_bits():
    with pytest.raises(ConfigError, match="o: a row's sum may reach 2,147,483,647, and times 4 it leaves"):
        split_ratios(np.array([4.0]), np.array([2**31 - 1]), "o")
    multipliers, shifts = split_ratios(np.array([0.7, 0.7, 1e-12]), np.array([100, 2**28, 1]), "o")
    np.testing.assert_allclose(multipliers[:2] / 2.0 ** shifts[:2], 0.7, rtol=0.1)
    assert 2**28 * int(multipliers[1]) + 2 ** (int(shifts[1]) - 1) < 2**31
    assert multipliers[2] >= 1
    assert shifts[2] <= 46


@pytest.mark.parametrize("context", [3000, 70])
def test_long_contexts_get_coarser_chances_instead_of_an_overflow(make, context):
    model = make(CONFIG.model_copy(update={"context": context, "d_head": 512})).model
    assert context * 2**model.chance_bits * 127 < 2**31
    assert 512 * model.layers[0].q_limit * model.layers[0].k_limit < 2**30


def test_other_families_and_missing_stories_are_refused(weights_of):
    gpt2 = GPT2Config(vocab_size=20, d_model=8, n_layers=1, d_ff=8, context=16, n_heads=2)
    with pytest.raises(ConfigError, match="llama and qwen3; this model is gpt2"):
        quantize(gpt2, {}, [np.arange(4)], QuantizeSettings())
    llama = LlamaConfig(vocab_size=20, d_model=8, n_layers=1, d_ff=8, context=16, n_heads=2, n_kv_heads=1)
    with pytest.raises(ConfigError, match="at least one story"):
        quantize(llama, weights_of(llama), [], QuantizeSettings())


def test_stories260k_in_int8_loses_at_most_a_two_hundredth_nat(shared):
    config, weights = read_llama2c(shared / "models/stories260K.bin")
    tokenizer = load_tokenizer(shared / "tokenizers/tok512.model")

    def read(name: str, first: int, count: int) -> list[np.ndarray]:
        with (shared / "data" / name).open(encoding="utf-8") as file:
            texts = file.read(200_000).split("<|endoftext|>")[first : first + count]
        return [np.array([1, *tokenizer.encode(text.strip()), 1])[:200] for text in texts]

    quantized = quantize(config, weights, read("tinystories-train.txt", 0, 16), QuantizeSettings())
    stories = read("tinystories-valid.txt", 0, 30)
    seen, reference, nats = observe(config, weights, stories), Reference(quantized.model), 0.0
    for story in stories:
        logits = reference.read(story, IntCache(quantized.model))[:-1]
        nats += float(costs_of(logits / 2.0**quantized.model.logit_bits, story[1:]).sum())
    assert nats / seen.tokens - seen.nats / seen.tokens < 0.005
    assert quantized.worst.name.endswith("mlp.down")
