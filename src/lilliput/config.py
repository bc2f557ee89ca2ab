"""Configs: frozen, strict, and changed in one way only.

Every config is a `Config`. Differences are said as `key.path=value` strings (`--set`) or as a TOML file,
and go through `with_settings`, which builds a new object and names the near miss of an unknown key.
"""

import difflib
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

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
        A setting that changes a group's kind (`model.family=gpt2`) goes first; see `with_changes`.
        """
        parsed: list[tuple[str, Any, str]] = []
        for setting in settings:
            path, sign, text = setting.partition("=")
            if not sign or not path.strip():
                raise ConfigError(f"--set {setting}: write it as name=value{self._example(path.strip())}")
            parsed.append((path.strip(), _parse_value(text), f"--set {setting}"))
        values = self._values_of_kinds({path: value for path, value, _ in parsed})
        for path, value, source in parsed:
            _assign(values, path, value, source)
        return self.from_dict(values, "--set")

    def _example(self, path: str) -> str:
        """`, for example NAME=VALUE`: the setting that was meant as it is now, or else one that there is."""
        values: Any = self.model_dump()
        numbers = [name for name, value in values.items() if type(value) is int]
        for part in path.split("."):
            values = values.get(part) if isinstance(values, dict) else None
        if values is not None and not isinstance(values, dict):
            return f", for example {path}={values}"
        return "".join(f", for example {name}={getattr(self, name)}" for name in numbers[:1])

    def with_changes(self, changes: dict[str, Any], source: str) -> Self:
        """A copy with nested `changes` laid over it; raises ConfigError that begins with `source`.

        Where they change a group's kind (`model = {family = "gpt2"}`), the group keeps the values that
        the new kind has too; its other fields begin at their defaults.
        """
        inner = [(group, part) for group, part in changes.items() if isinstance(part, dict)]
        flat = {f"{group}.{name}": value for group, part in inner for name, value in part.items()}
        return self.from_dict(_merge(self._values_of_kinds(flat), changes, source), source)

    def _values_of_kinds(self, changes: dict[str, Any]) -> dict[str, Any]:
        """This config as plain values, each group of the kind that `changes` (by dotted path) call for."""
        values = self.model_dump()
        for group, field in type(self).model_fields.items():
            kinds = _kinds_of(field)
            kind = kinds.get(str(changes.get(f"{group}.{field.discriminator}")))
            if kind is not None and not isinstance(getattr(self, group), kind):
                fields = kind.model_fields.items()
                fresh = {name: None if part.is_required() else part.get_default() for name, part in fields}
                tag = str(field.discriminator)
                kept = {name: old for name, old in values[group].items() if name in fresh and name != tag}
                values[group] = {**fresh, **kept}
        return values

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
    parts, owner = _resolve(config, fault["loc"])
    where = ".".join(parts)
    prefix = f"{source}: " if source else ""
    if fault["type"] == "extra_forbidden":
        return f"{prefix}no setting {where}; {near_miss(parts[-1], owner.model_fields)}"
    if fault["type"] == "missing":
        return f"{prefix}{where} is missing"
    if fault["type"] == "value_error":
        return f"{prefix}{where + ': ' if where else ''}{fault['ctx']['error']}"
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        field = owner.model_fields[parts[-1]]
        return f"{prefix}{_explain_kind(f'{where}.{field.discriminator}', fault, _kinds_of(field))}"
    return f"{prefix}{where} = {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def _explain_kind(where: str, fault: Any, kinds: Iterable[str]) -> str:
    if fault["type"] == "union_tag_not_found":
        return f"{where} is missing; {near_miss('', kinds)}"
    tag = str(fault["ctx"]["tag"])
    return f"{where} = {tag!r} is not known; {near_miss(tag, kinds)}"


def _kinds_of(field: FieldInfo | None) -> dict[str, type[BaseModel]]:
    """The config classes of a group that comes in kinds (a discriminated union), by their tag; else none."""
    if field is None or not isinstance(field.discriminator, str):
        return {}
    kinds = get_args(field.annotation)
    return {str(kind.model_fields[field.discriminator].default): kind for kind in kinds}


def _resolve(config: type[BaseModel], location: tuple[int | str, ...]) -> tuple[list[str], type[BaseModel]]:
    """The names along a pydantic `location`, without the tags of kinds, and the class that holds the last."""
    names: list[str] = []
    inner: type[BaseModel] = config
    kinds: dict[str, type[BaseModel]] = {}
    for part in map(str, location):
        config = inner
        if part in kinds:
            inner, kinds = kinds[part], {}
            continue
        names.append(part)
        field = config.model_fields.get(part)
        kinds = _kinds_of(field)
        if field and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            inner = field.annotation
    return names, config
