"""`lilliput train`: a plan and stories become a model folder."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import say
from lilliput.app.shipped import find_model
from lilliput.errors import ConfigError

if TYPE_CHECKING:
    from lilliput.stories.sources import Opened
    from lilliput.training.plan import Plan

_MAY_CHANGE = {
    "train.precision",
    "train.threads",
    "train.learning_rate",
    "train.clip",
    "train.checkpoint_s",
    "train.log_every",
    "train.step",
    "train.patience",
}
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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell memory, speed and time, from some steps; write nothing.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput train pocket --data stories.txt --minutes 10 --out runs/mine
      lilliput train pocket --data stories.txt --tokens 5000000 --set train.learning_rate=0.003 --out runs/b
      lilliput train --resume --out runs/mine --minutes 30
      lilliput train stories15m --data stories.txt --dry-run
      lilliput train pocket --set teacher.folder=laptop --data stories.txt --minutes 10 --out runs/pupil
      lilliput train pocket --from runs/mine --set lora.rank=8 --data poems.txt --minutes 2 --out runs/poet
      torchrun --nproc-per-node 8 -m lilliput train stories15m --data stories.txt --minutes 60 --out runs/c

    Train a model. Ctrl-C saves; --resume goes on as if there had been no break. With another
    --minutes or --tokens, which count from the run's beginning, --resume stretches it to that length.
    """
    from lilliput.training.distributed import own_rank

    rank = own_rank()
    if dry_run and rank.world > 1:
        raise ConfigError("--dry-run is about one process: leave out torchrun")
    if not rank.is_first:  # of several that torchrun started: the first one reads the options
        _follow()
        return
    _check_purpose(out, resume=resume, dry_run=dry_run, as_json=as_json)
    budget = _budget(minutes, tokens, settings)
    if resume and out:
        if plan or data or separator or column or start or seed is not None:
            raise ConfigError(
                "--resume goes on with the plan and the stories of the run; only --minutes, --tokens and "
                f"--set of {', '.join(sorted(_MAY_CHANGE))} can change"
            )
        _resume(out, budget, settings)
        return
    reading = {"separator": separator and separator.value, "column": column}
    found = _find(plan, data, seed, settings, reading, start)
    found = name_teacher(found.with_changes(budget, "train").with_settings(settings))
    if out is None:
        _tell_dry_run(found, data, as_json)
    else:
        _start(found, out, data)


def _check_purpose(out: Path | None, *, resume: bool, dry_run: bool, as_json: bool) -> None:
    if dry_run and (out or resume):
        raise ConfigError("--dry-run is about a run that has not begun: leave out --out and --resume")
    if as_json and not dry_run:
        raise ConfigError("--json is for --dry-run; the numbers of a run are in its metrics.jsonl")
    if out is None and not dry_run:
        raise ConfigError("name the folder to make: --out runs/NAME")


def _find(
    plan: str | None,
    data: list[str],
    seed: int | None,
    settings: list[str],
    reading: dict[str, str | None],
    start: Path | None,
) -> "Plan":
    """The plan by its name, with how to read its stories, its seed, and the folder that it begins from."""
    from lilliput.presets import find_plan

    if plan is None:
        raise ConfigError("name a plan: lilliput train pocket --data stories.txt --out runs/mine")
    if not data:
        raise ConfigError("name stories to learn from: --data FILE, or --data world")
    if seed is not None and any(setting.startswith("seed=") for setting in settings):
        raise ConfigError("--seed and --set seed say the same thing: give one")
    changes: dict[str, Any] = {"data": {name: value for name, value in reading.items() if value}}
    if seed is not None:
        changes["seed"] = seed
    fixed = ("model.", "start=", "tokenizer=")
    if start and any(setting.startswith(fixed) for setting in settings):
        raise ConfigError("a run from a folder has its model and tokenizer: leave them out of --set")
    return _from_folder(find_plan(plan).with_changes(changes, "train"), start)


def _from_folder(plan: "Plan", start: Path | None) -> "Plan":
    """The plan with the model of the folder that its run begins from, if it does."""
    from lilliput.training.prepare import starting_from

    folder = start or plan.start
    return starting_from(plan, find_model(Path(folder))) if folder else plan


def name_teacher(plan: "Plan") -> "Plan":
    """The plan with its teacher's folder, which may be a model that we ship; raises if it is none."""
    if plan.teacher.folder is None:
        return plan
    from lilliput.formats.folder import load_folder_config

    folder = find_model(Path(plan.teacher.folder)).resolve()
    load_folder_config(folder)
    return plan.with_changes({"teacher": {"folder": str(folder)}}, "train")


def _tell_dry_run(plan: "Plan", data: list[str], as_json: bool) -> None:
    from lilliput.app.dry_run import show_dry_run, tell_dry_run
    from lilliput.app.output import print_json
    from lilliput.app.running import check_can_train

    check_can_train(plan)
    open_again = _opener(plan, data)
    say(open_again().description)
    row = tell_dry_run(plan, open_again)
    print_json(row) if as_json else show_dry_run(row)


def _opener(plan: "Plan", data: list[str]) -> "Callable[[], Opened]":
    from lilliput.app.progress import open_counted
    from lilliput.stories.sources import open_stories

    return lambda: open_counted(open_stories(data, separator=plan.data.separator, column=plan.data.column))


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
    from lilliput.app.run_folder import clear_for_run, new_run
    from lilliput.app.running import check_can_train, run_plan
    from lilliput.training.prepare import prepare
    from lilliput.training.resume import RunFiles

    files = RunFiles(out)
    clear_for_run(files)
    check_can_train(plan)

    open_again = _opener(plan, data)
    say(open_again().description)
    with new_run(files):
        run_plan(files, prepare(plan, open_again, files, say))


def _resume(out: Path, budget: dict[str, Any], settings: list[str]) -> None:
    from dataclasses import replace

    from lilliput.app.run_folder import held_alone
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
    with held_alone(files):
        prepared = load_prepared(files)
        save_plan(files, plan)
        say(f"going on from {begun_tokens(files):,} tokens")
        run_plan(files, replace(prepared, plan=plan))
