"""`lilliput tell`: write stories."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import print_json, say


def tell(
    model: options.Model,
    prompt: Annotated[str, typer.Argument(help="How the story begins.")] = "",
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
    seed: Annotated[int | None, typer.Option(help="The same seed tells the same story.", min=0)] = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput tell runs/story "One day, a little fox"
      lilliput tell runs/story --temperature 0
      lilliput tell runs/story --count 3 --seed 7 --json

    Write stories with a model. The text streams out and stops at the story's own end.
    """
    from lilliput.app.engines import open_engine
    from lilliput.generation.generate import Telling
    from lilliput.generation.sample import Sampling

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
    opened = open_engine(Path(model), engine and engine.value, threads, precision=precision.value)
    first = seed if seed is not None else time.time_ns() % 2**31
    rows: list[dict[str, Any]] = []
    for number in range(count):
        telling = Telling(opened.engine, opened.tokenizer, sampling, first + number, prompt, max_tokens)
        began = time.perf_counter()
        pieces = []
        for piece in telling:
            pieces.append(piece)
            if not as_json:
                print(piece, end="", flush=True)
        seconds = time.perf_counter() - began
        rows.append(
            {
                "text": "".join(pieces),
                "seed": first + number,
                "tokens": len(telling.ids),
                "ending": telling.ending,
                "tokens_per_second": len(telling.ids) / seconds if seconds else 0.0,
            }
        )
        if not as_json:
            print("\n" if number + 1 < count else "")
            _explain_ending(telling.ending, opened.engine.context)
    if as_json:
        print_json(rows)


def _explain_ending(ending: str | None, context: int) -> None:
    if ending == "context":
        say(f"(cut: the model reads {context} tokens at most)")
