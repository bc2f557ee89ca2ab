"""What a model would take on a Game Boy before there are any numbers of it: time, ROM, battery memory.

Cycles are counted in the code that would be made: matrices by the cheapest shape of their tables, steps by
ways through them (estimate_steps.py), attention by what its parts say. What numbers decide is assumed: planes
of a weight (`bits`), how often inputs are halved, and how many positions have a chance (Habits).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lilliput.deploy.gameboy.attention.room import plan_room
from lilliput.deploy.gameboy.attention.shape import WORK_PAGES, AttendShape
from lilliput.deploy.gameboy.machine.memory import (
    CYCLES_A_SECOND,
    MOST_ROM_BANKS,
    ROM_BANK_BYTES,
    SRAM_BANK_BYTES,
    WRAM_BANK_BYTES,
    WRAM_BANKS,
)
from lilliput.deploy.gameboy.matrices.endings import Ending, measure_ending
from lilliput.deploy.gameboy.matrices.shapes import choose_shape
from lilliput.deploy.gameboy.matrices.streams import Cost
from lilliput.deploy.gameboy.model.estimate_attend import Habits, count_attend, make_shape
from lilliput.deploy.gameboy.model.estimate_steps import (
    count_draw,
    count_embed,
    count_halve,
    count_hidden,
    count_norm,
    count_rejoin,
    count_turn,
)
from lilliput.deploy.gameboy.steps.norm_tables import make_norm_rows
from lilliput.deploy.gameboy.steps.residual import find_tokens_of_bank
from lilliput.deploy.gameboy.steps.turn_tables import make_turn_rows
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import INT16
from lilliput.quantize.intmodel import IntConfig, IntNorm
from lilliput.quantize.narrow import narrow_shift

_OTHERS_BYTES = 0x2C0
"""Of bank 0 of work memory: screens' variables, the stack, ids that are still to be read."""
_TELL_CYCLES = 12_000
"""To find a token's bytes, show them, and keep them in battery memory."""
_MOST_LOGITS = WRAM_BANK_BYTES // 2
_WORD, _SUM = Ending("word", 6), Ending("word")
_HIDDEN_BYTES = 256 * 512
"""Rows of products of the gated layer, for layers of one shift."""
_SCREEN_BANKS, _TOKENIZER_BANKS, _CHANCE_BANKS, _SAVE_BANKS = 1, 3, 3, 1


