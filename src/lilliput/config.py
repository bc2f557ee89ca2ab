"""Configs: frozen, strict, and changed in one way only.

Every config is a `Config`. Differences are said as `key.path=value` strings (`--set`) or as a TOML file,
and go through `with_settings`, which builds a new object and names the near miss of an unknown key.
"""

import difflib
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from lilliput.errors import ConfigError


class Config(BaseModel):
    """Base of every config: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str = "") -> Self:
        """Build from plain values; raises ConfigError with one readable line."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(_explain(error, cls, source)) from None

    def with_settings(self, settings: Iterable[str]) -> Self:
        """A copy changed by settings such as `train.learning_rate=0.002`.

        A value is read as TOML where it parses (numbers, booleans, quoted strings, lists), `none` as no
        value, and anything else as a bare string. Raises ConfigError for a malformed or unknown setting.
        """
        values = self.model_dump()
        for setting in settings:
            path, sign, text = setting.partition("=")
            if not sign or not path.strip():
                raise ConfigError(f"--set {setting}: write it as name=value, for example seed=1")
            _assign(values, path.strip(), _parse_value(text), f"--set {setting}")
        return self.from_dict(values, "--set")

    def with_changes(self, changes: dict[str, Any], source: str) -> Self:
        """A copy with nested `changes` laid over it; raises ConfigError that begins with `source`."""
        return self.from_dict(_merge(self.model_dump(), changes, source), source)

    def as_toml(self) -> str:
        """This config as TOML that `from_dict` reads back: values first, then groups; no value, no line."""
        values = self.model_dump()
        plain = {name: value for name, value in values.items() if not isinstance(value, dict)}
        lines = _toml_lines(plain)
        for group, inner in values.items():
            if isinstance(inner, dict):
                lines += ["", f"[{group}]", *_toml_lines(inner)]
        return "\n".join(lines) + "\n"


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a TOML file; raises ConfigError that names the file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not a TOML file: {error}") from None


def near_miss(name: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the closest known name; without one, `there are` and all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"


def _toml_lines(values: dict[str, Any]) -> list[str]:
    """JSON's strings, numbers and truth values are TOML's too."""
    return [f"{name} = {json.dumps(value)}" for name, value in values.items() if value is not None]


def _parse_value(text: str) -> Any:
    if text.strip() == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _merge(values: dict[str, Any], changes: dict[str, Any], source: str) -> dict[str, Any]:
    """`values` with nested `changes` laid over them; raises ConfigError for an unknown key."""
    merged = dict(values)
    for key, change in changes.items():
        _check_known(key, merged, source)
        both = isinstance(change, dict) and isinstance(merged[key], dict)
        merged[key] = _merge(merged[key], change, source) if both else change
    return merged


def _check_known(key: str, values: dict[str, Any], source: str) -> None:
    if key not in values:
        raise ConfigError(f"{source}: no setting {key}; {near_miss(key, values)}")


def _assign(values: dict[str, Any], path: str, value: Any, source: str) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        _check_known(parent, values, source)
        values = values[parent]
        if not isinstance(values, dict):
            raise ConfigError(f"{source}: {parent} holds a value and has no parts")
    _check_known(last, values, source)
    if isinstance(values[last], dict):
        raise ConfigError(f"{source}: {last} is a group; set one of {', '.join(sorted(values[last]))}")
    values[last] = value


def _explain(error: ValidationError, config: type[BaseModel], source: str) -> str:
    """The first fault of a pydantic error as one line, with the near miss of an unknown field."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"])
    prefix = f"{source}: " if source else ""
    if fault["type"] == "extra_forbidden":
        owner = _owner_of(config, fault["loc"])
        return f"{prefix}no setting {where}; {near_miss(str(fault['loc'][-1]), owner.model_fields)}"
    if fault["type"] == "missing":
        return f"{prefix}{where} is missing"
    if fault["type"] == "value_error":
        return f"{prefix}{where + ': ' if where else ''}{fault['ctx']['error']}"
    return f"{prefix}{where} = {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def _owner_of(config: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """The config class that holds the field at `location`."""
    for part in location[:-1]:
        field = config.model_fields.get(str(part))
        inner = field.annotation if field else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            config = inner
    return config
