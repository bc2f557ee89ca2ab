"""`lilliput train`: a plan and stories become a model folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import say
from lilliput.errors import ConfigError

if TYPE_CHECKING:
    from lilliput.training.plan import Plan

_MAY_CHANGE = {"train.learning_rate", "train.clip", "train.checkpoint_s", "train.log_every", "train.step"}
"""Settings that a resumed run can take up without having to forget anything."""


def train(
    plan: Annotated[str | None, typer.Argument(help="A preset's name or a plan file (TOML).")] = None,
    out: Annotated[Path | None, typer.Option(help="The model folder to make.", show_default=False)] = None,
    data: options.Data = [],  # noqa: B006 (typer copies it)
    minutes: options.Minutes = None,
    tokens: options.Tokens = None,
    settings: options.Settings = [],  # noqa: B006
    separator: options.SeparatorOrPlans = None,
    column: options.Column = None,
    seed: Annotated[
        int | None, typer.Option(help="Where randomness starts.", min=0, max=options.LARGEST_SEED)
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="A model folder to begin with: its weights, model and tokenizer."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
) -> None:
    """\b
    Examples:
      lilliput train pocket --data stories.txt --minutes 10 --out runs/mine
      lilliput train pocket --data stories.txt --tokens 5000000 --set train.learning_rate=0.003 --out runs/b
      lilliput train --resume --out runs/mine --minutes 30
      lilliput train pocket --from runs/mine --set lora.rank=8 --data poems.txt --minutes 2 --out runs/poet
      torchrun --nproc-per-node 8 -m lilliput train stories15m --data stories.txt --minutes 60 --out runs/c

    Train a model. Ctrl-C saves; --resume goes on as if there had been no break. With another
    --minutes or --tokens, which count from the run's beginning, --resume stretches it to that length.
    """
    from lilliput.training.distributed import own_rank

    if not own_rank().is_first:  # of several that torchrun started: the first one reads the options
        _follow()
        return
    if out is None:
        raise ConfigError("name the folder to make: --out runs/NAME")
    budget = _budget(minutes, tokens, settings)
    if resume:
        if plan or data or separator or column or start or seed is not None:
            raise ConfigError(
                "--resume goes on with the plan and the stories of the run; only --minutes, --tokens and "
                f"--set of {', '.join(sorted(_MAY_CHANGE))} can change"
            )
        _resume(out, budget, settings)
        return
    if plan is None:
        raise ConfigError("name a plan: lilliput train pocket --data stories.txt --out runs/mine")
    if not data:
        raise ConfigError("name stories to learn from: --data FILE, or --data world")
    if seed is not None and any(setting.startswith("seed=") for setting in settings):
        raise ConfigError("--seed and --set seed say the same thing: give one")
    reading = {"separator": separator and separator.value, "column": column}
    changes: dict[str, Any] = {"data": {name: value for name, value in reading.items() if value}, **budget}
    if seed is not None:
        changes["seed"] = seed
    _start(_wished(plan, changes, settings, start), out, data)


def _wished(name: str, changes: dict[str, Any], settings: list[str], start: Path | None) -> "Plan":
    """The plan of that name as changed, with the model of the folder that it starts from, if it does."""
    from lilliput.presets import find_plan
    from lilliput.training.prepare import starting_from

    plan = find_plan(name).with_changes(changes, "train")
    if start is None and plan.start is None:
        return plan.with_settings(settings)
    if any(setting.startswith(("model.", "start=", "tokenizer=")) for setting in settings):
        raise ConfigError("a run from a folder has its model and tokenizer: leave them out of --set")
    return starting_from(plan, Path(start or plan.start or ""), settings)


def _follow() -> None:
    from lilliput.app.running import stop_on_signal
    from lilliput.training.leading import follow

    follow(stop_on_signal(tell=False))


def _budget(minutes: float | None, tokens: int | None, settings: list[str]) -> dict[str, Any]:
    """The budget as changes to a plan; it replaces all of the plan's own budget."""
    if minutes is None and tokens is None:
        return {}
    if any(setting.startswith(("train.minutes=", "train.tokens=")) for setting in settings):
        raise ConfigError("--minutes and --tokens set the whole budget: leave it out of --set")
    return {"train": {"minutes": minutes, "tokens": tokens}}


def _start(plan: "Plan", out: Path, data: list[str]) -> None:
    from lilliput.app.progress import open_counted
    from lilliput.app.running import check_can_train, discarded_unless_begun, run_plan
    from lilliput.rundir import refuse_full_folder
    from lilliput.stories.sources import Opened, open_stories
    from lilliput.training.prepare import prepare
    from lilliput.training.resume import RunFiles

    refuse_full_folder(out)
    check_can_train(plan)
    files = RunFiles(out)

    def open_again() -> Opened:
        return open_counted(open_stories(data, separator=plan.data.separator, column=plan.data.column))

    say(open_again().description)
    with discarded_unless_begun(files):
        run_plan(files, prepare(plan, open_again, files, say))


def _resume(out: Path, budget: dict[str, Any], settings: list[str]) -> None:
    from dataclasses import replace

    from lilliput.app.running import check_can_train, run_plan
    from lilliput.training.prepare import load_prepared
    from lilliput.training.resume import RunFiles, begun_tokens, is_finished, load_plan, save_plan

    for setting in settings:
        if setting.partition("=")[0] not in _MAY_CHANGE:
            raise ConfigError(
                f"--set {setting}: with --resume only {', '.join(sorted(_MAY_CHANGE))} can change"
            )
    files = RunFiles(out)
    plan = load_plan(files).with_changes(budget, "train").with_settings(settings)
    if is_finished(files, plan):
        raise ConfigError(
            f"{out} has used up its budget; --minutes and --tokens are of the whole run, so give more than "
            f"{plan.train.minutes or plan.train.tokens:g}"
        )
    check_can_train(plan)
    prepared = load_prepared(files)
    save_plan(files, plan)
    say(f"going on from {begun_tokens(files):,} tokens")
    run_plan(files, replace(prepared, plan=plan))
