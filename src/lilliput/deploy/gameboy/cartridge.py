"""A model becomes a cartridge: screens, tokenizer and model in one ROM.

    cartridge = make_cartridge(model, tokenizer, ends={2}, name="stories260K")
    Path("story.gbc").write_bytes(cartridge.image)

All it needs is Python and numpy. What the cartridge tells is what quantize/reference.py computes, word for
word: `lilliput tell FOLDER --engine integer --top-p 1` with the same beginning, temperature and seed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from lilliput.deploy.gameboy.info_block import make_info_block
from lilliput.deploy.gameboy.machine.expressions import AssemblyError
from lilliput.deploy.gameboy.machine.header import make_title
from lilliput.deploy.gameboy.machine.memory import ROM_BANK_BYTES, Area, make_wram
from lilliput.deploy.gameboy.machine.rom import Rom
from lilliput.deploy.gameboy.model.loop import Ids
from lilliput.deploy.gameboy.model.places import TABLES_BANK, Places, plan_places
from lilliput.deploy.gameboy.model.sections import ModelParts, place_model
from lilliput.deploy.gameboy.screens.front import Front, count_front_bytes, make_front
from lilliput.deploy.gameboy.words.encode import count_encode_scratch, write_encode
from lilliput.deploy.gameboy.words.piece import make_pieces, measure_longest_piece, write_piece
from lilliput.deploy.gameboy.words.tables import make_encode_tables
from lilliput.errors import ConfigError
from lilliput.quantize.cartridge_bounds import check_cartridge
from lilliput.quantize.draw import plan_draws
from lilliput.quantize.intmodel import IntModel
from lilliput.tokens.tokenizer import Tokenizer


@dataclass(frozen=True)
class Cartridge:
    """An image, and what is worth knowing of it."""

    image: bytes
    parts: ModelParts
    places: Places
    symbols: Mapping[str, tuple[int, int]]
    """Labels and their (bank, address)."""
    free_bytes: Mapping[int, int]
    """Bytes left in each bank that is used."""

    @property
    def used_bytes(self) -> int:
        """Bytes of the ROM that hold something."""
        return len(self.free_bytes) * ROM_BANK_BYTES - sum(self.free_bytes.values())


def make_cartridge(
    model: IntModel,
    tokenizer: Tokenizer,
    *,
    ends: Collection[int],
    name: str,
    front: Front | None = None,
) -> Cartridge:
    """The cartridge of an integer model that was quantized for one; stories end at the ids `ends`.

    Raises ConfigError for a model that a cartridge does not compute, or that has no room: which number is too
    great, and what to choose instead.
    """
    check_cartridge(model)
    front = front or Front()
    ends = [end for end in ends if 0 <= end < model.config.vocab_size]
    try:
        quick = _join(model, tokenizer, ends, name, front, first_rows=True)
    except (AssemblyError, ConfigError):  # it may fit without what a token's first rows take
        return _join(model, tokenizer, ends, name, front, first_rows=False)
    smaller = quick.used_bytes - quick.parts.first_bytes <= len(quick.image) // 2
    return _join(model, tokenizer, ends, name, front, first_rows=False) if smaller else quick


def _join(
    model: IntModel, tokenizer: Tokenizer, ends: Collection[int], name: str, front: Front, *, first_rows: bool
) -> Cartridge:
    longest, context = front.longest_beginning, model.config.context
    if context < longest + 3:  # BOS, a space that is put before, and a first token
        raise ConfigError(
            f"a context of {context} positions: a cartridge needs {longest + 3}, for beginnings of {longest} "
            "letters"
        )
    wram = make_wram(0)
    rom = Rom("start", make_title(name))
    ids = wram.take("model_ids", 2 * (longest + 2))
    piece = wram.take("model_piece", measure_longest_piece(tokenizer))
    variables = count_front_bytes(front)
    screens = Area("work memory for screens", wram.take("screens", variables), variables)
    places = plan_places(model, wram)
    front = replace(front, stack=places.stack)
    blocks = make_front(front, screens, make_wram(TABLES_BANK), TABLES_BANK)
    rom.place("bridge", blocks.bridge, bank=0)
    rom.place("screens", blocks.screens)
    rom.place("info", make_info_block(front, blocks.places, name))
    _place_tokenizer(rom, tokenizer, places, ids=ids, piece=piece, longest=longest)
    parts = place_model(
        rom,
        model,
        places,
        Ids(tokenizer.bos, sorted(ends), ids, blocks.places),
        [plan_draws(float(label), 0, 1.0, 0.0, model.logit_bits) for label in front.temperatures],
        first_rows=first_rows,
    )
    image = rom.link()
    return Cartridge(image, parts, places, dict(rom.symbols), rom.free_bytes())


def _place_tokenizer(
    rom: Rom, tokenizer: Tokenizer, places: Places, *, ids: int, piece: int, longest: int
) -> None:
    """encode and find_piece, and their tables."""
    tables, pieces = make_encode_tables("tokens", tokenizer), make_pieces("pieces", tokenizer)
    at, room = places.shared
    wanted = count_encode_scratch(longest)
    if wanted > room:
        raise ConfigError(f"beginnings of {longest} bytes need {wanted} bytes of work memory, of {room} left")
    encode = write_encode("encode", tables=tables, ids=ids + 2, scratch=at, longest=longest)
    find_piece = write_piece(
        "find_piece",
        table=pieces,
        buffer=piece,
        first=places.variables["model_fresh"],
        drops_space=tokenizer.dummy_prefix,
    )
    rom.place("encode", encode, bank=0)
    rom.place("find_piece", find_piece, bank=0)
    for name, block in {**tables.sections, **pieces.sections}.items():
        rom.place(name, block)
