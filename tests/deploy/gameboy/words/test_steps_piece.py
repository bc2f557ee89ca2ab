"""Pieces on the Game Boy: the bytes of every id, and the space that a story does not begin with."""

import pytest

from lilliput.deploy.gameboy.words.piece import make_pieces
from lilliput.errors import ConfigError
from lilliput.tokens import load_tokenizer
from lilliput.tokens.layout import build_byte_level

REAL = ["tok105.bin", "tok512.model", "tok4096.bin"]


@pytest.fixture(scope="session")
def tokens(load):
    """The module token_roms.py."""
    return load("deploy/gameboy/token_roms.py")


@pytest.mark.parametrize("name", ["pocket", "wide", "tangled", "SentencePiece, bytes", *REAL])
def test_every_id_has_the_bytes_of_python(roms, emulators, tokens, request, name):
    if name in REAL:
        tokenizer = load_tokenizer(request.getfixturevalue("shared") / "tokenizers" / name)
    elif name == "wide":
        tokenizer = tokens.wide(False)
    else:
        tokenizer = tokens.shipped(name) if name == "pocket" else tokens.KINDS[name]
    with tokens.PieceBench(roms, emulators, tokenizer) as bench:
        bench.begin(first=False)
        size = tokenizer.vocab_size
        for token in [*range(260), *range(260, size, 1 + size // 900), size - 1]:
            if token < size:
                assert bench.piece(token) == tokenizer.token_bytes(token)


@pytest.mark.parametrize("kind", ["SentencePiece, bytes", "SentencePiece, no space before", "trained"])
def test_only_the_first_piece_with_bytes_drops_a_space(roms, emulators, tokens, kind):
    tokenizer = tokens.KINDS[kind]
    texts = ["Once upon", " a", "a b", "b", " ", "once  upon"]
    with tokens.PieceBench(roms, emulators, tokenizer) as bench:
        for text in texts:
            ids = [tokenizer.bos, *tokenizer.encode(text), tokenizer.end]
            bench.begin(first=True)
            assert b"".join(map(bench.piece, ids)).decode() == tokenizer.decode(ids)
            bench.begin(first=False)
            assert list(map(bench.piece, ids)) == list(map(tokenizer.token_bytes, ids))
    dropped = tokenizer.decode(tokenizer.encode(" a"))
    assert tokenizer.dummy_prefix == (kind == "SentencePiece, bytes"), dropped


def test_a_piece_of_one_space_at_first_has_no_bytes(roms, emulators, tokens):
    tokenizer = tokens.KINDS["SentencePiece, bytes"]
    space = next(at for at in range(tokenizer.vocab_size) if tokenizer.token_bytes(at) == b" ")
    with tokens.PieceBench(roms, emulators, tokenizer) as bench:
        bench.begin(first=True)
        assert [bench.piece(space), bench.piece(space)] == [b"", b" "]


def test_a_piece_longer_than_a_byte_counts_is_refused():
    merges = [("a" * n, "a" * n) for n in (1, 2, 4, 8, 16, 32, 64, 128)]
    tokenizer = build_byte_level([first + second for first, second in merges], merges)
    with pytest.raises(ConfigError, match="a piece of 256 bytes"):
        make_pieces("pieces", tokenizer)
