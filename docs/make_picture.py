"""Draw a run's loss and diary: `python docs/make_picture.py runs/story docs/story.png`."""

import sys
import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from lilliput.training.diary import read_rows

SHOWN = 5
"""Diary entries in the picture, spread over the run."""


def draw(run: Path, picture: Path) -> None:
    """Bits per byte of held-back stories against tokens, with what the model wrote at some of the points."""
    told = [row for row in read_rows(run / "metrics.jsonl") if "story" in row]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, 4.4), width_ratios=(1, 1.35), layout="constrained"
    )
    learnt = [row for row in told if row["tokens"]]  # a logarithmic axis has no zero
    left.plot([row["tokens"] for row in learnt], [row["bits_per_byte"] for row in learnt], "o-")
    left.set(xscale="log", xlabel="tokens learnt from", ylabel="bits per byte, held-back stories")
    left.grid(alpha=0.3)
    right.axis("off")
    places = sorted({round(i * (len(told) - 1) / (SHOWN - 1)) for i in range(SHOWN)})
    for height, place in enumerate(places):
        row = told[place]
        words = " ".join(row["story"].split())
        plain = "".join(letter if letter.isascii() and letter.isprintable() else "·" for letter in words)
        text = textwrap.shorten(plain, 180, placeholder=" …")
        top = 1 - height / len(places)
        right.text(0, top, f"after {row['tokens']:,} tokens", weight="bold", va="top", size=9)
        right.text(
            0, top - 0.055, textwrap.fill(text, 92), va="top", size=9, family="serif", parse_math=False
        )
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
