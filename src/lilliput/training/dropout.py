"""Dropout for a model that knows of none: where GPT-2 has it, by masks that seed, step and rank decide."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lilliput.models.decoder import Decoder
from lilliput.models.layers import Attention, Block


def add_dropout(model: Decoder, share: float) -> None:
    """Drop `share` of the embeddings, of attention, and of what attention and feed-forward add.

    Only in training mode (Radford et al. 2019, whose three probabilities are one here).
    """

    def drop(module: nn.Module, _: object, output: Tensor) -> Tensor:
        return F.dropout(output, share, module.training)

    model.tap_embed.register_forward_hook(drop)
    for module in model.modules():
        if isinstance(module, Block):
            module.tap_attn_out.register_forward_hook(drop)
            module.tap_mlp_out.register_forward_hook(drop)
        elif isinstance(module, Attention):
            module.dropout = share


@contextmanager
def masks_of(seed: int, step: int, rank: int, device: torch.device) -> Iterator[None]:
    """Draw the block's masks as seed, step and rank say, so that a resumed run draws them again.

    torch's own generator is used, since a recomputed block draws from it a second time, and is put back.
    """
    state = int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0] >> 1)
    on_gpu = [torch.cuda.current_device()] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=on_gpu):
        torch.manual_seed(state)
        yield
