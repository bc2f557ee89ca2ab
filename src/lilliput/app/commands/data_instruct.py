"""`lilliput data instruct`: stories become records of instructions and story."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from lilliput.app import options
from lilliput.app.output import command_name, print_json, say
from lilliput.stories.instruct import Meeting


def instruct(
    data: Annotated[list[str], typer.Argument(help="Files, folders, hub:owner/name:column, world:COUNT.")],
    output: Annotated[Path, typer.Option("-o", help="JSON lines to write.", metavar="FILE")],
    meeting: Annotated[
        Meeting,
        typer.Option("--words-and-summary", help="Whether these two meet in one record."),
    ] = Meeting.maybe,
    seed: options.Seed = 0,
    separator: options.Separator = options.SeparatorName.auto,
    column: options.Column = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput data instruct stories.txt -o instruct.jsonl
      lilliput data instruct world:50000 -o apart.jsonl --words-and-summary apart
      lilliput data instruct world:1000:7 -o asked.jsonl --words-and-summary together
      lilliput train pocket --data instruct.jsonl --minutes 10 --out runs/instruct

    Build records as in TinyStories-Instruct: of Words, Features, Summary and a Random sentence (never the
    first) a random subset in random order, then the story. Words and the sentence are taken from the text
    where labels name none, features and summary from labels. Training on such a file learns the stories only.
    """
    from lilliput.app.progress import counted
    from lilliput.rundir import refuse_overwrite
    from lilliput.stories.instruct import Built, build_records
    from lilliput.stories.sources import open_stories
    from lilliput.stories.story import write_jsonl

    refuse_overwrite(output)
    opened = open_stories(data, separator=separator.value, column=column)
    say(opened.description)
    built = Built()
    stories = counted(opened.stories, "building", "records")
    write_jsonl(output, build_records(stories, seed=seed, meeting=meeting, built=built))
    if as_json:
        facts = {"stories": built.stories, "records": built.records, "left_out": built.left_out}
        print_json({"read_as": opened.description, **facts, **built.kinds, "words_and_summary": built.met})
    kinds = ", ".join(f"{count:,} ask for {kind}" for kind, count in built.kinds.items())
    say(f"{output}: {built.records:,} records; {kinds}; {built.met:,} for words and summary together")
    if built.left_out:
        say(f"left out: {built.left_out:,} stories of which nothing, or not what is wanted, is known")
    say(f"train on it: {command_name()} train pocket --data {shlex.quote(str(output))} --out runs/instruct")
