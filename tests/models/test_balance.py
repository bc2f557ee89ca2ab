"""The load-balancing loss against transformers, and against what it is for."""

import pytest
import torch

from lilliput.models import MoEConfig, build_model
from lilliput.models.balance import RouterLogits, balance_loss


def draw_routers(layers: int, experts: int, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(3, 7, experts, generator=generator) for _ in range(layers)]


@pytest.mark.parametrize(("layers", "experts", "chosen"), [(1, 4, 2), (3, 4, 2), (2, 8, 1), (2, 3, 3)])
def test_the_balance_loss_is_that_of_transformers(layers: int, experts: int, chosen: int) -> None:
    from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

    routers = draw_routers(layers, experts)
    lengths = torch.tensor([7, 2, 5])
    mask = torch.arange(7) < lengths[:, None]
    theirs = tuple(logits.flatten(0, 1) for logits in routers)
    expected = load_balancing_loss_func(theirs, experts, chosen, mask.long())
    torch.testing.assert_close(balance_loss(routers, chosen, mask), expected)
    everything = torch.ones_like(mask)
    expected = load_balancing_loss_func(theirs, experts, chosen)
    torch.testing.assert_close(balance_loss(routers, chosen, everything), expected)


def test_even_routers_cost_k_and_one_sided_ones_as_much_as_there_are_experts() -> None:
    counted = torch.ones(2, 5, dtype=torch.bool)
    torch.testing.assert_close(balance_loss([torch.zeros(2, 5, 6)], 2, counted), torch.tensor(2.0))
    sure = torch.zeros(2, 5, 6)
    sure[..., 0], sure[..., 1] = 50.0, 50.0
    torch.testing.assert_close(balance_loss([sure], 2, counted), torch.tensor(6.0))


def test_what_padding_chooses_does_not_count() -> None:
    routers = draw_routers(2, 4)
    counted = torch.ones(3, 7, dtype=torch.bool)
    counted[1, 4:] = False
    before = balance_loss(routers, 2, counted)
    for logits in routers:
        logits[1, 4:] = 99.0
    assert torch.equal(balance_loss(routers, 2, counted), before)


def test_of_no_tokens_the_loss_is_nothing() -> None:
    assert balance_loss(draw_routers(2, 4), 2, torch.zeros(3, 7, dtype=torch.bool)) == 0


def test_every_router_is_heard_and_then_forgotten() -> None:
    config = MoEConfig(
        vocab_size=30, d_model=8, n_layers=3, n_heads=2, n_kv_heads=1, d_ff=6, context=9, n_experts=4
    )
    model = build_model(config)
    for layer, block in enumerate(model.blocks):
        torch.nn.init.constant_(block.mlp.router.weight, layer)
    heard = RouterLogits(model)
    for _ in range(2):
        model(torch.zeros(2, 5, dtype=torch.int64))
    said = list(heard.layers)
    assert [logits.shape for logits in said] == [(2, 5, 4)] * 3
    assert (said[0] == 0).all()
    assert (said[1] != 0).any()
    counted = torch.ones(2, 5, dtype=torch.bool)
    counted[0, 3:] = False
    torch.testing.assert_close(heard.take_balance(counted), 8 * balance_loss(said, 2, counted))
    assert heard.layers == [None] * 3
