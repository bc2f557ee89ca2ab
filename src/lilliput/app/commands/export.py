"""`lilliput export`: a model folder becomes a file for another program."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lilliput.app import options
from lilliput.app.output import say
from lilliput.errors import FormatError

if TYPE_CHECKING:
    from lilliput.formats.folder import ModelFolder


class Target(StrEnum):
    """Formats."""

    llama2c = "llama2c"


def export(
    model: options.Model,
    to: Annotated[Target, typer.Option(help="The format.")],
    output: Annotated[Path, typer.Option("-o", help="The file to write.", metavar="FILE")],
    version: Annotated[
        Literal[0, 1, 2], typer.Option(help="llama2.c's: 0 for run.c, 1, or 2 (int8) for runq.c.")
    ] = 0,
) -> None:
    """\b
    Examples:
      lilliput export runs/story --to llama2c -o story.bin
      lilliput export runs/story --to llama2c --version 2 -o story.q8.bin

    Write the weights, and beside them FILE's name with .tokenizer.bin, then read both back and
    report how far the weights differ.
    """
    from lilliput.formats.folder import load_folder

    folder = load_folder(Path(model))
    exporters = {Target.llama2c: _export_llama2c}
    exporters[to](folder, output, version)


def _export_llama2c(folder: "ModelFolder", output: Path, version: Literal[0, 1, 2]) -> None:
    from lilliput.formats.llama2c import measure_difference, write_llama2c
    from lilliput.rundir import refuse_overwrite
    from lilliput.tokens import load_tokenizer, write_tokenizer_bin

    vocabulary = output.with_suffix(".tokenizer.bin")
    refuse_overwrite(output)
    refuse_overwrite(vocabulary)
    try:
        write_tokenizer_bin(folder.tokenizer, vocabulary)
        if load_tokenizer(vocabulary).pieces != folder.tokenizer.pieces:
            raise FormatError(f"{vocabulary} does not read back as the model's tokenizer")
        write_llama2c(output, folder.config, folder.weights, version)
        difference = measure_difference(output, folder.config, folder.weights)
    except BaseException:
        output.unlink(missing_ok=True)
        vocabulary.unlink(missing_ok=True)
        raise
    say(f"{output}: {output.stat().st_size:,} bytes; its tokenizer: {vocabulary}")
    equal = "every weight is equal" if difference == 0 else f"no weight is off by more than {difference:.2g}"
    say(f"read back: the tokenizer is equal, {equal}")
