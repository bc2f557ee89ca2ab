"""`lilliput data`: get stories, make stories, look at stories."""

from pathlib import Path
from typing import Annotated

import typer

from lilliput.app import options
from lilliput.app.commands.data_clean import clean
from lilliput.app.commands.data_info import info
from lilliput.app.commands.data_instruct import instruct
from lilliput.app.commands.data_write import write
from lilliput.app.output import say

app = typer.Typer(help="Get, make and inspect stories.", rich_markup_mode=None)
app.command()(clean)


@app.command()
def fetch(
    megabytes: Annotated[int, typer.Option(help="How much of TinyStories.", min=1)] = 48,
) -> None:
    """\b
    Examples:
      lilliput data fetch
      lilliput data fetch --megabytes 500

    Fetch the beginning of TinyStories from the Hugging Face hub, once; prints the file's path.
    """
    from lilliput.app.progress import fetching
    from lilliput.stories.hub import default_cache, describe_tinystories, fetch_tinystories

    say(describe_tinystories(megabytes))
    with fetching() as on_progress:
        path = fetch_tinystories(default_cache(), megabytes=megabytes, on_progress=on_progress)
    print(path)


@app.command()
def make(
    output: Annotated[Path, typer.Option("-o", help="JSON lines to write.", metavar="FILE")],
    count: Annotated[int, typer.Option(help="How many stories.", min=1)] = 10_000,
    seed: options.Seed = 0,
) -> None:
    """\b
    Examples:
      lilliput data make -o world.jsonl
      lilliput data make --count 100000 --seed 1 -o world.jsonl

    Make stories from the built-in story world, with their labels: words, features, summary, and
    what is true in each.
    """
    from lilliput.app.progress import counted
    from lilliput.rundir import refuse_overwrite
    from lilliput.stories.story import write_jsonl
    from lilliput.stories.world import iter_world

    refuse_overwrite(output)
    written = write_jsonl(output, counted(iter_world(seed, count), "making", "stories", count))
    say(f"{output}: {written:,} stories of seed {seed}")


app.command()(info)
app.command()(instruct)
app.command()(write)
