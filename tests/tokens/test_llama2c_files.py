import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import FormatError
from lilliput.tokens import (
    Tokenizer,
    read_sentencepiece,
    read_tokenizer_bin,
    train_tokenizer,
    write_tokenizer_bin,
)

PUBLIC = ["tok105", "tok512", "tok4096"]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_written_file_is_byte_equal_to_the_public_one(shared, tmp_path, name):
    folder = shared / "tokenizers"
    write_tokenizer_bin(read_sentencepiece(folder / f"{name}.model"), tmp_path / "t.bin")
    assert (tmp_path / "t.bin").read_bytes() == (folder / f"{name}.bin").read_bytes()
    # the same after a trip through tokenizer.json, which holds no scores
    again = Tokenizer.from_json(read_sentencepiece(folder / f"{name}.model").to_json())
    write_tokenizer_bin(again, tmp_path / "u.bin")
    assert (tmp_path / "u.bin").read_bytes() == (folder / f"{name}.bin").read_bytes()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_bin_is_the_same_tokenizer_as_its_model(shared, valid_stories, name):
    from_bin = read_tokenizer_bin(shared / f"tokenizers/{name}.bin")
    from_model = read_sentencepiece(shared / f"tokenizers/{name}.model")
    assert from_bin.fingerprint == from_model.fingerprint
    assert from_bin.encode_batch(valid_stories) == from_model.encode_batch(valid_stories)


def test_spaces_are_kept_where_a_piece_holds_two(shared, tmp_path):
    llama2 = read_sentencepiece(shared / "tokenizers/llama2-32000.model")
    write_tokenizer_bin(llama2, tmp_path / "t.bin")
    assert read_tokenizer_bin(tmp_path / "t.bin").fingerprint == llama2.fingerprint


@pytest.mark.parametrize("size", [259, 260, 320])
def test_our_kind_comes_back_the_same(story, tmp_path, size):
    tokenizer = train_tokenizer([story], size)
    write_tokenizer_bin(tokenizer, tmp_path / "t.bin")
    assert read_tokenizer_bin(tmp_path / "t.bin").fingerprint == tokenizer.fingerprint


def test_a_large_vocabulary_of_our_kind_comes_back_the_same(valid_stories, tmp_path):
    tokenizer = train_tokenizer(valid_stories, 4096)
    write_tokenizer_bin(tokenizer, tmp_path / "t.bin")
    assert read_tokenizer_bin(tmp_path / "t.bin").fingerprint == tokenizer.fingerprint


def test_our_kind_is_laid_out_as_run_c_takes_for_granted(trained, tmp_path):
    write_tokenizer_bin(trained, tmp_path / "t.bin")
    longest, vocabulary = read_as_run_c(tmp_path / "t.bin")
    texts = [text for text, _ in vocabulary]
    assert longest == max(map(len, texts))
    assert texts[:3] == [b"<|pad|>", b"<|bos|>", b"<|endoftext|>"]
    assert texts[3] == b"<0x00>"
    assert texts[4:259] == [bytes([byte]) for byte in range(1, 256)]
    assert texts[259:] == [trained.token_bytes(token) for token in range(259, 320)]
    assert [score for _, score in vocabulary[259:]] == [-float(rank) for rank in range(61)]


def test_run_c_encodes_stories_as_we_do(valid_stories, tmp_path):
    tokenizer = train_tokenizer(valid_stories, 512)
    write_tokenizer_bin(tokenizer, tmp_path / "t.bin")
    _, vocabulary = read_as_run_c(tmp_path / "t.bin")
    encode = make_run_c_encoder(vocabulary)
    same = 0
    for story in valid_stories[:60]:
        sentence = story.split("\n")[0][:200]
        text = f" {sentence}"  # run.c puts a space first
        same += encode(sentence.encode()) == [tokenizer.bos, *tokenizer.encode(text)]
    assert same >= 57  # the others hold 's or a quote, where GPT-2's cut stops a merge


@pytest.mark.parametrize("text", ["Once upon a time", "Lily said, hi.\n\nTim ran", "a “quote” – café 😀"])
def test_run_c_encodes_beginnings_as_we_do(valid_stories, tmp_path, text):
    tokenizer = train_tokenizer(valid_stories, 1000)
    write_tokenizer_bin(tokenizer, tmp_path / "t.bin")
    encode = make_run_c_encoder(read_as_run_c(tmp_path / "t.bin")[1])
    assert encode(text.encode()) == [tokenizer.bos, *tokenizer.encode(f" {text}")]


@pytest.mark.parametrize("name", PUBLIC)
def test_run_c_encodes_sentencepiece_kinds_as_we_do(shared, valid_stories, name):
    path = shared / f"tokenizers/{name}.bin"
    tokenizer = read_tokenizer_bin(path)
    encode = make_run_c_encoder(read_as_run_c(path)[1])
    for story in valid_stories[:20]:
        sentence = story.split("\n")[0].replace("  ", " ").strip()
        assert encode(sentence.encode()) == [1, *tokenizer.encode(sentence)]


