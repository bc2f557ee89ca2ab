"""How the vocabularies that we train are laid out.

    0 <|pad|>   1 <|bos|>   2 <|endoftext|>   3..258 the bytes 0 to 255   259.. the merges in their
    order

The layout is llama2.c's, whose encoder takes id 3 + b for byte b and 1 for the beginning of a
story.
"""

import json
from collections.abc import Sequence

from lilliput.tokens.byte_alphabet import ALPHABET
from lilliput.tokens.documents import Merge, byte_level_document
from lilliput.tokens.tokenizer import Tokenizer

SPECIAL = ("<|pad|>", "<|bos|>", "<|endoftext|>")
PAD, BOS, END = range(3)
FIRST_BYTE = 3
FIRST_MERGE = FIRST_BYTE + 256
SMALLEST_VOCABULARY = FIRST_MERGE
LARGEST_VOCABULARY = 50_257  # GPT-2's; ids stay within 16 bits


def build_byte_level(
    merged: Sequence[str], merges: Sequence[Merge], source: str = "tokenizer.json"
) -> Tokenizer:
    """A tokenizer of this layout; `merged` are the pieces from 259 on, in GPT-2's alphabet."""
    document = byte_level_document([*SPECIAL, *ALPHABET, *merged], merges, SPECIAL, SPECIAL[BOS])
    return Tokenizer.from_json(json.dumps(document), source, bos=BOS, end=END, pad=PAD)
