"""Which stories are for validation: decided by each story alone, so that it never moves.

A share of a growing collection taken by position, or by a shuffle, moves stories from training to
validation as the collection grows. A hash of the text does not, and it puts copies of a story on
one side.
"""

import hashlib


def is_valid(text: str, share: float) -> bool:
    """Whether a story belongs to validation, where about `share` (0 to 1) of all stories do.

    Depends on the words of the text alone, not on the whitespace between them: blake2b of the text
    with one space between words, its first 8 bytes (little end first) below `share` of 2**64.
    """
    words = " ".join(text.split()).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(words, digest_size=8).digest()
    return int.from_bytes(digest, "little") < share * 2.0**64
