"""`lilliput data write` without its command line: journal, writer, stories, report."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lilliput.errors import LilliputError
from lilliput.rundir import refuse_overwrite, write_text
from lilliput.stories.writing.config import Api, WriteConfig
from lilliput.stories.writing.endpoint import Endpoint
from lilliput.stories.writing.journal import Journal, State, open_journal
from lilliput.stories.writing.protocol import Asker
from lilliput.stories.writing.report import estimate, make_report, new_ledger, recipe_of, write_stories
from lilliput.stories.writing.writer import DONE, INTERRUPTED, Surroundings, Writer


def journal_path(path: Path) -> Path:
    """Where the journal of the stories at `path` lies."""
    return path.with_name(f"{path.name}.journal")


def report_path(path: Path) -> Path:
    """Where the report on the stories at `path` lies: JSON, under a name that no one takes for stories."""
    return path.with_name(f"{path.name}.report")


def write(
    path: Path,
    count: int,
    config: WriteConfig,
    asker: Asker,
    api: Api,
    connect: Callable[[], Endpoint],
    *,
    around: Surroundings | None = None,
    on_estimate: Callable[[dict[str, Any], State], None] = lambda _, __: None,
) -> dict[str, Any]:
    """Write stories until `path` has `count`, going on with what its journal has; returns the report.

    `connect` makes the endpoint, inside the event loop. `on_estimate` hears what the missing stories will
    take before the first is asked for. `path` (once there is a story) and its report are written whenever
    the run ends in order, also early: `ended` in the report says why. Raises LilliputError for a `path` that
    is not ours, or that has more stories already.
    """
    recipe = recipe_of(config, asker, api)
    if not journal_path(path).exists():
        refuse_overwrite(path)
    around = around or Surroundings(time.time, asyncio.sleep)
    with open_journal(journal_path(path), recipe, new_ledger(config), around.clock) as (journal, state):
        if state.done > count:
            raise LilliputError(
                f"{path} has {state.done:,} stories already: ask for as many, or name another -o"
            )
        on_estimate(estimate(config, asker, count - state.done, state), state)
        ended = INTERRUPTED
        try:
            ended = _run(config, asker, connect, journal, state, count, around)
        finally:
            state.lose_all()
            if state.done and not _is_written(path, state):
                write_stories(path, config, asker, journal, state)
            report = make_report(recipe, config, state, count, ended)
            write_text(report_path(path), json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return report


def _is_written(path: Path, state: State) -> bool:
    """Whether the stories at `path` are all that the journal has; they may have been edited since."""
    try:
        report = json.loads(report_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return path.exists() and isinstance(report, dict) and report.get("stories") == state.done


def _run(
    config: WriteConfig,
    asker: Asker,
    connect: Callable[[], Endpoint],
    journal: Journal,
    state: State,
    count: int,
    around: Surroundings,
) -> str:
    if state.done == count:
        return DONE

    async def run() -> str:
        return await Writer(config, asker, connect(), journal, state, count, around).run()

    return asyncio.run(run())
