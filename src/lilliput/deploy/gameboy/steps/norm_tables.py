"""What the narrow norm looks up: shifts of both bytes of a number, squares, reciprocal roots, products."""

import numpy as np

from lilliput.deploy.gameboy.machine.block import Block
from lilliput.errors import ConfigError
from lilliput.quantize.fixed import make_rsqrt_table
from lilliput.quantize.intmodel import IntNorm

MOST_DOWN = 7
"""Of places by which numbers of 16 bits are shifted down to 8 and a sign."""
MOST_POST = 8
"""Of places by which the upper byte of a product is shifted down."""
SHIFTS_PAGE, SQUARES_PAGE, POST_PAGE, ROOTS_PAGE = 0, 16, 18, 27
"""Pages of make_norm_tables: for each shift d the parts of a low byte and of a high byte; squares, low bytes
and high bytes; for each shift e what becomes of the upper byte of a product; reciprocal roots, low bytes and
high bytes."""
EPSILON_AT = 224
"""Where the epsilons lie in the first page of the roots: 4 bytes for each d."""
ROWS_OF_BLOCK, POSTS_OF_BLOCK = 43, 5
"""Of make_norm_rows: pages of products, and the pages of e = 0 to 4 before them."""
_LEAST_ROOT = 128
_MOST_SUM = 2**24


def make_norm_tables(label: str, norm: IntNorm, size: int) -> Block:
    """7,424 bytes for a bank of the ROM, at a multiple of 256: for all norms of `size` elements like `norm`.

    Raises ConfigError for a norm that is not narrow, or whose sum of squares may pass 24 bits.
    """
    check_norm(norm, size)
    byte = np.arange(256)
    signed = (byte ^ 128) - 128
    pages: list[np.ndarray] = []
    for down in range(MOST_DOWN + 1):
        pages += [byte + (1 << down >> 1) >> down, signed << 8 - down]
    pages += [byte**2 & 0xFF, byte**2 >> 8]
    pages += [post_page(norm, shift) for shift in range(MOST_POST + 1)]
    roots = make_rsqrt_table().astype(np.int64)
    low, high = (np.pad(part, (0, 256 - part.size)) for part in (roots & 0xFF, roots >> 8))
    epsilons = b"".join((norm.epsilon >> 2 * down).to_bytes(4, "little") for down in range(MOST_DOWN + 1))
    low[EPSILON_AT:] = np.frombuffer(epsilons, np.uint8)
    pages += [low, high]
    return Block.of((np.stack(pages) & 0xFF).astype(np.uint8).tobytes(), {label: 0})


def make_norm_rows(label: str, norm: IntNorm) -> tuple[Block, ...]:
    """Upper bytes of the products of all |w| and r8, 36 KB: three blocks for any banks of the ROM, at
    multiples of 256. Labels are LABEL.0, LABEL.1, LABEL.2. They save making a table for each norm."""
    posts = [post_page(norm, shift) for shift in range(POSTS_OF_BLOCK)]
    blocks = []
    for number, first in enumerate(range(_LEAST_ROOT, 256, ROWS_OF_BLOCK)):
        factors = range(first, min(256, first + ROWS_OF_BLOCK))
        pages = np.stack([*posts, *(np.arange(256) * factor >> 8 for factor in factors)])
        blocks.append(Block.of(pages.astype(np.uint8).tobytes(), {f"{label}.{number}": 0}))
    return tuple(blocks)


def post_page(norm: IntNorm, shift: int) -> np.ndarray:
    """(256,) an upper byte shifted down by `shift`, rounded, within the limit."""
    page: np.ndarray = np.minimum(np.arange(256) + (1 << shift >> 1) >> shift, norm.output_limit)
    return page


def check_norm(norm: IntNorm, size: int) -> None:
    """Raise ConfigError for a norm that a cartridge does not compute."""
    if not norm.narrow or norm.square_bits != 8 or norm.output_limit > 127:
        raise ConfigError("a cartridge has narrow norms of 8 bits: quantize with --to cartridge")
    if not 7 <= norm.shift <= 8 + MOST_POST - 4 or size > 256:
        raise ConfigError(
            f"a norm of {size} elements has a shift of {norm.shift}: a cartridge has norms of up to 256 "
            f"elements and shifts of 7 to {4 + MOST_POST}; choose a smaller d_model"
        )
    if size * 255**2 + norm.epsilon >= _MOST_SUM:
        raise ConfigError(
            f"the squares of a norm of {size} elements may pass 24 bits: choose a smaller d_model"
        )
