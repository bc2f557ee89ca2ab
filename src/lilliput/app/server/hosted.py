"""The models of a server, each with its engine's worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.app.ends import read_ends
from lilliput.app.engines import choose_engine, open_engine
from lilliput.app.server.chat import ChatTemplate, load_chat_template
from lilliput.app.server.refusals import Refusal
from lilliput.app.server.worker import Worker
from lilliput.errors import ConfigError
from lilliput.tokens import Tokenizer

if TYPE_CHECKING:
    from lilliput.generation.c_batch import Precision


@dataclass(frozen=True)
class Hosted:
    """One model, ready."""

    name: str
    worker: Worker
    tokenizer: Tokenizer
    ends: frozenset[int]
    template: ChatTemplate | None = None
    """None for a model that was not trained on conversations."""
    penalises: bool = True
    """Whether repetition_penalty can be honoured: an integer model has none."""


def name_models(paths: Sequence[Path]) -> dict[str, Path]:
    """Models by what they are called: their folders' names. Raises ConfigError if two are called alike."""
    named: dict[str, Path] = {}
    for path in paths:
        name = path.resolve().name
        if name in named:
            raise ConfigError(f"{named[name]} and {path} are both called {name}: rename one of the folders")
        named[name] = path
    return named


def open_model(
    name: str,
    path: Path,
    engine: str | None,
    threads: int | None,
    slots: int,
    queue: int,
    precision: "Precision" = "f32",
) -> Hosted:
    """Read a model folder and start its worker.

    Raises LilliputError for what no request to it could be served with.
    """
    opened = open_engine(path, engine, threads, slots, precision)
    template = load_chat_template(path, opened.tokenizer)
    ends = read_ends(path, opened.tokenizer, engine)
    penalises = choose_engine(engine, path) != "integer"
    return Hosted(name, Worker(opened.engine, queue, name), opened.tokenizer, ends, template, penalises)


def find_model(models: Sequence[Hosted], name: str) -> Hosted:
    """The model called `name`; raises a Refusal (404) without one."""
    for hosted in models:
        if hosted.name == name:
            return hosted
    names = ", ".join(hosted.name for hosted in models)
    raise Refusal(
        404, f"no model {name[:200]!r} here; there is {names}", param="model", code="model_not_found"
    )
