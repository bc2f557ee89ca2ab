"""`lilliput train`: a plan and stories become a model folder."""

from pathlib import Path
from typing import Annotated

import typer

from lilliput.app import options
from lilliput.app.output import say
from lilliput.errors import ConfigError


def train(
    plan: Annotated[str | None, typer.Argument(help="A preset's name or a plan file (TOML).")] = None,
    out: Annotated[Path | None, typer.Option(help="The model folder to make.", show_default=False)] = None,
    data: options.Data = [],  # noqa: B006 (typer copies it)
    minutes: options.Minutes = None,
    tokens: options.Tokens = None,
    settings: options.Settings = [],  # noqa: B006
    separator: options.SeparatorOrPlans = None,
    column: options.Column = None,
    seed: Annotated[int | None, typer.Option(help="Where randomness starts.", min=0)] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
) -> None:
    """\b
    Examples:
      lilliput train pocket --data stories.txt --minutes 10 --out runs/mine
      lilliput train pocket --data stories.txt --tokens 5000000 --set train.learning_rate=0.003 --out runs/b
      lilliput train --resume --out runs/mine --minutes 30

    Train a model. Ctrl-C saves; --resume goes on as if there had been no break. With another
    --minutes or --tokens, --resume stretches the run to that length.
    """
    if out is None:
        raise ConfigError("name the folder to make: --out runs/NAME")
    if resume:
        if plan or data or settings or separator or column or seed is not None:
            raise ConfigError(
                "--resume goes on with the plan and the stories of the run; only --minutes and "
                "--tokens can change"
            )
        _resume(out, minutes, tokens)
        return
    if plan is None:
        raise ConfigError("name a plan: lilliput train pocket --data stories.txt --out runs/mine")
    if not data:
        raise ConfigError("name stories to learn from: --data FILE, or --data world")
    changes = _changes(minutes, tokens, seed, settings)
    changes += [f"data.separator={separator.value}"] if separator else []
    changes += [f"data.column={column}"] if column else []
    _start(plan, out, data, changes)


def _changes(minutes: float | None, tokens: int | None, seed: int | None, settings: list[str]) -> list[str]:
    """Options as settings. A budget replaces the plan's own: --tokens alone ends no run by time."""
    changes = list(settings)
    if minutes is not None or tokens is not None:
        changes += [f"train.minutes={minutes or 'none'}", f"train.tokens={tokens or 'none'}"]
    if seed is not None:
        changes.append(f"seed={seed}")
    return changes


def _start(name: str, out: Path, data: list[str], changes: list[str]) -> None:
    from lilliput.app.running import run_plan
    from lilliput.device import choose_device, require_torch
    from lilliput.presets import find_plan
    from lilliput.rundir import refuse_full_folder
    from lilliput.stories.sources import Opened, open_stories
    from lilliput.training.prepare import prepare
    from lilliput.training.resume import RunFiles

    plan = find_plan(name).with_settings(changes)
    refuse_full_folder(out)
    require_torch("training")
    choose_device(plan.train.device)
    files = RunFiles(out)

    def open_again() -> Opened:
        return open_stories(data, separator=plan.data.separator, column=plan.data.column)

    say(open_again().description)
    run_plan(files, prepare(plan, open_again, files, say))


def _resume(out: Path, minutes: float | None, tokens: int | None) -> None:
    from lilliput.app.running import run_plan
    from lilliput.training.prepare import load_prepared
    from lilliput.training.resume import RunFiles, load_plan, save_plan

    files = RunFiles(out)
    plan = load_plan(files)
    if minutes is not None or tokens is not None:
        plan = plan.with_settings(_changes(minutes, tokens, None, []))
        save_plan(files, plan)
    run_plan(files, load_prepared(files))
