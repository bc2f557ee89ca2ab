"""A whole model in a cartridge: its steps, its matrices, attention, and drawing, placed in banks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lilliput.deploy.gameboy.attention.sections import find_shape, make_attention
from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.memory import SWITCHED_ROM
from lilliput.deploy.gameboy.machine.rom import Rom
from lilliput.deploy.gameboy.matrices.banks import Entry, lay_out
from lilliput.deploy.gameboy.matrices.lookups import count_entry_cycles, write_entry
from lilliput.deploy.gameboy.model.loop import Ids, write_model_loop
from lilliput.deploy.gameboy.model.matrices import compile_matrices
from lilliput.deploy.gameboy.model.places import Places
from lilliput.deploy.gameboy.model.steps import Steps
from lilliput.deploy.gameboy.steps.draw import count_chance_banks, make_chance_tables, write_draw
from lilliput.quantize.draw import DrawPlan
from lilliput.quantize.intmodel import IntModel


@dataclass(frozen=True)
class ModelParts:
    """What a model takes of the ROM, in bytes, and its matrices of time."""

    matrices: Mapping[str, int]
    """M-cycles of each, from the call to the return, when no value saturates."""
    matrix_bytes: int
    table_bytes: int
    """Of all else."""
    first_bytes: int
    """Of these, of what the first layer makes of each token (steps/first_rows.py)."""


def place_model(
    rom: Rom,
    model: IntModel,
    places: Places,
    ids: Ids,
    plans: Sequence[DrawPlan],
    *,
    first_rows: bool = True,
) -> ModelParts:
    """Add the model's sections: begin_story and next_token are in bank 0 then (loop.py).

    `plans`: how tokens are drawn at each temperature; first_rows: see steps/first_rows.py. What may lie in
    any bank must have been added before, as whole banks follow it. Raises ConfigError for a model that a
    cartridge does not compute.
    """
    steps = Steps(model, places, first_rows)
    steps.add_common()
    attention = make_attention(find_shape(model), places.attention(model))
    drawn = [f"chances{number}" if plan.multiplier else "" for number, plan in enumerate(plans)]
    loop = write_model_loop(model, places, steps, ids, [f"{name}.0" if name else "" for name in drawn])
    streams = compile_matrices(model, places, with_first=not first_rows)

    rom.place("loop", loop, bank=0)
    steps.place_code(rom)
    attention.place_code(rom)
    chance_banks = count_chance_banks(list(plans))
    rom.place("draw", _write_draw(model, places, chance_banks), bank=0)
    bank = max(rom.free_bytes()) + 1
    bank = attention.place_banks(rom, steps.place_banks(rom, bank))
    for name, plan in zip(drawn, plans, strict=True):
        for block in make_chance_tables(name, plan, chance_banks) if name else ():
            rom.place(next(iter(block.labels)), block, bank=bank, address=SWITCHED_ROM)
            bank += 1
    entries, pieces = lay_out(streams, bank)
    rom.place("matrices", _write_entries(entries, places), bank=0)
    for number, piece in enumerate(pieces):
        rom.place(f"matrices.{number}", Block.of(piece.data), bank=piece.bank, address=piece.address)
    matrix_bytes = sum(len(piece.data) for piece in pieces)
    whole = sum(len(section.block) for section in rom.sections.values())
    cycles = {name: count_entry_cycles(entry) for name, entry in entries.items()}
    first_bytes = sum(len(one.block) for name, one in rom.sections.items() if name.startswith("first."))
    return ModelParts(cycles, matrix_bytes, whole - matrix_bytes, first_bytes)


def _write_draw(model: IntModel, places: Places, banks: int) -> Block:
    return write_draw(
        "draw",
        vocabulary=model.config.vocab_size,
        logits=places.logits,
        banks=banks,
        plan=places.plan,
        state=places.variables["model_random"],
        high=places.high,
    )


def _write_entries(entries: Mapping[str, Entry], places: Places) -> Block:
    work = places.work()
    return assemble(
        "".join(write_entry(name, entry, work) for name, entry in entries.items()), name="matrices"
    )
