"""`lilliput export`: a model folder becomes a file for another program."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lilliput.app import options
from lilliput.app.output import say
from lilliput.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from lilliput.formats.folder import ModelFolder
    from lilliput.formats.gguf import Kind


class Target(StrEnum):
    """Formats."""

    llama2c = "llama2c"
    gguf = "gguf"


def export(
    model: options.Model,
    to: Annotated[Target, typer.Option(help="The format.")],
    output: Annotated[Path, typer.Option("-o", help="The file to write.", metavar="FILE")],
    version: Annotated[
        Literal[0, 1, 2] | None,
        typer.Option(help="llama2.c's: 0 (the default) for run.c, 1, or 2 (int8) for runq.c."),
    ] = None,
    kind: Annotated[
        Literal["f32", "f16", "q8_0", "q4_0"] | None,
        typer.Option(help="GGUF's way to store a matrix: f32 (the default), f16, 8 or 4 bits."),
    ] = None,
) -> None:
    """\b
    Examples:
      lilliput export runs/story --to gguf -o story.gguf
      lilliput export runs/story --to gguf --kind q8_0 -o story.q8.gguf
      lilliput export runs/story --to llama2c -o story.bin
      lilliput export runs/story --to llama2c --version 2 -o story.q8.bin

    Write the model for another program, then read it back and report how far the weights differ.
    A .gguf, which llama.cpp runs, holds the tokenizer; for llama2.c it is written beside FILE, named
    .tokenizer.bin.
    """
    from lilliput.formats.folder import load_folder

    if to is not Target.llama2c and version is not None:
        raise ConfigError(f"--version is for --to llama2c; leave it out for --to {to.value}")
    if to is not Target.gguf and kind is not None:
        raise ConfigError(f"--kind is for --to gguf; leave it out for --to {to.value}")
    folder = load_folder(Path(model))
    if to is Target.gguf:
        _export_gguf(folder, output, kind or "f32")
    else:
        _export_llama2c(folder, output, version or 0)


def _export_gguf(folder: "ModelFolder", output: Path, kind: "Kind") -> None:
    from lilliput.formats.gguf import measure_difference, write_gguf
    from lilliput.formats.gguf_tokenizer import what_llama_cpp_reads_otherwise
    from lilliput.rundir import refuse_overwrite

    refuse_overwrite(output)
    try:
        stored = write_gguf(
            output, folder.config, folder.weights, folder.tokenizer, kind, name=folder.path.resolve().name
        )
        difference = measure_difference(output, folder.config, folder.weights, folder.tokenizer)
    except BaseException:
        output.unlink(missing_ok=True)
        raise
    say(f"{output}: {output.stat().st_size:,} bytes, with its tokenizer")
    counts = {name: list(stored.values()).count(name) for name in dict.fromkeys(stored.values())}
    say(f"tensors: {', '.join(f'{count} {name}' for name, count in counts.items())}")
    if kind.startswith("q") and "F16" in counts:
        say("(F16 are those whose rows are no multiple of 32 long)")
    _say_difference(difference)
    if note := what_llama_cpp_reads_otherwise(folder.tokenizer):
        say(f"note: {note}")


def _export_llama2c(folder: "ModelFolder", output: Path, version: Literal[0, 1, 2]) -> None:
    from lilliput.formats.llama2c import measure_difference, require_llama2c, write_llama2c
    from lilliput.rundir import refuse_overwrite
    from lilliput.tokens import load_tokenizer, write_tokenizer_bin

    require_llama2c(folder.config)
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
    _say_difference(difference)


def _say_difference(difference: float) -> None:
    equal = "every weight is equal" if difference == 0 else f"no weight is off by more than {difference:.2g}"
    say(f"read back: the tokenizer is equal, {equal}")
