"""`lilliput export`: a model folder becomes a file for another program."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lilliput.app import options
from lilliput.app.output import say
from lilliput.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from lilliput.app.integers import IntegerFolder
    from lilliput.formats.folder import ModelFolder
    from lilliput.formats.gguf import Kind


_COMPARED = 32
"""Tokens whose logits are compared, of an exported program and the reference."""


_ONLY_FOR = {
    "--version": ("llama2c",),
    "--kind": ("gguf",),
    "--library": ("c",),
    "--context": ("c", "wasm", "html", "gameboy"),
    "--board": ("c",),
    "--licence": ("html",),
    "--opening": ("gameboy",),
    "--dry-run": ("gameboy",),
    "--json": ("gameboy",),
}


class Target(StrEnum):
    """Formats."""

    llama2c = "llama2c"
    gguf = "gguf"
    c = "c"
    wasm = "wasm"
    html = "html"
    gameboy = "gameboy"


_OF_INTEGERS = (Target.c, Target.wasm, Target.html)


def export(
    model: options.Model,
    to: Annotated[Target, typer.Option(help="The format.")],
    output: Annotated[Path | None, typer.Option("-o", help="The file to write.", metavar="FILE")] = None,
    library: Annotated[
        bool, typer.Option("--library", help="C without main(): FILE, and a header named as it.")
    ] = False,
    context: Annotated[
        int | None,
        typer.Option(
            help="C, WebAssembly, HTML, Game Boy: positions of a story, which decide the working memory; "
            "all if not given.",
            min=2,
        ),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(help="C: a project for arduino, platformio, pico or cortex-m; FILE is its folder."),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="HTML: what the page says of it; the model card's if not given.")
    ] = None,
    opening: Annotated[
        list[str] | None,
        typer.Option(help="Game Boy: a beginning to choose from, in place of those it has; again for more."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Game Boy: say what it would take, and write nothing.")
    ] = False,
    as_json: options.Json = False,
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
      lilliput export runs/story --to c -o story.c
      lilliput export story-int8 --to c --library --context 256 -o firmware/story.c
      lilliput export story-int8 --to c --board pico --context 256 -o bedtime
      lilliput export story-int8 --to html -o story.html
      lilliput export story-int8 --to wasm -o story.wasm
      lilliput export story-cartridge --to gameboy -o story.gbc
      lilliput export story-cartridge --to gameboy --dry-run

    Write the model for another program, then read it back and report how far the weights differ.
    A .gguf, which llama.cpp runs, holds the tokenizer; for llama2.c it is written beside FILE, named
    .tokenizer.bin. C is whole numbers only, with the tokenizer inside: one file for any compiler
    and processor (docs/devices.md); a folder of floats is quantized to int8 for it. So it is for
    HTML, a page that tells stories from a double click, without a network, and for WebAssembly,
    beside which story.mjs is written for programs in JavaScript (docs/web.md). A cartridge for the
    Game Boy Color holds screens, tokenizer and model (docs/gameboy.md); lilliput play plays it.
    """
    from lilliput.formats.folder import load_folder

    given = {
        "--version": version,
        "--kind": kind,
        "--library": library or None,
        "--context": context,
        "--board": board,
        "--licence": licence,
        "--opening": opening or None,
        "--dry-run": dry_run or None,
        "--json": as_json or None,
    }
    _refuse_foreign(to, [name for name, value in given.items() if value is not None])
    if to is Target.gameboy:
        from lilliput.app.gameboy_export import export_gameboy

        export_gameboy(model, output, context, opening or [], dry_run=dry_run, as_json=as_json)
        return
    if output is None:
        raise ConfigError(f"name the file to write: -o FILE (--to {to.value})")
    if board is not None:
        _export_board(model, output, context, board)
        return
    if to is Target.c:
        _export_c(model, output, context, library=library)
        return
    if to in _OF_INTEGERS:
        from lilliput.app.web_exports import export_html, export_wasm

        if to is Target.wasm:
            export_wasm(model, output, context)
        else:
            export_html(model, output, context, licence)
        return
    folder = load_folder(Path(model))
    if to is Target.gguf:
        _export_gguf(folder, output, kind or "f32")
    else:
        _export_llama2c(folder, output, version or 0)


