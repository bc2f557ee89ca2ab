"""What rotary positions look up: products of every magnitude with the cosines, and the cosines of a
position."""

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.memory import ROM_BANK_BYTES
from lilliput.errors import ConfigError

_MOST_MAGNITUDE = 255
COSINE_BITS = 7
MIDDLE = 2**15 + 2**5
"""What products have more in the tables, so that they are not negative, and two of them half a unit."""
ROWS_OF_BANK = 16
BYTES_OF_PAIR = 3
_ONE = 1 << COSINE_BITS


def make_turn_rows(name: str) -> tuple[Block, ...]:
    """Products of 0 to 255 with 0 to 128 for nine consecutive banks, from 0x4000 on: NAME.0 to NAME.8, 129
    KB.

    A row of a cosine is 1 KB: low bytes of the products, low bytes of those of -0 to -255, high bytes of
    both.
    """
    magnitudes = np.arange(_MOST_MAGNITUDE + 1)
    rows = []
    for cosine in range(_ONE + 1):
        both = np.stack([magnitudes, -magnitudes]) * cosine + MIDDLE
        rows.append(np.concatenate([both & 0xFF, both >> 8]).astype(np.uint8).tobytes())
    firsts = range(0, len(rows), ROWS_OF_BANK)
    banks = [b"".join(rows[first : first + ROWS_OF_BANK]) for first in firsts]
    return tuple(Block.of(bank, {f"{name}.{number}": 0}) for number, bank in enumerate(banks))


def make_angles(label: str, cosines: NDArray[np.int16], sines: NDArray[np.int16]) -> Block:
    """An IntModel's cosines and sines (positions, K / 2), of 7 bits, for any bank.

    BYTES_OF_PAIR for each pair of channels: |cos|, |sin|, and signs: bit 0 that of the cosine, bit 1 that of
    the sine. Raises ConfigError for cosines of more bits, and where a bank does not hold all positions.
    """
    most = max(int(np.abs(part.astype(np.int64)).max()) for part in (cosines, sines))
    if most > _ONE:
        raise ConfigError(
            f"cosines of up to {most}: a cartridge has {_ONE}; set cosine_bits to {COSINE_BITS}"
        )
    signs = (cosines < 0) + 2 * (sines < 0)
    data = np.stack([np.abs(cosines), np.abs(sines), signs], -1).astype(np.uint8).tobytes()
    if len(data) > ROM_BANK_BYTES:
        room = ROM_BANK_BYTES // (BYTES_OF_PAIR * cosines.shape[1])
        raise ConfigError(f"{len(cosines)} positions do not fit a bank: {room} do; shorten the context")
    return Block.of(data, {label: 0})
