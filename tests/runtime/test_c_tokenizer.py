import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.runtime.native_tokenizer import NativeTokenizer
from lilliput.tokens import Tokenizer, load_tokenizer
from lilliput.tokens.byte_alphabet import ALPHABET
from lilliput.tokens.documents import byte_level_document
from lilliput.tokens.image import tokenizer_image

SPECIAL = ["<|pad|>", "<|bos|>", "<|endoftext|>"]
STORY = (
    "Once upon a time, there was a little dog named Tim.\n\nTim said, “I don't want to go!” "
    "He ran to the big red tree and saw 3 cats. The cats were happy. It's 1234 o'clock, they'll see.\n"
)
FRAGMENTS = st.sampled_from(
    [
        "<|endoftext|>",
        "<|",
        "<s>",
        "<unk>",
        "<0x0A>",
        "<0x",
        "Ġ",
        "▁",
        "▁▁",
        "the",
        "don't",
        "'s",
        "'LL",
        "'ll",
        "'",
        "ſ",
        "'ſ",
        "12345",
        "1",
        "é",
        "é",
        "\u0301",
        "👩\u200d👩\u200d👧",
        "😀",
        "\ufeff",
        "नमस्ते",
        "ﬁ",
        "日本",
        "\ufffd",
        "\U0010ffff",
        "\x00",
        "\r\n",
        "\n",
        "\r",
        " ",
        "   ",
        "\t",
        " cat",
        "\u2028",
        "\xa0",
        "Once",
        " upon",
        "…",
        "“I",
        "A\u030a",
        "٣",
        "½",
        "\u0345",
        "!?",
        "--",
        "tiny",
        " tiny",
        "a cat",
        "ss",
        "STORY",
        "tthe",
        "ababb",
    ]
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(FRAGMENTS, max_size=12).map("".join))
BYTES = st.one_of(
    st.binary(max_size=40), st.lists(st.one_of(st.binary(max_size=3), TEXTS.map(str.encode))).map(b"".join)
)


LEFT_TO_THE_HOST = ("Qwen's", "SentencePiece, a character table")  # their texts, where they need normalizing


def test_ids_of_a_story_are_those_of_python(natives, kinds, kind):
    story = STORY.replace("“", '"').replace("”", '"')
    ids = natives[kind].encode(story)
    assert ids == kinds[kind].encode(story)
    assert ids


def test_ids_of_every_unicode_text_are_those_of_python(natives, kinds, kind):
    @settings(deadline=None, max_examples=80)
    @given(text=TEXTS)
    def check(text: str) -> None:
        ids = natives[kind].encode(text)
        assert ids is None or ids == kinds[kind].encode(text)
        assert ids is not None or kind in LEFT_TO_THE_HOST

    check()


def test_every_stream_of_ids_gives_the_text_of_python(natives, kinds, kind):
    tokenizer = kinds[kind]

    @settings(deadline=None, max_examples=30)
    @given(ids=st.lists(st.integers(0, tokenizer.vocab_size - 1), max_size=20))
    def check(ids: list[int]) -> None:
        assert stream(natives[kind], ids).decode("utf-8", "replace") == tokenizer.decode(ids)

    check()


def stream(native: NativeTokenizer, ids: list[int]) -> bytes:
    parts, first = [], True
    for token in ids:
        parts.append(native.decode_token(token, first=first))
        first = first and not native.decode_token(token, first=False)
    return b"".join(parts)


def test_every_id_has_the_bytes_of_python(natives, kinds, kind):
    tokenizer = kinds[kind]
    ids = range(tokenizer.vocab_size)
    decode = natives[kind].decode_token
    assert [decode(token, first=False) for token in ids] == [tokenizer.token_bytes(token) for token in ids]


@settings(deadline=None, max_examples=200)
@given(raw=BYTES)
def test_bytes_that_are_no_utf8_are_spelled_by_their_ids(natives, kinds, raw):
    for name in ("trained", "Llama 3's"):
        assert b"".join(map(kinds[name].token_bytes, natives[name].encode(raw))) == raw
    name = "SentencePiece, no space before"
    spelled = b"".join(map(kinds[name].token_bytes, natives[name].encode(raw)))
    assert spelled == raw.replace("▁".encode(), b" ")


@pytest.fixture(scope="module")
def telling() -> Tokenizer:
    """A letter, a digit or a sign merges with what follows it exactly if no cut comes between."""
    later = [ALPHABET[byte] for byte in range(256) if byte >= 0x80 or byte in b"aZ1!"]
    merges = [(left, right) for left in ("a", "1", "!") for right in later]
    pieces = [*SPECIAL, *ALPHABET, *(left + right for left, right in merges)]
    return Tokenizer.from_json(json.dumps(byte_level_document(pieces, merges, SPECIAL, SPECIAL[1])))


def test_classes_of_all_1112064_characters_are_those_of_python(telling, tokenizer_library):
    native = NativeTokenizer(tokenizer_library, tokenizer_image(telling))
    points = [*range(0xD800), *range(0xE000, 0x110000)]
    for at in range(0, len(points), 1 << 16):
        text = "".join(f"a{c}1{c}!{c}" for c in map(chr, points[at : at + (1 << 16)]))
        assert native.encode(text) == telling.encode(text)


