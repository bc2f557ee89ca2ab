"""Quantization with training: weights learn in the rounded form that an integer model has."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from lilliput.app.integer_score import Ids, score_integers
from lilliput.app.output import say
from lilliput.app.rounded_activations import activations_of
from lilliput.app.running import (
    LOOK_STORIES,
    check_can_train,
    decide_computing,
    learn,
    stop_on_signal,
    weights_to_keep,
)
from lilliput.errors import ConfigError
from lilliput.formats.folder import ModelFolder
from lilliput.formats.weights import Weights
from lilliput.quantize.intmodel import Kind
from lilliput.quantize.ptq import Quantized, quantize
from lilliput.quantize.qat import Grid, even_out, make_grids
from lilliput.quantize.qat_planes import begin_rounded
from lilliput.quantize.settings import QuantizeSettings
from lilliput.stories.shard_files import Shard
from lilliput.stories.sources import Opened
from lilliput.training.diary import HELD_BACK_BITS, HELD_BACK_NATS, Row
from lilliput.training.leading import open_batches
from lilliput.training.plan import Plan
from lilliput.training.prepare import prepare
from lilliput.training.resume import RunFiles
from lilliput.training.steps import choose_step, make_step
from lilliput.training.straight import StraightThrough

_CHECKS = 10
_CHECK_CALIBRATION = 16
"""Stories that an integer model is calibrated with to be scored while learning: it takes some seconds."""
_RATES: dict[Kind, float] = {"int8": 3e-4, "int4": 3e-4, "ternary": 5e-3, "planes": 2e-4}
"""AdamW's peak: what is rounded finely is nearly right from the start, and few weights are to jump."""


@dataclass(frozen=True)
class Learnt:
    """An integer model whose weights learnt as they are, and what is to be told of it."""

    quantized: Quantized
    held_back: list[Ids]
    """Stories that it neither learnt nor was chosen by."""
    training: dict[str, Any]


def make_plan(
    folder: ModelFolder,
    kind: Kind,
    settings: Sequence[str],
    budget: dict[str, Any],
    reading: dict[str, str] | None = None,
) -> Plan:
    """How weights of `kind` learn: the folder's, taught by themselves as they are if nothing else is said.

    `reading` is how stories are cut: separator, column.
    """
    start = str(folder.path.resolve())
    train = {
        "batch_tokens": max(2048, folder.config.context),
        "learning_rate": _RATES[kind],
        "weight_decay": 0.01,
        "beta2": 0.999,
        "checks": _CHECKS,
        "patience": _CHECKS,
        "checkpoint_s": 1e9,
        **(
            {"precision": "float32"} if kind == "planes" else {}
        ),  # whole numbers have more bits than bfloat16
        **budget,
    }
    plan = Plan.from_dict(
        {
            "name": f"rounded {kind}",
            "model": folder.config.model_dump(),
            "start": start,
            "data": reading or {},
            "train": train,
            # of a cartridge's all that it expects counts: weights would jump with what its likeliest leave
            "teacher": {"folder": start, "weight": 0.9, **({"top": 0} if kind == "planes" else {})},
        }
    )
    return plan.with_settings(settings)


