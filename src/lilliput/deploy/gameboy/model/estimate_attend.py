"""About what attention takes: its own counts, and what is assumed of scores and chances."""

from dataclasses import dataclass

from lilliput.deploy.gameboy.attention.scores import count_query_cycles, count_score_cycles, write_key
from lilliput.deploy.gameboy.attention.shape import AttendPlaces, AttendShape
from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.quantize.intmodel import IntConfig
from lilliput.quantize.settings import CARTRIDGE, QuantizeSettings

_PLACES = AttendPlaces(queries=0xC000, key_bits=0xC200, values=0xC300, means=0xC400, high=0xFF80)
_COME_AND_GO, _CHOSEN = 80, 450
"""M-cycles for each key head, and for each query head: the choice's beginning and end, and the divisor's."""
_FAR, _NEAR, _LOOKED_UP = 7, 14, 43
"""M-cycles of a position in the scan, and of one whose chance is looked up (see make_select_bank)."""
_CHANNEL, _MEAN, _UNIT, _ONE = 40, 53, 16, 4.5 + 6 / 8
"""M-cycles of a channel, its mean, and of each chance there (see make_program)."""


@dataclass(frozen=True)
class Habits:
    """What of a model's numbers decides about time: shares of all positions, and of all inputs."""

    near: float = 0.6
    """Positions whose score is near enough to the greatest that their chance is looked up,"""
    ones: float = 0.2
    """whose chance is 1,"""
    more: float = 0.25
    """and whose chance is more."""
    halved: float = 0.7
    """Inputs of o and down whose length is summed exactly, and that are halved."""
    drawn: float = 0.2
    """Ids before the one that is drawn: seldom ones come last."""


def make_shape(config: IntConfig, window: int) -> AttendShape:
    """Attention of a model with a cartridge's settings, before there are numbers of it.

    Raises ConfigError for heads that attention does not compute.
    """
    settings = QuantizeSettings().with_settings(CARTRIDGE)
    limit = (1 << settings.value_bits - 1) - 1
    return AttendShape(
        layers=config.n_layers,
        kv_heads=config.n_kv_heads,
        group=config.n_heads // config.n_kv_heads,
        d_head=config.d_head,
        slots=min(window, config.context),
        planes=settings.key_bits,
        value_limit=limit,
        chance_bits=settings.chance_bits,
        o_shift=(127 // limit).bit_length() - 1,
        score_shifts=(0,) * config.n_layers,
    )


def count_attend(shape: AttendShape, positions: int, habits: Habits) -> float:
    """M-cycles of one layer that sees so many positions."""
    key = assemble(write_key(shape), _PLACES.names() | {"attend_stored": 0}).cycles(taken=True)
    walks = _FAR + (_NEAR - _FAR + _LOOKED_UP) * habits.near
    channel = _CHANNEL + _MEAN + positions * (_UNIT * habits.more + _ONE * habits.ones)
    head: float = count_query_cycles(shape) + count_score_cycles(shape, positions, False)
    head += _CHOSEN + positions * walks + shape.d_head * channel
    return shape.kv_heads * (_COME_AND_GO + key + shape.group * head)
