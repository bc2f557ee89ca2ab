from tokenizers.pre_tokenizers import ByteLevel

from lilliput.tokens.byte_alphabet import ALPHABET, bytes_of_piece, piece_of_bytes


def test_the_alphabet_is_that_of_hf_tokenizers():
    assert sorted(ALPHABET) == sorted(ByteLevel.alphabet())
    for text in ("Once upon é", "\x00\n\t \x7f\xa0\xad", "日本😀"):
        ((piece, _),) = ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
        assert piece_of_bytes(text.encode()) == piece


def test_pieces_give_their_bytes_back():
    everything = bytes(range(256))
    assert bytes_of_piece(piece_of_bytes(everything)) == everything
    assert bytes_of_piece("") == b""


def test_a_piece_outside_the_alphabet_is_plain_text():
    assert bytes_of_piece("日本") == "日本".encode()
