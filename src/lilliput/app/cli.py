"""The command line: one verb, one file in `commands/`. Starting it imports no torch."""

import os
import sys
from collections.abc import Sequence

import click
import typer

from lilliput.app.commands import (
    data,
    evaluate,
    export,
    import_,
    info,
    presets,
    story,
    tell,
    tokenizer,
    train,
)
from lilliput.errors import LilliputError

app = typer.Typer(
    name="lilliput",
    help="Grow a language model from stories to silicon.\n\nBegin with: lilliput story",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("story")(story.story)
app.command("tell")(tell.tell)
app.add_typer(data.app, name="data")
app.add_typer(tokenizer.app, name="tokenizer")
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("import")(import_.import_model)
app.command("export")(export.export)
app.command("presets")(presets.presets)
app.command("info")(info.info)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits 0, 1 (a fault of ours), 2 (the person's mistake), or 130 (Ctrl-C)."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit status. A person's mistake is one line on stderr, status 2."""
    try:
        outcome = app(list(arguments), standalone_mode=False, prog_name="lilliput")
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return 2
    except click.ClickException as error:
        return _refuse(f"{error.format_message()}{_try_help(error)}")
    except (click.Abort, KeyboardInterrupt):
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


def _try_help(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see {context.command_path} --help)" if context else ""


if __name__ == "__main__":
    main()
