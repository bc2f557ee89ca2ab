"""What the first layer makes of each token before its queries and keys are turned: in the ROM, by token.

It depends on the token alone. So a norm and a matrix become a copy; the rows take 1 KB for every 4 tokens or
so, which a ROM may have left.
"""

import numpy as np

from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.steps.residual import make_token_rows
from lilliput.deploy.gameboy.steps.turn import in_pairs
from lilliput.quantize.intmodel import IntConfig, IntModel
from lilliput.quantize.reference import Reference


def count_first_words(config: IntConfig) -> int:
    """Words of a row: queries, keys, and values, bytes these."""
    heads, kv_heads = config.n_heads, config.n_kv_heads
    return (heads + kv_heads) * config.d_head + kv_heads * config.d_head // 2


def make_first_rows(name: str, model: IntModel) -> tuple[Block, ...]:
    """Rows for write_embed: queries and keys as words in pairs of channels, head by head, values as bytes."""
    reference, config = Reference(model), model.config
    q, k, v = reference.project(model.layers[0], reference.embed(np.arange(config.vocab_size)))
    turned = np.concatenate([q, k], axis=1).reshape(-1, config.d_head)
    words = in_pairs(turned).reshape(config.vocab_size, -1)
    values = np.ascontiguousarray(v.astype(np.int8)).view("<i2")
    return make_token_rows(name, np.concatenate([words, values], axis=1))
