"""Parameters and arithmetic of a model, from its config alone (no torch)."""

from dataclasses import dataclass

from lilliput.models.config import ModelConfig


@dataclass(frozen=True)
class Parameters:
    """How many numbers a model learns, both ways the field counts them."""

    parameters: int
    parameters_without_embeddings: int


def count_parameters(config: ModelConfig) -> Parameters:
    """All parameters, and those without the embedding and output matrices (tied ones counted once)."""
    width, kv_width = config.d_model, config.n_kv_heads * config.d_head
    attention = 2 * width * width + 2 * width * kv_width
    feed_forward = 3 * width * config.d_ff
    body = config.n_layers * (attention + feed_forward + 2 * width) + width
    matrices = 1 if config.tied else 2
    return Parameters(body + matrices * config.vocab_size * width, body)


def flops_per_token(config: ModelConfig, position: int, training: bool = False) -> int:
    """Floating-point operations for one token that attends to `position` earlier tokens.

    A multiply-add counts two; the embedding look-up, norms and softmax are left out, as in
    Kaplan et al. 2020. Training costs three times a forward pass.
    """
    norms = (2 * config.n_layers + 1) * config.d_model
    matrices = count_parameters(config).parameters_without_embeddings - norms
    matrices += config.vocab_size * config.d_model  # the output matrix; the embedding is a look-up
    attention = config.n_layers * 2 * config.n_heads * config.d_head * (position + 1)
    forward = 2 * (matrices + attention)
    return 3 * forward if training else forward
