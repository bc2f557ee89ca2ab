"""The integer model of a folder, for the programs that are made of it."""

from dataclasses import dataclass
from pathlib import Path

from lilliput.app.output import command_name, say
from lilliput.errors import ConfigError
from lilliput.formats.folder import INTEGERS, load_folder_config
from lilliput.quantize.intmodel import IntModel, shorten
from lilliput.tokens import Tokenizer

_STORIES = 48


@dataclass(frozen=True)
class IntegerFolder:
    """An integer model, its tokenizer, and where its stories end."""

    model: IntModel
    tokenizer: Tokenizer
    ends: frozenset[int]
    name: str


def open_integer_folder(path: Path, context: int | None = None, *, cartridge: bool = False) -> IntegerFolder:
    """The integer model at `path`, cut to `context` positions if that is given.

    A folder of floats is quantized, to int8 or for a Game Boy's cartridge, with stories of its own, which is
    said. Raises LilliputError for
    what is no such model, and ConfigError for more positions than it has.
    """
    from lilliput.app.ends import read_ends
    from lilliput.app.engines import open_integers

    positions = load_folder_config(path).context
    if context is not None and not 2 <= context <= positions:
        raise ConfigError(f"--context {context}: this model has positions for 2 to {positions}")
    if (path / INTEGERS).is_file():
        reader, folder = open_integers(path)
        model, tokenizer = reader.model, folder.tokenizer
    else:
        model, tokenizer = _quantize(path, cartridge=cartridge)
    if context is not None:
        model = shorten(model, context)
    return IntegerFolder(model, tokenizer, read_ends(path, tokenizer, "integer"), path.resolve().name)


def _quantize(path: Path, *, cartridge: bool) -> tuple[IntModel, Tokenizer]:
    from lilliput.app.commands.quantize import write_calibration
    from lilliput.formats.folder import load_folder
    from lilliput.quantize.ptq import quantize, require_integers_for
    from lilliput.quantize.settings import QuantizeSettings, cartridge_settings

    folder = load_folder(path)
    require_integers_for(folder.config)
    kind = "whole numbers for a cartridge" if cartridge else "int8"
    say(f"{path} holds floats: they become {kind} ({command_name()} quantize has more to choose from)")
    settings = QuantizeSettings().with_settings(cartridge_settings(folder.config.d_head) if cartridge else [])
    stories = write_calibration(path, folder, _STORIES, seed=0)
    source = {"tokenizer_fingerprint": folder.tokenizer.fingerprint}
    return quantize(folder.config, folder.weights, stories, settings, source).model, folder.tokenizer