def learn_rounded(
    folder: ModelFolder,
    wish: QuantizeSettings,
    plan: Plan,
    open_again: Callable[[], Opened],
    place: Path,
    count: int,
    source: dict[str, Any],
) -> Learnt:
    """Train in `place`, which keeps metrics.jsonl and diary.md; `count` stories calibrate.

    Ctrl-C ends the training early. Those weights are kept whose integer model does best on held-back
    stories.
    """
    check_can_train(plan)
    files = RunFiles(place)
    prepared = prepare(plan, open_again, files, say)
    plan, _ = decide_computing(prepared.plan, prepared)
    calibrated = _stories(prepared.train, count)
    check_stories, held_back = _divide(_stories(prepared.valid, 2 * LOOK_STORIES))
    say(f"calibrating on {len(calibrated)} stories")
    begin = _begin_planes if wish.weights == "planes" else _begin_rows
    begun = begin(folder, wish, plan, calibrated, source)
    plan, step, make_integers = begun.plan, begun.step, begun.make_integers
    texts = [prepared.tokenizer.decode(story.tolist()) for story in check_stories]
    bytes_each = sum(len(text.encode()) for text in texts) / sum(len(story) - 1 for story in check_stories)

    def check() -> Row:
        integers = make_integers(step.weights(), calibrated[:_CHECK_CALIBRATION]).model
        nats = score_integers(integers, check_stories)
        return {HELD_BACK_NATS: nats, HELD_BACK_BITS: nats / log(2) / bytes_each}

    with stop_on_signal() as should_stop:
        batches = open_batches(plan, prepared.train)
        outcome = learn(plan, step, batches, files, prepared, texts, should_stop, check)
    quantized = make_integers(weights_to_keep(step, files, outcome), calibrated)
    shutil.rmtree(files.resume)
    position = outcome.position
    training = {
        "plan": plan.model_dump(),
        "data": prepared.data.model_dump(),
        "rounded": begun.rounded,
        "steps": position.step,
        "tokens": position.tokens,
        "seconds": position.seconds,
        "ended": outcome.reason,
        "kept_step": outcome.best_step or position.step,
    }
    return Learnt(quantized, held_back, training)


@dataclass(frozen=True)
class _Begun:
    plan: Plan
    step: StraightThrough
    rounded: list[str]
    """Names of the weights that learn rounded."""
    make_integers: Callable[[Weights, Sequence[Ids]], Quantized]
    """Of weights that learnt, calibrated with stories."""


def _begin_rows(
    folder: ModelFolder, wish: QuantizeSettings, plan: Plan, stories: Sequence[Ids], source: dict[str, Any]
) -> _Begun:
    """Weights with a step a row; units are found again for all that is to be scored."""
    first = quantize(folder.config, folder.weights, stories, wish.with_settings(["rounding=nearest"]))
    start = even_out(first.model.config, folder.weights, first.units)
    final = wish.with_settings(["rounding=nearest", "units=even"])

    def make_integers(weights: Weights, stories: Sequence[Ids]) -> Quantized:
        return quantize(folder.config, weights, stories, final, source)

    grids = _grids(start, wish)
    return _Begun(plan, StraightThrough(make_step(plan, start=start), grids), sorted(grids), make_integers)


def _begin_planes(
    folder: ModelFolder, wish: QuantizeSettings, plan: Plan, stories: Sequence[Ids], source: dict[str, Any]
) -> _Begun:
    """Weights in planes, in the units and on the grid that rounding afterwards found."""
    first = quantize(folder.config, folder.weights, stories, wish, source)
    rounded = begin_rounded(folder.config, folder.weights, first)
    plan = plan.model_copy(update={"model": rounded.config})

    def make_integers(weights: Weights, _: Sequence[Ids]) -> Quantized:
        return replace(first, model=rounded.integers(weights), reports=())

    inner = make_step(plan, start=rounded.weights, activations=activations_of(rounded))
    if choose_step(plan) != "c":
        say("only the C step rounds what is between matrices: here weights alone learn rounded")
    step = StraightThrough(inner, {**rounded.grids, **rounded.held})
    return _Begun(plan, step, sorted(rounded.grids), make_integers)


def _grids(weights: Weights, wish: QuantizeSettings) -> dict[str, Grid]:
    if grids := make_grids(weights, wish):
        return grids
    raise ConfigError(
        "--qat trains matrices of int4 or ternary weights, and there are none: int8 loses next to nothing "
        "without it"
    )


def _stories(shard: Shard, most: int) -> list[Ids]:
    return [shard.story(number).astype(np.int64) for number in range(min(most, len(shard)))]


def _divide(stories: list[Ids]) -> tuple[list[Ids], list[Ids]]:
    """Stories to choose weights by, and others to measure with; of very few the same."""
    return (stories[::2], stories[1::2]) if len(stories) > 1 else (stories, stories)
