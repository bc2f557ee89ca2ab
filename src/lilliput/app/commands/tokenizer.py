"""`lilliput tokenizer`: make one, measure one."""

from pathlib import Path
from typing import Annotated

import typer

from lilliput.app import options
from lilliput.app.output import print_facts, print_json, say

app = typer.Typer(help="Train and measure tokenizers.", rich_markup_mode=None)


@app.command()
def train(
    data: options.Data,
    output: Annotated[Path, typer.Option("-o", help="tokenizer.json to write.", metavar="FILE")],
    vocab_size: Annotated[int, typer.Option(help="Number of ids, 259 to 50,257.")] = 512,
    separator: options.Separator = options.SeparatorName.auto,
    column: options.Column = None,
) -> None:
    """\b
    Examples:
      lilliput tokenizer train --data stories.txt --vocab-size 512 -o tokenizer.json

    Train a byte-level BPE tokenizer. Any text goes through it and back unchanged.
    """
    from lilliput.app.progress import counted
    from lilliput.rundir import refuse_overwrite
    from lilliput.stories.sources import open_stories
    from lilliput.tokens import train_tokenizer

    refuse_overwrite(output)
    opened = open_stories(data, separator=separator.value, column=column)
    say(opened.description)
    texts = (story.text for story in counted(opened.stories, "reading", "stories"))
    tokenizer = train_tokenizer(texts, vocab_size)
    tokenizer.save(output)
    say(f"{output}: {tokenizer.vocab_size:,} ids, fingerprint {tokenizer.fingerprint}")


@app.command()
def measure(
    tokenizer: Annotated[
        Path, typer.Argument(help="tokenizer.json, .model, tokenizer.bin or a model folder.")
    ],
    data: options.Data,
    separator: options.Separator = options.SeparatorName.auto,
    column: options.Column = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput tokenizer measure runs/story --data stories.txt
      lilliput tokenizer measure tok512.model --data stories.txt --json

    Measure a tokenizer on text: bytes per token, tokens per word, coverage, unused ids.
    """
    from dataclasses import asdict

    from lilliput.app.progress import counted
    from lilliput.stories.sources import open_stories
    from lilliput.tokens import load_tokenizer, measure_tokenizer

    tokens = load_tokenizer(tokenizer)
    opened = open_stories(data, separator=separator.value, column=column)
    say(opened.description)
    texts = (story.text for story in counted(opened.stories, "measuring", "stories"))
    facts = asdict(measure_tokenizer(tokens, texts))
    if as_json:
        print_json(facts)
    else:
        print_facts({name.replace("_", " "): value for name, value in facts.items()})
