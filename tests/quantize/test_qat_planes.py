"""Weights in planes that learn: the grid is kept, and what comes out is the model that was made first."""

import numpy as np
import pytest

from lilliput.errors import ConfigError
from lilliput.models.config import LlamaConfig
from lilliput.quantize.cartridge_bounds import check_cartridge
from lilliput.quantize.observe import observe
from lilliput.quantize.ptq import Quantized, quantize
from lilliput.quantize.qat_planes import PlaneGrid, begin_rounded
from lilliput.quantize.settings import CARTRIDGE, QuantizeSettings

SMALL = {"vocab_size": 61, "d_model": 24, "n_layers": 2, "d_ff": 44, "context": 40}
SHAPES = [
    LlamaConfig(**SMALL, n_heads=4, n_kv_heads=2),
    LlamaConfig(**SMALL, n_heads=3, n_kv_heads=1, tied=False),
]


def made(config: LlamaConfig, weights, stories, *settings: str) -> Quantized:
    wish = QuantizeSettings().with_settings([*CARTRIDGE, "window=12", *settings])
    return quantize(config, weights, stories, wish)


@pytest.fixture(params=SHAPES, ids=["tied", "untied"])
def begun(request, weights_of, stories_of):
    config = request.param
    weights, stories = weights_of(config), stories_of(config)
    first = made(config, weights, stories)
    return config, weights, stories, first, begin_rounded(config, weights, first)


def test_learning_begins_at_the_integers_of_rounding_afterwards(begun):
    _, _, _, first, rounded = begun
    for (name, before), (_, after) in zip(
        first.model.iter_matrices(), rounded.integers(rounded.weights).iter_matrices(), strict=True
    ):
        np.testing.assert_array_equal(after.values, before.values, err_msg=name)
        np.testing.assert_array_equal(after.shifts, before.shifts, err_msg=name)


def test_but_for_the_rounding_it_is_the_float_model_with_one_unit_in_all_channels(begun):
    config, weights, stories, first, rounded = begun
    free = dict(rounded.weights)
    for (
        name,
        grid,
    ) in rounded.grids.items():  # `near` moved weights; where they were is within half a cell of here
        values = dict(first.model.iter_matrices())[name.removesuffix(".weight")].values
        assert np.abs(free[name] - values * grid.steps).max() < 1.001 * grid.steps.max()
        powers = np.log2(grid.steps / grid.steps.min())
        assert np.allclose(powers, np.rint(powers), atol=1e-3)  # rows that were too great have twice the step
        assert np.allclose(grid.steps, grid.steps[:, :1], rtol=1e-5)
    before = observe(config, weights, stories).nats
    after = observe(rounded.config, free, stories).nats
    assert after == pytest.approx(before, rel=0.05)
    for layer in rounded.grain.layers:
        assert all(np.ndim(unit) == 0 for unit in vars(layer).values())


def test_whatever_is_learnt_has_no_more_planes_and_16_bits_hold_it(begun):
    _, _, _, first, rounded = begun
    random, weights = np.random.default_rng(0), dict(rounded.weights)
    for name, grid in rounded.grids.items():
        weights[name] = weights[name] * 3 + random.normal(0, 0.3, weights[name].shape).astype(np.float32)
        grid.learn(weights[name], np.zeros_like(weights[name]), 1.0)
        rounded_once = grid.round(weights[name])
        np.testing.assert_array_equal(grid.round(rounded_once), rounded_once)
        weights[name] = rounded_once
    model = rounded.integers(weights)
    check_cartridge(model)
    for (_, before), (name, after) in zip(
        first.model.iter_matrices()[1:], model.iter_matrices()[1:], strict=True
    ):
        assert (after.count_planes <= before.count_planes).all()
        assert (after.values & 1).all()
        np.testing.assert_allclose(
            after.values * rounded.grids[f"{name}.weight"].steps, weights[f"{name}.weight"], rtol=1e-5
        )


def test_weights_far_beyond_the_grid_are_held_near_it(begun):
    rounded = begun[-1]
    name, grid = next(iter(rounded.grids.items()))
    assert isinstance(grid, PlaneGrid)
    behind = rounded.weights[name] * 100
    grid.learn(behind, np.zeros_like(behind), 1.0)
    assert np.abs(behind / grid.steps).max() <= 128.01


def test_gains_do_not_learn(begun):
    rounded = begun[-1]
    assert set(rounded.held) == {
        "norm.weight",
        *(f"blocks.{n}.norm{k}.weight" for n in (0, 1) for k in (1, 2)),
    }
    for name, held in rounded.held.items():
        np.testing.assert_array_equal(held.round(rounded.weights[name] + 1), np.ones(24))


def test_matrices_without_planes_are_refused(weights_of, stories_of):
    config = SHAPES[1]
    first = made(config, weights_of(config), stories_of(config), "head=int8")
    with pytest.raises(ConfigError, match="head is int8"):
        begin_rounded(config, weights_of(config), first)
