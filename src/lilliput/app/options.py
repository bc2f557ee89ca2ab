"""Options that several commands share, so that they are spelled and explained alike everywhere."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lilliput.app.shipped import find_model

Model = Annotated[
    Path,
    typer.Argument(
        help="A model folder, or a model we ship: pocket, laptop.",
        metavar="MODEL",
        show_default=False,
        callback=find_model,
    ),
]
Data = Annotated[
    list[str],
    typer.Option(
        "--data",
        help="Stories: a file (.txt .jsonl .parquet, also .gz or .zst), a folder, or "
        "hub:owner/name:column, or world:COUNT for the built-in story world. Give it again for more.",
        metavar="STORIES",
        show_default=False,
    ),
]
Column = Annotated[
    str | None,
    typer.Option(help="Column of a table, key of a JSON line, that holds the story."),
]
LARGEST_SEED = 2**63 - 1
Seed = Annotated[int, typer.Option(help="Where randomness starts.", min=0, max=LARGEST_SEED)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Settings = Annotated[
    list[str],
    typer.Option("--set", help="Change one setting: train.learning_rate=0.002", metavar="A.B=V"),
]
Minutes = Annotated[float | None, typer.Option(help="Train for this long.", min=0.01)]
Tokens = Annotated[int | None, typer.Option(help="Train on this many tokens.", min=1)]


class EngineName(StrEnum):
    """What computes."""

    c = "c"
    torch = "torch"
    integer = "integer"


class PrecisionName(StrEnum):
    """How weights are held."""

    f32 = "f32"
    int8 = "int8"
    int4 = "int4"


Engine = Annotated[
    EngineName | None,
    typer.Option(
        help="What computes: c, where it was built, if not given; integer is what a device says, of a folder "
        "that lilliput quantize made, and what a folder without floats is read by if not given."
    ),
]
Precision = Annotated[
    PrecisionName, typer.Option(help="How the C engine holds weights: int8 and int4 are quicker and rounded.")
]
Threads = Annotated[int | None, typer.Option(help="CPU threads; all cores if not given.", min=1)]


class SeparatorName(StrEnum):
    """What stands between stories of a plain text file."""

    auto = "auto"
    endoftext = "endoftext"
    blank_line = "blank-line"
    line = "line"


_SEPARATOR = typer.Option(help="What stands between stories of plain text; auto looks, and says.")
Separator = Annotated[SeparatorName, _SEPARATOR]
SeparatorOrPlans = Annotated[SeparatorName | None, _SEPARATOR]
