"""From logits to a token: greedy or drawn. No torch."""

from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from lilliput.config import Config
from lilliput.errors import LilliputError

Logits = npt.NDArray[np.float32]
Sampler = Callable[[Logits, Sequence[int]], int]
"""From logits (V,) and all ids read so far, the prompt's among them, to the next id."""


class BrokenModelError(LilliputError):
    """A model answers with what is no number."""

    def __init__(self) -> None:
        super().__init__(
            "the model answers with NaN or infinity instead of logits: its weights are damaged, or its "
            "training diverged; use another model or train again with a lower learning rate"
        )


class Sampling(Config):
    """How the next token is chosen.

    The repetition penalty comes first, then the temperature, then the cuts: top_k, top_p, min_p.
    """

    temperature: Annotated[float, Field(ge=0, le=100)] = 0.8
    """0 takes the most likely token always; 1 draws from the model's own distribution."""
    top_k: Annotated[int, Field(ge=0)] = 0
    """Only the k most likely tokens; 0 for all."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Only the most likely tokens that together hold this probability (Holtzman et al. 2020)."""
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Only tokens at least this share as likely as the most likely one (Nguyen et al. 2024)."""
    repetition_penalty: Annotated[float, Field(ge=1, le=100)] = 1.0
    """Above 1 makes ids that were read or written already less likely (Keskar et al. 2019)."""


def make_sampler(sampling: Sampling, seed: int) -> Sampler:
    """A function from logits (V,) and the ids read so far to an id; its draws follow from `seed` alone.

    It raises BrokenModelError for logits that are not all finite numbers.
    """
    random = np.random.Generator(np.random.PCG64(seed))

    def sample(logits: Logits, read: Sequence[int]) -> int:
        if not np.isfinite(logits).all():
            raise BrokenModelError
        if sampling.repetition_penalty > 1:
            logits = penalised(logits, read, sampling.repetition_penalty)
        if sampling.temperature == 0:
            return int(logits.argmax())
        ids, chances = kept_chances(logits, sampling)
        place = np.searchsorted(chances.cumsum(), random.random(), side="right")
        return int(ids[min(int(place), len(ids) - 1)])

    return sample


def penalised(logits: Logits, read: Sequence[int], penalty: float) -> Logits:
    """A copy in which each id of `read`, however often it is there, is once made less likely.

    A positive logit is divided by the penalty and a negative one multiplied by it (Keskar et al. 2019,
    section 4.1, with the sign taken care of as transformers does).
    """
    seen = np.unique(np.asarray(read, dtype=np.int64))
    changed = logits.copy()
    before = logits[seen]
    changed[seen] = np.where(before < 0, before * penalty, before / penalty)
    return changed


def kept_chances(logits: Logits, sampling: Sampling) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The ids that the cuts leave, most likely first, and their chances, which sum to 1."""
    below = logits.astype(np.float64) - float(logits.max())  # 0 at the likeliest, so that none overflows
    order = np.argsort(-below, kind="stable")
    with np.errstate(over="ignore"):  # a temperature near 0 sends the others to minus infinity, as it should
        chances = np.exp(below[order] / sampling.temperature)
    if sampling.top_k:
        chances = chances[: sampling.top_k]
    chances /= chances.sum()
    if sampling.top_p < 1:
        before = chances.cumsum() - chances
        chances = chances[before < sampling.top_p]
    if sampling.min_p:
        chances = chances[chances >= sampling.min_p * chances[0]]
    return order[: len(chances)], chances / chances.sum()


def log_chances(logits: Logits) -> npt.NDArray[np.float64]:
    """(V,) natural logarithms of the model's own chances: no temperature, no penalty, no cut."""
    below = logits.astype(np.float64) - float(logits.max())
    result: npt.NDArray[np.float64] = below - np.log(np.exp(below).sum())
    return result
