import io
import random
import struct
import time

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import FormatError
from lilliput.tokens import read_sentencepiece

NAMES = ["tok105", "tok512", "tok4096", "llama2-32000"]
FRAGMENTS = st.sampled_from(
    [
        "the",
        "Once",
        "upon",
        "time",
        "aaa",
        "oooo",
        "...",
        "<s>",
        "</s>",
        "<unk>",
        "<0x0A>",
        "é",
        "é",
        "😀",
        "日本",
        "नमस्ते",
        "▁",
        "▁▁",
        " ",
        "  ",
        "     ",
        "\n",
        "\r\n",
        "\t",
        "\x00",
        "\xa0",
        "\u3000",
        "\u200b",
        "\ufeff",
    ]
)
TEXTS = st.one_of(st.text(max_size=30), st.lists(FRAGMENTS, max_size=12).map("".join))


@pytest.fixture(scope="session", params=NAMES)
def both(request, shared):
    """Our tokenizer and the package's, of one public model."""
    path = shared / f"tokenizers/{request.param}.model"
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return read_sentencepiece(path), theirs


def test_ids_of_every_validation_story_are_the_packages(both, valid_stories):
    ours, theirs = both
    assert ours.encode_batch(valid_stories) == theirs.encode(valid_stories)


def test_text_of_every_validation_story_is_the_packages(both, valid_stories):
    ours, theirs = both
    ids = theirs.encode(valid_stories[:300])
    known = [story for story in ids if ours.unknown not in story]
    assert known
    assert [ours.decode(story) for story in known] == theirs.decode(known)


@settings(deadline=None, max_examples=300)
@given(text=TEXTS)
def test_ids_of_every_unicode_text_are_the_packages(both, text):
    ours, theirs = both
    assert ours.encode(text) == theirs.encode(text)


def test_pieces_and_duties_are_the_packages(both):
    ours, theirs = both
    assert ours.pieces == tuple(theirs.id_to_piece(list(range(theirs.vocab_size()))))
    assert (ours.bos, ours.end, ours.pad) == (theirs.bos_id(), theirs.eos_id(), None)
    assert ours.unknown == theirs.unk_id() == 0
    assert ours.special_ids == {0, 1, 2}


def test_reading_32000_pieces_takes_under_two_seconds(shared):
    start = time.process_time()
    read_sentencepiece(shared / "tokenizers/llama2-32000.model")
    assert time.process_time() - start < 2


def train(text: str, vocab_size: int = 300, **options) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.splitlines() * 20),
        model_writer=model,
        vocab_size=vocab_size,
        minloglevel=2,
        hard_vocab_limit=False,
        **({"model_type": "bpe", "normalization_rule_name": "identity"} | options),
    )
    return model.getvalue()


@pytest.fixture(scope="session")
def model(story) -> bytes:
    """A small model with byte pieces, trained by the package."""
    return train(story, 320, byte_fallback=True)


