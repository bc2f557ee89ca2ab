"""`lilliput quantize`: an integer model, which devices compute bit for bit, of a float one."""

import shlex
import sys
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
import typer

from lilliput.app import options
from lilliput.app.output import command_name, print_facts, print_json, print_table, say
from lilliput.errors import ConfigError

if TYPE_CHECKING:
    from lilliput.formats.folder import ModelFolder
    from lilliput.quantize.ptq import Quantized
    from lilliput.quantize.settings import QuantizeSettings
    from lilliput.stories.sources import Opened

_Ids = npt.NDArray[np.int64]
_CHECKED_SHARE = 4
"""One of so many stories is not calibrated on, but measured with."""
_WORST_SHOWN = 5
_MINUTES = 10.0
"""Of training, where nothing else is said."""
_PLAN_GROUPS = ("train", "teacher", "data")
"""Of a plan, what may be set; every other setting is of the integer model."""


class Kind(StrEnum):
    """Formats of weights."""

    int8 = "int8"
    int4 = "int4"
    ternary = "ternary"
    cartridge = "cartridge"


def quantize(
    model: options.Model,
    to: Annotated[Kind, typer.Option(help="How weights are held.")],
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            help="Stories to calibrate with, as train takes them; the model's own if not given.",
            metavar="STORIES",
            show_default=False,
        ),
    ] = [],  # noqa: B006 (typer copies it)
    qat: Annotated[
        bool, typer.Option("--qat", help="Train with rounded weights, on the stories of --data.")
    ] = False,
    minutes: options.Minutes = None,
    tokens: options.Tokens = None,
    stories: Annotated[int, typer.Option(help="How many to calibrate with.", min=4)] = 64,
    out: Annotated[
        Path | None, typer.Option(help="The model folder to make; MODEL-int8 and so on, here, if not given.")
    ] = None,
    settings: options.Settings = [],  # noqa: B006
    seed: options.Seed = 0,
    separator: options.SeparatorOrPlans = None,
    column: options.Column = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput quantize runs/story --to int8
      lilliput quantize runs/story --to int8 --data stories.txt --out story-int8
      lilliput quantize runs/story --to int4 --set down=int8 --set key_bits=7
      lilliput quantize runs/story --to int4 --qat --data stories.txt --minutes 10
      lilliput quantize runs/story --to cartridge --data stories.txt --set bits=5.5
      lilliput quantize runs/story --to cartridge --qat --data stories.txt --minutes 20
      lilliput quantize runs/story --to ternary --qat --data stories.txt --minutes 60 --set teacher.folder=BIG

    Make an integer model: no float and no division is left, and every device computes the same
    bits (docs/integer-arithmetic.md). Ranges are taken from a few stories; where nothing else is
    set, int4 and ternary models keep their embedding in int8. A cartridge has narrower numbers of every
    kind, for an 8-bit processor; bits is how many its weights have on average. Prints what was lost, measured
    with whole numbers on stories that were not calibrated with.

    With --qat, weights first learn in the form that they will have, for 10 minutes if nothing else is
    said, taught by the model itself or by teacher.folder; --set train.X and teacher.X change how.
    Ctrl-C ends the learning early.
    """
    from lilliput.formats.folder import INTEGERS, load_folder, save_surroundings
    from lilliput.quantize.choices import name_newer_choices
    from lilliput.quantize.intmodel_file import fingerprint, save_intmodel
    from lilliput.quantize.ptq import require_integers_for
    from lilliput.quantize.settings import QuantizeSettings, cartridge_settings
    from lilliput.rundir import new_folder, refuse_closed_place, refuse_full_folder

    path = out or Path(f"{model.resolve().name}-{to.value}")
    refuse_full_folder(path)
    refuse_closed_place(path)
    folder = load_folder(model)
    require_integers_for(folder.config)
    given = {"separator": separator and separator.value, "column": column}
    reading = {name: value for name, value in given.items() if value}
    _refuse_contradictions(folder, to, settings, reading, qat=qat, data=data, budget=minutes or tokens)
    own = [setting for setting in settings if not _is_of_plan(setting)]
    if to is Kind.cartridge:
        wish = QuantizeSettings().with_settings([*cartridge_settings(folder.config.d_head), *own])
    else:
        embed = [] if to is Kind.int8 else ["embed=int8", "head=int8"]
        wish = QuantizeSettings().with_settings([f"weights={to.value}", *embed, *own])
    with new_folder(path) as made:
        if qat:
            plan_settings = [f"seed={seed}", *(setting for setting in settings if _is_of_plan(setting))]
            budget = {"minutes": minutes or (None if tokens else _MINUTES), "tokens": tokens}
            quantized, checked, learnt = _learn(
                folder, wish, plan_settings, budget, data, reading, made, stories
            )
        else:
            quantized, checked = _round(folder, wish, model, data, reading, stories, seed)
            learnt = {}
        result = _measure(folder, quantized, checked) | {
            "from": folder.path.resolve().name,
            "calibration": ", ".join(data) if data else "the model's own stories",
            "fingerprint": fingerprint(quantized.model),
            "weight_bytes": quantized.model.weight_bytes,
            "command": shlex.join(["lilliput", *sys.argv[1:]]),
            **learnt,
        }
        known = ("data", "origin", "plan", "chat_template")
        kept = {name: value for name, value in folder.details.items() if name in known}
        save_surroundings(
            made, quantized.model.config, folder.tokenizer, kept | {"integers": result}, path.name
        )
        save_intmodel(made / INTEGERS, quantized.model)
    if to is not Kind.cartridge and (newer := name_newer_choices(quantized.model)):
        say(f"{', '.join(newer)}: that is for cartridges, and no C or page can be exported of this model")
    if as_json:
        print_json(result)
    else:
        _show(result)
    say(f"{path}: try {command_name()} tell {shlex.quote(str(path))}")


def _is_of_plan(setting: str) -> bool:
    return "." in setting.partition("=")[0]


def _round(
    folder: "ModelFolder",
    wish: "QuantizeSettings",
    model: Path,
    data: list[str],
    reading: dict[str, str],
    count: int,
    seed: int,
) -> tuple["Quantized", list[_Ids]]:
    """An integer model of the weights as they are, and stories to measure it with."""
    from lilliput.quantize.ptq import quantize as make

    ids = (
        _read_stories(folder, data, reading, count) if data else write_calibration(model, folder, count, seed)
    )
    checked, calibrated = ids[::_CHECKED_SHARE], [s for n, s in enumerate(ids) if n % _CHECKED_SHARE]
    say(f"calibrating on {len(calibrated)} stories")
    return make(folder.config, folder.weights, calibrated, wish, _source(folder, wish)), checked


def _learn(
    folder: "ModelFolder",
    wish: "QuantizeSettings",
    settings: list[str],
    budget: dict[str, Any],
    data: list[str],
    reading: dict[str, str],
    place: Path,
    count: int,
) -> tuple["Quantized", list[_Ids], dict[str, Any]]:
    """An integer model whose weights learnt rounded, stories to measure it with, and how it learnt."""
    from lilliput.app.commands.train import name_teacher
    from lilliput.app.progress import open_counted
    from lilliput.app.rounded_training import learn_rounded, make_plan
    from lilliput.stories.sources import open_stories

    plan = name_teacher(make_plan(folder, wish.weights, settings, budget, reading))

    def open_again() -> "Opened":
        opened = open_stories(data, separator=plan.data.separator, column=plan.data.column)
        return open_counted(opened)

    say(open_again().description)
    learnt = learn_rounded(folder, wish, plan, open_again, place, count, _source(folder, wish))
    return learnt.quantized, learnt.held_back, {"training": learnt.training}


def _source(folder: "ModelFolder", wish: "QuantizeSettings") -> dict[str, Any]:
    return {"tokenizer_fingerprint": folder.tokenizer.fingerprint, "settings": wish.model_dump()}


def _refuse_contradictions(
    folder: "ModelFolder",
    to: Kind,
    settings: list[str],
    reading: dict[str, str],
    *,
    qat: bool,
    data: list[str],
    budget: float | None,
) -> None:
    """Raise ConfigError for settings that could not be honoured beside the rest."""
    names = [setting.partition("=")[0].strip() for setting in settings]
    of_plan = [name for name in names if "." in name]
    fixed = [name for name in names if qat and name in ("rounding", "units", "scales")]
    if not qat and (budget or of_plan):
        what = f"--set {of_plan[0]}" if of_plan else "--minutes and --tokens"
        raise ConfigError(f"{what}: that is for training: add --qat")
    if reading and not data:
        raise ConfigError(f"--{next(iter(reading))}: that is for stories of your own: name them, --data FILE")
    if qat and not data:
        raise ConfigError("--qat trains: name stories to learn from, --data FILE")
    if fixed:
        raise ConfigError(
            f"--qat decides {fixed[0]} itself, so that integers are what was trained: leave it out"
        )
    if strange := [name for name in of_plan if name.partition(".")[0] not in _PLAN_GROUPS]:
        raise ConfigError(f"--set {strange[0]}: of a plan only {', '.join(_PLAN_GROUPS)} can be set here")
    if "weights" in names:
        raise ConfigError(f"--to {to.value} says how weights are held: leave --set weights= out")
    if "head" in names and to is not Kind.cartridge and getattr(folder.config, "tied", False):
        raise ConfigError(
            f"{folder.path} has one matrix for embedding and output: set embed= in place of head="
        )


def _read_stories(folder: "ModelFolder", data: list[str], reading: dict[str, Any], count: int) -> list[_Ids]:
    from lilliput.stories.sources import open_stories

    opened = open_stories(data, **reading)
    say(opened.description)
    tokenizer = folder.tokenizer
    texts = (story.text for story in islice(opened.stories, count))
    return [np.array([tokenizer.bos, *tokenizer.encode(text), tokenizer.end]) for text in texts]


def write_calibration(model: Path, folder: "ModelFolder", count: int, seed: int) -> list[_Ids]:
    """The model's own stories, at temperature 1: what it will compute on when it tells."""
    from lilliput.app.engines import open_engines
    from lilliput.generation.batch import Request
    from lilliput.generation.many import write_stories
    from lilliput.generation.sample import Sampling

    say(f"no --data: the model writes {count} stories to calibrate with")
    engines, tokenizer = open_engines(model, None, None, "f32", count)
    ends = frozenset([tokenizer.end])
    requests = (
        Request((tokenizer.bos,), Sampling(temperature=1), seed + k, folder.config.context, ends)
        for k in range(count)
    )
    return [
        np.array([tokenizer.bos, *story.ids, tokenizer.end]) for story in write_stories(engines, requests)
    ]


