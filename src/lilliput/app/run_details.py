"""What a run tells of itself when it is over: lilliput.json, and the picture of its losses."""

import shlex
import sys
from dataclasses import asdict
from statistics import median
from typing import Any

from lilliput.app.output import say
from lilliput.errors import MissingExtraError
from lilliput.rundir import atomic_write
from lilliput.stories.instruct import CHAT_TEMPLATE, LEARN_AFTER
from lilliput.stories.sources import fingerprint_stories
from lilliput.stories.story import Story
from lilliput.training.diary import Row, read_rows
from lilliput.training.loop import Outcome
from lilliput.training.plan import Plan
from lilliput.training.prepare import Prepared
from lilliput.training.resume import Position, RunFiles

PICTURE = "training.png"


def held_back_texts(prepared: Prepared, most: int) -> list[str]:
    """The texts of held-back stories (a shard's tokens decode to the text exactly)."""
    count = min(most, len(prepared.valid))
    return [prepared.tokenizer.decode(prepared.valid.story(i).tolist()) for i in range(count)]


def describe_run(
    plan: Plan,
    prepared: Prepared,
    files: RunFiles,
    outcome: Outcome,
    device: str,
    final: Row,
    held_back: list[str],
) -> dict[str, Any]:
    """lilliput.json of a trained model."""
    command = shlex.join(["lilliput", *sys.argv[1:]])
    final_score = {
        "suite": "loss",
        "data": "held-back stories",
        "data_fingerprint": fingerprint_stories(map(Story, held_back)),
        "cut": "story",
        "context": plan.model.context,
        "tokenizer_fingerprint": prepared.tokenizer.fingerprint,
        **final,
        "command": command,
    }
    position = asdict(outcome.position)
    chat = {"chat_template": CHAT_TEMPLATE} if plan.data.learn_after == LEARN_AFTER else {}
    return {
        "plan": plan.model_dump(),
        **chat,
        "data": prepared.data.model_dump(),
        "training": {
            "steps": position["step"],
            "tokens": position["tokens"],
            "seconds": position["seconds"],
            "device": device,
            "step": plan.train.step,
            "ended": outcome.reason,
            "kept_step": outcome.best_step or position["step"],
            **_speed(read_rows(files.metrics), outcome.position),
            **({"picture": PICTURE} if (files.folder / PICTURE).is_file() else {}),
            "command": command,
        },
        "scores": [final_score],
    }


def _speed(rows: list[Row], position: Position) -> Row:
    """Tokens a second over the whole of the run's time, its looks and checkpoints in it; and MFU to match."""
    if not position.seconds:
        return {}
    rate = position.tokens / position.seconds
    shares = [row["mfu"] / row["tokens_per_second"] for row in rows if "mfu" in row]
    mfu = {"mfu": round(median(shares) * rate, 5)} if shares else {}
    return {"tokens_per_second": round(rate, 1), **mfu}


def draw_training(files: RunFiles) -> None:
    """Draw the run's losses into its folder; where matplotlib is not installed, say how to get it."""
    from lilliput.evaluation.run_picture import draw_run

    try:
        picture = draw_run(read_rows(files.metrics), files.folder.resolve().name)
    except MissingExtraError as error:
        say(f"no picture of the run was drawn: {error}")
        return
    with atomic_write(files.folder / PICTURE) as file:
        file.write(picture)
