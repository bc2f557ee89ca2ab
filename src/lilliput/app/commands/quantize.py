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

_Ids = npt.NDArray[np.int64]
_CHECKED_SHARE = 4
"""One of so many stories is not calibrated on, but measured with."""
_WORST_SHOWN = 5


class Kind(StrEnum):
    """Formats of weights."""

    int8 = "int8"
    int4 = "int4"
    ternary = "ternary"


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
    stories: Annotated[int, typer.Option(help="How many of them.", min=4)] = 64,
    out: Annotated[
        Path | None, typer.Option(help="The model folder to make; MODEL-int8 and so on, here, if not given.")
    ] = None,
    settings: options.Settings = [],  # noqa: B006
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput quantize runs/story --to int8
      lilliput quantize runs/story --to int8 --data stories.txt --out story-int8
      lilliput quantize runs/story --to int4 --set down=int8 --set key_bits=7

    Make an integer model: no float and no division is left, and every device computes the same
    bits (docs/integer-arithmetic.md). Ranges are taken from a few stories; where nothing else is
    set, int4 and ternary models keep their embedding in int8. Prints what was lost, measured
    with whole numbers on stories that were not calibrated with.
    """
    from lilliput.formats.folder import INTEGERS, load_folder, save_surroundings
    from lilliput.quantize.intmodel_file import fingerprint, save_intmodel
    from lilliput.quantize.ptq import quantize as make
    from lilliput.quantize.settings import QuantizeSettings
    from lilliput.rundir import new_folder, refuse_full_folder

    path = out or Path(f"{model.resolve().name}-{to.value}")
    refuse_full_folder(path)
    embed = [] if to is Kind.int8 else ["embed=int8", "head=int8"]
    folder = load_folder(model)
    _refuse_contradictions(folder, to, settings)
    wish = QuantizeSettings().with_settings([f"weights={to.value}", *embed, *settings])
    ids = _read_stories(folder, data, stories) if data else write_calibration(model, folder, stories, seed)
    checked, calibrated = ids[::_CHECKED_SHARE], [s for n, s in enumerate(ids) if n % _CHECKED_SHARE]
    source = {"tokenizer_fingerprint": folder.tokenizer.fingerprint, "settings": wish.model_dump()}
    say(f"calibrating on {len(calibrated)} stories")
    quantized = make(folder.config, folder.weights, calibrated, wish, source)
    result = _measure(folder, quantized, checked) | {
        "from": folder.path.resolve().name,
        "calibration": ", ".join(data) if data else "the model's own stories",
        "fingerprint": fingerprint(quantized.model),
        "weight_bytes": quantized.model.weight_bytes,
        "command": shlex.join(["lilliput", *sys.argv[1:]]),
    }
    kept = {name: value for name, value in folder.details.items() if name in ("data", "origin", "plan")}
    with new_folder(path) as made:
        save_surroundings(made, folder.config, folder.tokenizer, kept | {"integers": result}, path.name)
        save_intmodel(made / INTEGERS, quantized.model)
    if as_json:
        print_json(result)
    else:
        _show(result)
    say(f"{path}: try {command_name()} tell {shlex.quote(str(path))}")


def _refuse_contradictions(folder: "ModelFolder", to: Kind, settings: list[str]) -> None:
    """Raise ConfigError for settings that could not be honoured beside the rest."""
    names = [setting.partition("=")[0].strip() for setting in settings]
    if "weights" in names:
        raise ConfigError(f"--to {to.value} says how weights are held: leave --set weights= out")
    if "head" in names and getattr(folder.config, "tied", False):
        raise ConfigError(
            f"{folder.path} has one matrix for embedding and output: set embed= in place of head="
        )


def _read_stories(folder: "ModelFolder", data: list[str], count: int) -> list[_Ids]:
    from lilliput.stories.sources import open_stories

    opened = open_stories(data)
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
    from lilliput.quantize.observe import costs_of, observe
    from lilliput.quantize.reference import IntCache, Reference

    seen = observe(quantized.model.config, folder.weights, stories, most_rows=1)
    reference, nats = Reference(quantized.model), 0.0
    for story in stories:
        ids, targets = story[: folder.config.context], story[1 : folder.config.context + 1]
        logits = reference.read(ids, IntCache(quantized.model))[: len(targets)]
        nats += float(costs_of(logits / 2.0**quantized.model.logit_bits, targets).sum())
    before, after = seen.nats / seen.tokens, nats / seen.tokens
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
            "measured on": f"{result['measured_stories']} others, {result['measured_tokens']:,} tokens",
            "bytes of weights": result["weight_bytes"],
            "fingerprint": result["fingerprint"],
        }
    )
    print()
    rows = [list(report.values()) for report in result["matrices"][:_WORST_SHOWN]]
    print_table(["hurts most", "weights", "off by weights", "and by what it reads"], rows)
