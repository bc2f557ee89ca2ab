"""A picture of how a run learnt: losses over tokens, and the learning rate."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from lilliput.evaluation.speed_picture import require_matplotlib

_SMOOTH = 60
"""The curve of the training loss is made of about so many means."""


def draw_run(rows: Sequence[dict[str, Any]], title: str) -> bytes:
    """A PNG of metrics.jsonl: the loss of what is learnt and of held-back stories, and the learning rate.

    Tokens are on a logarithmic axis, since most is learnt early. Raises MissingExtraError without matplotlib.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    steps = [row for row in rows if "gradient_norm" in row]
    figure = Figure(figsize=(8, 5.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    figure.suptitle(title, parse_math=False)
    tokens = [row["tokens"] for row in steps]
    losses = [row["nats_per_token"] for row in steps]
    held_back = held_back_losses(rows)
    places, scores = [at for at, _ in held_back], [score for _, score in held_back]
    shown = [*tokens, *places] or [1]
    limits = (0.8 * min(shown), 1.25 * max(shown))  # said, since one point alone spans nothing
    upper.set(xscale="log", xlim=limits)
    upper.plot(tokens, losses, ".", color="tab:blue", alpha=0.15, markersize=3)
    upper.plot(*smooth(tokens, losses), color="tab:blue", label="training")
    upper.plot(places, scores, "o-", color="tab:orange", markersize=3, label="held back")
    upper.set(ylabel="nats per token")
    upper.grid(alpha=0.3)
    upper.legend()
    lower.plot(tokens, [row["learning_rate"] for row in steps], color="tab:green")
    lower.set(xlabel="tokens learnt from", ylabel="learning rate")
    lower.grid(alpha=0.3)
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    return picture.getvalue()


def held_back_losses(rows: Sequence[dict[str, Any]]) -> list[tuple[int, float]]:
    """(tokens, nats per token) of the looks at held-back stories; the one before any token has no place."""
    found = {}
    for row in rows:
        name = "nats_per_token" if "story" in row else "held_back_nats_per_token"
        if row["tokens"] and name in row and "gradient_norm" not in row:
            found[row["tokens"]] = row[name]
    return sorted(found.items())


def smooth(tokens: Sequence[int], losses: Sequence[float]) -> tuple[list[float], list[float]]:
    """Means over stretches that are equally wide on a logarithmic axis."""
    import numpy as np

    if not tokens:
        return [], []
    places = np.log(np.asarray(tokens, dtype=np.float64))
    width = (places[-1] - places[0]) / _SMOOTH or 1.0
    stretch = ((places - places[0]) / width).astype(int)
    groups = [stretch == number for number in np.unique(stretch)]
    return (
        [float(np.exp(places[group].mean())) for group in groups],
        [float(np.asarray(losses)[group].mean()) for group in groups],
    )
