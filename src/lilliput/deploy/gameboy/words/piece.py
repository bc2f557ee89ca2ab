"""The bytes of a token, for the screen (tokens/tokenizer.py, `token_bytes` and the decoder of a stream).

    table = make_pieces("pieces", tokenizer)
    code = write_piece("piece", table=table, buffer=..., first=..., drops_space=tokenizer.dummy_prefix)
    for name, block in table.sections.items():
        rom.place(name, block)

An id takes 2 bytes of ROM, a piece 1 and its own; pieces are spelled out, not put together from merges, so
that telling one takes a few hundred cycles.
"""

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.words.id_tables import IdTable, make_id_table, write_find_id
from lilliput.errors import ConfigError
from lilliput.tokens.tokenizer import Tokenizer

MOST_BYTES = 255


def make_pieces(name: str, tokenizer: Tokenizer) -> IdTable:
    """The bytes of every id behind their number, as a table whose sections are NAME.0, NAME.1 and so on.

    Raises ConfigError for an id of more than 255 bytes.
    """
    longest = measure_longest_piece(tokenizer)
    if longest > MOST_BYTES:
        raise ConfigError(
            f"the tokenizer has a piece of {longest:,} bytes; a cartridge takes at most {MOST_BYTES}: train "
            "one with shorter pieces"
        )
    pieces = [tokenizer.token_bytes(token) for token in range(tokenizer.vocab_size)]
    return make_id_table(name, [bytes([len(piece)]) + piece for piece in pieces], "the pieces")


def measure_longest_piece(tokenizer: Tokenizer) -> int:
    """Bytes of the longest piece: what write_piece needs at `buffer`."""
    return int(tokenizer.bytes_per_id().max())


def write_piece(name: str, *, table: IdTable, buffer: int, first: int, drops_space: bool) -> Block:
    """A routine for bank 0, `name`: the bytes of the id in DE at `buffer`; HL = buffer, A = how many.

    The byte at `first` says whether no id with bytes came before: whoever begins a story puts a 1 there if
    its beginning has no ids, else a 0; the routine makes it 0 with the first id that has bytes. Where
    drops_space says so, a space that such an id begins with is left out. It changes every register and the
    bank of the ROM.
    """
    drop = f"""
        ld   a, ({first})
        or   a
        jr   z, .whole
        xor  a
        ld   ({first}), a
        ld   a, (hl)
        cp   ' '
        jr   nz, .whole
        inc  hl
        dec  b
        jr   z, .none
"""
    text = f"""
{name}: call {name}_find
        ld   a, (hl+)
        ld   b, a
        or   a
        jr   z, .none
        {drop if drops_space else ""}
.whole: ld   c, b
        ld   de, {buffer}
.byte:  ld   a, (hl+)
        ld   (de), a
        inc  de
        dec  b
        jr   nz, .byte
        ld   b, c
.none:  ld   a, b
        ld   hl, {buffer}
        ret
{write_find_id(f"{name}_find", table)}
"""
    return assemble(text, name=name)
