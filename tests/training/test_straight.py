"""A step that computes with rounded weights and learns those behind them."""

import numpy as np
import pytest

from lilliput.errors import LilliputError
from lilliput.models.config import Qwen3Config
from lilliput.runtime import native
from lilliput.stories.batches import Batch
from lilliput.training.init import initial_weights
from lilliput.training.plan import TrainPlan
from lilliput.training.step_c import CStep
from lilliput.training.straight import StraightThrough

CONFIG = Qwen3Config(
    vocab_size=40, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_head=8, d_ff=24, context=16
)
PLAN = TrainPlan(tokens=1000, batch_tokens=64, learning_rate=1e-2, threads=1, step="c", precision="float32")
GRIDDED = [f"blocks.{n}.{part}.weight" for n in (0, 1) for part in ("attn.q", "mlp.down")]
needs_c = pytest.mark.skipif(native.library_path() is None, reason="the C engine is not built")


class Eighths:
    """Weights are whole eighths; remembers what it was told to learn from."""

    def __init__(self) -> None:
        self.told: list[tuple[np.ndarray, np.ndarray, float]] = []

    def round(self, matrix: np.ndarray) -> np.ndarray:
        return np.rint(matrix * 8) / 8

    def learn(self, matrix: np.ndarray, slopes: np.ndarray, factor: float) -> None:
        self.told.append((matrix.copy(), slopes.copy(), factor))


def batch(seed: int = 0) -> Batch:
    random = np.random.default_rng(seed)
    rows = [random.integers(0, CONFIG.vocab_size, size) for size in (17, 9, 12)]
    return Batch(rows, sum(len(row) - 1 for row in rows), 0)


def steps_of(engine: str):
    weights = initial_weights(CONFIG, 0)
    if engine == "c":
        return CStep(CONFIG, PLAN, 0, start=weights)
    pytest.importorskip("torch")
    from lilliput.training.step_torch import TorchStep

    return TorchStep(CONFIG, PLAN.model_copy(update={"step": "torch", "device": "cpu"}), 0, start=weights)


@needs_c
@pytest.mark.parametrize("engine", ["c", "torch"])
def test_slopes_are_torchs_with_the_rounding_taken_as_nothing(engine):
    torch = pytest.importorskip("torch")
    from lilliput.models import build_model
    from lilliput.models.weights import set_weights

    grids = {name: Eighths() for name in GRIDDED}
    step = StraightThrough(steps_of(engine), grids)
    model = build_model(CONFIG)
    set_weights(model, initial_weights(CONFIG, 0))
    behind = {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}
    computed = {
        name: p + ((p * 8).round() / 8 - p).detach() if name in GRIDDED else p for name, p in behind.items()
    }
    data = batch()
    cost = 0
    for row in data.rows:
        ids = torch.tensor(row)[None]
        logits = torch.func.functional_call(model, computed, (ids[:, :-1],))
        cost += torch.nn.functional.cross_entropy(logits[0], ids[0, 1:], reduction="sum")
    (cost / data.targets).backward()
    norm = float(torch.stack([p.grad.square().sum() for p in behind.values()]).sum().sqrt())
    result = step.learn(data, 1.0)
    assert result.nats == pytest.approx(cost.item(), rel=1e-5)
    assert result.gradient_norm == pytest.approx(norm, rel=1e-4)
    shorter = min(1.0, PLAN.clip / norm) if engine == "torch" else 1.0  # torch's are clipped in their place
    for name in GRIDDED:
        _, slopes, factor = grids[name].told[0]
        assert factor == 1.0
        assert np.allclose(slopes, behind[name].grad.numpy() * shorter, atol=1e-5)


@needs_c
@pytest.mark.parametrize("engine", ["c", "torch"])
def test_what_a_step_changes_is_changed_of_the_weights_behind(engine):
    plain, grids = steps_of(engine), {name: Eighths() for name in GRIDDED}
    start = initial_weights(CONFIG, 0)
    step = StraightThrough(steps_of(engine), grids)
    places = plain.places()
    for name in GRIDDED:
        places[name][:] = grids[name].round(start[name])
    plain.refresh()
    first = {name: array.copy() for name, array in plain.weights().items()}
    plain.learn(batch(), 0.5)
    step.learn(batch(), 0.5)
    for name, after in step.weights().items():
        moved = plain.weights()[name]
        if name in GRIDDED:
            behind = start[name] + (moved - first[name])
            assert np.allclose(grids[name].told[0][0], behind, atol=1e-7)
            assert np.array_equal(after, grids[name].round(grids[name].told[0][0]))
        else:
            assert np.array_equal(after, moved)


@needs_c
def test_rounded_weights_learn():
    step = StraightThrough(steps_of("c"), {name: Eighths() for name in GRIDDED})
    data = batch()
    costs = [step.learn(data, 1.0).nats for _ in range(40)]
    assert costs[-1] < 0.7 * costs[0]
    for name in GRIDDED:
        assert np.array_equal(step.weights()[name] * 8, np.rint(step.weights()[name] * 8))


@needs_c
def test_it_is_not_resumed():
    step = StraightThrough(steps_of("c"), {})
    with pytest.raises(LilliputError, match="cannot be resumed"):
        step.load_state(step.state())
