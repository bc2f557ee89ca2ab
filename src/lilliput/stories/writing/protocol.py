"""Protocols: data files that say how a story is asked for, and what is drawn for each.

A protocol is one TOML file a language: an opening, parameters whose values are drawn, a closing. Word lists
that several protocols share lie in the language's own file. What is drawn for story i follows from the
seed and i alone.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from lilliput.config import Config, near_miss
from lilliput.errors import ConfigError
from lilliput.stories.world.draw import GOLDEN, MASK, Draw, mix
from lilliput.stories.writing.config import Answer, Api

_DATA = files("lilliput.stories.writing") / "data"
_LANGUAGES = "languages"
_PLACE = re.compile(r"\{(?P<name>\w+)\}")
_DEPTH = 2  # a value may hold places of its own, and no deeper


class Language(Config):
    """What all protocols of a language share."""

    name: str
    scripts: tuple[str, ...] = Field(min_length=1)
    """First words of its letters' Unicode names."""
    needed: tuple[str, ...] = ()
    """Those of them that no text does without."""
    refusals: tuple[str, ...] = ()
    """How a model begins when it declines."""
    lists: dict[str, tuple[str, ...]]


class Value(Config):
    """A value that is kept under one name and asked for in other words."""

    name: str
    say: str


class Parameter(Config):
    """Something that is drawn for each story.

    Its value takes the place of `{name}` in the texts of the protocol, and of `{}` in `line`, which is put
    into the prompt where the parameter is drawn.
    """

    name: str
    label: str | None = None
    """Under which label the story keeps it, where its prompt has it: its own name if not given, none if
    empty. Parameters of one label share a list."""
    line: str | None = None
    values: tuple[str | Value, ...] = ()
    list: str | None = None
    """A list of the language, instead of `values`."""
    weights: tuple[int, ...] = ()
    percent: int = Field(100, ge=1, le=100)
    """In so many of a hundred prompts."""
    fewest: int = Field(1, ge=0)
    most: int = Field(1, ge=1)
    """So many different values at once, each in a line of its own."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.values) == bool(self.list):
            raise ValueError("give either values or the name of a list")
        if self.weights and len(self.weights) != len(self.values):
            raise ValueError(f"{len(self.weights)} weights for {len(self.values)} values")
        if self.fewest > self.most or (self.values and self.most > len(self.values)):
            raise ValueError(f"{self.fewest} to {self.most} of {len(self.values)} values cannot be drawn")
        if (self.most > 1 or self.fewest == 0 or self.percent < 100) and self.line is None:
            raise ValueError("what is not drawn exactly once needs a line")
        return self


class Protocol(Config):
    """How stories are asked for in one language."""

    name: str
    language: str
    api: Api = "chat"
    answer: Answer = "json"
    prefix: bool = False
    """The prompt is the beginning of the story, and the answer goes on from it."""
    system: str = ""
    opening: str
    closing: str = ""
    json_closing: str = ""
    """Added where the answer is to be JSON: an object with the story under `story`."""
    text_closing: str = ""
    expected_tokens: int = Field(ge=1)
    """Of an answer, about; for the estimate until there are answers to count."""
    parameters: tuple[Parameter, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Ask:
    """What is asked for one story."""

    number: int
    prompt: str
    system: str
    labels: dict[str, Any]


@dataclass(frozen=True)
class Asker:
    """A protocol, its language, and how the answer is to come."""

    protocol: Protocol
    language: Language
    answer: Answer

    def ask(self, seed: int, number: int) -> Ask:
        """The prompt and the labels of story `number`: a pure function."""
        draw = draw_for(seed, number)
        fields = _Fields()
        labels: dict[str, Any] = {}
        lines: list[str] = []
        drawn = [(parameter, self._drawn(parameter, draw)) for parameter in self.protocol.parameters]
        for parameter, values in drawn:
            for value in values:
                fields[parameter.name] = value if isinstance(value, str) else value.say
                if parameter.line is not None:
                    lines.append(fields.fill(parameter.line.replace("{}", f"{{{parameter.name}}}")))
        closing = self.protocol.json_closing if self.answer == "json" else self.protocol.text_closing
        texts = [fields.fill(self.protocol.opening), *lines, fields.fill(self.protocol.closing), closing]
        system = fields.fill(self.protocol.system)
        for parameter, values in drawn:
            if parameter.label != "" and (parameter.line is not None or parameter.name in fields.used):
                _keep(
                    labels, parameter, [value if isinstance(value, str) else value.name for value in values]
                )
        return Ask(number, "\n".join(text for text in texts if text), system, labels)

    @property
    def fingerprint(self) -> str:
        """The sha256 of protocol and language, as 16 hex digits."""
        text = self.protocol.model_dump_json() + self.language.model_dump_json() + self.answer
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _drawn(self, parameter: Parameter, draw: Draw) -> list[str | Value]:
        if parameter.percent < 100 and not draw.chance(parameter.percent):
            return []
        values = list(parameter.values or self.language.lists[parameter.list or ""])
        if parameter.weights:
            at = draw.below(sum(parameter.weights))
            for value, weight in zip(values, parameter.weights, strict=True):
                if at < weight:
                    return [value]
                at -= weight
        wanted = parameter.fewest + draw.below(parameter.most - parameter.fewest + 1)
        return [values.pop(draw.below(len(values))) for _ in range(wanted)]


def draw_for(seed: int, number: int, attempt: int = 0) -> Draw:
    """Choices that depend on the seed, the story's number and which attempt at it this is, alone."""
    state = mix((seed + GOLDEN) & MASK)
    for part in (number, attempt):
        state = mix((state ^ mix((part + GOLDEN) & MASK)) & MASK)
    return Draw(state)


