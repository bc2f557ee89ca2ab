"""`lilliput story`: the main job, end to end, on whatever is there."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from lilliput.app import options
from lilliput.app.output import command_name, say
from lilliput.errors import DataError

_WORLD = "world:20000"
_TRIES = 8
"""Stories told at the end until one comes to its own end."""
_PATIENCE = 8
"""Own text may be little: after so many checks in a row without gain, a run stops."""


def story(
    data: options.Data = [],  # noqa: B006 (typer copies it)
    minutes: Annotated[float, typer.Option(help="Train for this long.", min=0.01)] = 1.0,
    out: Annotated[
        Path | None, typer.Option(help="The model folder to make; runs/story if it is free.")
    ] = None,
    seed: options.Seed = 0,
    separator: options.Separator = options.SeparatorName.auto,
    column: options.Column = None,
) -> None:
    """\b
    Examples:
      lilliput story
      lilliput story --data my.txt --minutes 10

    Get stories, train a small model on them for a few minutes, and let it tell one.

    Stories come from --data; else TinyStories from the Hugging Face hub, if it can be reached
    within seconds; else the built-in story world. It says which.
    """
    from lilliput.app.progress import open_counted
    from lilliput.app.run_folder import clear_for_run, free_run_folder, new_run
    from lilliput.app.running import check_can_train, run_plan
    from lilliput.presets import find_plan
    from lilliput.stories.sources import Opened, open_stories
    from lilliput.training.prepare import prepare
    from lilliput.training.resume import RunFiles, load_plan

    out = out or free_run_folder()
    files = RunFiles(out)
    clear_for_run(files)
    reading = {"separator": separator.value, "column": column}
    train = {"minutes": minutes, "patience": _PATIENCE if data else None}
    changes = {"seed": seed, "data": reading, "train": train}
    plan = find_plan("pocket").with_changes(changes, "story")
    check_can_train(plan)
    sources = data or [_find_stories()]

    def open_again() -> Opened:
        return open_counted(open_stories(sources, separator=separator.value, column=column))

    say(f"stories: {open_again().description}")
    with new_run(files):
        prepared = prepare(plan, open_again, files, say, fit_vocabulary=True)
        say(f"training for {minutes:g} min; Ctrl-C stops early and keeps what was learnt")
        outcome = run_plan(files, prepared)
    if outcome.reason != "stopped":
        _tell(out, seed)
        _suggest(out, minutes, load_plan(files).prompt or "", early=outcome.reason == "early")


def _find_stories() -> str:
    """The path of TinyStories, fetched or kept from before; else the story world. Says which."""
    from lilliput.app.progress import fetching
    from lilliput.stories.hub import default_cache, describe_tinystories, fetch_tinystories

    try:
        with fetching() as on_progress:
            path = fetch_tinystories(default_cache(), on_progress=on_progress)
    except DataError as error:
        say(f"{error}; taking the built-in story world instead")
        return _WORLD
    say(describe_tinystories(48))
    return str(path)


def _tell(out: Path, seed: int) -> None:
    """Print a story that comes to its own end, if one of a few does."""
    from lilliput.app.engines import open_engine
    from lilliput.generation.generate import Telling
    from lilliput.generation.sample import Sampling

    opened = open_engine(out, None, None)
    for number in range(_TRIES):
        sampling = Sampling(temperature=0.7, top_p=0.95)
        telling = Telling(opened.engine, opened.tokenizer, sampling, seed + number)
        text = "".join(telling)
        if telling.ending == "end":
            break
    say("\nA story by your model:\n")
    print(text)
    if telling.ending != "end":
        say(
            f"(cut: the model reads {opened.engine.context} tokens at most, and none of {_TRIES} tries ended)"
        )


def _suggest(out: Path, minutes: float, prompt: str, *, early: bool) -> None:
    name, folder = command_name(), quote(str(out))
    longer = f"{name} train --resume --out {folder} --minutes {3 * minutes:g}"
    many = f"{name} tell {folder} --count 5 --temperature 0.7"  # longer would only learn by heart
    say(
        "\nThree things to try next:\n"
        f"  {name} tell {folder} {quote(prompt)} --temperature 0.9\n"
        f"  {many if early else longer}\n"
        f"  {name} evaluate {folder} --data world:200:7\n"
        f"How it learnt to write: {out}/diary.md"
    )
