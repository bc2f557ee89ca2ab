"""Training with rounded weights: slopes are those of straight-through rounding, integers are what learnt."""

import numpy as np
import pytest

from lilliput.models.config import LlamaConfig, Qwen3Config
from lilliput.quantize.intmodel import KIND_LIMITS, IntConfig
from lilliput.quantize.observe import observe
from lilliput.quantize.ptq import quantize
from lilliput.quantize.qat import STEP_RATES, Grid, even_out, make_grids
from lilliput.quantize.rounding import round_rows
from lilliput.quantize.settings import QuantizeSettings

SMALL = {"vocab_size": 61, "d_model": 24, "n_layers": 2, "d_ff": 44, "context": 40}
FAMILIES: list[IntConfig] = [
    Qwen3Config(**SMALL, n_heads=4, n_kv_heads=2, d_head=10),
    LlamaConfig(**SMALL, n_heads=4, n_kv_heads=2, tied=False),
]


def settings(*wanted: str) -> QuantizeSettings:
    return QuantizeSettings().with_settings(["embed=int8", "head=int8", *wanted])


@pytest.mark.parametrize("kind", ["int4", "ternary"])
def test_a_grids_slopes_are_those_of_torch_with_rounding_taken_as_nothing(kind):
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    matrix, read = (
        random.normal(size=(6, 20)).astype(np.float32),
        random.normal(size=(20, 9)).astype(np.float32),
    )
    grid, limit = Grid(matrix, kind), KIND_LIMITS[kind]
    before = grid.steps.copy()
    steps = torch.tensor(before, requires_grad=True)
    scaled = torch.clamp(torch.tensor(matrix) / steps, -limit, limit)
    rounded = (scaled + (scaled.round() - scaled).detach()) * steps
    rounded.retain_grad()
    assert np.allclose(rounded.detach().numpy(), grid.round(matrix), atol=1e-6)
    (rounded @ torch.tensor(read)).square().sum().backward()
    grid.learn(matrix, rounded.grad.numpy(), 1.0)
    # the first step of Adam is as long as its rate, against the slope
    assert np.allclose(
        np.log(grid.steps / before), -STEP_RATES[kind] * np.sign(steps.grad.numpy()), atol=1e-5
    )


@pytest.mark.parametrize("config", FAMILIES, ids=lambda config: config.family)
def test_evened_out_weights_are_the_same_function_with_inputs_of_one_range(config, weights_of, stories_of):
    weights, stories = weights_of(config), stories_of(config)
    first = quantize(config, weights, stories, settings())
    even = even_out(config, weights, first.units)
    before, after = (observe(config, each, stories) for each in (weights, even))
    assert after.nats == pytest.approx(before.nats, rel=1e-5)
    for layer in first.units:
        assert not np.allclose(first.units[layer], first.units[layer][0])
    again = quantize(config, even, stories, settings("units=even"))
    for units in again.units.values():
        assert np.allclose(units, units[0])


@pytest.mark.parametrize("kind", ["int4", "ternary"])
@pytest.mark.parametrize("config", FAMILIES, ids=lambda config: config.family)
def test_integers_are_the_very_weights_that_learnt(config, kind, weights_of, stories_of):
    weights, stories, wish = weights_of(config), stories_of(config), settings(f"weights={kind}")
    first = quantize(config, weights, stories, settings(f"weights={kind}", "rounding=nearest"))
    weights = even_out(config, weights, first.units)
    grids = make_grids(weights, wish)
    random = np.random.default_rng(0)
    for name, grid in grids.items():
        for _ in range(20):  # steps that no search would have chosen
            grid.learn(weights[name], random.normal(size=weights[name].shape).astype(np.float32), 1.0)
    computed = weights | {name: grid.round(weights[name]) for name, grid in grids.items()}
    model = quantize(config, computed, stories, wish.with_settings(["rounding=nearest", "units=even"])).model
    matrices = dict(model.iter_matrices())
    assert {f"{name}.weight" for name, matrix in matrices.items() if matrix.kind == kind} == set(grids)
    for name, grid in grids.items():
        matrix = matrices[name.removesuffix(".weight")]
        trained = np.rint(computed[name] / grid.steps)
        # a row may be said with twice the step and half the whole numbers: their product is what counts
        share = np.abs(trained).max(1) / np.maximum(np.abs(matrix.values).max(1), 1)
        assert np.array_equal(matrix.values * share[:, np.newaxis], trained)
        steps = grid.steps[:, 0] * share
        said = matrix.multipliers / np.exp2(matrix.shifts.astype(float))
        unit = said / steps
        used = np.abs(trained).max(1) > 0
        if name.endswith(("attn.o.weight", "mlp.down.weight")):  # all rows answer in one unit
            assert np.allclose(unit[used], unit[used][0], rtol=2.0**-11)  # multipliers have 12 bits


def test_rows_that_are_rounded_are_rounded_to_themselves():
    random = np.random.default_rng(0)
    for kind, limit in KIND_LIMITS.items():
        if kind == "planes":  # has no rows' steps
            continue
        whole = random.integers(-limit, limit + 1, (40, 16))
        if kind == "int8":
            whole[:, 0] = limit
        matrix = whole * random.uniform(0.01, 3, (40, 1))
        assert np.allclose(round_rows(matrix, kind, method="nearest").restored(), matrix, rtol=1e-6)


def test_int8_is_left_to_be_rounded_afterwards(weights_of):
    weights = weights_of(FAMILIES[0])
    assert make_grids(weights, settings()) == {}
    assert set(make_grids(weights, settings("down=ternary"))) == {
        "blocks.0.mlp.down.weight",
        "blocks.1.mlp.down.weight",
    }
