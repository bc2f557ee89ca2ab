"""Where a model on a cartridge keeps its numbers: work memory and high memory.

Bank 0 of work memory, always seen, has what goes from one step to the next; the screens' variables lie there
too. What is not needed at the same time shares its room: numbers of norms, of attention, of the gated layer,
and logits. Of the banks behind, one has the tables that matrices look up (and the screens' scratch, which may
be lost meanwhile), and one is attention's. Where logits are too many for bank 0 they have a bank, and the
output matrix's tables lie in bank 0. Values for which battery memory has no room lie in the last banks.
"""

from dataclasses import dataclass

from lilliput.deploy.gameboy.attention import (
    sections as steps_attend,
)
from lilliput.deploy.gameboy.attention.room import plan_room
from lilliput.deploy.gameboy.attention.sections import AttendPlaces
from lilliput.deploy.gameboy.attention.shape import WORK_PAGES
from lilliput.deploy.gameboy.machine.memory import WRAM_BANK_BYTES, WRAM_BANKS, Area, make_hram
from lilliput.deploy.gameboy.matrices import (
    lookups,
)
from lilliput.deploy.gameboy.matrices.lookups import Workplace
from lilliput.deploy.gameboy.steps import (
    turn_pairs,
)
from lilliput.deploy.gameboy.steps.turn import find_key_bits
from lilliput.errors import ConfigError
from lilliput.quantize.intmodel import IntConfig, IntModel

TABLES_BANK, ATTENTION_BANK, LOGITS_BANK = 1, 2, 3
"""Of work memory."""
STACK_BYTES = 96
VARIABLES = {
    "model_position": 2,  # of the next token
    "model_left": 1,  # ids of the beginning that are still to be read
    "model_next": 2,  # the address of the first of them
    "model_plan": 1,  # the first bank of the table of chances, or 0
    "model_random": 4,
    "model_fresh": 1,  # 1 until an id with bytes was read or told
}
"""Names and bytes."""
_SWITCHED = 0xD000


