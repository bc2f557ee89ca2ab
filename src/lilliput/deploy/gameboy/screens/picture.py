"""The title's picture: a tiny house and a fir on an open book under the moon, in four palettes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lilliput.deploy.gameboy.machine.expressions import AssemblyError
from lilliput.deploy.gameboy.screens.font import LETTERS, TILE_BYTES, TILES, make_font, make_tile

COLUMNS, ROWS = 20, 11
"""Tiles across the screen; tiles from its top that the picture takes."""
_WIDTH, _HEIGHT = 8 * COLUMNS, 8 * ROWS
_MOST_TILES = 256
LIGHT, MIDDLE, DEEP, NIGHT = range(4)
TEXT, SKY, HOUSE, BOOK, TREE, CHOSEN, BEGINNING, BAR = range(8)
"""Palettes: text, four of the picture's parts, a chosen line, a story's beginning, bars at the edge."""

_COLORS = {
    TEXT: ("fff8e4", "d8cdb4", "8a7f78", "1d2145"),
    SKY: ("fff2b4", "ffc052", "e0703c", "171c4a"),
    HOUSE: ("fff2c4", "d8935a", "b03848", "171c4a"),
    BOOK: ("fff2c4", "d8c498", "8c3c54", "171c4a"),
    TREE: ("fff2c4", "7cc470", "2c8858", "171c4a"),
    CHOSEN: ("ffd27c", "e0a050", "a06030", "1d2145"),
    BEGINNING: ("fff8e4", "d8cdb4", "8a7f78", "2c62b8"),
    BAR: ("171c4a", "3c4c94", "8c9cd8", "fff2c4"),
}
"""Red, green and blue of each palette's four colours, the one of paper first."""


@dataclass(frozen=True)
class Picture:
    """What the title shows: tiles from number font.TILES on; of ROWS * COLUMNS cells tile and palette."""

    tiles: bytes
    cells: bytes
    inks: bytes


def make_palettes() -> bytes:
    """Eight palettes as the Color's registers take them: four words of 15 bits each, red lowest."""
    found = bytearray()
    for palette in range(len(_COLORS)):
        for color in _COLORS[palette]:
            red, green, blue = (part >> 3 for part in bytes.fromhex(color))
            found += (blue << 10 | green << 5 | red).to_bytes(2, "little")
    return bytes(found)


