"""The residual stream between matrices: a token's embedding, and a coarser unit where a layer asks for one.

What a matrix adds to it is added by the matrix itself (matrices/endings.py, kind add).
"""

import numpy as np
from numpy.typing import NDArray

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.memory import ROM_BANK_BYTES, SWITCHED_ROM
from lilliput.deploy.gameboy.machine.stack import restore_stack
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import rescale, saturate
from lilliput.quantize.intmodel import IntMatrix

_MOST_DOWN = 7


def make_embedding(name: str, embed: IntMatrix) -> tuple[Block, ...]:
    """Rows of an IntModel's embedding as they enter the residual stream, 16 bits, for consecutive banks.

    NAME.0, NAME.1 … lie from 0x4000 on; each holds a power of two of tokens, which find_tokens_of_bank tells.
    """
    scaled = rescale(
        embed.values.astype(np.int64),
        embed.multipliers.astype(np.int64)[:, np.newaxis],
        embed.shifts.astype(np.int64)[:, np.newaxis],
    )
    return make_token_rows(name, saturate(scaled, embed.output_limit))


def make_token_rows(name: str, rows: NDArray[np.int64]) -> tuple[Block, ...]:
    """Rows (V, words) of 16 bits, one a token, for write_embed: see make_embedding."""
    tokens = find_tokens_of_bank(rows.shape[1])
    parts = [rows[first : first + tokens].astype("<i2") for first in range(0, len(rows), tokens)]
    return tuple(Block.of(part.tobytes(), {f"{name}.{at}": 0}) for at, part in enumerate(parts))


def find_tokens_of_bank(size: int) -> int:
    """The greatest power of two of rows of `size` words that a bank holds."""
    return 1 << (ROM_BANK_BYTES // (2 * size)).bit_length() - 1


def write_embed(name: str, *, size: int, vocabulary: int, rows: str, target: int, high: int) -> Block:
    """A routine for bank 0, `name`: the row of the token in DE becomes the `size` words at `target`.

    `rows` is the name of make_embedding's blocks, in banks below 256; `high`: 2 bytes of high memory. It
    changes every register and the bank of the ROM; the stack may be anywhere.
    """
    tokens = find_tokens_of_bank(size)
    unroll = max(part for part in (8, 4, 2, 1) if size % part == 0)
    if vocabulary > 255 * tokens or size // unroll > 256:
        raise ConfigError(
            f"{vocabulary} tokens of {size} words: a cartridge has 255 banks for up to 2,048 words"
        )
    bits = tokens.bit_length() - 1
    times = "".join("add hl, hl\n" + "add hl, de\n" * int(digit) for digit in f"{2 * size:b}")
    half = "srl h\nrr l\n"
    word = "pop de\nld a, e\nld (hl+), a\nld a, d\nld (hl+), a\n"
    return assemble(
        f"""
{name}: ld   ({high}), sp
        ld   h, d
        ld   l, e
        {half * bits}
        ld   a, l
        add  a, bank({rows}.0)
        ld   (rROMB0), a
        ld   a, e
        and  {tokens - 1 & 0xFF}
        ld   e, a
        ld   a, d
        and  {tokens - 1 >> 8}
        ld   d, a
        ld   hl, 0
        {times}
        ld   de, {SWITCHED_ROM}
        add  hl, de
        ld   sp, hl
        ld   hl, {target}
        ld   b, {size // unroll & 0xFF}
.word:  {word * unroll}
        dec  b
        jr   nz, .word
        {restore_stack(high)}
        ret
""",
        name=name,
    )


def write_coarsen(name: str, *, size: int, shift: int, source: int, high: int) -> Block:
    """A routine, `name`: each of the `size` words at `source` becomes rsh(h, shift), shift from 1 to 7.

    A layer's mid_shift or post_shift. `high`: 2 bytes of high memory. It changes every register; the stack
    may be anywhere.
    """
    if not 1 <= shift <= _MOST_DOWN:
        raise ConfigError(f"the residual stream is shifted by {shift}: 1 to {_MOST_DOWN} are possible")
    unroll = max(part for part in (4, 2, 1) if size % part == 0)
    if size // unroll > 256:
        raise ConfigError(f"a residual stream of {size} is too wide: 1,024 are possible")
    down = "sra d\nrr e\n" * shift  # the last bit that leaves rounds
    word = f"pop de\n{down}ld a, e\nadc a, 0\nld (hl+), a\nld a, d\nadc a, 0\nld (hl+), a\n"
    return assemble(
        f"""
{name}: ld   ({high}), sp
        ld   sp, {source}
        ld   hl, {source}
        ld   b, {size // unroll & 0xFF}
.word:  {word * unroll}
        dec  b
        jp   nz, .word
        {restore_stack(high)}
        ret
""",
        name=name,
    )
