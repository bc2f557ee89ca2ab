"""Named plans: one function each, returning a frozen `Plan`."""

from collections.abc import Callable
from pathlib import Path

from lilliput.config import near_miss, read_toml
from lilliput.errors import ConfigError
from lilliput.presets.gptneo import (
    tinystories1m,
    tinystories3m,
    tinystories8m,
    tinystories28m,
    tinystories33m,
)
from lilliput.presets.llama import pocket, stories15m, stories42m, stories110m, stories260k
from lilliput.training.plan import Plan

PRESETS: dict[str, Callable[[], Plan]] = {
    preset.__name__: preset
    for preset in (
        pocket,
        stories260k,
        stories15m,
        stories42m,
        stories110m,
        tinystories1m,
        tinystories3m,
        tinystories8m,
        tinystories28m,
        tinystories33m,
    )
}

__all__ = ["PRESETS", "find_plan"]


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