@dataclass
class _Canvas:
    dots: list[bytearray] = field(
        default_factory=lambda: [bytearray([NIGHT]) * _WIDTH for _ in range(_HEIGHT)]
    )
    inks: list[bytearray] = field(default_factory=lambda: [bytearray([SKY]) * COLUMNS for _ in range(ROWS)])

    def dot(self, x: int, y: int, shade: int, palette: int) -> None:
        """A dot; its whole tile gets the palette."""
        if 0 <= x < _WIDTH and 0 <= y < _HEIGHT:
            self.dots[y][x] = shade
            self.inks[y // 8][x // 8] = palette

    def fill(self, left: int, top: int, right: int, bottom: int, shade: int, palette: int) -> None:
        """A rectangle, `right` and `bottom` behind its last dots."""
        for y in range(top, bottom):
            for x in range(left, right):
                self.dot(x, y, shade, palette)


def make_picture() -> Picture:
    """The picture, equal tiles stored once. Raises AssemblyError if it needs more tiles than there are."""
    canvas = _Canvas()
    for draw in (_draw_stars, _draw_moon, _draw_book, _draw_tree, _draw_house, _draw_name):
        draw(canvas)
    known: dict[bytes, int] = {}
    cells = bytearray()
    for row in range(ROWS):
        for column in range(COLUMNS):
            dots = [canvas.dots[8 * row + y][8 * column : 8 * column + 8] for y in range(8)]
            tile = make_tile([bytes(line).decode() for line in dots], "\x00\x01\x02\x03")
            cells.append(known.setdefault(tile, TILES + len(known)))
            if TILES + len(known) > _MOST_TILES:
                raise AssemblyError(f"the title's picture needs more than {_MOST_TILES - TILES} tiles")
    return Picture(b"".join(known), bytes(cells), b"".join(canvas.inks))


def _draw_stars(canvas: _Canvas) -> None:
    """Each at the same place of its tile, so that all of a size need one."""
    for column, row in ((1, 5), (3, 3), (9, 4), (2, 8), (18, 7), (13, 6), (0, 3), (19, 3), (0, 9), (18, 10)):
        canvas.dot(8 * column + 4, 8 * row + 5, LIGHT, SKY)
    for column, row in ((3, 5), (8, 4), (1, 6), (18, 9), (0, 0), (19, 0)):  # the larger ones
        for dx, dy in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
            canvas.dot(8 * column + 3 + dx, 8 * row + 3 + dy, MIDDLE if dx or dy else LIGHT, SKY)


def _draw_moon(canvas: _Canvas) -> None:
    def inside(x: int, y: int, radius: int) -> bool:
        return x * x + y * y <= radius * radius + radius

    for y in range(-12, 13):
        for x in range(-12, 13):
            if inside(x, y, 11) and not inside(x + 6, y + 3, 9):
                rim = inside(x + 5, y + 2, 10)
                canvas.dot(132 + x, 41 + y, MIDDLE if rim else LIGHT, SKY)


def _draw_book(canvas: _Canvas) -> None:
    """Two pages that bulge beside the spine, lines of writing on them, the cover below."""
    for x in range(-58, 58):
        away = min(abs(x), abs(x + 1))
        top = 67 - min(6, away * (76 - away) * 7 // (38 * 38))
        bottom = top + 17
        for y in range(top, bottom):
            edge = away in (0, 57) or y == bottom - 1
            written = 8 < away < 50 and (y - top) in (5, 8, 11) and (x * 7 + y // 2 * 5) % 11
            canvas.dot(80 + x, y, MIDDLE if edge or written else LIGHT, BOOK)
        for y in range(bottom, bottom + 3):
            canvas.dot(80 + x, y, DEEP, BOOK)
    canvas.fill(79, 69, 81, 86, DEEP, BOOK)


def _draw_tree(canvas: _Canvas) -> None:
    for top, height, half in ((34, 9, 5), (40, 10, 7), (47, 12, 8)):
        for y in range(height):
            wide = half * (y + 1) // height
            for x in range(-wide, wide):
                canvas.dot(48 + x, top + y, MIDDLE if x < -wide // 3 else DEEP, TREE)
    canvas.fill(46, 59, 50, 63, NIGHT, TREE)


def _draw_house(canvas: _Canvas) -> None:
    canvas.fill(108, 34, 112, 46, MIDDLE, HOUSE)  # the chimney, and what comes out of it
    for x, y, size in ((109, 29, 2), (113, 25, 3)):
        canvas.fill(x, y, x + size, y + size, MIDDLE, SKY)
    for y in range(16):  # the roof
        canvas.fill(99 - y - 2, 33 + y, 101 + y + 2, 34 + y, DEEP, HOUSE)
    canvas.fill(82, 48, 118, 49, NIGHT, HOUSE)
    canvas.fill(85, 49, 115, 63, MIDDLE, HOUSE)
    canvas.fill(96, 53, 104, 64, DEEP, HOUSE)  # the door
    canvas.dot(102, 58, LIGHT, HOUSE)
    for left in (88, 107):  # windows with light in them
        canvas.fill(left, 52, left + 6, 58, LIGHT, HOUSE)
        canvas.fill(left + 3, 52, left + 4, 58, NIGHT, HOUSE)
        canvas.fill(left, 55, left + 6, 56, NIGHT, HOUSE)
    for x in range(-2, 3):
        for y in range(-2, 3):
            if x * x + y * y <= 5:
                canvas.dot(100 + x, 42 + y, LIGHT, HOUSE)


def _draw_name(canvas: _Canvas) -> None:
    """The name in letters of the font, twice as large, their corners smoothed, from light to deep."""
    font = make_font()
    tiles = [font[LETTERS[letter] * TILE_BYTES :][:TILE_BYTES] for letter in "Lilliput"]
    edges = [_find_edges(tile) for tile in tiles]
    left = (_WIDTH - sum(2 * (last - first) + 4 for first, last in edges) + 4) // 2
    for tile, (first, last) in zip(tiles, edges, strict=True):

        def small(x: int, y: int, tile: bytes = tile) -> int:
            return tile[2 * y] >> 7 - x & 1 if 0 <= x < 8 and 0 <= y < 8 else 0

        for y in range(16):
            for x in range(2 * first, 2 * last):
                if _smooth(small, x, y):
                    shade = LIGHT if y < 6 else MIDDLE if y < 11 else DEEP
                    canvas.dot(left + x - 2 * first, 5 + y, shade, SKY)
        left += 2 * (last - first) + 4


def _find_edges(tile: bytes) -> tuple[int, int]:
    """A letter's first column with a dot in it, and the one behind its last."""
    dots = 0
    for row in tile:
        dots |= row
    return 8 - dots.bit_length(), 8 - ((dots & -dots).bit_length() - 1)


def _smooth(small: Callable[[int, int], int], x: int, y: int) -> int:
    """A dot of a drawing made twice as large: as EPX does it, that of the two neighbours where they agree."""
    left, top = x // 2, y // 2
    beside, above = left + (x & 1) * 2 - 1, top + (y & 1) * 2 - 1
    across, over = small(beside, top), small(left, above)
    opposite = small(2 * left - beside, top), small(left, 2 * top - above)
    if across == over and across != opposite[0] and over != opposite[1]:
        return across
    return small(left, top)
