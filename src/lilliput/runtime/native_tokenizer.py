"""The C tokenizer from Python: an image of `lilliput.tokens.image`, and the C library that reads it."""

import ctypes

from lilliput.errors import DataError, FormatError

_HOST = -7  # tokenizer.h: a text that only the host's tokenizer can normalize
_BAD_ID = -8


class NativeTokenizer:
    """An opened tokenizer image. Immutable, so that threads may share it; C runs without Python's lock.

    `address` is that of the C struct, for calls that want an `lp_tokenizer *`; it lives as long as this
    object.
    """

    def __init__(self, library: ctypes.CDLL, image: bytes) -> None:
        """Open `image`; raises FormatError for a damaged one."""
        self._declare(library)
        self._image = image  # C reads it where it lies
        self._struct = ctypes.create_string_buffer(self._size())
        self.address: int = ctypes.addressof(self._struct)
        code = self._open(self._struct, image, len(image))
        if code:
            raise FormatError(self._explain(code))

    def _declare(self, library: ctypes.CDLL) -> None:
        size, pointer, integer, long = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int, ctypes.c_long
        self._size = library.lp_tokenizer_size
        self._size.restype = size
        self._open = library.lp_tokenizer_open
        self._open.argtypes = [pointer, ctypes.c_char_p, size]
        self._error = library.lp_tokenizer_error
        self._error.argtypes, self._error.restype = [integer], ctypes.c_char_p
        self._scratch = library.lp_encode_scratch
        self._scratch.argtypes, self._scratch.restype = [pointer, size], size
        self._encode = library.lp_encode
        self._encode.argtypes = [pointer, ctypes.c_char_p, size, pointer, size, pointer, size]
        self._encode.restype = long
        self._decode = library.lp_decode
        self._decode.argtypes = [pointer, ctypes.c_int32, integer, pointer, size]
        self._decode.restype = long

    def encode(self, text: str | bytes) -> list[int] | None:
        """The ids of `text`, without BOS; None for a text that only `Tokenizer.encode` can do.

        Such a text holds characters to normalize, or added tokens. Bytes need not be UTF-8. Raises DataError
        for text that is no Unicode, that holds a byte the vocabulary cannot spell, or of more than 64 MiB.
        """
        try:
            raw = text.encode("utf-8") if isinstance(text, str) else text
        except UnicodeEncodeError as error:
            raise DataError(
                f"the text holds a lone surrogate at character {error.start:,}: no Unicode"
            ) from None
        room = len(raw) + 1
        ids = (ctypes.c_int32 * room)()
        scratch_bytes = self._scratch(self._struct, len(raw))
        scratch = (ctypes.c_char * scratch_bytes)()
        count = self._encode(self._struct, raw, len(raw), ids, room, scratch, scratch_bytes)
        if count == _HOST:
            return None
        if count < 0:
            raise DataError(self._explain(count))
        return ids[:count]

    def decode_token(self, token: int, *, first: bool) -> bytes:
        """The bytes of an id in a stream; `first` says that no id with bytes came before.

        Raises DataError for a number that is no id.
        """
        room = 256
        while True:
            out = ctypes.create_string_buffer(room)
            count = self._decode(self._struct, token if -1 <= token < 1 << 31 else -1, first, out, room)
            if count >= 0:
                return out.raw[:count]
            if count == _BAD_ID:
                raise DataError(f"{token} is no id of the vocabulary")
            room *= 4

    def _explain(self, code: int) -> str:
        message: bytes = self._error(code)
        return message.decode("ascii")
