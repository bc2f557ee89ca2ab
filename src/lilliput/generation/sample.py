"""From logits to a token: greedy or drawn. No torch."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from lilliput.config import Config

Logits = npt.NDArray[np.float32]
Sampler = Callable[[Logits], int]


class Sampling(Config):
    """How the next token is chosen. The cuts apply in this order: top_k, top_p, min_p."""

    temperature: Annotated[float, Field(ge=0, le=100)] = 0.8
    """0 takes the most likely token always; 1 draws from the model's own distribution."""
    top_k: Annotated[int, Field(ge=0)] = 0
    """Only the k most likely tokens; 0 for all."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Only the most likely tokens that together hold this probability (Holtzman et al. 2020)."""
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Only tokens at least this share as likely as the most likely one (Nguyen et al. 2024)."""


def make_sampler(sampling: Sampling, seed: int) -> Sampler:
    """A function from logits (V,) to an id; its draws follow from `seed` alone."""
    if sampling.temperature == 0:
        return lambda logits: int(logits.argmax())
    random = np.random.Generator(np.random.PCG64(seed))

    def sample(logits: Logits) -> int:
        ids, chances = kept_chances(logits, sampling)
        place = np.searchsorted(chances.cumsum(), random.random(), side="right")
        return int(ids[min(int(place), len(ids) - 1)])

    return sample


def kept_chances(logits: Logits, sampling: Sampling) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The ids that the cuts leave, most likely first, and their chances, which sum to 1."""
    scaled = logits.astype(np.float64) / sampling.temperature
    order = np.argsort(-scaled, kind="stable")
    chances = np.exp(scaled[order] - scaled[order[0]])
    if sampling.top_k:
        chances = chances[: sampling.top_k]
    chances /= chances.sum()
    if sampling.top_p < 1:
        before = chances.cumsum() - chances
        chances = chances[before < sampling.top_p]
    if sampling.min_p:
        chances = chances[chances >= sampling.min_p * chances[0]]
    return order[: len(chances)], chances / chances.sum()
