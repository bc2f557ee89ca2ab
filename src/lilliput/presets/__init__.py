"""Named plans: one function each, returning a frozen `Plan`; one file for each who made them."""

from collections.abc import Callable
from pathlib import Path

from lilliput.config import near_miss, read_toml
from lilliput.errors import ConfigError
from lilliput.presets import (
    babyllama,
    collapse,
    ideas,
    llama2c,
    ours,
    regional,
    reproductions,
    simplestories,
    tinystories,
)
from lilliput.training.plan import Plan

Preset = Callable[[], Plan]

GROUPS: dict[str, tuple[Preset, ...]] = {
    "lilliput": (ours.pocket, ours.laptop, ours.cartridge),
    "llama2.c": (llama2c.stories260k, llama2c.stories15m, llama2c.stories42m, llama2c.stories110m),
    "BabyLlama": (babyllama.babyllama105, babyllama.babyllama361),
    "TinyStories": (
        tinystories.tinystories1m,
        tinystories.tinystories3m,
        tinystories.tinystories8m,
        tinystories.tinystories28m,
        tinystories.tinystories33m,
        tinystories.tinystories1layer21m,
        tinystories.tinystories2layers33m,
    ),
    "TinyStories-Instruct": (
        tinystories.instruct1m,
        tinystories.instruct3m,
        tinystories.instruct8m,
        tinystories.instruct28m,
        tinystories.instruct33m,
        tinystories.instruct1layer21m,
        tinystories.instruct2layers33m,
    ),
    "TinyStories again": (
        reproductions.sauravxs,
        reproductions.sauravm,
        reproductions.raymond1m,
        reproductions.raymond8m,
        reproductions.raymond28m,
        reproductions.sleepingcat28m,
        reproductions.yap8m,
        reproductions.pluto1m,
        reproductions.pluto15m,
    ),
    "ideas of their own": (
        ideas.tinygpt51m,
        ideas.tinygptmoe85m,
        ideas.einygpt7m,
        ideas.einygpt4m,
        ideas.tinymodel44m,
    ),
    "SimpleStories": (
        simplestories.simplestories1m,
        simplestories.simplestories5m,
        simplestories.simplestories11m,
        simplestories.simplestories30m,
        simplestories.simplestories35m,
    ),
    "Regional": (
        regional.regional64x2,
        regional.regional64x6,
        regional.regional64x12,
        regional.regional512x2,
        regional.regional512x6,
        regional.regional512x12,
        regional.regional1024x2,
        regional.regional1024x7,
    ),
    "model collapse": (
        collapse.collapse9m,
        collapse.collapse12m,
        collapse.collapse42m,
        collapse.collapse126m,
    ),
}
"""Presets by who made them."""

PRESETS: dict[str, Preset] = {preset.__name__: preset for group in GROUPS.values() for preset in group}

__all__ = ["GROUPS", "PRESETS", "find_plan"]


def find_plan(name: str) -> Plan:
    """The plan of a preset, or of a TOML file: either a whole plan, or `base = "pocket"` and differences.

    Raises ConfigError that names the near miss.
    """
    if name in PRESETS:
        return PRESETS[name]()
    path = Path(name)
    if path.suffix != ".toml" and not path.is_file():
        raise ConfigError(f"no preset {name}; {near_miss(name, PRESETS)} (a plan file's name ends in .toml)")
    values = read_toml(path)
    base = values.pop("base", None)
    if base is None:
        return Plan.from_dict(values, str(path))
    if not isinstance(base, str) or base not in PRESETS:
        raise ConfigError(f"{path}: no preset {base!r}; {near_miss(str(base), PRESETS)}")
    return PRESETS[base]().with_changes(values, str(path))
