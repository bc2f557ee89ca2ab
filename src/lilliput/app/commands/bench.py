"""`lilliput bench`: how quick a model is here, beside what this machine could do at best."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from lilliput.app import options
from lilliput.app.output import print_json, print_table, say
from lilliput.errors import LilliputError
from lilliput.rundir import atomic_write, refuse_overwrite

if TYPE_CHECKING:
    from lilliput.evaluation.speed import Ceiling, Speed, Spread

_TABLE_WIDTH = 71
"""Of the table without its bars."""
_SHORTEST_BAR, _LONGEST_BAR = 8, 40
_BUSY = 0.75
"""Programs that want a processor, on average of the last minute: more than our own last run leaves behind."""


def bench(
    model: options.Model,
    threads: options.Threads = None,
    precision: Annotated[
        options.PrecisionName | None,
        typer.Option(help="How weights are held; all, in turn, if not given."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="Measure for about this long.", min=0.1, max=3600)] = 10.0,
    output: Annotated[
        Path | None, typer.Option("-o", help="Draw a picture into this file.", metavar="FILE.png")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput bench runs/story
      lilliput bench runs/story -o speed.png
      lilliput bench runs/story --precision int8 --threads 4 --json

    Measure how many tokens a second the C engine writes, and how fast this machine reads memory
    and multiplies at best: greedy stories, one alone and many side by side. The limit is what
    the slower of the two would allow if nothing but the weights were read and multiplied, once
    a token. Figures are medians of five rounds in which everything is measured in turn, limits the
    best of them; a picture needs pip install 'lilliput[picture]'.
    """
    from lilliput.app.engines import count_threads
    from lilliput.app.progress import counted
    from lilliput.evaluation.speed import ROUNDS, SpeedTest
    from lilliput.formats.folder import load_folder
    from lilliput.generation.c_batch import PRECISIONS
    from lilliput.runtime.native import kernel_names

    _check_picture(output)
    folder, kernels, load = load_folder(model), kernel_names()[0], _load()
    if load and load > _BUSY:
        say(f"this machine was busy in the last minute (load {load:.1f}): figures may be low")
    say("laying out the weights, and finding out how long things take")
    precisions = (precision.value,) if precision else PRECISIONS
    most = count_threads(threads)
    test = SpeedTest(folder.config, folder.weights, folder.tokenizer.bos, precisions, most, seconds)
    for _ in counted(range(ROUNDS), "measuring", "rounds", ROUNDS):
        test.measure_round()
    speeds, ceilings = test.speeds(), test.ceilings()
    if output:
        from lilliput.evaluation.speed_picture import draw_speeds

        picture = draw_speeds(speeds, f"{folder.path.name}, {kernels} kernels")
        with atomic_write(output) as file:
            file.write(picture)
        say(f"picture: {output}")
    if as_json:
        machine = {"kernels": kernels, "processors": count_threads(None), "load": load}
        print_json({"name": folder.path.name, **machine, **_as_rows(folder.config, speeds, ceilings)})
    else:
        _show(kernels, speeds)


def _check_picture(output: Path | None) -> None:
    """Before the measuring, not after it."""
    if output is None:
        return
    from lilliput.evaluation.speed_picture import require_matplotlib

    if output.suffix.lower() != ".png":
        raise LilliputError(f"{output}: pictures are PNG files; give a name that ends in .png")
    require_matplotlib()
    refuse_overwrite(output)


