"""`lilliput export --to gameboy`: a cartridge, or what it would take."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lilliput.app.integers import open_integer_folder
from lilliput.app.output import command_name, print_json, print_table, say
from lilliput.errors import ConfigError, MissingExtraError
from lilliput.rundir import atomic_write, refuse_closed_place, refuse_overwrite

if TYPE_CHECKING:
    from lilliput.app.integers import IntegerFolder
    from lilliput.deploy.gameboy.cartridge import Cartridge
    from lilliput.deploy.gameboy.model.estimate import Estimate
    from lilliput.quantize.intmodel import IntModel

_SUFFIXES = (".gbc", ".gb")
_PROVED = 12
"""Tokens whose logits are compared with the reference's."""
_STORY = 128
"""Tokens of the story over which times are averaged."""
_GROUPS = {"qkv": "queries, keys, values", "o": "o", "gated": "gate and up", "down": "down", "head": "head"}
"""Names of matrices in a cartridge, less the layer's number, and in an estimate."""


def export_gameboy(
    path: Path,
    output: Path | None,
    context: int | None,
    openings: Sequence[str],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write the model at `path` as a cartridge; with dry_run only say what it would take."""
    if output is None and not dry_run:
        raise ConfigError("name the file to write, -o story.gbc; or see what it would take with --dry-run")
    if output is not None:
        if output.suffix not in _SUFFIXES:
            raise ConfigError(f"-o {output}: a cartridge's name ends in .gbc or .gb")
        refuse_overwrite(output)
        refuse_closed_place(output)
    _check_shape(path)
    opened = open_integer_folder(path, context, cartridge=True)
    cartridge = _make(opened, openings)
    facts = _list_facts(opened, cartridge)
    if dry_run or output is None:
        _show(facts, as_json=as_json)
        return
    facts |= _prove(opened, cartridge)
    with atomic_write(output) as file:
        file.write(cartridge.image)
    if as_json:
        _show(facts | {"file": str(output)}, as_json=True)
        return
    say(
        f"{output}: {len(cartridge.image):,} bytes, of which {cartridge.used_bytes:,} are used; about "
        f"{facts['seconds_per_token']:.2f} s a token in a story of {_STORY} tokens"
    )
    say(facts["proof"])
    say(f"try: {command_name()} play {shlex.quote(str(output))}")


def _check_shape(path: Path) -> None:
    """Raise ConfigError for a model that no cartridge can hold, before any work."""
    from lilliput.deploy.gameboy.model.estimate import check_size
    from lilliput.formats.folder import INTEGERS, load_folder_config
    from lilliput.models.config import LlamaConfig
    from lilliput.quantize.intmodel_file import load_intmodel

    config = load_folder_config(path)
    if not isinstance(config, LlamaConfig):
        raise ConfigError(
            f"{path} is a {config.family}: a cartridge computes Llamas; train one with "
            "--set model.family=llama"
        )
    check_size(config)
    if (path / INTEGERS).is_file() and load_intmodel(path / INTEGERS).version == 1:
        raise ConfigError(
            f"{path} holds whole numbers for other devices: make a cartridge's of the floats that it was "
            f"made of, {command_name()} quantize FOLDER --to cartridge"
        )


def _make(opened: "IntegerFolder", openings: Sequence[str]) -> "Cartridge":
    from lilliput.deploy.gameboy.cartridge import make_cartridge
    from lilliput.deploy.gameboy.machine.expressions import AssemblyError
    from lilliput.deploy.gameboy.screens.front import Front

    for opening in openings:
        if not opening.isprintable() or not opening.isascii():
            raise ConfigError(f"the opening {opening!r}: letters of ASCII are possible")
    front = Front(openings=tuple(openings)) if openings else Front()
    try:
        return make_cartridge(opened.model, opened.tokenizer, ends=opened.ends, name=opened.name, front=front)
    except AssemblyError as error:
        if "openings" in str(error) or "the opening" in str(error):
            raise
        raise ConfigError(
            f"the model does not fit a cartridge ({error}): choose fewer layers, or quantize it with "
            "--set turn_shift=0, a shorter --set window, or fewer --set bits"
        ) from None


def _list_facts(opened: "IntegerFolder", cartridge: "Cartridge") -> dict[str, Any]:
    estimate = _estimate(opened, cartridge)
    return {
        "name": opened.name,
        "rom_bytes": len(cartridge.image),
        "rom_bytes_used": cartridge.used_bytes,
        "rom_bytes_of_matrices": cartridge.parts.matrix_bytes,
        "battery_memory_bytes_used": estimate.sram_bytes,
        "seconds_per_token": estimate.seconds_per_token,
        "cycles_per_token": round(estimate.cycles_per_token),
        "cycles": {part: round(cycles) for part, cycles in estimate.cycles.items()},
    }


def _estimate(opened: "IntegerFolder", cartridge: "Cartridge") -> "Estimate":
    """Matrices as they are, the rest about as it will be in a story of _STORY tokens."""
    from lilliput.deploy.gameboy.model.estimate import estimate

    model, cycles = opened.model, cartridge.parts.matrices
    window = model.window or model.config.context
    found = estimate(model.config, bits=_count_bits(model), window=window, positions=_STORY)
    exact = {
        part: float(sum(count for name, count in cycles.items() if name.rstrip("0123456789") == group))
        for group, part in _GROUPS.items()
    }
    return replace(found, cycles={**found.cycles, **exact})


def _count_bits(model: "IntModel") -> float:
    """Planes a weight, on average."""
    matrices = [matrix for _, matrix in model.iter_matrices()[1:]]
    planes = [float(matrix.count_planes.mean()) * matrix.values.size for matrix in matrices]
    return sum(planes) / sum(matrix.values.size for matrix in matrices)


def _show(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    from lilliput.deploy.gameboy.machine.memory import CYCLES_A_SECOND

    total = facts["cycles_per_token"]
    rows = [(part, cycles, round(100 * cycles / total, 1)) for part, cycles in facts["cycles"].items()]
    print_table(["a token takes", "cycles", "of all, %"], [*rows, ("all of it", total, 100.0)])
    say(
        f"{facts['seconds_per_token']:.2f} s a token, on average over a story of {_STORY} tokens "
        f"({CYCLES_A_SECOND:,} cycles a second)"
    )
    say(
        f"a ROM of {facts['rom_bytes']:,} bytes, {facts['rom_bytes_used']:,} of them used, "
        f"{facts['rom_bytes_of_matrices']:,} by the matrices; "
        f"{facts['battery_memory_bytes_used']:,} bytes of battery memory"
    )


def _prove(opened: "IntegerFolder", cartridge: "Cartridge") -> dict[str, Any]:
    """What is to be said of its logits. Raises LilliputError where they are not the reference's."""
    from lilliput.deploy.gameboy.play.proof import prove_cartridge

    try:
        parity, _ = prove_cartridge(cartridge, opened.model, opened.tokenizer, _PROVED)
    except MissingExtraError as error:
        return {"proof": f"the logits were not compared: {error}"}
    return {"proof": f"played in an emulator: {parity.require()}", "logits_compared": parity.compared}
