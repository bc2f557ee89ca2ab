"""GPT-2's byte alphabet: each of the 256 bytes as one printable character.

Printable ASCII and most of Latin-1 stand for themselves; the 68 others are moved to U+0100 and up,
in byte order. It is how every byte-level tokenizer.json writes its pieces.
"""


def _make_alphabet() -> str:
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    moved = iter(range(0x100, 0x100 + 256 - len(plain)))
    return "".join(chr(byte if byte in plain else next(moved)) for byte in range(256))


ALPHABET = _make_alphabet()  # ALPHABET[byte] is its character
_BYTES = {character: byte for byte, character in enumerate(ALPHABET)}


def piece_of_bytes(raw: bytes) -> str:
    """`raw` written in the alphabet."""
    return "".join(ALPHABET[byte] for byte in raw)


def bytes_of_piece(piece: str) -> bytes:
    """The bytes of `piece`; one with a character outside the alphabet is plain text."""
    if all(character in _BYTES for character in piece):
        return bytes(_BYTES[character] for character in piece)
    return piece.encode("utf-8")
