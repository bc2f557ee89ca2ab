"""A teacher whose tokenizer has the pupil's pieces in another order: its embedding's rows, put in that order.

    python benchmarks/teacher_in_order.py TEACHER PUPIL OUT

Two tokenizers trained on nearly the same text have nearly the same pieces: those of the shipped `laptop` and
`pocket` share 2,044 of 2,048. A piece that the teacher lacks gets the mean of the rows of those that it would
read in its place, made short: it is seldom expected. `lilliput evaluate OUT` says what the change costs.
"""

import sys
from pathlib import Path

import numpy as np

from lilliput.formats.folder import load_folder, save_folder
from lilliput.tokens import Tokenizer

SHORTER = 0.3


def pieces_of(tokenizer: Tokenizer) -> dict[bytes | str, int]:
    """The id of each piece, and of each special token by what it is for."""
    special = {"bos": tokenizer.bos, "end": tokenizer.end, "pad": tokenizer.pad}
    taken = set(special.values())
    plain = {tokenizer.token_bytes(n): n for n in range(tokenizer.vocab_size) if n not in taken}
    return {**plain, **{name: n for name, n in special.items() if n is not None}}


def main(teacher: Path, pupil: Path, out: Path) -> None:
    """Write the folder, and say how many pieces the teacher lacks."""
    known, wanted = load_folder(teacher), load_folder(pupil)
    ids, rows = pieces_of(known.tokenizer), known.weights["embed.weight"]
    ordered = np.zeros((wanted.tokenizer.vocab_size, rows.shape[1]), np.float32)
    lacking = 0
    for piece, number in pieces_of(wanted.tokenizer).items():
        if piece in ids:
            ordered[number] = rows[ids[piece]]
        elif isinstance(piece, bytes):
            read = known.tokenizer.encode(piece.decode("utf-8", "replace"))
            ordered[number] = rows[read].mean(axis=0) * SHORTER
            lacking += 1
    if not known.config.tied:
        sys.exit("only for models whose embedding is their output matrix, too")
    config = known.config.model_copy(update={"vocab_size": len(ordered)})
    save_folder(out, config, known.weights | {"embed.weight": ordered}, wanted.tokenizer, {})
    print(f"{lacking} of {len(ordered):,} pieces are not the teacher's")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