def _measure(folder: "ModelFolder", quantized: "Quantized", stories: list[_Ids]) -> dict[str, Any]:
    """What was lost, all together and matrix by matrix."""
    from lilliput.app.integer_score import score_integers
    from lilliput.quantize.observe import observe

    seen = observe(quantized.model.config, folder.weights, stories, most_rows=1)
    before, after = seen.nats / seen.tokens, score_integers(quantized.model, stories)
    worst = sorted(quantized.reports, key=lambda report: -report.by_both)
    return {
        "float_nats_per_token": before,
        "nats_per_token": after,
        "lost_nats_per_token": after - before,
        "measured_stories": len(stories),
        "measured_tokens": seen.tokens,
        "matrices": [vars(report) for report in worst],
    }


def _show(result: dict[str, Any]) -> None:
    print_facts(
        {
            "nats per token, float": result["float_nats_per_token"],
            "nats per token, integer": result["nats_per_token"],
            "lost": result["lost_nats_per_token"],
            "measured on": f"{result['measured_stories']} stories not calibrated with, "
            f"{result['measured_tokens']:,} tokens",
            "bytes of weights": result["weight_bytes"],
            "fingerprint": result["fingerprint"],
        }
    )
    if not result["matrices"]:
        return
    print()
    rows = [list(report.values()) for report in result["matrices"][:_WORST_SHOWN]]
    print_table(["hurts most", "weights", "off by weights", "and by what it reads"], rows)
