"""`lilliput import`: a foreign weight file becomes a model folder."""

import hashlib
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from lilliput.app.output import command_name, say
from lilliput.errors import FormatError

if TYPE_CHECKING:
    from lilliput.formats.weights import Weights
    from lilliput.models.config import ModelConfig
    from lilliput.tokens import Tokenizer


def import_model(
    file: Annotated[Path, typer.Argument(help="A .gguf, or a llama2.c .bin (version 0, 1 or 2) or ckpt.pt.")],
    out: Annotated[Path, typer.Argument(help="The model folder to make.")],
    tokenizer: Annotated[
        Path | None,
        typer.Option(
            help="Its tokenizer: SentencePiece .model, tokenizer.bin, or tokenizer.json. A .gguf has its own."
        ),
    ] = None,
) -> None:
    """\b
    Examples:
      lilliput import stories260K.bin stories260K --tokenizer tok512.model
      lilliput import model.bin OUT --tokenizer tokenizer.bin
      lilliput import ckpt.pt OUT --tokenizer tok512.model
      lilliput import model.gguf OUT

    Make a model folder, which transformers can load as it is, from llama2.c's or llama.cpp's weights;
    quantized ones become floats.
    Models of llama2.c were trained with one token, BOS, between stories: it is the end of a story too.
    """
    from lilliput.formats.folder import save_folder
    from lilliput.formats.gguf_file import is_gguf
    from lilliput.models.count import count_parameters
    from lilliput.rundir import new_folder

    with file.open("rb") as opened:
        origin = {"file": file.name, "sha256": hashlib.file_digest(opened, "sha256").hexdigest()}
    if is_gguf(file):
        config, weights, tokens = _read_gguf(file, tokenizer)
        origin["format"] = "GGUF"
    else:
        config, weights, tokens = _read_llama2c(file, tokenizer)
        origin["format"] = "llama2.c"
    if tokenizer is not None:
        origin["tokenizer"] = tokenizer.name
    with new_folder(out) as folder:
        save_folder(folder, config, weights, tokens, {"origin": origin}, name=out.name)
    count = count_parameters(config)
    say(f"{out}: {count.parameters:,} parameters, {config.vocab_size:,} ids, context {config.context}")
    say(f"try: {command_name()} tell {quote(str(out))}")


def _read_gguf(file: Path, tokenizer: Path | None) -> "tuple[ModelConfig, Weights, Tokenizer]":
    from lilliput.formats.gguf import read_gguf

    if tokenizer is not None:
        raise FormatError(f"{file} has its own tokenizer: leave --tokenizer out")
    return read_gguf(file)


def _read_llama2c(file: Path, tokenizer: Path | None) -> "tuple[ModelConfig, Weights, Tokenizer]":
    from lilliput.formats.llama2c import read_llama2c
    from lilliput.formats.llama2c_pt import read_llama2c_pt
    from lilliput.formats.torch_files import is_torch_file
    from lilliput.tokens import load_tokenizer

    config, weights = read_llama2c_pt(file) if is_torch_file(file) else read_llama2c(file)
    if tokenizer is None:
        raise FormatError(f"{file} does not hold its tokenizer: say --tokenizer FILE")
    tokens = load_tokenizer(tokenizer)
    if tokens.vocab_size != config.vocab_size:
        raise FormatError(
            f"{tokenizer} has {tokens.vocab_size} ids and {file} {config.vocab_size}: "
            "give the tokenizer that the model was trained with"
        )
    if tokens.dummy_prefix:  # llama2.c's own; a byte-level one is an export of ours and has an end token
        tokens = tokens.with_roles(end=tokens.bos)
    return config, weights, tokens
