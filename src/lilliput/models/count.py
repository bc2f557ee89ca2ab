"""Parameters and arithmetic of a model, from its config alone (no torch)."""

from dataclasses import dataclass
from math import prod

from lilliput.models.config import ModelConfig, MoEConfig
from lilliput.models.shapes import EMBEDDINGS, weight_shapes


@dataclass(frozen=True)
class Parameters:
    """How many numbers a model learns, both ways the field counts them."""

    parameters: int
    parameters_without_embeddings: int


def count_parameters(config: ModelConfig) -> Parameters:
    """All parameters, and those without the embedding, position and output matrices (tied ones once)."""
    sizes = {name: prod(shape) for name, shape in weight_shapes(config).items()}
    embeddings = sum(sizes.get(name, 0) for name in EMBEDDINGS)
    return Parameters(sum(sizes.values()), sum(sizes.values()) - embeddings)


def flops_per_token(config: ModelConfig, position: int, training: bool = False) -> int:
    """Floating-point operations for one token that attends to `position` earlier tokens.

    A multiply-add counts two; look-ups, norms, biases and softmax are left out, as in Kaplan et al. 2020.
    Of a mixture's experts those count that read the token. Training costs three times a forward pass.
    """
    matrices = _multiplied(config)
    seen = sum(min(position + 1, config.reach(layer)) for layer in range(config.n_layers))
    attention = 2 * config.n_heads * config.d_head * seen
    forward = 2 * (matrices + attention)
    return 3 * forward if training else forward


def flops_of_story(config: ModelConfig, length: int, training: bool = False) -> int:
    """The sum of `flops_per_token` over the first `length` positions."""
    seen = 0
    for layer in range(config.n_layers):
        rising = min(length, config.reach(layer))  # positions that look at everything before them
        seen += rising * (rising + 1) // 2 + (length - rising) * rising
    forward = 2 * (length * _multiplied(config) + 2 * config.n_heads * config.d_head * seen)
    return 3 * forward if training else forward


def _multiplied(config: ModelConfig) -> int:
    """Weights that multiply for a token."""
    matrices = config.vocab_size * config.d_model  # the output matrix; the embedding is a look-up
    for name, shape in weight_shapes(config).items():
        if len(shape) > 1 and name not in EMBEDDINGS:
            matrices += _active(shape, config)
    return matrices


def _active(shape: tuple[int, ...], config: ModelConfig) -> int:
    """How many weights of a matrix, or of the experts' stacked matrices (E, ., .), multiply for a token."""
    if len(shape) == 3 and isinstance(config, MoEConfig):
        return config.experts_per_token * prod(shape[1:])
    return prod(shape)