def builtin_protocols() -> dict[str, list[str]]:
    """The languages of each built-in protocol."""
    folders = (entry for entry in _DATA.iterdir() if entry.is_dir() and entry.name != _LANGUAGES)
    return {folder.name: _languages_in(folder) for folder in sorted(folders, key=lambda entry: entry.name)}


def load_asker(name: str, language: str, api: Api | None, answer: Answer | None) -> tuple[Asker, Api]:
    """A built-in protocol by name, or a file ending in .toml, and the endpoint that it needs.

    Raises ConfigError for a protocol or language that is not there, for a file of another form, for an
    `api` or an `answer` that the protocol cannot honour.
    """
    if name.endswith(".toml"):
        protocol = Protocol.from_dict(_read(Path(name)), name)
        if protocol.language != language:
            raise ConfigError(
                f"{name} is written for language {protocol.language}: give --language {protocol.language}"
            )
    else:
        known = builtin_protocols()
        if name not in known:
            raise ConfigError(
                f"no protocol {name}; {near_miss(name, known)}; or name a file that ends in .toml"
            )
        if language not in known[name]:
            raise ConfigError(f"{name} has no language {language}; there are {', '.join(known[name])}")
        protocol = Protocol.from_dict(_read(_DATA / name / f"{language}.toml"), name)
    spoken = _load_language(language)
    for parameter in protocol.parameters:
        _check_list(parameter, spoken, name)
    chosen: Api = api or protocol.api
    if protocol.prefix and (chosen, answer or "text") != ("completions", "text"):
        raise ConfigError(f"{name} gives the beginning of a story: it needs api completions and answer text")
    return Asker(protocol, spoken, answer or protocol.answer), chosen


def _load_language(language: str) -> Language:
    known = _languages_in(_DATA / _LANGUAGES)
    if language not in known:
        raise ConfigError(f"no word lists for language {language}; there are {', '.join(known)}")
    return Language.from_dict(_read(_DATA / _LANGUAGES / f"{language}.toml"), language)


def _check_list(parameter: Parameter, language: Language, name: str) -> None:
    if parameter.list is not None and parameter.list not in language.lists:
        raise ConfigError(
            f"{name}: {parameter.name}: no list {parameter.list}; {near_miss(parameter.list, language.lists)}"
        )
    if parameter.list is not None and parameter.most > len(language.lists[parameter.list]):
        raise ConfigError(
            f"{name}: {parameter.name}: the list {parameter.list} is too short for {parameter.most}"
        )


def _languages_in(folder: Traversable) -> list[str]:
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def _read(place: Traversable | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{place}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place} is not a TOML file: {error}") from None


class _Fields(dict[str, str]):
    """Drawn values by the names of their parameters, and which of them were asked for in a text."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()

    def fill(self, text: str) -> str:
        """`text` with values in place, and values in the places of those; other braces, as JSON's, stay."""
        for _ in range(_DEPTH):
            text = _PLACE.sub(self._value, text)
        return text

    def _value(self, match: re.Match[str]) -> str:
        if match["name"] not in self:
            return match[0]
        self.used.add(match["name"])
        return self[match["name"]]


def _keep(labels: dict[str, Any], parameter: Parameter, names: list[str]) -> None:
    label = parameter.label or parameter.name
    if parameter.label is not None or parameter.most > 1:
        labels[label] = [*labels.get(label, []), *names]
    elif names:
        labels[label] = names[0]
