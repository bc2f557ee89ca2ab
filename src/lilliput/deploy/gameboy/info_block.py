"""What a cartridge says of itself to programs that play it: a block anywhere in the ROM, found by its MAGIC.

    rom.place("info", make_info_block(front, blocks.places, name="stories260K"))
    info = read_info(image)         # None: the ROM is not ours

16 bytes MAGIC, the version, 4 points of the program as bank and address (2 bytes each), the length of a text
(2), the sum of its bytes (2), and the text, JSON in UTF-8: what Info has beside the points. Numbers have the
low byte first.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.screens.front import Front
from lilliput.deploy.gameboy.screens.keys import MOST_LETTERS, PAGES
from lilliput.errors import FormatError

MAGIC = b"lilliput stories"
VERSION = 1
Place = tuple[int, int]
"""Bank and address."""

_POINTS = {
    "ready": "wait_press",
    "begun": "ask_beginning",
    "asked": "ask_token",
    "ended": "write_story.ended",
}
_VARIABLES = (
    *("pad_held", "setting_temperature", "setting_seed", "beginning", "beginning_length"),
    *("key_row", "key_column", "key_page", "story_text", "beginning_end", "story_end", "story_full"),
)
_HEAD = struct.Struct("<16sB8HHH")
_DAMAGED = "the cartridge's description is damaged: export the model again"


class Info(BaseModel):
    """What a cartridge says of itself."""

    model_config = ConfigDict(frozen=True)

    name: str
    """The model's."""
    temperatures: tuple[str, ...]
    openings: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    """Pages of the keyboard, each of them rows of letters."""
    most_letters: int
    """Letters of the longest beginning that can be typed."""
    save_bank: int
    """The bank of battery memory in which the story grows."""
    places: dict[str, int]
    """Addresses of variables in bank 0 of work memory, by the names that they have in the program."""
    facts: dict[str, Any]
    """More that is worth knowing of the model, for people."""
    ready: Place
    """Where the program is when it waits for a button: again in every frame."""
    begun: Place
    """Where it is before the model is told the beginning."""
    asked: Place
    """Where it is before the model is asked for a token; those before lie in battery memory."""
    ended: Place
    """Where it is once the story has ended: with the carry, when the model has ended it, or (story_full) its
    context is full."""


def make_info_block(
    front: Front, places: Mapping[str, int], name: str, facts: Mapping[str, Any] | None = None
) -> Block:
    """The block, for any bank; `places` are those of make_front, `facts` whatever JSON can hold.

    Its points are labels of the front's blocks, which must be in the same ROM.
    """
    described = {
        "name": name,
        "temperatures": list(front.temperatures),
        "openings": list(front.openings),
        "keys": PAGES,
        "most_letters": MOST_LETTERS,
        "save_bank": front.save_bank,
        "places": {variable: places[variable] for variable in _VARIABLES},
        "facts": dict(facts or {}),
    }
    text = json.dumps(described, ensure_ascii=False).encode()
    points = "\n".join(f"        .word bank({label}), {label}" for label in _POINTS.values())
    head = f"        .byte {_bytes(MAGIC)}, {VERSION}\n{points}\n"
    tail = f"        .word {len(text)}, {_sum(text)}\n        .byte {_bytes(text)}"
    return assemble(head + tail, {}, "info")


def read_info(image: bytes) -> Info | None:
    """What the cartridge says; None for a ROM that is none of ours.

    Raises FormatError for one that a later version made, or that is damaged.
    """
    at = image.find(MAGIC)
    if at < 0:
        return None
    try:
        _, version, *numbers, length, total = _HEAD.unpack_from(image, at)
    except struct.error:
        raise FormatError(_DAMAGED) from None
    if version != VERSION:
        raise FormatError(
            f"the cartridge's description has version {version}, and this lilliput reads {VERSION}: "
            "use the lilliput that made it, or make it again"
        )
    text = image[at + _HEAD.size :][:length]
    if len(text) != length or _sum(text) != total:
        raise FormatError(_DAMAGED)
    try:
        points = dict(zip(_POINTS, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
        return Info.model_validate({**json.loads(text), **points})
    except ValueError:  # pydantic's and json's are such
        raise FormatError(_DAMAGED) from None


def _sum(data: bytes) -> int:
    return sum(data) & 0xFFFF


def _bytes(data: bytes) -> str:
    return ", ".join(map(str, data))