@dataclass(frozen=True)
class Estimate:
    """What a model takes, part by part."""

    cycles: Mapping[str, float]
    """M-cycles of a token, on average over a story."""
    rom_bytes: Mapping[str, int]
    sram_bytes: int
    """Of battery memory: keys, values, and the last story."""

    @property
    def cycles_per_token(self) -> float:
        """All of them."""
        return sum(self.cycles.values())

    @property
    def seconds_per_token(self) -> float:
        """At double speed."""
        return self.cycles_per_token / CYCLES_A_SECOND

    @property
    def rom(self) -> int:
        """Bytes of the ROM, as they come: a power of two of banks."""
        banks = -(-sum(self.rom_bytes.values()) // ROM_BANK_BYTES)
        return ROM_BANK_BYTES << max(1, (banks - 1).bit_length())


def estimate(
    config: IntConfig,
    *,
    bits: float,
    window: int,
    positions: int,
    bits_head: float | None = None,
    habits: Habits | None = None,
) -> Estimate:
    """A model of this shape with `bits` planes a weight, on average over a story of `positions` tokens.

    `window`: how many positions one sees; bits_head: of the output matrix, if not as the others. Raises
    ConfigError for a shape that a cartridge has no room for.
    """
    habits = habits or Habits()
    shape = make_shape(config, window)
    check_size(config)
    layers, width, hidden = config.n_layers, config.d_model, config.d_ff
    rows = width + 2 * config.n_kv_heads * config.d_head
    head_room = _head_room(config.vocab_size)
    matrices = {
        "queries, keys, values": estimate_matrix(rows, width, bits, _WORD) * layers,
        "o": estimate_matrix(width, width, bits, _SUM) * layers,
        "gate and up": estimate_matrix(2 * hidden, width, bits, _WORD) * layers,
        "down": estimate_matrix(width, hidden, bits, _SUM) * layers,
        "head": estimate_matrix(config.vocab_size, width, bits_head or bits, _WORD, head_room, 1),
    }
    seen = np.minimum(np.arange(positions) + 1, window)
    cycles = {name: cost.cycles for name, cost in matrices.items()} | {
        "norms": (2 * layers + 1) * count_norm(width),
        "turning": layers * count_turn(config.n_heads, config.n_kv_heads, config.d_head, shape.planes),
        "attention": layers * count_attend(shape, round(float(seen.mean())), habits),
        "hidden values": layers * count_hidden(hidden),
        "halvings": layers
        * (count_halve(width, 1, habits.halved) + count_halve(min(hidden, 256), 4, habits.halved)),
        "rejoining": 2 * layers * count_rejoin(width),
        "drawing": count_draw(config.vocab_size, habits.drawn),
        "embedding and text": count_embed(width, config.vocab_size) + _TELL_CYCLES,
    }
    return Estimate(cycles, _count_rom(config, matrices), _count_sram(config, shape))


def estimate_matrix(
    rows: int, columns: int, bits: float, ending: Ending, room: int = WRAM_BANK_BYTES, passes: int = 4
) -> Cost:
    """About what a matrix takes whose rows end alike: `bits` looks a row and table, `room` bytes of these."""
    shape = choose_shape(rows, columns, bits, room, most_passes=passes)
    return shape.estimate(rows, bits) + measure_ending(ending, INT16 - ending.half) * rows


def _head_room(vocabulary: int) -> int:
    """Bytes for tables of the output matrix: in bank 0 where logits have its bank."""
    left = WRAM_BANK_BYTES - _OTHERS_BYTES
    return left if 2 * vocabulary > left else WRAM_BANK_BYTES


def check_size(config: IntConfig) -> None:
    """Raise ConfigError for the first number of the model that is too great for a cartridge."""
    wanted = 4 * config.d_model + 4 * config.d_ff
    checks = (
        (
            config.vocab_size <= _MOST_LOGITS,
            f"a vocabulary of {config.vocab_size:,}: {_MOST_LOGITS:,} logits fit",
        ),
        (config.d_model <= 256, f"d_model {config.d_model}: 256 are possible"),
        (
            config.d_ff <= 256,
            f"d_ff {config.d_ff}: 256 are possible, since inputs that are halved are counted by a byte",
        ),
        (
            wanted <= WRAM_BANK_BYTES - _OTHERS_BYTES,
            f"d_model {config.d_model} and d_ff {config.d_ff} take {wanted:,} bytes of work memory",
        ),
    )
    for holds, wrong in checks:
        if not holds:
            raise ConfigError(f"a Game Boy has no room for {wrong}")


def _count_rom(config: IntConfig, matrices: Mapping[str, Cost]) -> dict[str, int]:
    norm = IntNorm(np.zeros(0, np.int16), narrow_shift(config.d_model), 0, 8, 127, narrow=True)
    tables = sum(len(block) for block in (*make_norm_rows("rows", norm), *make_turn_rows("turned")))
    kinds = min(config.n_layers, 3)
    banks = -(-config.vocab_size // find_tokens_of_bank(config.d_model))
    found = {
        "matrices": int(sum(cost.bytes for cost in matrices.values())),
        "embedding": banks * ROM_BANK_BYTES,
        "tables of norms and angles": tables,
        "tables of hidden values": kinds * _HIDDEN_BYTES,
        "attention": (5 + config.n_layers) * ROM_BANK_BYTES,
        "drawing": _CHANCE_BANKS * ROM_BANK_BYTES,
        "tokenizer, screens, code": (1 + _SCREEN_BANKS + _TOKENIZER_BANKS) * ROM_BANK_BYTES,
    }
    if sum(found.values()) > MOST_ROM_BANKS * ROM_BANK_BYTES:
        raise ConfigError(f"a Game Boy's ROM has 8 MB, and {sum(found.values()):,} bytes are wanted")
    return found


def _count_sram(config: IntConfig, shape: AttendShape) -> int:
    """Bytes of banks that keys take, and values where they fit beside them. Raises ConfigError otherwise."""
    keys = shape.layers * shape.kv_heads * (shape.slots * shape.slot_bytes + 3)
    values = shape.layers * shape.kv_heads * shape.slots * shape.d_head
    saved = _SAVE_BANKS * SRAM_BANK_BYTES
    try:
        plan_room(shape)
    except ConfigError:
        left = WRAM_BANK_BYTES - _OTHERS_BYTES - 256 * WORK_PAGES
        plan_room(shape, value_banks=tuple(range(3 + (2 * config.vocab_size > left), WRAM_BANKS)))
        return keys + saved
    return keys + values + saved