def test_gpt2_is_refused(gpt2_json, tmp_path):
    with pytest.raises(FormatError, match="byte b has id 3"):
        write_tokenizer_bin(Tokenizer.from_json(gpt2_json), tmp_path / "t.bin")
    assert not (tmp_path / "t.bin").exists()


def record(text: bytes, score: float = 0.0) -> bytes:
    return struct.pack("<fi", score, len(text)) + text


HEAD = struct.pack("<i", 7) + record(b"<unk>") + record(b"\n<s>\n") + record(b"\n</s>\n")
OURS = struct.pack("<i", 16) + b"".join(map(record, (b"<|pad|>", b"<|bos|>", b"<|endoftext|>")))
OURS += record(b"<0x00>") + b"".join(record(bytes([byte])) for byte in range(1, 256))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it has 0 bytes"),
        (HEAD[:4], "ids 0 to 2 are not"),
        (HEAD + b"\x00" * 5, "ends within piece 3"),
        (HEAD + struct.pack("<fi", 0, 2**31 - 1), "piece 3 claims 2,147,483,647 bytes"),
        (HEAD + struct.pack("<fi", 0, -1), "piece 3 claims -1 bytes"),
        (HEAD + struct.pack("<fi", 0, 3) + b"ab", "piece 3 claims 3 bytes"),
        (HEAD + record(b"12345678"), "piece 3 claims 8 bytes"),
        (HEAD + record(b""), "a piece is empty or comes twice"),
        (HEAD + record(b"a") + record(b"a"), "a piece is empty or comes twice"),
        (HEAD + record(b"\xff"), "is not UTF-8"),
        (HEAD + record(b"a", float("nan")), "score of 'a' is nan"),
        (OURS.replace(b"<|bos|>", b"<|BOS|>"), r"ids 0 to 2 are not <\|pad\|>"),
        (OURS + record(b"a"), "empty or comes twice"),
        (OURS + record(b""), "empty or comes twice"),
        (OURS + record(b"abc"), "no two better pieces make 'abc'"),
        (OURS + record(b"ab", float("inf")), "score of 'ab' is inf"),
    ],
)
def test_a_faulty_file_is_refused_and_the_fault_named(tmp_path, data, message):
    (tmp_path / "t.bin").write_bytes(data)
    with pytest.raises(FormatError, match=rf"t\.bin.*{message}"):
        read_tokenizer_bin(tmp_path / "t.bin")


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=200), head=st.sampled_from([b"", HEAD[:4], HEAD, OURS]))
def test_random_bytes_are_refused_or_harmless(tmp_path_factory, data, head):
    path = tmp_path_factory.getbasetemp() / "random.bin"
    path.write_bytes(head + data)
    try:
        tokenizer = read_tokenizer_bin(path)
    except FormatError:
        return
    assert not data or head in (HEAD, OURS)
    tokenizer.encode("a cat é😀\x00")


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["ours", "sentencepiece"])
def test_flipped_bits_and_cuts_are_refused_or_harmless(shared, trained, tmp_path, seed, kind):
    rng = random.Random(seed)
    path = tmp_path / "t.bin"
    source = read_tokenizer_bin(shared / "tokenizers/tok512.bin")
    write_tokenizer_bin(trained if kind == "ours" else source, path)
    data = path.read_bytes()
    refused = 0
    for trial in range(100):
        damaged = bytearray(data if trial % 3 else data[: rng.randrange(1, len(data))])
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            tokenizer = read_tokenizer_bin(path)
            tokenizer.decode(tokenizer.encode("a cat é😀\x00"))
        except FormatError:
            refused += 1
    assert refused > 50


def read_as_run_c(path):
    """The length of the longest piece, and text and score of each id."""
    data = path.read_bytes()
    (longest,) = struct.unpack_from("<i", data)
    vocabulary, at = [], 4
    while at < len(data):
        score, length = struct.unpack_from("<fi", data, at)
        vocabulary.append((data[at + 8 : at + 8 + length], score))
        at += 8 + length
    return longest, vocabulary


def make_run_c_encoder(vocabulary):
    """llama2.c's encoder: a space first, characters or bytes, then the best-scored merge, again and again."""
    ids = {text: token for token, (text, _) in enumerate(vocabulary)}

    def encode(text: bytes) -> list[int]:
        tokens = [1, ids[b" "]]
        for character in text.decode():
            raw = character.encode()
            tokens += [ids[raw]] if raw in ids else [3 + byte for byte in raw]
        while True:
            best = None
            for at in range(len(tokens) - 1):
                merged = ids.get(vocabulary[tokens[at]][0] + vocabulary[tokens[at + 1]][0])
                if merged is not None and (best is None or vocabulary[merged][1] > best[0]):
                    best = (vocabulary[merged][1], at, merged)
            if best is None:
                return tokens
            tokens[best[1] : best[1] + 2] = [best[2]]

    return encode
