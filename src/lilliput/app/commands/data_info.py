"""`lilliput data info`: a portrait of a corpus, or of two side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import print_json

if TYPE_CHECKING:
    from lilliput.stories.portrait import BasicWords, Portrait


def info(
    data: Annotated[list[str], typer.Argument(help="Files, folders, hub:owner/name:column, world:COUNT.")],
    other: Annotated[
        list[str],
        typer.Option(
            "--with", help="Another corpus to stand beside it. Give it again for more.", metavar="OTHER"
        ),
    ] = [],  # noqa: B006 (typer copies it)
    words: Annotated[
        Path | None,
        typer.Option(help="Basic words to look for, one a line; ours if not given.", metavar="FILE"),
    ] = None,
    separator: options.Separator = options.SeparatorName.auto,
    column: options.Column = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput data info stories.txt
      lilliput data info stories.txt --with world:10000
      lilliput data info mine.jsonl --words basic-words.txt --json

    Paint a portrait of a corpus in one pass: size, lengths, openings, endings, common 4-grams, basic words,
    copies, diversity, readability, scripts. Two corpora stand side by side in one table.
    """
    from lilliput.app.portrait_table import print_portraits
    from lilliput.stories.portrait import measure_diversity, read_basic_words

    basic = read_basic_words(words)
    corpora = [data, other] if other else [data]
    painted = [_paint(paths, basic, separator.value, column) for paths in corpora]
    diversity = measure_diversity([portrait.sample() for _, portrait in painted])
    rows: list[dict[str, Any]] = [
        {"name": _name(paths), "read_as": read_as, **portrait.facts(), **diverse}
        for paths, (read_as, portrait), diverse in zip(corpora, painted, diversity, strict=True)
    ]
    if not as_json:
        print_portraits(rows)
    elif other:
        print_json({"data": rows[0], "with": rows[1]})
    else:
        print_json(rows[0])


def _paint(
    paths: list[str], basic: "BasicWords", separator: Any, column: str | None
) -> tuple[str, "Portrait"]:
    """How the stories were read, and their portrait."""
    from lilliput.app.progress import counted
    from lilliput.stories.portrait import Portrait
    from lilliput.stories.sources import open_stories

    opened = open_stories(paths, separator=separator, column=column)
    portrait = Portrait(basic)
    for story in counted(opened.stories, "reading", "stories"):
        portrait.add(story)
    return opened.description, portrait


def _name(paths: list[str]) -> str:
    return Path(paths[0]).name + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
