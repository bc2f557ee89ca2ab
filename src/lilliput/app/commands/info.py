"""`lilliput info`: what a file or folder is."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import print_facts, print_json
from lilliput.app.shipped import find_model
from lilliput.errors import FormatError, LilliputError


def info(
    path: Annotated[
        Path,
        typer.Argument(
            help="A model folder, a model we ship, a token shard, tokenizer, .gguf, .bin, .gbc or "
            "integers.safetensors.",
            callback=find_model,
        ),
    ],
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput info runs/story
      lilliput info runs/story/resume/train.tokens --json

    Tell what a path holds.
    """
    if not path.exists():
        raise LilliputError(f"{path}: no such file or folder")
    facts = _folder_facts(path) if path.is_dir() else _cartridge_facts(path) or _file_facts(path)
    if as_json:
        print_json(facts)
        return
    scores = facts.pop("scores", [])
    for row in scores:
        how = f"{row['data']}, {row['cut']} cut, {row.get('precision', 'f32')}"
        facts[f"score: {how}"] = f"{row['bits_per_byte']:.4f} bits per byte"
    print_facts(facts)


def _folder_facts(path: Path) -> dict[str, Any]:
    from lilliput.formats.folder import (
        INTEGERS,
        has_floats,
        load_folder,
        load_folder_config,
        load_folder_tokenizer,
        read_details,
    )

    integers = (path / INTEGERS).is_file()
    if integers and not has_floats(path):
        config, tokenizer, details = (
            load_folder_config(path),
            load_folder_tokenizer(path),
            read_details(path),
        )
    else:
        folder = load_folder(path)
        config, tokenizer, details = folder.config, folder.tokenizer, folder.details
    return {
        "name": path.name,
        **_model_facts(config),
        **(_integer_facts(path / INTEGERS, details) if integers else {}),
        **{f"tokenizer {name}": value for name, value in tokenizer.describe().items()},
        "scores": details.get("scores", []),
    }


def _integer_facts(path: Path, details: dict[str, Any]) -> dict[str, Any]:
    """Of a file of integers; its folder's `details` tell what it was made of and what it lost."""
    from lilliput.quantize.intmodel_file import fingerprint, load_intmodel

    model, made = load_intmodel(path), details.get("integers")
    kinds = [matrix.kind for _, matrix in model.iter_matrices()]
    facts = {
        "integers": ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)),
        "integer weight bytes": model.weight_bytes,
        "integer fingerprint": fingerprint(model),
    }
    names = {"from": "made of", "calibration": "calibrated on", "lost_nats_per_token": "nats per token lost"}
    told = made if isinstance(made, dict) else {}
    return facts | {shown: told[name] for name, shown in names.items() if name in told}


def _model_facts(config: Any) -> dict[str, Any]:
    from lilliput.models.count import count_parameters, flops_per_token

    count = count_parameters(config)
    return {
        **config.model_dump(),
        "parameters": count.parameters,
        "parameters_without_embeddings": count.parameters_without_embeddings,
        "flops_per_token": flops_per_token(config, config.context // 2),
    }


def _gguf_facts(path: Path) -> dict[str, Any]:
    from lilliput.formats.gguf import read_gguf
    from lilliput.formats.gguf_file import open_gguf

    config, _, tokenizer = read_gguf(path)
    kinds = [tensor.kind for tensor in open_gguf(path).tensors.values()]
    return {
        "tensors": ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)),
        **_model_facts(config),
        **{f"tokenizer {name}": value for name, value in tokenizer.describe().items()},
    }


def _cartridge_facts(path: Path) -> dict[str, Any]:
    """Of a ROM for a Game Boy; nothing for any other file."""
    from lilliput.deploy.gameboy.info_block import read_info
    from lilliput.deploy.gameboy.machine.header import FREE, has_mark, read_header

    with path.open("rb") as file:
        if not has_mark(file.read(FREE)):
            return {}
    image = path.read_bytes()
    header, ours = read_header(image), read_info(image)
    facts = {"kind": "Game Boy cartridge", "title": header.title, "bytes": len(image)}
    if ours is None:
        return facts
    return {
        **facts,
        "name": ours.name,
        "temperatures": ", ".join(ours.temperatures),
        "openings": "; ".join(opening or "(none)" for opening in ours.openings),
        **ours.facts,
    }


def _file_facts(path: Path) -> dict[str, Any]:
    from lilliput.formats.folder import INTEGERS
    from lilliput.formats.gguf_file import is_gguf
    from lilliput.formats.llama2c import is_llama2c, read_llama2c
    from lilliput.formats.llama2c_pt import read_llama2c_pt
    from lilliput.formats.torch_files import is_torch_file
    from lilliput.quantize.intmodel_file import load_intmodel
    from lilliput.stories.shards import is_shard, open_shard
    from lilliput.tokens import load_tokenizer

    if is_shard(path):
        return {"kind": "token shard", **open_shard(path).describe()}
    if path.name == INTEGERS:
        return {
            "kind": "integer model",
            **_model_facts(load_intmodel(path).config),
            **_integer_facts(path, {}),
        }
    if is_gguf(path):
        return {"kind": "GGUF", **_gguf_facts(path)}
    if is_torch_file(path):
        config, _ = read_llama2c_pt(path)
        return {"kind": "llama2.c checkpoint", **_model_facts(config)}
    if is_llama2c(path):
        config, _ = read_llama2c(path)
        return {"kind": "llama2.c weights", **_model_facts(config)}
    try:
        return {"kind": "tokenizer", **load_tokenizer(path).describe()}
    except FormatError as error:
        raise FormatError(
            f"{path} is no token shard, no GGUF and no llama2.c file; as a tokenizer: {error}"
        ) from None