@pytest.mark.parametrize(
    "sign", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xe2\x96"]
)
def test_a_byte_that_is_no_utf8_is_a_character_and_a_sign(telling, natives, kinds, tokenizer_library, sign):
    native = NativeTokenizer(tokenizer_library, tokenizer_image(telling))
    signs = [3 + byte for byte in sign]
    assert native.encode(b"a" + sign + b"a") == [3 + ord("a"), *signs, 3 + ord("a")]
    assert native.encode(b"1" + sign + b"1") == [3 + ord("1"), *signs, 3 + ord("1")]
    together = telling.pieces.index("!" + ALPHABET[sign[0]])
    assert native.encode(b"!" + sign) == [together, *signs[1:]]
    each = kinds["SentencePiece, no bytes, unfused"]
    assert natives["SentencePiece, no bytes, unfused"].encode(sign)[1:] == [each.unknown] * len(sign)


REAL = [
    "tok105.model",
    "tok105.bin",
    "tok512.model",
    "tok512.bin",
    "tok4096.model",
    "tok4096.bin",
    "llama2-32000.model",
]


def open_real(shared: Path, name: str) -> Tokenizer:
    folder = shared / "tokenizers"
    if name != "gpt2":
        return load_tokenizer(folder / name)
    vocabulary = json.loads((folder / "gpt2-vocab.json").read_text("utf-8"))
    merges = [tuple(line.split(" ")) for line in (folder / "gpt2-merges.txt").read_text("utf-8").splitlines()]
    return Tokenizer.from_json(
        json.dumps(byte_level_document(list(vocabulary), merges, ["<|endoftext|>"], None))
    )


@pytest.mark.parametrize("name", [*REAL, "gpt2"])
def test_ids_of_real_tokenizers_are_those_of_python(shared, tokenizer_library, name):
    tokenizer = open_real(shared, name)
    native = NativeTokenizer(tokenizer_library, tokenizer_image(tokenizer))
    text = (shared / "data/tinystories-valid.txt").read_text("utf-8")
    stories = [story.strip() for story in text.split("<|endoftext|>")]
    assert list(map(native.encode, stories)) == tokenizer.encode_batch(stories)
    assert native.encode(text[:300_000]) == tokenizer.encode(text[:300_000])

    @settings(deadline=None, max_examples=80)
    @given(text=TEXTS)
    def check(text: str) -> None:
        assert native.encode(text) == tokenizer.encode(text)

    check()


def test_a_megabyte_without_a_space_takes_no_seconds(natives, kinds):
    for name in (
        "trained",
        "without cuts",
        "SentencePiece, bytes",
        "SentencePiece, Metaspace, whole",
        "Llama 3's",
    ):
        for text in ("a" * 1_000_000, " " * 1_000_000, "the" * 333_333, "\n " * 500_000, "é" * 500_000):
            start = time.process_time()
            assert natives[name].encode(text) is not None
            assert time.process_time() - start < 1.5


def test_long_words_merge_in_the_order_of_python(natives, kinds):
    draw = random.Random(5)
    for name in ("without cuts", "tangled", "SentencePiece, bytes", "SentencePiece, merges across words"):
        for letters in ("the ", "oncepatmd ", "a", "ab"):
            text = "".join(draw.choice(letters) for _ in range(5000))
            assert natives[name].encode(text) == kinds[name].encode(text)


def test_texts_with_characters_to_normalize_are_left_to_the_host(natives, kinds):
    assert natives["Qwen's"].encode("A\u030a") is None
    assert natives["Qwen's"].encode("naïve “dogs” … it’s") == kinds["Qwen's"].encode("naïve “dogs” … it’s")
    assert natives["SentencePiece, a character table"].encode("½") is None


@pytest.mark.parametrize("rule", ["nfkc", "nmt_nfkc", "nfkc_cf", "a table of our own"])
def test_texts_that_a_character_table_leaves_alone_are_encoded_in_c(tokenizer_library, tmp_path, rule):
    sentencepiece = pytest.importorskip("sentencepiece")
    model, table = tmp_path / "table.model", tmp_path / "table.tsv"
    table.write_text("D A\t74\nBD\t31 2F 32\n")  # CR LF is a t, and ½ is 1/2
    chosen = {"normalization_rule_name": rule} if "nfkc" in rule else {"normalization_rule_tsv": str(table)}
    with model.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(STORY.splitlines() * 20),
            model_writer=file,
            vocab_size=80,
            minloglevel=2,
            hard_vocab_limit=False,
            model_type="bpe",
            **chosen,
        )
    tokenizer = load_tokenizer(model)
    native = NativeTokenizer(tokenizer_library, tokenizer_image(tokenizer))
    assert native.encode("the little dog") == tokenizer.encode("the little dog")
    assert native.encode("½ a dog") is None

    @settings(deadline=None, max_examples=100)
    @given(text=TEXTS)
    def check(text: str) -> None:
        assert native.encode(text) in (None, tokenizer.encode(text))

    check()
    for text in ("a\r\nb", "a\rb", "e\u0301", "a\u200db", "\xad"):
        assert native.encode(text) in (None, tokenizer.encode(text))


def test_texts_with_added_tokens_are_left_to_the_host(kinds, tokenizer_library):
    tokenizer = kinds["trained"]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    added = [{"id": 320, "content": "<think>", **flags}, {"id": 321, "content": "dog", **flags}]
    values = json.loads(tokenizer.to_json())
    values["added_tokens"] += added
    native = NativeTokenizer(tokenizer_library, tokenizer_image(Tokenizer.from_json(json.dumps(values))))
    assert native.encode("a <think> b") is None
    assert native.encode("a hotdog") is None
    assert native.encode("do<think<|bos|>") == tokenizer.encode("do<think<|bos|>")
    assert native.decode_token(320, first=True) == b"<think>"
