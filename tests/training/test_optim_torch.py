"""Muon moves matrices along orthogonal ones; AdamW moves the rest."""

import numpy as np
import pytest
import torch

from lilliput.models import LlamaConfig, ModelConfig
from lilliput.stories.batches import Batch
from lilliput.training.optim_torch import Muon, Optimizers, orthogonalise
from lilliput.training.plan import TrainPlan
from lilliput.training.step_torch import TorchStep

SHAPES = [(16, 16), (48, 16), (16, 48), (1, 8), (8, 1)]
PLAN = TrainPlan(tokens=1000, device="cpu", optimizer="muon", threads=1)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_update_keeps_its_directions_and_gets_singular_values_near_one(shape: tuple[int, int]) -> None:
    given = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    made = orthogonalise(torch.from_numpy(given)[None])[0].numpy()
    u, s, vt = np.linalg.svd(given, full_matrices=False)
    kept = u.T @ made @ vt.T  # diagonal, where the singular vectors stay
    values = np.diag(kept)
    seen = s / s.max() > 0.02  # what is nearer to zero takes more iterations
    assert np.abs(kept - np.diag(values)).max() < 1e-4
    assert (values[seen] > 0.6).all()
    assert (values < 1.3).all()


def test_the_iterations_are_those_of_the_polynomial_on_singular_values() -> None:
    """numpy's statement of what Newton-Schulz does, by the singular value decomposition."""
    given = np.random.default_rng(1).standard_normal((24, 40))
    u, s, vt = np.linalg.svd(given, full_matrices=False)
    s = s / (np.linalg.norm(given) + 1e-7)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    for matrix, wanted in ((given, u * s @ vt), (given.T, (u * s @ vt).T)):
        made = orthogonalise(torch.from_numpy(matrix.astype(np.float32).copy())[None])[0]
        np.testing.assert_allclose(made.numpy(), wanted, atol=2e-5)


def test_a_matrix_of_zeros_stays_one() -> None:
    assert not orthogonalise(torch.zeros(1, 4, 4)).any()


def reference(weights: np.ndarray, gradients: list[np.ndarray], rate: float, decay: float) -> np.ndarray:
    """The definition, one matrix at a time, in numpy."""
    momentum = np.zeros_like(weights)
    for gradient in gradients:
        momentum = 0.95 * momentum + 0.05 * gradient
        u = 0.95 * momentum + 0.05 * gradient
        x = u if u.shape[0] <= u.shape[1] else u.T
        x = x / (np.linalg.norm(x) + 1e-7)
        for _ in range(5):
            a = x @ x.T
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
        u = x if u.shape[0] <= u.shape[1] else x.T
        rows, columns = weights.shape
        weights = weights * (1 - rate * decay) - rate * np.sqrt(max(1.0, rows / columns)) * u
    return weights


def test_muon_is_its_definition_for_each_matrix_and_each_expert() -> None:
    random = np.random.default_rng(2)
    shapes = {"a": (12, 8), "b": (8, 12), "c": (12, 8), "experts": (3, 6, 8)}
    begin = {name: random.standard_normal(shape) for name, shape in shapes.items()}
    gradients = {name: [random.standard_normal(shape) for _ in range(4)] for name, shape in shapes.items()}
    parameters = {name: torch.nn.Parameter(torch.tensor(w, dtype=torch.float32)) for name, w in begin.items()}
    muon = Muon(parameters, 0.95, 0.1)
    for step in range(4):
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(gradients[name][step], dtype=torch.float32)
        muon.step(0.02)
    for name, parameter in parameters.items():
        found = parameter.detach().numpy()
        if name == "experts":
            for expert in range(3):
                wanted = reference(begin[name][expert], [g[expert] for g in gradients[name]], 0.02, 0.1)
                np.testing.assert_allclose(found[expert], wanted, atol=1e-5)
        else:
            np.testing.assert_allclose(found, reference(begin[name], gradients[name], 0.02, 0.1), atol=1e-5)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch has Muon since 2.9")
def test_muon_agrees_with_the_one_in_torch_as_far_as_its_bfloat16_goes() -> None:
    random = np.random.default_rng(3)
    for shape in [(16, 24), (24, 16), (32, 32)]:
        begin = torch.tensor(random.standard_normal(shape), dtype=torch.float32)
        ours, theirs = torch.nn.Parameter(begin.clone()), torch.nn.Parameter(begin.clone())
        muon = Muon({"w": ours}, 0.95, 0.1)
        other = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, momentum=0.95)
        for _ in range(6):
            ours.grad = torch.tensor(random.standard_normal(shape), dtype=torch.float32)
            theirs.grad = ours.grad.clone()
            muon.step(0.02)
            other.step()
        with torch.no_grad():
            assert float((ours - theirs).norm() / (theirs - begin).norm()) < 0.02


def test_matrices_of_blocks_are_muons_and_the_rest_adamws(any_config: ModelConfig) -> None:
    step = TorchStep(any_config, PLAN, 0)
    rows = [np.random.default_rng(0).integers(0, 300, size=30)]
    step.learn(Batch(rows, 29, 0), 1.0)
    state = step.state()
    for name, parameter in step.model.named_parameters():
        muons = name.startswith("blocks.") and parameter.dim() > 1
        assert (f"momentum.{name}" in state) == muons, name
        assert (f"exp_avg.{name}" in state) == (not muons), name


def test_muon_learns_every_family(any_config: ModelConfig) -> None:
    rows = [np.random.default_rng(0).integers(0, 300, size=30)]
    step = TorchStep(any_config, PLAN, 0)
    costs = [step.learn(Batch(rows, 29, 0), 1.0).nats / 29 for _ in range(15)]
    assert costs[-1] < 0.5 * costs[0]


def test_norms_and_biases_do_not_decay() -> None:
    for name, shape, decays in (("norm.weight", (4,), False), ("embed.weight", (4, 4), True)):
        parameter = torch.nn.Parameter(torch.ones(shape))
        parameter.grad = torch.zeros(shape)
        Optimizers({name: parameter}, TrainPlan(tokens=1, learning_rate=0.1, weight_decay=0.5)).step(1.0)
        assert bool((parameter < 1).all()) == decays


def test_both_rates_follow_the_factor() -> None:
    config = LlamaConfig(vocab_size=20, d_model=8, n_layers=1, n_heads=1, n_kv_heads=1, d_ff=8, context=16)
    before = TorchStep(config, PLAN, 0)
    still = TorchStep(config, PLAN, 0)
    still.learn(Batch([np.arange(9)], 8, 0), 0.0)
    for name, weight in before.weights().items():
        np.testing.assert_array_equal(weight, still.weights()[name])
