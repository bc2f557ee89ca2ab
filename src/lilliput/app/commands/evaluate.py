"""`lilliput evaluate`: how well a model predicts text."""

import os
import shlex
import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import print_facts, print_json, say
from lilliput.app.shipped import FOLDER

if TYPE_CHECKING:
    from lilliput.evaluation.loss import Loss


class CutName(StrEnum):
    """How text is cut into what the model reads."""

    story = "story"
    stream = "stream"


def evaluate(
    model: options.Model,
    data: options.Data,
    cut: Annotated[
        CutName,
        typer.Option(help="story: each from its own beginning; stream: windows of the context."),
    ] = CutName.story,
    separator: options.Separator = options.SeparatorName.auto,
    column: options.Column = None,
    engine: options.Engine = None,
    precision: options.Precision = options.PrecisionName.f32,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput evaluate runs/story --data stories.txt
      lilliput evaluate runs/story --data stories.txt --cut stream --json
      lilliput evaluate runs/story --data stories.txt --precision int8
      lilliput evaluate story-int8 --data stories.txt --engine integer

    Score a model on text: nats per token, and bits per byte, which models with different
    tokenizers can be compared by. The score is kept in the model's folder, with its command.
    """
    from lilliput.app.engines import choose_engine, open_scorer
    from lilliput.app.progress import counted
    from lilliput.evaluation.loss import measure_loss
    from lilliput.formats.folder import add_score
    from lilliput.stories.sources import Fingerprint, open_stories

    opened = open_stories(data, separator=separator.value, column=column)
    say(opened.description)
    computing = choose_engine(engine and engine.value, model)
    scorer, folder = open_scorer(Path(model), computing, threads, precision.value)
    fingerprint = Fingerprint()

    def texts() -> Iterator[str]:
        for story in counted(opened.stories, "scoring", "stories"):
            fingerprint.add(story)
            yield story.text

    began = time.perf_counter()
    loss = measure_loss(scorer, folder.tokenizer, texts(), cut.value)
    seconds = time.perf_counter() - began
    row = {
        "suite": "loss",
        "name": folder.path.name,
        "data": ", ".join(Path(source.name).name for source in opened.sources),
        "data_fingerprint": str(fingerprint),
        "cut": cut.value,
        "context": folder.config.context,
        "engine": computing,
        "precision": "integer" if computing == "integer" else precision.value,
        "tokenizer_fingerprint": folder.tokenizer.fingerprint,
        **loss.as_row(),
        "command": shlex.join(["lilliput", *sys.argv[1:]]),
    }
    if as_json:
        print_json({**row, "seconds": seconds})
    else:
        _show(loss, row)
    if not folder.details:
        say(f"{folder.path} is a folder of others: it is read, not written, so the score is not kept there")
    elif folder.path.parent == FOLDER or not os.access(folder.path, os.W_OK):
        say(f"{folder.path} cannot be written to, so the score is not kept there")
    else:
        add_score(folder.path, row)


def _show(loss: "Loss", row: dict[str, Any]) -> None:
    print_facts(
        {
            "nats per token": loss.nats_per_token,
            "bits per byte": loss.bits_per_byte,
            "  without the end tokens' cost": loss.bits_per_byte_without_ends,
            "likeliest token was right": f"{loss.accuracy:.1%}",
            "tokens": loss.tokens,
            "bytes": loss.bytes,
            "stories": loss.stories,
            "cut": f"{row['cut']}, context {row['context']}",
            "engine": f"{row['engine']}, {row['precision']}",
            "data fingerprint": row["data_fingerprint"],
        }
    )
