"""Attention in C for the torch step: torch's own values and slopes, and torch's own where C does not."""

from unittest.mock import patch

import pytest
import torch

from lilliput.models import GPTNeoConfig, LlamaConfig, build_model
from lilliput.models.layers import causal_attention
from lilliput.runtime.native import library_path
from lilliput.training import attention_c
from lilliput.training.attention_c import attend, quicken_attention
from lilliput.training.plan import TrainPlan
from lilliput.training.step_torch import TorchStep

pytestmark = pytest.mark.skipif(library_path() is None, reason="the C engine was not built")

SHAPES = [
    (1, 1, 1, 2, 2),
    (3, 4, 2, 70, 8),
    (2, 6, 6, 200, 10),
    (2, 9, 3, 33, 48),
    (1, 2, 1, 130, 64),
    (5, 2, 1, 5, 7),
]
"""B, H, G, T, K."""


def drawn(shape: tuple[int, ...], seed: int = 0) -> list[torch.Tensor]:
    """Queries, keys and values as a model makes them: tokens first, heads turned to the front."""
    B, H, G, T, K = shape
    torch.manual_seed(seed)
    return [torch.randn(B, T, heads, K).transpose(1, 2).requires_grad_() for heads in (H, G, G)]


def slopes_by(function, parts: list[torch.Tensor], scale: float) -> list[torch.Tensor]:
    z = function(*parts, scale)
    torch.manual_seed(1)
    return [z.detach(), *torch.autograd.grad((z * torch.randn_like(z)).sum(), parts)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_values_and_slopes_are_torchs(shape: tuple[int, ...], threads: int) -> None:
    parts, scale = drawn(shape), 0.7 * shape[-1] ** -0.5
    wanted = slopes_by(causal_attention, [part.detach().double().requires_grad_() for part in parts], scale)
    with patch.object(attention_c, "_SMALL", 0), patch.object(torch, "get_num_threads", lambda: threads):
        found = slopes_by(attend, parts, scale)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours.double(), theirs, atol=2e-5, rtol=1e-4)


def test_scores_too_great_for_a_plain_sum_are_weighed_all_the_same() -> None:
    parts = drawn((2, 2, 1, 90, 16))
    wanted = slopes_by(causal_attention, [part.detach().double().requires_grad_() for part in parts], 40.0)
    for ours, theirs in zip(slopes_by(attend, parts, 40.0), wanted, strict=True):
        torch.testing.assert_close(ours.double(), theirs, atol=2e-2, rtol=1e-2)


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("a window", {"window": 5}),
        ("dropout", {"dropout": 0.5}),
        ("another type", {"dtype": torch.bfloat16}),
        ("keys of before", {"queries": 3}),
    ],
)
def test_what_the_kernels_do_not_do_is_left_to_torch(case: str, options: dict) -> None:
    q, k, v = (part.to(options.get("dtype", torch.float32)) for part in drawn((2, 4, 2, 20, 8)))
    q = q[:, :, -options.get("queries", 20) :]
    arguments = (q, k, v, 0.3, options.get("window"), options.get("dropout", 0.0))
    with patch.object(attention_c._InC, "apply", side_effect=AssertionError):
        torch.manual_seed(0)
        found = attend(*arguments)
    torch.manual_seed(0)
    assert torch.equal(found, causal_attention(*arguments)), case


def test_a_window_as_long_as_the_text_is_none() -> None:
    parts = drawn((2, 4, 2, 20, 8))
    assert torch.equal(attend(*parts, 0.3, 20), attend(*parts, 0.3))


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_what_torch_makes_by_default_does_not_matter(kind: torch.dtype) -> None:
    parts = drawn((2, 4, 2, 20, 8))
    wanted = slopes_by(attend, parts, 0.3)
    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)
    try:
        found = [attend(*parts, 0.3)]
        found += torch.autograd.grad(found[0].sum(), parts)
    finally:
        torch.set_default_dtype(before)
    assert torch.equal(found[0], wanted[0])
    assert all(part.isfinite().all() for part in found)


def test_the_torch_step_attends_in_c() -> None:
    config = LlamaConfig(vocab_size=50, d_model=32, n_layers=1, n_heads=4, n_kv_heads=2, d_ff=40, context=64)
    step = TorchStep(config, TrainPlan(tokens=1000, device="cpu"), 0)
    assert step.model.blocks[0].attn.attend is attend


@pytest.mark.parametrize("family", [LlamaConfig, GPTNeoConfig])
def test_a_models_gradient_stays_what_it_was(family: type) -> None:
    heads = {"n_kv_heads": 2} if family is LlamaConfig else {"window": 7}
    config = family(vocab_size=50, d_model=32, n_layers=2, n_heads=4, d_ff=40, context=64, **heads)
    torch.manual_seed(0)
    model = build_model(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.2)
    ids = torch.randint(0, 50, (3, 40))
    gradients = []
    for quick in (False, True):
        if quick:
            quicken_attention(model)
            assert all(block.attn.attend is attend for block in model.blocks)
        model.zero_grad()
        model(ids).logsumexp(-1).sum().backward()
        gradients.append([weight.grad.clone() for weight in model.parameters()])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=1e-3)
