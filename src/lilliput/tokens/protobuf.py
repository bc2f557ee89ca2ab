"""The little of protobuf's wire format that a SentencePiece model needs.

A message is a run of fields, each a tag (number * 8 + wire type) and a value: a varint (0), eight
bytes (1), a length and so many bytes (2), or four bytes (5). Nothing is allocated beyond slices of
the input.
"""

import struct
from collections.abc import Iterator

from lilliput.errors import FormatError

Value = int | bytes


def iter_fields(message: bytes, source: str) -> Iterator[tuple[int, Value]]:
    """Each field's number and value in order; fixed-size values come as bytes.

    Raises FormatError, naming `source`, where the bytes are no protobuf message.
    """
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position, source)
        number, wire_type = tag >> 3, tag & 7
        if number == 0 or wire_type not in (0, 1, 2, 5):
            raise FormatError(f"{source} is not protobuf: a tag of {tag}")
        if wire_type == 0:
            value, position = _read_varint(message, position, source)
            yield number, value
            continue
        length = {1: 8, 5: 4}.get(wire_type)
        if length is None:
            length, position = _read_varint(message, position, source)
        if length > len(message) - position:
            raise FormatError(f"{source} is cut short: a field wants {length:,} bytes more than there are")
        yield number, message[position : position + length]
        position += length


def read_message(message: bytes, source: str) -> dict[int, Value]:
    """The fields of a message by number; of a repeated one the last, as protobuf has it."""
    return dict(iter_fields(message, source))


def get_int(fields: dict[int, Value], number: int, default: int, source: str) -> int:
    """A varint field (enum, bool, or a number that is not negative)."""
    value = fields.get(number, default)
    if not isinstance(value, int):
        raise FormatError(f"{source}: field {number} is no number")
    return value


def get_bytes(fields: dict[int, Value], number: int, default: bytes, source: str) -> bytes:
    """A field of bytes."""
    value = fields.get(number, default)
    if not isinstance(value, bytes):
        raise FormatError(f"{source}: field {number} is a number, not bytes")
    return value


def get_text(fields: dict[int, Value], number: int, default: str, source: str) -> str:
    """A field of UTF-8 text."""
    try:
        return get_bytes(fields, number, default.encode("utf-8"), source).decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"{source}: field {number} is not UTF-8") from None


def get_float(fields: dict[int, Value], number: int, default: float, source: str) -> float:
    """A 32-bit float field."""
    raw = get_bytes(fields, number, struct.pack("<f", default), source)
    if len(raw) != 4:
        raise FormatError(f"{source}: field {number} is no 32-bit float")
    value: float = struct.unpack("<f", raw)[0]
    return value


def _read_varint(message: bytes, position: int, source: str) -> tuple[int, int]:
    """The number at `position`, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise FormatError(f"{source} is cut short: it ends within a number")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise FormatError(f"{source} is not protobuf: a number of more than ten bytes")
