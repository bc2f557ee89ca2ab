"""Which kind of tokenizer file is this? Its content says so, not its name."""

from pathlib import Path

from lilliput.errors import FormatError
from lilliput.tokens.bounded import read_bounded
from lilliput.tokens.gpt2_files import has_gpt2_files, read_gpt2_files
from lilliput.tokens.llama2c_files import read_tokenizer_bin
from lilliput.tokens.sentencepiece_files import read_sentencepiece
from lilliput.tokens.tokenizer import Tokenizer, roles_beside

_PROTOBUF_PIECE = 0x0A  # field 1, a message: how every SentencePiece model begins


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a tokenizer.json, a SentencePiece .model, a llama2.c tokenizer.bin, or a
    model folder.

    Raises FormatError for anything else.
    """
    if path.is_dir():
        if not (path / "tokenizer.json").is_file() and has_gpt2_files(path):
            return read_gpt2_files(path, **roles_beside(path / "vocab.json"))
        return Tokenizer.load(path / "tokenizer.json")
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        head = read_bounded(path, 0, "a tokenizer")  # says why it cannot be read
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return Tokenizer.load(path)
    # llama2.c's file begins with a small 32-bit number, so its third and fourth bytes are zero; in
    # a SentencePiece model the third is the tag of a field, never zero.
    if len(head) >= 4 and head[2:4] == b"\x00\x00":
        return read_tokenizer_bin(path)
    if head[:1] == bytes([_PROTOBUF_PIECE]):
        return read_sentencepiece(path)
    raise FormatError(
        f"{path} is no tokenizer file: neither a tokenizer.json, nor a SentencePiece model, nor a "
        "llama2.c tokenizer.bin"
    )