@dataclass(frozen=True)
class Places:
    """Addresses: in bank 0 of work memory, but for what says otherwise."""

    variables: dict[str, int]
    shared: tuple[int, int]
    """Address and bytes of what all of it lies in from h to logits: free between two tokens."""
    x: int
    """What norms make, signed bytes."""
    h: int
    """The residual stream, words."""
    sums: int
    """Words, of matrices whose inputs have an exponent."""
    pairs: int
    page: int
    """2 * d_model bytes, and 256 at a multiple of 256: what norms need for the meanwhile."""
    means: int
    """Signed bytes, head by head."""
    queries: int
    keys: int
    """Words, in pairs of channels, and"""
    values: int
    """signed bytes, head by head, one behind the other."""
    gated: int
    """Words, g and u of each hidden value."""
    logits: int
    """Words."""
    logits_bank: int
    """The bank of work memory to be seen while logits are made and read."""
    partial: int
    """Words: sums of matrices that take several passes."""
    partial_bytes: int
    tables: tuple[int, int]
    """Address and bytes of the tables of all matrices but the output matrix, in TABLES_BANK,"""
    head_tables: tuple[int, int]
    """and of this."""
    stack: int
    attend_work: int | None
    value_banks: tuple[int, ...]
    """See AttendPlaces."""
    high: int
    """High memory that steps share."""
    angles: int
    """High memory: a token's angles."""
    attention_ends: int
    """Behind attention's high memory: angles that begin before are lost to it."""
    exponent: int
    plan: int
    """A byte of high memory each."""

    @property
    def keeps_angles(self) -> bool:
        """Whether angles stay from layer to layer."""
        return self.angles >= self.attention_ends

    def work(self, *, head: bool = False) -> Workplace:
        """What matrices are told."""
        tables, size = self.head_tables if head else self.tables
        return Workplace(tables, size, self.high, self.partial)

    def attention(self, model: IntModel) -> AttendPlaces:
        """What attention is told."""
        bits = model.layers[0].k_limit.bit_length()
        return AttendPlaces(
            queries=self.queries,
            key_bits=find_key_bits(self.keys, 0, model.config.d_head // 2, bits),
            values=self.values,
            means=self.means,
            high=self.high,
            bank=ATTENTION_BANK,
            work=self.attend_work,
            value_banks=self.value_banks,
        )


def plan_places(model: IntModel, wram: Area) -> Places:
    """Places for a model in what is left of `wram`, bank 0 of work memory.

    Raises ConfigError for a model whose numbers, or whose logits, have no room.
    """
    config = model.config
    stack = wram.take("model_stack", STACK_BYTES) + STACK_BYTES
    variables = {name: wram.take(name, size) for name, size in VARIABLES.items()}
    x = wram.take("model_x", config.d_model)
    first, end = -(-wram.next_free // 2) * 2, wram.first + wram.size
    work, value_banks = _plan_values(model, first, end)
    shared = Area("work memory for a model's numbers", first, (work or end) - first)
    at = _plan_numbers(config, shared)
    logits, logits_bank = first, TABLES_BANK
    tables = head_tables = _SWITCHED, WRAM_BANK_BYTES
    if 2 * config.vocab_size > shared.size:
        logits, logits_bank, head_tables = _SWITCHED, LOGITS_BANK, (first, shared.size)
    if 2 * config.vocab_size > WRAM_BANK_BYTES:
        raise ConfigError(
            f"a vocabulary of {config.vocab_size:,} tokens: a cartridge has room for the logits of "
            f"{WRAM_BANK_BYTES // 2:,}"
        )
    return Places(
        variables=variables,
        shared=(shared.first, shared.size),
        x=x,
        **at,
        logits=logits,
        logits_bank=logits_bank,
        partial=shared.next_free,
        partial_bytes=shared.first + shared.size - shared.next_free,
        tables=tables,
        head_tables=head_tables,
        stack=stack,
        attend_work=work,
        value_banks=value_banks,
        **_plan_high(config.d_head // 2),
    )


def _plan_numbers(config: IntConfig, shared: Area) -> dict[str, int]:
    """Where a layer's numbers lie: those of norms, of attention and of the gated layer in the same room."""
    heads, kv_heads, width = config.n_heads, config.n_kv_heads, config.d_head
    parts = {"means": heads * width, "queries": 2 * heads * width, "keys": 2 * kv_heads * width}
    parts |= {"values": kv_heads * width}
    norms = 2 * config.d_model + 2 * 256  # the page may begin 255 bytes later
    size = max(norms, sum(parts.values()), 4 * config.d_ff)
    wanted = 4 * config.d_model + size
    if wanted > shared.size:
        raise ConfigError(
            f"a cartridge has {shared.size:,} bytes of work memory for a model's numbers, and d_model "
            f"{config.d_model}, d_ff {config.d_ff} and {heads} heads of {width} take {wanted:,}: choose less"
        )
    at = {name: shared.take(name, 2 * config.d_model) for name in ("h", "sums")}
    at["gated"] = behind = shared.take("gated", size, align=16)  # no head's means may cross a page
    at["pairs"] = behind
    at["page"] = -(-(behind + 2 * config.d_model) // 256) * 256
    for name, size in parts.items():
        at[name], behind = behind, behind + size
    return at


def _plan_values(model: IntModel, first: int, end: int) -> tuple[int | None, tuple[int, ...]]:
    """Room in bank 0, at its end, and banks of work memory for values of attention; none where battery memory
    has room."""
    shape = steps_attend.find_shape(model)
    try:
        plan_room(shape)
    except ConfigError as full:
        work = end - 256 * WORK_PAGES
        logits_apart = 2 * model.config.vocab_size > work - first
        banks = tuple(range(LOGITS_BANK + logits_apart, WRAM_BANKS))
        try:
            plan_room(shape, value_banks=banks)
        except ConfigError:
            raise full from None
        return work, banks
    return None, ()


def _plan_high(pairs: int) -> dict[str, int]:
    """High memory: what steps share, angles, bytes that stay."""
    high = make_hram()
    exponent, plan = high.take("exponent", 1), high.take("plan", 1)
    turning = turn_pairs.HIGH_BYTES + 2 + 2 * pairs
    shared = max(steps_attend.HIGH_BYTES, lookups.HIGH_BYTES, turning)
    angles = turn_pairs.BYTES_OF_ANGLE * pairs
    keeps = shared + angles <= high.first + high.size - high.next_free
    at = high.take("steps", shared if keeps else turning)
    return {
        "exponent": exponent,
        "plan": plan,
        "high": at,
        "angles": high.take("angles", angles),
        "attention_ends": at + steps_attend.HIGH_BYTES,
    }
