"""A picture of how quick an engine is beside the limits of its machine."""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from lilliput.errors import MissingExtraError
from lilliput.evaluation.limits import find_limit
from lilliput.evaluation.speed import Speed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"f32": "tab:blue", "int8": "tab:orange", "int4": "tab:green"}
_PALE = 0.35
_STORIES_DRAWN = [2 ** (quarters / 4) for quarters in range(-12, 33)]
"""Roofs are drawn from and to so many stories side by side."""


def require_matplotlib() -> None:
    """Raise MissingExtraError where matplotlib is not installed."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise MissingExtraError("a picture", "picture")


def draw_speeds(speeds: Sequence[Speed], title: str) -> bytes:
    """A PNG: on the left each speed as a share of its limit, on the right the roofs that set the limits."""
    require_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 1.6 + 0.38 * max(len(speeds), 8)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    figure.suptitle(title)
    _draw_shares(left, speeds)
    _draw_roofs(right, speeds)
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    return picture.getvalue()


def _draw_shares(axes: "Axes", speeds: Sequence[Speed]) -> None:
    names = []
    widest = max(1.02, *(s.tokens_per_second.max / s.limit.tokens_per_second for s in speeds))
    for row, speed in enumerate(speeds):
        limit = speed.limit.tokens_per_second
        low, high = speed.tokens_per_second.min / limit, speed.tokens_per_second.max / limit
        axes.barh(row, speed.share_of_limit, color=_COLOURS[speed.precision], alpha=0.8)
        axes.plot([low, high], [row, row], color="black", linewidth=1)
        text = f" {speed.share_of_limit:.0%}: {speed.tokens_per_second.median:,.0f} of {limit:,.0f} tokens/s"
        inside = max(high, speed.share_of_limit) > widest / 2
        axes.text(
            0.01 if inside else max(high, speed.share_of_limit),
            row,
            f"{text} ({speed.limit.bound_by})",
            va="center",
            size=8.5,
            bbox={"color": "white", "alpha": 0.8, "pad": 1} if inside else None,
        )
        names.append(f"{speed.precision}, {_count(speed.stories, 'story', 'stories')}, ")
        names[-1] += _count(speed.threads, "thread", "threads")
    axes.axvline(1, color="black", linestyle=":", linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, widest)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_xlabel(
        "share of the limit (and what sets it); the line goes from the slowest round to the quickest"
    )


def _draw_roofs(axes: "Axes", speeds: Sequence[Speed]) -> None:
    most = max(speed.threads for speed in speeds)
    drawn = set()
    for speed in speeds:
        work, colour, strong = speed.work, _COLOURS[speed.precision], speed.threads == most
        per_byte = work.operations / work.bytes
        if (speed.precision, speed.threads) not in drawn:
            drawn.add((speed.precision, speed.threads))
            roof = [find_limit(work, speed.ceilings, n).tokens_per_second for n in _STORIES_DRAWN]
            axes.plot(
                [per_byte * n for n in _STORIES_DRAWN],
                [work.operations * rate / 1e9 for rate in roof],
                "-" if strong else "--",
                color=colour,
                alpha=1 if strong else _PALE,
                label=f"{speed.precision}, {_count(speed.threads, 'thread', 'threads')}",
            )
        axes.plot(
            per_byte * speed.stories_together,
            work.operations * speed.tokens_per_second.median / 1e9,
            "o" if strong else "s",
            color=colour,
            alpha=1 if strong else 2 * _PALE,
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="operations for each byte of weights read",
        ylabel="billion operations a second",
    )
    axes.grid(alpha=0.3)
    axes.legend(title="roofs; points: the rows at the left", fontsize=8, title_fontsize=8, loc="best")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
