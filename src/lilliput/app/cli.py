"""The command line: one verb, one file in `commands/`. Starting it imports no torch."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from lilliput import __version__
from lilliput.app.commands import (
    bench,
    data,
    evaluate,
    export,
    import_,
    info,
    play,
    presets,
    quantize,
    serve,
    story,
    tell,
    tokenizer,
    train,
)
from lilliput.errors import LilliputError

app = typer.Typer(
    name="lilliput",
    help="Grow a language model from stories to silicon.\n\nBegin with: lilliput story",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "story": (story.story, "Get stories, train a small model, let it tell one."),
    "tell": (tell.tell, "Write stories with a model."),
    "serve": (serve.serve, "Offer models over HTTP, as OpenAI's API does."),
    "train": (train.train, "Train a model by a plan."),
    "evaluate": (evaluate.evaluate, "Score a model on text."),
    "import": (import_.import_model, "Make a model folder of a foreign file."),
    "export": (export.export, "Make a file for another program."),
    "quantize": (quantize.quantize, "Make an integer model of a float one."),
    "play": (play.play, "Run a Game Boy cartridge: in a window, or its story in the terminal."),
    "presets": (presets.presets, "List the named plans."),
    "info": (info.info, "Tell what a file or folder is."),
    "bench": (bench.bench, "Measure how quick a model is here, and how quick it could be."),
}


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"lilliput {__version__}")
        raise typer.Exit


@app.callback()
def _begin(
    version: Annotated[
        bool,
        typer.Option("--version", help="Tell the version, and end.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None:
    """What stands before a command."""


for _name, (_function, _summary) in _COMMANDS.items():
    app.command(_name, short_help=_summary)(_function)
app.add_typer(data.app, name="data")
app.add_typer(tokenizer.app, name="tokenizer")

# typer may carry a click of its own or use the one installed; the classes are the same either way
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits 0, 1 (a fault of ours), 2 (the person's mistake), or 130 (Ctrl-C)."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit status. A person's mistake is one line on stderr, status 2."""
    try:
        outcome = app(list(arguments) or ["--help"], standalone_mode=False, prog_name="lilliput")
    except _UsageError as error:
        return _refuse(_explain(error))
    except (typer.Abort, KeyboardInterrupt):
        print("\nstopped", file=sys.stderr)
        return 130
    except LilliputError as error:
        return _refuse(str(error))
    except BrokenPipeError:  # the reader of our output has had enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _refuse(f"{error.filename or 'a file'}: {error.strerror or error}")
    return outcome if isinstance(outcome, int) else 0


def _refuse(message: str) -> int:
    print(f"lilliput: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _explain(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    return f"{message} (see {context.command_path} --help)" if context else message


if __name__ == "__main__":
    main()
