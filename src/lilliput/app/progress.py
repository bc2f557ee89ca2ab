"""Bars on stderr. Where stderr is no terminal, a line now and then instead."""

import math
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from lilliput.app.output import say
from lilliput.stories.sources import Opened
from lilliput.training.diary import HELD_BACK_BITS, HELD_BACK_NATS, Row

Item = TypeVar("Item")

_PLAIN_EVERY_S = 10.0
_SMOOTHING = 0.98  # of the loss shown, a step


def counted(items: Iterable[Item], doing: str, what: str, total: int | None = None) -> Iterator[Item]:
    """`items`, with a count of them on stderr while they go by."""
    end: list[ProgressColumn] = [MofNCompleteColumn(), TimeRemainingColumn()] if total else []
    columns = [SpinnerColumn(), TextColumn("{task.description}")]
    if not total:
        columns.append(TextColumn("{task.completed:,}"))
    with Progress(*columns, *end, TextColumn(what), console=_stderr(), transient=True) as bar:
        task = bar.add_task(doing, total=total)
        for item in items:
            yield item
            bar.advance(task)


def open_counted(opened: Opened) -> Opened:
    """The same stories, counted on stderr while they are read."""
    return replace(opened, stories=counted(opened.stories, "reading", "stories"))


@contextmanager
def fetching() -> Iterator[Callable[[int, int], None]]:
    """A bar of bytes: call it with how many there are and how many are wanted."""
    columns = [TextColumn("fetching"), BarColumn(), DownloadColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=_stderr(), transient=True) as bar:
        task = bar.add_task("fetching", total=None)
        yield lambda done, wanted: bar.update(task, completed=done, total=wanted)


@contextmanager
def writing(count: int) -> Iterator[Callable[[int, int, float | None], None]]:
    """A bar of stories that a model writes: call it with stories, requests, and dollars where known."""
    columns = [TextColumn("writing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    columns.append(TextColumn("{task.fields[spent]}"))
    said = time.monotonic()
    with Progress(*columns, console=_stderr(), transient=True) as bar:
        task = bar.add_task("writing", total=count, spent="")

        def show(stories: int, requests: int, dollars: float | None) -> None:
            nonlocal said
            spent = f"{requests:,} requests" + ("" if dollars is None else f"  ${dollars:.4f}")
            bar.update(task, completed=stories, spent=spent)
            if not bar.console.is_terminal and time.monotonic() - said > _PLAIN_EVERY_S:
                said = time.monotonic()
                say(f"{stories:,} of {count:,} stories, {spent}")

        yield show


@contextmanager
def cleaning(size: float | None) -> Iterator[Callable[[str, float, float | None], None]]:
    """A bar for `clean_stories`: megabytes of about `size` bytes, then the share of what follows.

    Where stderr is no terminal, a line now and then.
    """
    console = _stderr()
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[numbers]}"),
    ]
    said = [time.monotonic()]
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("looking", total=size, numbers="")

        def show(doing: str, done: float, total: float | None) -> None:
            total = size if doing == "cleaning" else total
            numbers = f"{done / 1e6:,.1f} MB" if doing == "cleaning" else ""
            done = done if total is None else min(done, total)
            if bar.tasks[0].description != doing:  # another kind of work: its own estimate
                bar.reset(task, description=doing, total=total)
            bar.update(task, description=doing, completed=done, total=total, numbers=numbers)
            if not console.is_terminal and time.monotonic() - said[0] > _PLAIN_EVERY_S:
                said[0] = time.monotonic()
                left = bar.tasks[0].time_remaining
                share = f"{done / total:4.0%}  " if total else ""
                say(f"{doing}  {share}{numbers}" + (f"  {_clock(left)} left" if left is not None else ""))

        yield show


class TrainingBar:
    """The bar of a training run: loss, bits per byte, tokens/s, time left; the diary scrolls above it."""

    def __init__(self, bytes_per_token: float) -> None:
        self._bytes_per_token = bytes_per_token
        self._console = _stderr()
        self._bar = Progress(
            BarColumn(24),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[numbers]}"),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=1.0, numbers="")
        self._nats: float | None = None
        self._held_back = ""
        self._began: tuple[float, float] | None = None  # seconds and progress of the first row
        self._tokens = 0
        self._said = 0.0

    def __enter__(self) -> "TrainingBar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, row: Row) -> None:
        """Take in the row of a step, or of a diary entry."""
        if "story" in row:
            self._show_story(row)
            return
        if HELD_BACK_NATS in row:
            self._held_back = f"  {row[HELD_BACK_BITS]:.3f} held back"
            return
        nats = row["nats_per_token"]
        self._nats = nats if self._nats is None else _SMOOTHING * self._nats + (1 - _SMOOTHING) * nats
        if self._began is None:
            self._began = (row["seconds"], row["progress"])
        self._tokens += row["targets"]
        seconds, progress = row["seconds"] - self._began[0], row["progress"] - self._began[1]
        rate = self._tokens / seconds if seconds else 0.0
        left = seconds / progress * (1 - row["progress"]) if progress > 0 else math.inf
        numbers = (
            f"loss {self._nats:.3f}  {self._nats / math.log(2) / self._bytes_per_token:.3f} bits/byte"
            f"{self._held_back}  {rate:,.0f} tokens/s{_mfu(row)}  gradient {row['gradient_norm']:.2f}  "
            f"{_clock(left)} left"
        )
        self._bar.update(self._task, completed=row["progress"], numbers=numbers)
        if not self._console.is_terminal and time.monotonic() - self._said > _PLAIN_EVERY_S:
            self._said = time.monotonic()
            say(f"{row['progress']:4.0%}  {numbers}")

    def _show_story(self, row: Row) -> None:
        first = " ".join(row["story"].split())
        printable = "".join(letter if letter.isprintable() else "·" for letter in first)
        cut = textwrap.shorten(printable, 150, placeholder=" …")
        score = f"{row['bits_per_byte']:.3f} bits/byte" if "bits_per_byte" in row else ""
        text = f"after {row['tokens']:>10,} tokens  {score}  {cut}"
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=False)


def _mfu(row: Row) -> str:
    return f"  MFU {row['mfu']:.0%}" if "mfu" in row else ""


def _clock(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _stderr() -> Console:
    return Console(file=sys.stderr)
