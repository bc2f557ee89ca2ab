"""A token, from its number to the next one's: the steps of all layers, called one after the other.

    begin_story, next_token    as front.py describes them
    read_token                 DE: a token; its keys and values are kept, the residual stream is left at h
    make_logits                from h to logits

They need the routines of steps.py, attention, matrices, `encode`, `draw`, `find_piece` and `tick`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.model.places import TABLES_BANK, Places
from lilliput.deploy.gameboy.model.steps import Steps
from lilliput.quantize.fixed import XorShift32
from lilliput.quantize.intmodel import IntLayer, IntMatrix, IntModel


@dataclass(frozen=True)
class Ids:
    """Tokens with a meaning, and where those lie that are to be read."""

    bos: int
    ends: Sequence[int]
    """Where stories end."""
    buffer: int
    """Words in bank 0 of work memory: BOS and the beginning's."""
    settings: Mapping[str, int]
    """Addresses of setting_temperature and setting_seed, and of story_full, set when the context is full."""


def write_model_loop(model: IntModel, places: Places, steps: Steps, ids: Ids, plans: Sequence[str]) -> Block:
    """All of it, for bank 0. `plans`: for each temperature the label of the first table of its chances, in a
    bank below 256, or nothing for the likeliest token."""
    settings = {name: ids.settings[name] for name in ("setting_temperature", "setting_seed", "story_full")}
    constants = {**places.variables, **settings, "ids": ids.buffer}
    text = _write_begin(ids, plans) + _write_next(model, places, ids)
    text += _write_read(model, places, steps) + _write_logits(model, places, steps)
    return assemble(text, constants, "a token")


def _write_begin(ids: Ids, plans: Sequence[str]) -> str:
    banks = ", ".join(f"bank({plan})" if plan else "0" for plan in plans)
    start = XorShift32.START.to_bytes(4, "little")
    mixed = "".join(
        f"ld a, (setting_seed + {at})\nxor {start[at]}\nld (model_random + {at}), a\n" for at in (0, 1)
    )
    mixed += "".join(f"ld a, {start[at]}\nld (model_random + {at}), a\n" for at in (2, 3))
    return f"""
model_plans: .byte {banks}
begin_story:
        push hl
        push bc
        xor  a
        ld   (rROMB1), a
        call attend_setup
        call attend_begin
        pop  bc
        pop  hl
        ld   a, {TABLES_BANK}
        ldh  (rSVBK), a
        call encode             ; to ids + 2, their count in BC
        ld   a, c
        cp   1
        sbc  a, a
        and  1
        ld   (model_fresh), a
        ld   a, c
        inc  a
        ld   (model_left), a
        ld   hl, ids
        ld   a, l
        ld   (model_next), a
        ld   a, h
        ld   (model_next + 1), a
        ld   a, {ids.bos & 0xFF}
        ld   (hl+), a
        ld   (hl), {ids.bos >> 8}
        xor  a
        ld   (model_position), a
        ld   (model_position + 1), a
        ld   a, (setting_temperature)
        add  a, lo(model_plans)
        ld   l, a
        ld   a, hi(model_plans)
        adc  a, 0
        ld   h, a
        ld   a, (hl)
        ld   (model_plan), a
        {mixed}
        ld   a, {XorShift32.WARM_UP}
.warm:  push af
        call draw_random
        pop  af
        dec  a
        jr   nz, .warm
.ahead: ld   a, (model_left)    ; all of the beginning but its last token
        dec  a
        ret  z
        call read_next
        jr   .ahead
"""


def _write_next(model: IntModel, places: Places, ids: Ids) -> str:
    context = model.config.context
    ends = "".join(
        f"ld a, e\ncp {end & 0xFF}\njr nz, .not{end}\nld a, d\ncp {end >> 8}\nscf\nret z\n.not{end}:\n"
        for end in ids.ends
    )
    return f"""
next_token:
        xor  a
        ld   (rROMB1), a
        ld   a, {TABLES_BANK}
        ldh  (rSVBK), a
        ld   hl, model_position
        ld   a, (hl+)
        cp   {context & 0xFF}
        jr   nz, .room
        ld   a, (hl)
        cp   {context >> 8}
        jr   nz, .room
        ld   a, 1
        ld   (story_full), a
        scf
        ret
.room:  call read_next
        call make_logits
        ld   a, (model_plan)
        ldh  ({places.plan}), a
        call draw
        {ends}
        ld   hl, ids
        ld   a, l
        ld   (model_next), a
        ld   a, h
        ld   (model_next + 1), a
        ld   a, e
        ld   (hl+), a
        ld   (hl), d
        jp   find_piece

read_next:
        ld   hl, model_left
        dec  (hl)
        ld   hl, model_next
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ld   a, (hl+)
        ld   e, a
        ld   a, (hl+)
        ld   d, a
        ld   a, l
        ld   (model_next), a
        ld   a, h
        ld   (model_next + 1), a
        jp   read_token
"""


def _write_read(model: IntModel, places: Places, steps: Steps) -> str:
    angles = "ld hl, model_position\nld a, (hl+)\nld d, (hl)\nld e, a\ncall make_angles\n"
    first = "push de\ncall first_rows\npop de\n" if steps.has_first_rows else ""
    text = f"read_token:\n{first}call embed\ncall attend_advance\n{angles if places.keeps_angles else ''}"
    for number, layer in enumerate(model.layers):
        text += ("" if places.keeps_angles else angles) + _write_layer(number, layer, places, steps)
    return (
        text
        + """
        ld   hl, model_position
        inc  (hl)
        ret  nz
        inc  hl
        inc  (hl)
        ret
"""
    )


def _write_layer(number: int, layer: IntLayer, places: Places, steps: Steps) -> str:
    known = number == 0 and steps.has_first_rows
    start = "" if known else f"call {steps.norm(layer.norm1)}\ncall tick\ncall qkv{number}\n"
    return f"""
        {start}
        call {steps.turn_queries(layer)}
        ld   de, key_offsets.{number}
        call {steps.turn_keys(layer)}
        call attend_{number}
        call tick
        xor  a
        ldh  ({places.exponent}), a
        call {steps.halve_means(layer)}
        call o{number}
        {_rejoin(layer.o, layer.mid_shift, steps)}
        call {steps.norm(layer.norm2)}
        call gated{number}
        call tick
        call {steps.hidden(layer)}
        ldh  ({places.exponent}), a
        call {steps.halve_hidden(layer)}
        call down{number}
        {_rejoin(layer.down, layer.post_shift, steps)}
        call tick
"""


def _rejoin(matrix: IntMatrix, shift: int, steps: Steps) -> str:
    table, most = steps.rejoin_table(matrix)
    coarsen = f"call {steps.coarsen(shift)}\n" if shift else ""
    return f"{coarsen}ld a, {most}\nld d, hi({table})\nld e, bank({table})\ncall rejoin"


def _write_logits(model: IntModel, places: Places, steps: Steps) -> str:
    choose = f"ld a, {places.logits_bank}\nldh (rSVBK), a\n" if places.logits_bank != TABLES_BANK else ""
    return f"make_logits: call {steps.norm(model.norm)}\n{choose}jp head\n"
