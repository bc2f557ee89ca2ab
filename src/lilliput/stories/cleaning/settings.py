"""The fingerprint of all that decides what becomes of a story: parts of another are not reused."""

import hashlib
from collections.abc import Sequence

import numpy as np

import lilliput
from lilliput.stories.cleaning.minhash import minhash_version
from lilliput.stories.cleaning.stages import NEAR, Known


def fingerprint_settings(names: Sequence[str], known: Known) -> str:
    """32 hex digits of the settings, the stages, what is known of the corpus, and the versions."""
    digest = hashlib.blake2b(digest_size=16)
    corpus = known.corpus
    said = (
        lilliput.__version__,
        minhash_version() if NEAR in names else "",
        *names,
        known.config.model_dump_json(),
        *corpus.scripts,
        f"{corpus.common_share!r} {corpus.ends_share!r} {corpus.begins_share!r}",
    )
    digest.update("\0".join(said).encode())
    digest.update(np.ascontiguousarray(corpus.common).tobytes())
    if known.leaks is not None:
        for hashes in known.leaks.hashes:
            digest.update(hashes.tobytes())
    return digest.hexdigest()
