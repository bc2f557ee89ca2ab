"""First weights of a model, a function of a seed."""

import torch
from torch import nn


@torch.no_grad()
def initialise(model: nn.Module, seed: int) -> None:
    """Set every parameter: matrices normal with deviation 1/sqrt(inputs), embeddings 0.1, norms one.

    The two matrices that write into the residual stream start at zero, so that each block begins as the
    identity and depth costs no stability (the zero-init of Goyal et al. 2017 and Zhang et al. 2019). Both
    choices are measured in LOG.md.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            weight.fill_(1.0)
        elif name.endswith(("attn.o.weight", "mlp.down.weight")):
            weight.zero_()
        else:
            deviation = 0.1 if name.startswith("embed") else weight.shape[1] ** -0.5
            weight.copy_(torch.randn(weight.shape, generator=generator) * deviation)
