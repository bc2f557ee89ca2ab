"""RMSNorm with a slope by hand: torch's own values and slopes."""

import pytest
import torch

from lilliput.models import LlamaConfig, Qwen3Config, build_model
from lilliput.models.layers import RMSNorm
from lilliput.training.norm_torch import quicken_norms
from lilliput.training.plan import TrainPlan
from lilliput.training.step_torch import TorchStep


@pytest.mark.parametrize("shape", [(8,), (3, 5), (2, 4, 6, 16)])
@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_values_and_slopes_are_torchs(shape: tuple[int, ...], size: float) -> None:
    torch.manual_seed(0)
    model = torch.nn.ModuleList([RMSNorm(shape[-1], 1e-5)])
    model[0].weight.data.normal_()
    x, lesson = torch.randn(shape).mul_(size).requires_grad_(), torch.randn(shape)
    results = []
    for quick in (False, True):
        if quick:
            quicken_norms(model)
        out = model[0](x)
        results.append([out, *torch.autograd.grad((out * lesson).sum(), (x, model[0].weight))])
    for ours, theirs in zip(results[1], results[0], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * float(theirs.detach().abs().max()))


@pytest.mark.parametrize("family", [LlamaConfig, Qwen3Config])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.filterwarnings("ignore:Mismatch dtype")  # torch's, of what is replaced here
def test_a_models_gradient_stays_what_it_was(family: type, precision: str) -> None:
    config = family(vocab_size=50, d_model=32, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=40, context=64)
    torch.manual_seed(0)
    model = build_model(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.2)
    ids, gradients = torch.randint(0, 50, (3, 40)), []
    for quick in (False, True):
        if quick:
            quicken_norms(model)
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            out = model(ids)
        out.float().logsumexp(-1).sum().backward()
        gradients.append([weight.grad.clone() for weight in model.parameters()])
    near = 0.05 if precision == "bfloat16" else 1e-3
    for theirs, ours in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=near, atol=near * float(theirs.abs().max()))


def test_the_torch_step_does_so_on_a_cpu() -> None:
    config = LlamaConfig(vocab_size=50, d_model=32, n_layers=1, n_heads=4, n_kv_heads=2, d_ff=40, context=64)
    step = TorchStep(config, TrainPlan(tokens=1000, device="cpu"), 0)
    found = step.model(torch.zeros(1, 3, dtype=torch.long)).grad_fn
    names, look = set(), [found]
    while look:
        node = look.pop()
        names.add(node.name())
        look.extend(parent for parent, _ in node.next_functions if parent is not None)
    assert "_NormaliseBackward" in names
