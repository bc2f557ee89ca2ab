"""`lilliput tell`: write stories."""

import json
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import print_json, say
from lilliput.app.shipped import split_words
from lilliput.errors import ConfigError
from lilliput.rundir import atomic_write, refuse_overwrite

if TYPE_CHECKING:
    from lilliput.generation.c_batch import Precision
    from lilliput.generation.sample import Sampling


@dataclass(frozen=True)
class _Wish:
    sampling: "Sampling"
    seed: int
    prompt: str
    max_tokens: int | None


_Computing = tuple[str | None, int | None, "Precision"]
"""Engine, threads, precision, as they were asked for."""
_Rows = Generator[dict[str, Any], None, None]


def tell(
    words: Annotated[
        list[str],
        typer.Argument(
            help="A model folder, or a model we ship (pocket, laptop; without one, pocket tells), and how "
            "the story begins.",
            metavar='[MODEL] ["BEGINNING"]',
            show_default=False,
        ),
    ] = [],  # noqa: B006 (typer copies it)
    engine: options.Engine = None,
    precision: options.Precision = options.PrecisionName.f32,
    temperature: Annotated[
        float, typer.Option(help="0: always the likeliest token; 1: as learnt.", min=0)
    ] = 0.8,
    top_k: Annotated[int, typer.Option(help="Only the k likeliest tokens; 0: all.", min=0)] = 0,
    top_p: Annotated[float, typer.Option(help="Only the likeliest tokens that together reach p.")] = 0.95,
    min_p: Annotated[
        float, typer.Option(help="Only tokens at least this share as likely as the likeliest.")
    ] = 0.0,
    repetition_penalty: Annotated[
        float, typer.Option(help="Above 1: tokens already in the story become less likely.", min=1)
    ] = 1.0,
    max_tokens: Annotated[
        int | None,
        typer.Option(help="Stop after this many tokens; else at the story's end.", min=1),
    ] = None,
    count: Annotated[int, typer.Option(help="How many stories.", min=1)] = 1,
    seed: Annotated[
        int | None,
        typer.Option(help="The same seed tells the same story.", min=0, max=options.LARGEST_SEED),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", help="Write a JSON line for each story to this file; Ctrl-C keeps the finished ones."
        ),
    ] = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput tell
      lilliput tell "One day, a little fox"
      lilliput tell laptop "One day, a little fox"
      lilliput tell runs/story "One day, a little fox"
      lilliput tell runs/story --temperature 0
      lilliput tell story-int8 --engine integer
      lilliput tell runs/story --count 3 --seed 7 --json
      lilliput tell runs/story --count 10000 -o stories.jsonl

    Write stories with a model. The text streams out and stops at the story's own end. Many
    stories are written side by side; story k of --seed n is the story of --seed n + k.
    """
    from lilliput.generation.sample import Sampling

    if output and as_json:
        raise ConfigError("-o writes JSON lines to a file and --json prints JSON: give one of them")
    sampling = Sampling.from_dict(
        {
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "min_p": min_p,
            "repetition_penalty": repetition_penalty,
        },
        "tell",
    )
    model, prompt = split_words(words)
    first = seed if seed is not None else time.time_ns() % 2**31
    if first + count - 1 > options.LARGEST_SEED:
        raise ConfigError(
            f"--seed {first} --count {count}: the last story's seed would be {first + count - 1}, and the "
            f"largest is {options.LARGEST_SEED}: give less"
        )
    if output:
        refuse_overwrite(output)
    wish = _Wish(sampling, first, prompt, max_tokens)
    computing: _Computing = (engine.value if engine else None, threads, precision.value)
    if count == 1 and not as_json and not output:
        _stream(model, computing, wish)
        return
    shown = not output and not as_json and sys.stdout.isatty()  # then stories go by, and no bar is wanted
    rows = _write_many(model, computing, wish, count, with_bar=not shown)
    if output:
        _keep(rows, output, count)
    elif as_json:
        print_json(list(rows))
    else:
        for number, row in enumerate(rows):
            print("\n" * (number > 0) + row["text"])


def _keep(rows: _Rows, output: Path, count: int) -> None:
    """Write a line for each row; on Ctrl-C, those that there are stay, which is said."""
    from lilliput.app.interrupts import INTERRUPTED, heeding_interrupts

    kept = 0
    with heeding_interrupts() as until_interrupted, atomic_write(output, "w") as file:
        for row in until_interrupted(rows):
            told = {
                key: value for key, value in row.items() if key != "tokens_per_second"
            }  # the same each time
            file.write(json.dumps(told, ensure_ascii=False) + "\n")
            kept += 1
        if not kept:  # a file that was there before is worth more than an empty one
            say("stopped before a story was finished")
            raise typer.Exit(INTERRUPTED)
    if kept < count:
        say(f"stopped: {output} has {kept:,} of {count:,} stories")
        raise typer.Exit(INTERRUPTED)


def _stream(model: Path, computing: _Computing, wish: _Wish) -> None:
    """One story, as it is written."""
    from lilliput.app.ends import read_ends
    from lilliput.app.engines import open_engine
    from lilliput.generation.generate import Telling

    name, threads, precision = computing
    opened = open_engine(model, name, threads, precision=precision)
    ends = read_ends(model, opened.tokenizer, name)
    telling = Telling(
        opened.engine, opened.tokenizer, wish.sampling, wish.seed, wish.prompt, wish.max_tokens, ends
    )
    for piece in telling:
        print(piece, end="", flush=True)
    print()
    if telling.ending == "context":
        say(f"(cut: the model reads {opened.engine.context} tokens at most)")


def _write_many(model: Path, computing: _Computing, wish: _Wish, count: int, with_bar: bool) -> _Rows:
    """A row for each story, in order; then says how quick it was."""
    from lilliput.app.ends import read_ends
    from lilliput.app.engines import open_engines
    from lilliput.app.progress import counted
    from lilliput.generation.batch import Request
    from lilliput.generation.many import write_stories

    name, threads, precision = computing
    engines, tokenizer = open_engines(model, name, threads, precision, count)
    ids = (tokenizer.bos, *tokenizer.encode(wish.prompt))
    most = engines[0].context if wish.max_tokens is None else wish.max_tokens
    ends = read_ends(model, tokenizer, name)
    requests = (Request(ids, wish.sampling, wish.seed + k, most, ends) for k in range(count))
    tokens, began = 0, time.perf_counter()
    stories = write_stories(engines, requests)
    for k, story in enumerate(counted(stories, "writing", "stories", count) if with_bar else stories):
        tokens += len(story.ids)
        seconds = time.perf_counter() - began
        yield {
            "text": tokenizer.decode([*ids[1:], *story.ids]),
            "seed": wish.seed + k,
            "tokens": len(story.ids),
            "ending": story.ending,
            "tokens_per_second": tokens / seconds,
        }
    seconds = time.perf_counter() - began
    say(f"{count:,} stories, {tokens:,} tokens, {tokens / seconds:,.0f} tokens/s")