def _as_rows(config: Any, speeds: "Sequence[Speed]", ceilings: "Sequence[Ceiling]") -> dict[str, Any]:
    from lilliput.models.count import count_parameters

    count = count_parameters(config)
    return {
        "parameters": count.parameters,
        "parameters_without_embeddings": count.parameters_without_embeddings,
        "ceilings": [
            {
                "what": ceiling.what,
                "kind": ceiling.kind,
                "threads": ceiling.threads,
                **_spread("bytes" if ceiling.what == "reading" else "operations", ceiling.per_second),
            }
            for ceiling in ceilings
        ],
        "speeds": [
            {
                "precision": speed.precision,
                "stories": speed.stories,
                "threads": speed.threads,
                **_spread("tokens", speed.tokens_per_second),
                "limit_tokens_per_second": speed.limit.tokens_per_second,
                "bound_by": speed.limit.bound_by,
                "share_of_limit": speed.share_of_limit,
                "bytes_per_token": speed.work.bytes,
                "stories_that_share_reading": speed.stories_together,
                "float_operations_per_token": speed.work.float_operations,
                "integer_operations_per_token": speed.work.integer_operations,
            }
            for speed in speeds
        ],
    }


def _spread(what: str, spread: "Spread") -> dict[str, float]:
    name = f"{what}_per_second"
    return {name: spread.median, f"{name}_min": spread.min, f"{name}_max": spread.max}


def _show(kernels: str, speeds: "Sequence[Speed]") -> None:
    from lilliput.app.engines import count_threads

    cores = count_threads(None)
    print(f"{kernels} kernels on {cores} core{'s' * (cores != 1)}; greedy stories")
    width = min(_LONGEST_BAR, max(_SHORTEST_BAR, Console().width - _TABLE_WIDTH))
    for precision in dict.fromkeys(speed.precision for speed in speeds):
        rows = [speed for speed in speeds if speed.precision == precision]
        print(f"\n{_ceilings_line(rows)}")
        print_table(
            ["stories", "threads", "tokens/s", "   min", "   max", " limit", "set by", "share"],
            [[speed.stories, speed.threads, *_cells(speed, width)] for speed in rows],
        )
    print(
        "\nlimit: every weight read once a token from where it lies, and multiplied once, and nothing else"
        "\ndone. Stories side by side share the reading."
    )


def _cells(speed: "Speed", width: int) -> list[str]:
    rate = speed.tokens_per_second
    numbers = [f"{_brief(x):>6}" for x in (rate.min, rate.max, speed.limit.tokens_per_second)]
    share = speed.share_of_limit
    return [
        f"{rate.median:>8,.0f}",
        *numbers,
        f"{speed.limit.bound_by:<10}",
        f"{share:>4.0%} {_bar(share, width)}",
    ]


def _ceilings_line(rows: "Sequence[Speed]") -> str:
    """What a token needs at one precision, and how quickly each number of threads gets it."""
    work = rows[0].work
    by_threads = {speed.threads: speed.ceilings for speed in rows}
    reads, computes = [], []
    for threads, ceilings in by_threads.items():
        who = f"{threads} thread{'s' * (threads != 1)}"
        floats = work.float_operations > work.integer_operations
        operations = (
            ceilings.float_operations_per_second if floats else ceilings.integer_operations_per_second
        )
        reads.append(f"{who} {ceilings.bytes_per_second / 1e9:,.0f} GB/s")
        computes.append(f"{who} {operations / 1e9:,.0f} Gop/s")
    name = f"{rows[0].precision}:"
    return (
        f"{name:<6}a token reads {_brief(work.bytes, ' ')}B; at best {', '.join(reads)}\n"
        f"{'':<6}a token takes {_brief(work.operations, ' ')} operations; at best {', '.join(computes)}"
    )


def _brief(number: float, space: str = "") -> str:
    """Three digits or so: 153k, 8.56M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit * 0.9995:
            units = number / unit
            digits = 0 if units >= 99.95 else 1 if units >= 9.995 else 2
            return f"{units:.{digits}f}{space}{name}"
    return f"{number:.0f}{space}"


def _bar(share: float, width: int) -> str:
    """A share as blocks; above 1 no more than full: the number says it."""
    full = min(width, round(share * width))
    try:
        "█░".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "#" * full + "." * (width - full)
    return "█" * full + "░" * (width - full)


def _load() -> float | None:
    """How many processes wanted a processor in the last minute, where the system tells."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