@pytest.mark.parametrize(
    "options",
    [
        {"add_dummy_prefix": False},
        {"remove_extra_whitespaces": False},
        {"add_dummy_prefix": False, "remove_extra_whitespaces": False},
        {"pad_id": 3, "bos_id": 1, "eos_id": 2, "unk_id": 0},
        {"bos_id": 2, "eos_id": 0, "unk_id": 1, "bos_piece": "[B]", "eos_piece": "[E]"},
        {"normalization_rule_name": "nmt_nfkc"},
        {"normalization_rule_name": "nfkc_cf"},
    ],
)
def test_every_setting_of_the_trainer_gives_the_packages_ids(story, tmp_path, options):
    data = train(story, 60, **options)
    (tmp_path / "m.model").write_bytes(data)
    theirs = sentencepiece.SentencePieceProcessor(model_proto=data)
    ours = read_sentencepiece(tmp_path / "m.model")
    texts = [story, *story.splitlines(), "  two  spaces \n\n", "ﬁne Ⅳ ① ½", "a▁", "▁", " ", "UPPER é"]
    assert ours.encode_batch(texts) == theirs.encode(texts)
    assert (ours.bos, ours.end) == (theirs.bos_id(), theirs.eos_id())
    assert ours.pad == (None if theirs.pad_id() < 0 else theirs.pad_id())
    for text in story.splitlines():
        ids = ours.encode(text)
        if ours.unknown not in ids:
            assert ours.decode(ids) == theirs.decode(ids)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model_type": "unigram", "vocab_size": 60}, "of the Unigram type; only BPE"),
        ({"model_type": "char"}, "of the character type"),
        ({"model_type": "word", "vocab_size": 40}, "of the word type"),
        ({"user_defined_symbols": "<tag>"}, "'<tag>' is user-defined or unused"),
        ({"treat_whitespace_as_suffix": True}, "spaces at the end of words"),
        ({"bos_id": -1, "eos_id": -1}, "no token for the beginning and the end"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(story, tmp_path, options, message):
    (tmp_path / "m.model").write_bytes(train(story, **({"vocab_size": 60} | options)))
    with pytest.raises(FormatError, match=rf"m\.model.*{message}"):
        read_sentencepiece(tmp_path / "m.model")


def test_one_of_bos_and_end_serves_as_the_other(story, tmp_path):
    (tmp_path / "m.model").write_bytes(train(story, 60, bos_id=-1, eos_id=1))
    assert (read_sentencepiece(tmp_path / "m.model").bos) == 1


def field(number: int, value: bytes) -> bytes:
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def piece(text: str, score: float = 0.0, kind: int = 1) -> bytes:
    return field(1, field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + bytes([24, kind]))


HEAD = piece("<unk>", kind=2) + piece("<s>", kind=3) + piece("</s>", kind=3)
BPE_TYPE = field(2, b"\x18\x02")


def test_a_model_made_by_hand_is_read(tmp_path):
    data = HEAD + piece("▁", -2) + piece("a", -3) + piece("aa", -1) + piece("aaa", 0) + BPE_TYPE
    (tmp_path / "m.model").write_bytes(data)
    theirs = sentencepiece.SentencePieceProcessor(model_proto=data)
    ours = read_sentencepiece(tmp_path / "m.model")
    for length in range(12):
        assert ours.encode("a" * length) == theirs.encode("a" * length)


def test_no_merge_makes_a_control_piece(tmp_path):
    ordinary = b"".join(map(piece, ("▁", "<", "s", ">", "<s")))
    (tmp_path / "m.model").write_bytes(HEAD + ordinary + BPE_TYPE)
    ours = read_sentencepiece(tmp_path / "m.model")
    assert [ours.pieces[token] for token in ours.encode("<s>")] == ["▁", "<s", ">"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (HEAD, "of the Unigram type"),
        (BPE_TYPE, "needs one unknown piece"),
        (HEAD + piece("a") + piece("a") + BPE_TYPE, "'a' is empty or comes twice"),
        (HEAD + piece("") + BPE_TYPE, "'' is empty"),
        (HEAD + piece("a", float("nan")) + BPE_TYPE, "score of 'a' is nan"),
        (HEAD + piece("a", float("inf")) + BPE_TYPE, "score of 'a' is inf"),
        (HEAD + piece("a", kind=9) + BPE_TYPE, "unknown type 9"),
        (HEAD + piece("<0x41>", kind=6) + BPE_TYPE, "not one for each of the 256 bytes"),
        (HEAD + field(1, field(1, b"\xff")) + BPE_TYPE, "not UTF-8"),
        (HEAD + b"\x08\x01" + BPE_TYPE, "a piece is a number"),
        (HEAD + field(1, b"\x08\x01") + BPE_TYPE, "field 1 is a number"),
        (HEAD + field(1, field(1, b"a") + field(2, b"ab")) + BPE_TYPE, "no 32-bit float"),
        (HEAD + field(1, field(1, b"a") + field(3, b"ab")) + BPE_TYPE, "field 3 is no number"),
        (HEAD + BPE_TYPE + field(3, b"\x28\x00"), "does not write a space as ▁"),
        (HEAD + BPE_TYPE + field(5, field(2, b"x")), "rewrites characters when decoding"),
        (b"\x0a\xff\xff\xff\xff\x0f", "wants 4,294,967,295 bytes more than there are"),
        (b"\x0a\x80", "ends within a number"),
        (b"\x0a" + b"\xff" * 11, "a number of more than ten bytes"),
        (b"\x0b\x01", "not protobuf: a tag of 11"),
        (b"\x00\x01", "not protobuf: a tag of 0"),
        (b"", "Unigram"),
    ],
)
def test_a_faulty_model_is_refused_and_the_fault_named(tmp_path, data, message):
    (tmp_path / "m.model").write_bytes(data)
    with pytest.raises(FormatError, match=rf"m\.model.*{message}"):
        read_sentencepiece(tmp_path / "m.model")


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=300))
def test_random_bytes_are_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "random.model"
    path.write_bytes(data)
    with pytest.raises(FormatError):
        read_sentencepiece(path)


@pytest.mark.parametrize("seed", range(2))
def test_flipped_bits_and_cuts_are_refused_or_harmless(tmp_path, model, seed):
    rng = random.Random(seed)
    path = tmp_path / "m.model"
    refused = 0
    for trial in range(200):
        damaged = bytearray(model if trial % 3 else model[: rng.randrange(1, len(model))])
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            tokenizer = read_sentencepiece(path)
            tokenizer.decode(tokenizer.encode("a cat é😀\x00"))
        except FormatError:
            refused += 1
    assert refused > 100


def test_a_hostile_model_of_long_pieces_is_refused_at_once(tmp_path):
    def long_piece(length: int) -> bytes:
        text = b"a" * length
        inner = b"\x0a" + varint(len(text)) + text
        return b"\x0a" + varint(len(inner)) + inner

    def varint(value: int) -> bytes:
        return bytes([value & 127 | 128, value >> 7 & 127 | 128, value >> 14])

    data = HEAD + b"".join(long_piece(10_000 + number) for number in range(100)) + BPE_TYPE
    (tmp_path / "m.model").write_bytes(data)
    start = time.process_time()
    with pytest.raises(FormatError, match="too long and too many"):
        read_sentencepiece(tmp_path / "m.model")
    assert time.process_time() - start < 1
