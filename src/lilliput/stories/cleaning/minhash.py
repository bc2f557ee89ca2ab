"""MinHash by `rensa`, cut into bands: what tells which stories are worth comparing, and the comparison."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.errors import MissingExtraError
from lilliput.stories.cleaning.config import Near
from lilliput.stories.cleaning.prints import Prints, make_prints, mix

Bands = NDArray[np.uint32]

_SEED = 1
NO_SHINGLE = 0  # the band of a story too short for one shingle: never compared


def make_bands(prints: Prints, config: Near) -> Bands:
    """(bands, S) for each story a hash of each group of `rows` MinHash values of its shingles."""
    shingles, first = prints.grams(config.shingle_words)
    counts = prints.count_by_story(first)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    matrix = load_rensa().RMinHash.digest_matrix_from_flat_token_hashes(
        shingles, offsets, config.bands * config.rows, _SEED
    )
    values = np.array(matrix.to_rows(), np.uint64).reshape(len(offsets) - 1, config.bands, config.rows)
    bands = mix(values[:, :, 0])
    for row in range(1, config.rows):
        bands = mix(bands + (values[:, :, row] << np.uint64(32)))
    bands = (bands >> np.uint64(32)).astype(np.uint32)
    bands[bands == NO_SHINGLE] = 1
    bands[counts == 0] = NO_SHINGLE
    return np.ascontiguousarray(bands.T)


def shingle_set(text: str, config: Near) -> NDArray[np.uint64]:
    """The sorted distinct shingles of a text."""
    return np.unique(make_prints([text]).grams(config.shingle_words)[0])


def measure_similarity(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """The Jaccard similarity of two sorted sets, 0 to 1."""
    if not len(one) or not len(other):
        return 0.0
    both = np.concatenate((one, other))
    both.sort(kind="stable")
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (len(both) - shared)


def minhash_version() -> str:
    """The version of the library whose values are compared: parts of another cannot be mixed in."""
    from importlib.metadata import version

    load_rensa()
    return version("rensa")


@lru_cache(maxsize=1)
def load_rensa() -> Any:
    """The package `rensa`; MissingExtraError without it."""
    try:
        import rensa
    except ImportError:
        raise MissingExtraError("the stage near", "data") from None
    return rensa
