"""`lilliput import`: a foreign weight file becomes a model folder."""

import hashlib
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from lilliput.app.output import command_name, say
from lilliput.errors import FormatError


def import_model(
    file: Annotated[Path, typer.Argument(help="A llama2.c .bin, version 0, 1 or 2.")],
    out: Annotated[Path, typer.Argument(help="The model folder to make.")],
    tokenizer: Annotated[
        Path,
        typer.Option(help="Its tokenizer: SentencePiece .model, tokenizer.bin, or tokenizer.json."),
    ],
) -> None:
    """\b
    Examples:
      lilliput import stories260K.bin stories260K --tokenizer tok512.model
      lilliput import model.bin OUT --tokenizer tokenizer.bin

    Make a model folder, which transformers can load as it is, from llama2.c's weights.
    Models of llama2.c were trained with one token, BOS, between stories: it is the end of a story too.
    """
    from lilliput.formats.folder import save_folder
    from lilliput.formats.llama2c import read_llama2c
    from lilliput.models.count import count_parameters
    from lilliput.rundir import new_folder
    from lilliput.tokens import load_tokenizer

    config, weights = read_llama2c(file)
    tokens = load_tokenizer(tokenizer)
    if tokens.vocab_size != config.vocab_size:
        raise FormatError(
            f"{tokenizer} has {tokens.vocab_size} ids and {file} {config.vocab_size}: "
            "give the tokenizer that the model was trained with"
        )
    if tokens.dummy_prefix:  # llama2.c's own; a byte-level one is an export of ours and has an end token
        tokens = tokens.with_roles(end=tokens.bos)
    origin = {
        "format": "llama2.c",
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "tokenizer": tokenizer.name,
    }
    with new_folder(out) as folder:
        save_folder(folder, config, weights, tokens, {"origin": origin}, name=out.name)
    count = count_parameters(config)
    say(f"{out}: {count.parameters:,} parameters, {config.vocab_size:,} ids, context {config.context}")
    say(f"try: {command_name()} tell {quote(str(out))}")
