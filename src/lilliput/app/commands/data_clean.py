"""`lilliput data clean`: a corpus mended, what is beyond mending removed, and a report of it."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import print_json, print_table, say


def clean(
    data: Annotated[list[str], typer.Argument(help="Files, folders, hub:owner/name:column, world:COUNT.")],
    output: Annotated[Path, typer.Option("-o", help="JSON lines to write.", metavar="FILE")],
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="A validation set: stories that hold something of it are removed.", metavar="STORIES"
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Folder, or .html or .json file, for the report; beside FILE if not given."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Run this stage and no other.", metavar="STAGE")
    ] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Leave this stage out.", metavar="STAGE")] = None,
    settings: options.Settings = [],  # noqa: B006 - typer's way of an empty list
    workers: Annotated[int | None, typer.Option(help="Processes; all cores if not given.", min=1)] = None,
    separator: options.Separator = options.SeparatorName.auto,
    column: options.Column = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput data clean train.txt -o clean.jsonl --against valid.txt
      lilliput data clean stories.jsonl -o clean.jsonl --skip near --set length.max_words=500
      lilliput data clean old.json -o mended.jsonl --only repair --report report/

    Mend and sift stories, keep their labels, and report what was removed and why, as JSON and as a page.

    \b
    Stages, in their order:
      repair      broken encoding is mended          markup    tags and Markdown are stripped
      whitespace  is tidied                          empty     fewer than length.min_words
      long        more than length.max_words         script    letters of another script
      language    another language than the rest     fragment  cut at its end or its beginning
      leak        in --against: story, paragraph,    graphic   flagged by a label, not removed
                  or 30 words in a row
      exact       equal to an earlier story          near      much like an earlier story

    A run that was stopped goes on where it was when the same command is given again.
    """
    from lilliput.app.progress import cleaning
    from lilliput.rundir import refuse_closed_place, refuse_overwrite, write_text
    from lilliput.stories.cleaning.config import Cleaning
    from lilliput.stories.cleaning.page import make_page
    from lilliput.stories.cleaning.run import Order, clean_stories, work_folder
    from lilliput.stories.cleaning.stages import choose_stages
    from lilliput.stories.sources import open_stories

    refuse_overwrite(output)
    page, values = _report_paths(output, report)
    for path in (page, values):
        refuse_closed_place(path)
    names = choose_stages(only or [], skip or [], bool(against))
    config = Cleaning().with_settings(settings)
    opened = open_stories(data, separator=separator.value, column=column, keep_empty=True)
    order = Order(
        opened=opened,
        against=open_stories(against, column=None) if against else None,
        output=output,
        names=names,
        config=config,
        workers=workers or _enough_workers(data),
    )
    if work_folder(output).is_dir():
        say(f"{work_folder(output)}: going on with the parts that still fit")

    def write_report(found: dict[str, Any]) -> None:
        from json import dumps

        write_text(values, dumps(found, indent=2, ensure_ascii=False) + "\n")
        write_text(page, make_page(found))

    with cleaning(_characters(data)) as on_progress:
        found = clean_stories(order, write_report, on_progress)
    if as_json:
        print_json(found)
    else:
        rows = [[s["stage"], s["says"], s["removed"], s["mended"], s["flagged"]] for s in found["stages"]]
        print_table(["stage", "what", "removed", "mended", "flagged"], rows)
    say(_last_line(found, output, page))


def _last_line(found: dict[str, Any], output: Path, page: Path) -> str:
    line = f"{output}: {found['stories_out']:,} of {found['stories_in']:,} stories; the report: {page}"
    if "validation" in found:
        leaks = found["validation"]
        line += f"; {leaks['found_in_data']:,} of {leaks['stories']:,} validation stories lay in the data"
    return line


def _report_paths(output: Path, report: Path | None) -> tuple[Path, Path]:
    """The page and the JSON of the report."""
    if report is None:
        stem = output.with_suffix("")
        return stem.with_name(f"{stem.name}.report.html"), stem.with_name(f"{stem.name}.report.json")
    if report.suffix.lower() in (".html", ".json"):
        return report.with_suffix(".html"), report.with_suffix(".json")
    return report / "report.html", report / "report.json"


_FEW_BYTES = 16_000_000  # one process is done before others have started


def _enough_workers(data: list[str]) -> int:
    size = _characters(data)
    return 1 if size is not None and size < _FEW_BYTES else os.cpu_count() or 1


def _characters(data: list[str]) -> float | None:
    """About how much text there is, for the estimate of what is left; None where nobody knows."""
    total = 0
    for name in data:
        path = Path(name).expanduser()
        if path.suffix.lower() not in (".txt", ".md", ".jsonl", ".ndjson", ".json") or not path.is_file():
            return None
        total += path.stat().st_size
    return total
