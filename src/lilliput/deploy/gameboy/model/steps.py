"""The steps of a token between the matrices: which routines a model needs, and the tables they read.

Layers that are alike share routines and tables; bank 0 has 16 KB for all.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.memory import SWITCHED_ROM
from lilliput.deploy.gameboy.machine.rom import Rom
from lilliput.deploy.gameboy.model.places import Places
from lilliput.deploy.gameboy.steps.first_rows import count_first_words, make_first_rows
from lilliput.deploy.gameboy.steps.halve import make_square_tables, write_halve
from lilliput.deploy.gameboy.steps.hidden import make_hidden_places, make_hidden_rows, write_hidden
from lilliput.deploy.gameboy.steps.multiply import write_long_multiply
from lilliput.deploy.gameboy.steps.norm import write_norm
from lilliput.deploy.gameboy.steps.norm_tables import make_norm_rows, make_norm_tables
from lilliput.deploy.gameboy.steps.rejoin import find_most_exponent, make_rejoin_table, write_rejoin
from lilliput.deploy.gameboy.steps.residual import make_embedding, write_coarsen, write_embed
from lilliput.deploy.gameboy.steps.turn import (
    make_key_offsets,
    write_angles,
    write_turn_keys,
    write_turn_queries,
)
from lilliput.deploy.gameboy.steps.turn_tables import make_angles, make_turn_rows
from lilliput.errors import ConfigError
from lilliput.quantize.intmodel import IntLayer, IntMatrix, IntModel, IntNorm

_PAGE = 256


@dataclass
class Steps:
    """Sections of the steps, as they are asked for: what was made once is used again."""

    model: IntModel
    places: Places
    has_first_rows: bool = True
    """Whether what the first layer makes of a token lies in the ROM (steps/first_rows.py)."""
    code: list[Block] = field(default_factory=list)
    """For bank 0."""
    fixed: list[tuple[str, Block]] = field(default_factory=list)
    """Tables for bank 0, each at a multiple of 256."""
    tables: list[tuple[str, Block]] = field(default_factory=list)
    """For any bank below 256, each at a multiple of 256."""
    banks: list[tuple[str, tuple[Block, ...]]] = field(default_factory=list)
    """Blocks for consecutive banks, from their beginnings on."""
    _names: dict[Hashable, str] = field(default_factory=dict)

    def add_common(self) -> None:
        """What every model has."""
        config, places, model = self.model.config, self.places, self.model
        pairs = config.d_head // 2
        self.code += [
            write_long_multiply("multiply_long"),
            write_embed(
                "embed",
                size=config.d_model,
                vocabulary=config.vocab_size,
                rows="embedding",
                target=places.h,
                high=places.high,
            ),
            write_angles("make_angles", pairs=pairs, table="angles", rows="turned", angles=places.angles),
            write_rejoin(
                "rejoin",
                size=config.d_model,
                sums=places.sums,
                target=places.h,
                exponent=places.exponent,
                high=places.high,
            ),
        ]
        self.banks += [
            ("embedding", make_embedding("embedding", model.embed)),
            ("turned", make_turn_rows("turned")),
        ]
        self.tables += [
            ("angles", make_angles("angles", model.cosines, model.sines)),
            ("squares", make_square_tables("squares")),
            ("key_offsets", self._make_key_offsets()),
        ]
        if self.has_first_rows:
            self.banks.append(("first", make_first_rows("first", model)))
            self.code.append(
                write_embed(
                    "first_rows",
                    size=count_first_words(config),
                    vocabulary=config.vocab_size,
                    rows="first",
                    target=places.queries,
                    high=places.high,
                )
            )
        self.fixed.append(("hidden_places", make_hidden_places("hidden_places", model.activation)))

    def norm(self, norm: IntNorm) -> str:
        """A routine for it, from h to x."""
        name, new = self._name("norm", (norm.shift, norm.epsilon, norm.output_limit))
        if new:
            size, places = self.model.config.d_model, self.places
            rows, first = self._name("norm_rows", (norm.shift, norm.output_limit))
            if first:
                blocks = make_norm_rows(rows, norm)
                self.tables += [(f"{rows}.{number}", block) for number, block in enumerate(blocks)]
            tables = f"{name}_tables"
            self.tables.append((tables, make_norm_tables(tables, norm, size)))
            self.code.append(
                write_norm(
                    name,
                    norm=norm,
                    size=size,
                    source=places.h,
                    target=places.x,
                    pairs=places.pairs,
                    page=places.page,
                    high=places.high,
                    tables=tables,
                    rows=rows,
                )
            )
        return name

    def turn_queries(self, layer: IntLayer) -> str:
        """A routine for its queries."""
        config, places = self.model.config, self.places
        name, new = self._name(
            "turn_queries", (layer.q.output_limit, layer.q_shift, layer.q_limit, layer.q_sum_limit)
        )
        if new:
            self.code.append(
                write_turn_queries(
                    name,
                    heads=config.n_heads,
                    pairs=config.d_head // 2,
                    queries=places.queries,
                    limit=layer.q.output_limit,
                    q_shift=layer.q_shift,
                    q_limit=layer.q_limit,
                    sum_limit=layer.q_sum_limit,
                    angles=places.angles,
                    high=places.high,
                )
            )
        return name

    def turn_keys(self, layer: IntLayer) -> str:
        """A routine for its keys; it needs the address of turn_offsets in DE."""
        config, places = self.model.config, self.places
        name, new = self._name("turn_keys", (layer.k.output_limit, layer.k_limit, layer.k_shift))
        if new:
            self.code.append(
                write_turn_keys(
                    name,
                    heads=config.n_kv_heads,
                    pairs=config.d_head // 2,
                    keys=places.keys,
                    limit=layer.k.output_limit,
                    key_bits=layer.k_limit.bit_length(),
                    k_shift=layer.k_shift,
                    offsets="key_offsets",
                    angles=places.angles,
                    high=places.high,
                )
            )
        return name

    def _make_key_offsets(self) -> Block:
        """Of all layers, key_offsets.N of layer N."""
        data, labels = b"", {"key_offsets": 0}
        for number, layer in enumerate(self.model.layers):
            labels[f"key_offsets.{number}"] = len(data)
            data += make_key_offsets(layer.k_offset, layer.k_limit.bit_length(), layer.k_shift)
        return Block.of(data, labels)

    def halve_means(self, layer: IntLayer) -> str:
        """A routine for what `o` reads."""
        config = self.model.config
        return self._halve(layer.o, config.n_heads * config.d_head, self.places.means, 1)

    def halve_hidden(self, layer: IntLayer) -> str:
        """A routine for what `down` reads."""
        return self._halve(layer.down, self.model.config.d_ff, self.places.gated + 2, 4)

    def _halve(self, matrix: IntMatrix, count: int, source: int, stride: int) -> str:
        if matrix.planes is None:
            raise ConfigError(f"a matrix of the kind {matrix.kind}; a cartridge has planes")
        limit = matrix.planes.square_limit
        name, new = self._name("halve", (source, limit))
        if new:
            self.code.append(
                write_halve(
                    name,
                    count=count,
                    source=source,
                    stride=stride,
                    square_limit=limit,
                    tables="squares",
                    exponent=self.places.exponent,
                    high=self.places.high,
                )
            )
        return name

    def hidden(self, layer: IntLayer) -> str:
        """A routine for its hidden values; A is their exponent then."""
        rows, new = self._name("hidden_rows", (layer.hidden_shift, layer.down.made_limit))
        if new:
            blocks = make_hidden_rows(rows, self.model.activation, layer.hidden_shift, layer.down.made_limit)
            self.banks.append((rows, blocks))
        name, new = self._name("hidden", rows)
        if new:
            tables = f"{self.norm(layer.norm2)}_tables"
            self.code.append(
                write_hidden(
                    name,
                    count=self.model.config.d_ff,
                    pairs=self.places.gated,
                    places="hidden_places",
                    rows=rows,
                    tables=tables,
                    high=self.places.high,
                )
            )
        return name

    def coarsen(self, shift: int) -> str:
        """A routine that shifts the residual stream down."""
        name, new = self._name("coarsen", shift)
        if new:
            self.code.append(
                write_coarsen(
                    name,
                    size=self.model.config.d_model,
                    shift=shift,
                    source=self.places.h,
                    high=self.places.high,
                )
            )
        return name

    def rejoin_table(self, matrix: IntMatrix) -> tuple[str, int]:
        """The name of its table, and the greatest exponent that matters."""
        shifts = matrix.row_shifts
        name, new = self._name("shifts", shifts.tobytes())
        if new:
            self.tables.append((name, make_rejoin_table(name, np.asarray(shifts))))
        return name, find_most_exponent(shifts)

    def place_code(self, rom: Rom) -> None:
        """Add what is not a whole bank."""
        for number, block in enumerate(self.code):
            rom.place(f"steps.{number}", block, bank=0)
        for name, block in self.fixed:
            rom.place(name, block, bank=0, align=_PAGE)
        for name, block in self.tables:
            rom.place(name, block, align=_PAGE)

    def place_banks(self, rom: Rom, first_bank: int) -> int:
        """Add whole banks from `first_bank` on. The number of the bank behind them."""
        bank = first_bank
        for name, blocks in self.banks:
            for number, block in enumerate(blocks):
                rom.place(f"{name}.{number}", block, bank=bank, address=SWITCHED_ROM)
                bank += 1
        return bank

    def _name(self, kind: str, of: Hashable) -> tuple[str, bool]:
        """The name of what has these numbers, and whether it is new."""
        known = self._names.get((kind, of))
        if known is not None:
            return known, False
        name = f"{kind}{sum(key[0] == kind for key in self._names if isinstance(key, tuple))}"
        self._names[kind, of] = name
        return name, True
