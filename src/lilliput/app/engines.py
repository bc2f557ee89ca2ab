"""Opening a model folder for use: which engine, how precise, on how many threads."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.app.output import say
from lilliput.device import require_torch
from lilliput.errors import LilliputError
from lilliput.formats.folder import INTEGERS, ModelFolder, has_floats, load_folder
from lilliput.generation.batch import BatchEngine
from lilliput.runtime.native import Memory, available_threads, library_path
from lilliput.tokens import Tokenizer

if TYPE_CHECKING:
    from lilliput.evaluation.loss import Scorer
    from lilliput.generation.c_batch import Precision
    from lilliput.generation.engines import IntReader
    from lilliput.models.decoder import Decoder


_TORCH_SLOTS = 16  # stories side by side: more gain little, and a pass takes longer


@dataclass(frozen=True)
class OpenedEngine:
    """An engine for stories, and the tokenizer that goes with it."""

    engine: BatchEngine
    tokenizer: Tokenizer


def choose_engine(name: str | None, path: Path | None = None) -> str:
    """The engine asked for; else the integer one for a folder at `path` that has integers and no floats.

    Else C where it was built, and torch where not, which is said. Raises LilliputError where the engine asked
    for needs floats, and the folder has integers alone.
    """
    integers_only = path is not None and (path / INTEGERS).is_file() and not has_floats(path)
    if name and name != "integer" and integers_only:
        raise LilliputError(
            f"{path} holds an integer model only, and --engine {name} needs floats: --engine integer reads it"
        )
    if name:
        return name
    if integers_only:
        return "integer"
    if library_path():
        return "c"
    _say_that_torch_serves()
    return "torch"


@cache
def _say_that_torch_serves() -> None:
    """Once, however many engines are opened."""
    say("the C engine was not built (there was no C compiler): torch computes, more slowly")


def count_threads(threads: int | None) -> int:
    """Threads asked for, else every processor this process may use, as far as the engine can."""
    return threads or available_threads()


def open_engine(
    path: Path, name: str | None, threads: int | None, slots: int = 1, precision: "Precision" = "f32"
) -> OpenedEngine:
    """The engine called `name` on a folder, for `slots` stories at once.

    Raises LilliputError for a folder that is no model, and for what the engine cannot do.
    """
    computing = choose_engine(name, path)
    if computing == "integer":
        from lilliput.generation.int_batch import IntBatch

        reader, folder = open_integers(path, precision, threads)
        return OpenedEngine(IntBatch(reader, slots), folder.tokenizer)
    if computing == "c":
        from lilliput.generation.c_batch import CBatch

        folder, image = _load_image(path, precision)
        engine = CBatch(image, slots, count_threads(threads), precision=precision)
        return OpenedEngine(engine, folder.tokenizer)
    _only_f32(precision)
    from lilliput.generation.torch_batch import TorchBatch

    model, folder = open_torch_model(path, threads)
    return OpenedEngine(TorchBatch(model, slots), folder.tokenizer)


def open_engines(
    path: Path, name: str | None, threads: int | None, precision: "Precision", stories: int
) -> tuple[list[BatchEngine], Tokenizer]:
    """Engines that together write `stories` quickest, each to be used by a thread of its own."""
    computing = choose_engine(name, path)
    if computing != "c":
        opened = open_engine(path, computing, threads, _TORCH_SLOTS, precision)
        return [opened.engine], opened.tokenizer
    from lilliput.generation.c_batch import open_c_batches

    folder, image = _load_image(path, precision)
    return [*open_c_batches(image, count_threads(threads), precision, stories)], folder.tokenizer


def open_scorer(
    path: Path, name: str | None, threads: int | None, precision: "Precision" = "f32"
) -> "tuple[Scorer, ModelFolder]":
    """What tells the cost of tokens, as `open_engine` what tells stories; and the folder."""
    computing = choose_engine(name, path)
    if computing == "integer":
        from lilliput.evaluation.int_scorer import IntScorer
        from lilliput.generation.engines import IntEngine

        reader, folder = open_integers(path, precision, threads)
        return IntScorer(IntEngine(reader)), folder
    if computing == "c":
        from lilliput.evaluation.c_scorer import CScorer

        folder, image = _load_image(path, precision)
        return CScorer(image, count_threads(threads), small_cache=precision != "f32"), folder
    _only_f32(precision)
    model, folder = open_torch_model(path, threads)
    from lilliput.evaluation.torch_scorer import TorchScorer

    return TorchScorer(model), folder


def open_integers(
    path: Path, precision: str = "f32", threads: int | None = None
) -> "tuple[IntReader, ModelFolder]":
    """What computes with the integer model of a folder, and the folder, without float weights.

    Raises LilliputError for a folder without one, for a precision, which is the model's own, and for more
    than one thread.
    """
    from lilliput.formats.folder import (
        load_folder_config,
        load_folder_tokenizer,
        read_details,
        refuse_lost_integers,
    )
    from lilliput.generation.int_native import open_reader
    from lilliput.quantize.intmodel_file import load_intmodel

    if precision != "f32":
        raise LilliputError(
            f"an integer model has its own precision; --precision {precision} needs --engine c"
        )
    if threads not in (None, 1):
        raise LilliputError(f"the integer engine computes on one thread; leave --threads {threads} out")
    config = load_folder_config(path)
    if not (path / INTEGERS).is_file():
        refuse_lost_integers(path)
        raise LilliputError(
            f"{path} holds no integer model: make one with lilliput quantize {path} --to int8"
        )
    model = load_intmodel(path / INTEGERS)
    if model.config != config:
        raise LilliputError(f"{path}: {INTEGERS} and config.json are of different models; quantize again")
    tokenizer = load_folder_tokenizer(path)
    if model.source.get("tokenizer_fingerprint", tokenizer.fingerprint) != tokenizer.fingerprint:
        raise LilliputError(
            f"{path}: {INTEGERS} was made with another tokenizer than lies there; quantize again"
        )
    return open_reader(model), ModelFolder(path, config, {}, tokenizer, read_details(path))


def _load_image(path: Path, precision: "Precision") -> tuple[ModelFolder, Memory]:
    """A folder, and its model as the C engine computes with it."""
    from lilliput.generation.c_batch import engine_image

    folder = load_folder(path)
    return folder, engine_image(folder.config, folder.weights, precision)


def _only_f32(precision: str) -> None:
    if precision != "f32":
        raise LilliputError(f"torch computes in f32 only; --precision {precision} needs --engine c")


def open_torch_model(path: Path, threads: int | None) -> "tuple[Decoder, ModelFolder]":
    """A folder, and its model in torch; the folder is read first, since importing torch takes seconds."""
    folder = load_folder(path)
    require_torch("the torch engine")
    import torch

    from lilliput.models.weights import model_with_weights

    if threads:
        torch.set_num_threads(threads)
    return model_with_weights(folder.config, folder.weights), folder
