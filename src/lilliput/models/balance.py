"""The load-balancing loss of mixtures: what keeps their routers from asking the same experts always."""

from collections.abc import Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lilliput.models.layers import ExpertMixture


class RouterLogits:
    """What the routers of a mixture said in its last forward pass. Make it before the model is compiled."""

    def __init__(self, model: nn.Module) -> None:
        mixtures = [module for module in model.modules() if isinstance(module, ExpertMixture)]
        self.experts_per_token = mixtures[0].experts_per_token
        self.layers: list[Tensor | None] = [None] * len(mixtures)
        """(B, T, E) of each layer; a block that is computed again says the same again."""
        for layer, mixture in enumerate(mixtures):
            mixture.tap_router.register_forward_hook(partial(self._keep, layer))

    def take_balance(self, counted: Tensor) -> Tensor:
        """The loss of the last forward pass, summed over the counted tokens (B, T), and forget its logits."""
        said = [logits for logits in self.layers if logits is not None]
        self.layers = [None] * len(self.layers)
        return balance_loss(said, self.experts_per_token, counted) * counted.sum()

    def _keep(self, layer: int, _tap: nn.Module, _inputs: tuple[Tensor, ...], logits: Tensor) -> None:
        self.layers[layer] = logits


def balance_loss(routers: Sequence[Tensor], experts_per_token: int, counted: Tensor) -> Tensor:
    """E times the sum over experts of how often one is chosen times how likely its router finds it.

    routers: each layer's logits (B, T, E); counted (B, T): which tokens are no padding. Both means are over
    the counted tokens of all layers together, as `transformers` computes it for Mixtral (Fedus et al. 2022,
    equations 4 to 6, with k choices a token); 0 if none counts. Routers that are even give k, those that are
    sure of the same k experts always give E.
    """
    chances = torch.cat([logits[counted] for logits in routers]).softmax(-1, dtype=torch.float32)  # (L N, E)
    choices = chances.topk(experts_per_token, dim=-1).indices  # (L N, k)
    tokens, n_experts = max(1, len(chances)), chances.shape[-1]
    chosen = F.one_hot(choices, n_experts).sum((0, 1)) / tokens  # (E), sums to k
    return n_experts * (chosen * chances.sum(0) / tokens).sum()
