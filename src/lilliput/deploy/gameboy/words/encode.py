"""The ids of a text (tokens/tokenizer.py, `encode`; for bytes that are no UTF-8 the engine's tokenizer in C).

    tables = make_encode_tables("tokens", tokenizer)
    code = write_encode("encode", tables=tables, ids=..., scratch=..., longest=80)
    for name, block in tables.sections.items():
        rom.place(name, block)

Three walks, as in C: bytes become symbols, an id and a class each; tables of states mark where a word begins;
and in each word (merges.py) the merge of the lowest rank comes first.
"""

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.words.characters import write_find, write_measure
from lilliput.deploy.gameboy.words.cut import write_cut
from lilliput.deploy.gameboy.words.merges import write_words
from lilliput.deploy.gameboy.words.pairs import RECORD_BYTES
from lilliput.deploy.gameboy.words.symbols import write_put, write_symbols
from lilliput.deploy.gameboy.words.tables import CONTINUES, EncodeTables
from lilliput.errors import ConfigError

_VARIABLES = {
    **{"key": 4, "length": 1, "was_unknown": 1, "class_at": 2, "id_at": 2, "made_at": 2},
    **{"first_row": 2, "last_record": 2},
}
"""Names and bytes of what lies at the beginning of the scratch."""


def count_encode_scratch(longest: int) -> int:
    """Bytes of scratch for texts of so many bytes: 16, and 7 for each of the text and for two more."""
    return sum(_VARIABLES.values()) + (1 + RECORD_BYTES) * (longest + 2)


def write_encode(name: str, *, tables: EncodeTables, ids: int, scratch: int, longest: int) -> Block:
    """A routine for bank 0, `name`: the ids of the BC bytes at HL as words at `ids`; BC = how many.

    Of a text of more than `longest` bytes (255 at most) the first so many count. `ids` has room for
    longest + 1 words, `scratch` for count_encode_scratch(longest) bytes; both, like the text, in RAM. It
    changes every register and the bank of the ROM. Raises ConfigError for a `longest` out of range.
    """
    if not 1 <= longest <= 255:
        raise ConfigError(f"beginnings of {longest} bytes: 1 to 255 are possible")
    places, at = {"ids": ids}, scratch
    for variable, size in _VARIABLES.items():
        places[variable] = at
        at += size
    places |= {"classes": at, "records": at + longest + 2, "longest": longest}
    places |= {"continues": CONTINUES, "end_class": tables.n_classes, "broken_class": tables.broken_class}
    text = write_symbols(name, tables)
    text += "".join(f"ld hl, {row}\ncall {name}_cut\n" for row in tables.first_rows)
    text += write_words(name, tables)
    text += write_put(name, tables) + write_measure(f"{name}_measure") + write_find(f"{name}_find", tables)
    text += write_cut(name) if tables.first_rows else ""
    return assemble(text, places, name)
