"""SentencePiece's and llama2.c's idea of BPE: no list of merges, but a score for every piece.

Of all neighbours whose concatenation is a piece, those with the best score merge first, the
leftmost of equals. An equal list of merges has every way to cut each piece in two pieces, in the
order of the scores.
"""

import math
from collections.abc import Mapping

from lilliput.errors import FormatError
from lilliput.tokens.documents import Merge

# Far above real files (Llama 2's 32,000 pieces: 1.4 million, and 61,249 merges). They bound the
# time and memory that a hostile file can take, which grow with the squares of the lengths of its
# pieces.
_SQUARES_LIMIT = 1 << 26
_MERGE_LIMIT = 2_000_000


def merges_of_scores(scores: Mapping[str, float], source: str) -> list[Merge]:
    """The merges that equal the `scores` of pieces (in id order, which decides between equal
    scores).

    Raises FormatError for scores that are no numbers, and for pieces beyond any real vocabulary.
    """
    check_scores(scores, source)
    merges: list[Merge] = []
    for piece in sorted(scores, key=lambda piece: -scores[piece]):  # a stable sort keeps the id order
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in scores and right in scores:
                merges.append((left, right))
        if len(merges) > _MERGE_LIMIT:
            raise FormatError(f"{source} needs over {_MERGE_LIMIT:,} merges: it is no real vocabulary")
    return merges


def check_scores(scores: Mapping[str, float], source: str) -> None:
    """Raise FormatError where a score is no number, or the pieces are far too long and many."""
    if sum(len(piece) ** 2 for piece in scores) > _SQUARES_LIMIT:
        raise FormatError(f"{source}: its pieces are too long and too many to be a real vocabulary")
    for piece, score in scores.items():
        if not math.isfinite(score):
            raise FormatError(f"{source}: the score of {piece!r} is {score}")
