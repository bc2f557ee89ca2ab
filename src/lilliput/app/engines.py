"""Opening a model folder for use."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.device import require_torch
from lilliput.formats.folder import ModelFolder, load_folder
from lilliput.generation.engines import Engine, TorchEngine
from lilliput.tokens import Tokenizer

if TYPE_CHECKING:
    from lilliput.models.llama import Llama


@dataclass(frozen=True)
class OpenedEngine:
    """An engine and the tokenizer that goes with it."""

    engine: Engine
    tokenizer: Tokenizer


def open_engine(path: Path, name: str, threads: int | None) -> OpenedEngine:
    """The engine called `name` on a folder."""
    engines = {"torch": _open_torch_engine}
    return engines[name](path, threads)


def _open_torch_engine(path: Path, threads: int | None) -> OpenedEngine:
    model, folder = open_torch_model(path, threads)
    return OpenedEngine(TorchEngine(model), folder.tokenizer)


def open_torch_model(path: Path, threads: int | None) -> "tuple[Llama, ModelFolder]":
    """A folder, and its model in torch; the folder is read first, since importing torch takes seconds."""
    folder = load_folder(path)
    require_torch("the torch engine")
    import torch

    from lilliput.models.weights import model_with_weights

    if threads:
        torch.set_num_threads(threads)
    return model_with_weights(folder.config, folder.weights), folder
