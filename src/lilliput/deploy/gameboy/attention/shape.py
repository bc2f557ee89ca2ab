"""What attention on a cartridge is made for: numbers of the model, and places in memory."""

from dataclasses import dataclass

from lilliput.deploy.gameboy.machine.memory import REGISTERS
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import INT16
from lilliput.quantize.intmodel import IntModel

HIGH_BYTES = 44
"""High memory of attention."""
WORK_PAGES = 9
"""Of 256 bytes, see AttendPlaces.work."""
_SUMS_BYTES = 32
UNIT_BYTES = 13
"""Of a chance's code in the program of values (values.py)."""
_MOST_SLOTS, _MOST_CHANCE_BITS = 128, 7


@dataclass(frozen=True)
class AttendShape:
    """The numbers of a model, and of its integers, on which attention's code depends."""

    layers: int
    kv_heads: int
    group: int
    """Query heads that share a key head."""
    d_head: int
    slots: int
    """Positions that are seen: the first, and a ring of the others."""
    planes: int
    """Of keys: odd numbers up to 2 ** planes - 1."""
    value_limit: int
    chance_bits: int
    o_shift: int
    score_shifts: tuple[int, ...]
    """Of each layer."""

    def __post_init__(self) -> None:
        checks = (
            (self.d_head in (8, 16), f"heads are {self.d_head} wide: 8 and 16 are possible"),
            (
                2 <= self.slots <= _MOST_SLOTS,
                f"a window of {self.slots} positions: 2 to {_MOST_SLOTS} are possible",
            ),
            (2 <= self.planes <= 7, f"keys of {self.planes} bits: 2 to 7 are possible"),
            (
                self.value_limit in (7, 15),
                f"values up to {self.value_limit}: 7 and 15 (4 and 5 bits) are possible",
            ),
            (
                4 <= self.chance_bits <= _MOST_CHANCE_BITS,
                f"chances of {self.chance_bits} bits: 4 to {_MOST_CHANCE_BITS} are possible",
            ),
            (
                len(self.score_shifts) == self.layers
                and all(-7 <= shift <= 15 for shift in self.score_shifts),
                f"scores are shifted by {self.score_shifts}: -7 to 15 are possible, {self.layers} times",
            ),
            (
                self.value_limit << self.o_shift <= 127 and self.last_shift(self.most_sum) <= 17,
                f"means are shifted by {self.o_shift}: they would not be whole bytes of 7 bits and a sign",
            ),
        )
        for holds, wrong in checks:
            if not holds:
                raise ConfigError(f"attention on a Game Boy: {wrong}")

    @property
    def tables(self) -> int:
        """Tables of signed sums that a query needs, each of 8 of its numbers."""
        return self.d_head // 8

    @property
    def slot_bytes(self) -> int:
        """Of a key's code: lookups, doublings, and storing the score."""
        return 5 * self.planes * self.tables - 1 + self.planes - 1 + 4

    @property
    def slot_cycles(self) -> int:
        """M-cycles of a key's code."""
        return 8 * self.planes * self.tables - 2 + 2 * (self.planes - 1) + 7

    @property
    def most_sum(self) -> int:
        """Of chances, once they are halved where they are many."""
        return min(INT16 // self.value_limit, self.slots << self.chance_bits)

    @property
    def most_down(self) -> int:
        """How often chances are halved at most."""
        down = 0
        while (self.slots << self.chance_bits) >> down > INT16 // self.value_limit:
            down += 1
        return down

    @property
    def most_left(self) -> int:
        """How often sums of values are doubled at most before they are divided: where chances are few."""
        return max(0, 8 + self.o_shift - (self.chance_bits + 1))

    def last_shift(self, total: int) -> int:
        """By how much a product with the reciprocal is shifted right, of a sum doubled where it can be."""
        return max(15, 7 + total.bit_length() - self.o_shift)


def find_shape(model: IntModel) -> AttendShape:
    """Of an integer model. Raises ConfigError for one that attention on a Game Boy does not compute."""
    config, layers = model.config, model.layers
    wishes = (
        (model.odd_keys, "keys=odd"),
        (model.sum_bits == 16, "sum_bits=16"),
        (model.reciprocal_bits == 8, "reciprocal_bits=8"),
        (all(layer.q_sum_limit for layer in layers), "score_bits=16"),
    )
    for holds, wish in wishes:
        if not holds:
            raise ConfigError(f"attention on a Game Boy needs a model that was quantized with {wish}")
    alike = {(layer.k_limit, layer.v.output_limit, layer.o_shift) for layer in layers}
    if len(alike) > 1:
        raise ConfigError(
            f"attention on a Game Boy needs layers alike in keys, values and o_shift, not {alike}"
        )
    ((k_limit, value_limit, o_shift),) = alike
    return AttendShape(
        layers=config.n_layers,
        kv_heads=config.n_kv_heads,
        group=config.n_heads // config.n_kv_heads,
        d_head=config.d_head,
        slots=model.window or config.context,
        planes=k_limit.bit_length(),
        value_limit=value_limit,
        chance_bits=model.chance_bits,
        o_shift=o_shift,
        score_shifts=tuple(layer.score_shift for layer in layers),
    )


@dataclass(frozen=True)
class AttendPlaces:
    """Where attention finds what it reads and works, all but its own bank of work memory seen by everyone."""

    queries: int
    """Words of turned queries, head by head."""
    key_bits: int
    """Bits of the first head's new key (see steps_turn.find_key_bits); the next one's are 2 d_head behind."""
    values: int
    """New values, signed bytes, head by head."""
    means: int
    """Signed bytes, head by head: what attention leaves. No head's may cross a page of 256 bytes."""
    high: int
    """HIGH_BYTES of high memory."""
    bank: int = 2
    """Of work memory, 1 to 7: attention has all of it."""
    work: int | None = None
    """Where there is room for values in work memory: 256 * WORK_PAGES bytes that everyone sees,"""
    value_banks: tuple[int, ...] = ()
    """and the banks of work memory for values. They lie in battery memory otherwise."""

    def __post_init__(self) -> None:
        if (self.work is None) != (not self.value_banks):
            raise ConfigError("values in work memory need banks of it, and room for code that everyone sees")
        if self.means % 8:
            raise ConfigError(f"a head's means may not cross a page: {self.means:#06x} is no multiple of 8")
        if self.bank in self.value_banks or (self.work or 0) % 256:
            raise ConfigError(
                "values need other banks than attention, whose code begins at a multiple of 256"
            )

    def names(self) -> dict[str, int]:
        """Constants for assembly: addresses in the bank of work memory and in high memory."""
        high = {name: self.high + at for name, at in _HIGH.items()}
        names = {**_WORK, **high, "attend_wram": self.bank, "a_value_bank": REGISTERS["rRAMB"]}
        if self.work is None:
            return names
        sums = self.work + 0x100
        seen = {"a_ones": self.work, "a_sums": sums, "a_program": sums + _SUMS_BYTES}
        return {**names, **seen, "a_value_bank": REGISTERS["rSVBK"]}


_WORK = {
    "a_table": 0xD000,  # 512 bytes for each of one or two
    "a_ones": 0xD400,  # slots of chance 1: bytes from 0xFD down
    "a_scores": 0xD500,  # high bytes at + 2 slot or + 2 slot + 1, low bytes before them
    "a_sums": 0xD600,  # words, by channel
    "a_stack": 0xD660,
    "a_bits": 0xD660,
    "a_slot": 0xD680,
    "a_count": 0xD681,
    "a_offset": 0xD682,
    "a_listed_from": 0xD684,
    "a_last": 0xD690,  # a score that is always too far behind
    "a_list": 0xD7FE,  # addresses of scores, from here down; the first is that of a_last
    "a_program": 0xD800,
}
_HIGH = {
    "h_deltas": 0,
    "h_sp": 12,
    "h_svbk": 14,
    "h_code_bank": 15,
    "h_base": 16,
    "h_first": 18,
    "h_bank2": 19,
    "h_base2": 20,
    "h_value_bank": 22,
    "h_value_page": 23,
    "h_score": 24,
    "h_record": 26,
    "h_query": 28,
    "h_bits": 30,
    "h_value": 32,
    "h_mean": 34,
    "h_select": 36,
    "h_kv": 37,
    "h_group": 38,
    "h_ones": 39,
    "h_over": 40,
    "h_down": 41,
    "h_total": 42,
}
RECORD_BYTES = _HIGH["h_record"] - _HIGH["h_code_bank"]
"""Of a key head: h_code_bank to h_score."""
