"""First weights of a model, a function of its config and a seed, whichever step trains it. No torch."""

from math import prod

import numpy as np
import numpy.typing as npt

from lilliput.formats.weights import Weights
from lilliput.models.config import ModelConfig
from lilliput.models.shapes import weight_shapes

_TABLES = {"embed.weight": 0.1, "positions.weight": 0.01}  # looked up, not multiplied: how wide they begin


def initial_weights(config: ModelConfig, seed: int) -> Weights:
    """Every parameter: matrices normal with deviation 1/sqrt(inputs), embeddings 0.1, norms 1, biases 0.

    The two matrices that write into the residual stream start at zero, so that each block begins as the
    identity and depth costs no stability (the zero-init of Goyal et al. 2017 and Zhang et al. 2019). Both
    choices are measured in LOG.md. Learned positions begin at 0.01, well below the tokens they are added to
    (0.08 nats better than 0.1 after 300,000 tokens). Where attention does not scale its scores by 1/sqrt(K),
    the queries begin that much smaller, so that it begins as even as in other families (0.1 nats better).
    """
    source = np.random.PCG64(np.random.SeedSequence([seed, 0x1417]))
    weights: Weights = {}
    for name, shape in weight_shapes(config).items():
        if name.endswith("bias") or name.endswith(("attn.o.weight", "mlp.down.weight")):
            weights[name] = np.zeros(shape, np.float32)
        elif len(shape) == 1:
            weights[name] = np.ones(shape, np.float32)
        else:
            deviation = _TABLES.get(name, shape[-1] ** -0.5)
            if name.endswith("attn.q.weight") and config.attention_scale is not None:
                deviation *= config.d_head**-0.5 / config.attention_scale
            weights[name] = (_normal(source, prod(shape)) * deviation).astype(np.float32).reshape(shape)
    return weights


def _normal(source: np.random.PCG64, count: int) -> npt.NDArray[np.float64]:
    """Normal numbers (count,) by Box and Muller's method, from PCG64's raw numbers, which numpy promises to
    keep as they are (its own normal numbers may change between versions)."""
    raw = source.random_raw(2 * -(-count // 2))
    uniform = ((raw >> np.uint64(11)) + 0.5) * 2.0**-53  # in (0, 1)
    first, second = np.split(uniform, 2)
    radius, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