def _refuse_foreign(to: Target, given: list[str]) -> None:
    """Raise ConfigError for options that are another target's, or that contradict each other."""
    for name in given:
        if to.value not in _ONLY_FOR[name]:
            *others, last = _ONLY_FOR[name]
            targets = f"{', '.join(others)} or {last}" if others else last
            raise ConfigError(f"{name} is for --to {targets}; leave it out for --to {to.value}")
    if "--board" in given and "--library" in given:
        raise ConfigError("a --board's project holds the library already: leave --library out")


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


def _export_board(path: Path, output: Path, context: int | None, board: str) -> None:
    from lilliput.app.integers import open_integer_folder
    from lilliput.deploy.boards import BOARDS, board_files, what_next
    from lilliput.deploy.csource import write_c
    from lilliput.rundir import new_folder, refuse_closed_place, refuse_full_folder, write_text

    project = output.absolute().name
    board_files(board, {}, project)  # refuses a wrong board or name before the work
    refuse_full_folder(output)
    refuse_closed_place(output)
    opened = open_integer_folder(path, context)
    story = write_c(opened.model, opened.tokenizer, library=True, ends=opened.ends)
    option = _say_room(opened, board, story["story.c"])
    compared = _compare_c(opened)
    with new_folder(output) as folder:
        for place, text in board_files(board, story, project).items():
            write_text(folder / place, text)
    _say_sizes(opened, f"{output}, a project for {BOARDS[board].title}")
    say(compared)
    say(f"next: {what_next(board, shlex.quote(str(output)), project, option)}")


def _say_room(opened: "IntegerFolder", board: str, source: str) -> str:
    """Say what is taken of boards; returns the option of the first that it fits on.

    Raises ConfigError where it fits on no board that it could be for.
    """
    from lilliput.deploy.board_memory import measure_need, require_room
    from lilliput.deploy.boards import BOARDS

    kind, need = BOARDS[board], measure_need(opened.model, source)
    if kind.is_one_of_them:
        fits = require_room(opened.model, need, kind.memories)
    else:
        fits = [need.on(memory) for memory in kind.memories]
        say(f"your board must have {need.flash:,} bytes of flash and {need.ram:,} of RAM; known are:")
    for fit in fits:
        say(f"  {fit}")
    say("  (what an SDK takes for itself comes on top)")
    return next((fit.memory.option for fit in fits if fit.fits), "")


def _export_c(path: Path, output: Path, context: int | None, *, library: bool) -> None:
    from lilliput.app.integers import open_integer_folder
    from lilliput.deploy.csource import write_c
    from lilliput.rundir import refuse_overwrite, write_text

    if output.suffix != ".c":
        raise ConfigError(f"-o {output}: a C file's name ends in .c")
    if any(character in output.name for character in '"\\\n'):
        raise ConfigError(f"-o {output}: a name without quotes and backslashes, which C could not include")
    written = [output, *([output.with_suffix(".h")] if library else [])]
    for file in written:
        refuse_overwrite(file)
    opened = open_integer_folder(path, context)
    model = opened.model
    texts = write_c(model, opened.tokenizer, library=library, ends=opened.ends, name=output.stem)
    compared = _compare_c(opened)
    for file in written:
        write_text(file, texts[file.name])
    _say_sizes(opened, " and ".join(map(str, written)))
    say(compared)
    if not library:
        say(f'try: cc -O3 -o story {shlex.quote(str(output))} && ./story "Once upon a time"')


def _say_sizes(opened: "IntegerFolder", written: str) -> None:
    from lilliput.deploy.csource import count_weight_bytes, working_bytes

    model = opened.model
    say(
        f"{written}: {count_weight_bytes(model):,} bytes of weights; "
        f"working memory {working_bytes(model):,} bytes for {model.config.context} positions"
    )


def _compare_c(opened: "IntegerFolder") -> str:
    """What is to be said of the program's logits. Raises LilliputError where they are not the reference's."""
    from lilliput.deploy.csource import write_c
    from lilliput.deploy.parity import compare_logits, compile_c, draw_ids, run_logits

    model = opened.model
    with compile_c(write_c(model, opened.tokenizer, ends=opened.ends)) as command:
        if command is None:
            return "there is no C compiler here: the logits were not compared"
        ids = draw_ids(model, _COMPARED)
        return f"compiled and run: {compare_logits(model, ids, run_logits(command, ids)).require()}"
