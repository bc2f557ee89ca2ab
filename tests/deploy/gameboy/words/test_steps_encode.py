"""Beginnings become ids on the Game Boy as in Python; bytes that are no UTF-8 as in the engine's C."""

import ctypes
import json
import random

import pytest

from lilliput.deploy.gameboy.machine.memory import CYCLES_A_SECOND
from lilliput.deploy.gameboy.screens.front import Front
from lilliput.deploy.gameboy.words import (
    tables as encode_tables,
)
from lilliput.deploy.gameboy.words.encode import write_encode
from lilliput.deploy.gameboy.words.id_tables import make_id_table
from lilliput.deploy.gameboy.words.tables import make_encode_tables
from lilliput.errors import ConfigError
from lilliput.runtime.native import library_path
from lilliput.runtime.native_tokenizer import NativeTokenizer
from lilliput.tokens import Tokenizer, load_tokenizer
from lilliput.tokens.image import tokenizer_image

REAL = ["tok105.bin", "tok512.bin", "tok512.model", "tok4096.bin"]
ODD = [
    "",
    " ",
    "   ",
    "\n\n \n",
    " Once  upon   a time ",
    "“I don't want to,” said Tim. 'They'LL go', he's said; we'd, I'm, you've, it's, 's 't",
    "the ▁ sign ▁▁ of▁space▁",
    "▁",
    "▁ a",
    "<s> </s> <unk> <|bos|> <0x0A> <|endoftext|>",
    "12345 1,000.5 ٣ ½ Ⅷ 一二三",
    "naïve café ﬁancé Ångström A\u030a ß ſ İ ı ß \u0080\u07ff\u0800\uffff",
    "नमस्ते दुनिया, আমি বই পড়ি, مرحبا بالعالم",
    "日本語のテキスト, 한국어, Привет, ελληνικά",
    "😀 👩\u200d👩\u200d👧 🏳️\u200d🌈 \U0010ffff \U000e0001 𝒳𝟘 \ufeff\u2028\u200b\U00010000",
    "a\tb\r\nc\x00d\x7f\xa0e\u3000f",
    "!!!???...—–--- #$%&*()[]{}",
    "a" * 255,
    "the" * 85,
    " " * 80,
    " " * 255,
    "e" * 254 + "é",
    "e" * 127 + " ",
    "😀" * 63,
]
BROKEN = [
    b"\xff",
    b"a\xc3",
    b"\xed\xa0\x80",
    b"\xed\x9f\xbf \xee\x80\x80",
    b"\xf4\x90\x80\x80 x",
    b"\xf5\x80\x80\x80",
    b"\xf0\x8f\xbf\xbf",
    b"\xe0\x9f\xbf",
    b"\xc0\x80 \xc1\xbf",
    b"\xe2\x96",
    b"\xf0\xe2\x96\x81",
    b" \xe2\x96\x81\xe2",
    b"\x80\x81 \xfe\xff",
    bytes(range(255)),
    bytes(range(255, 0, -1)),
    "नमस्ते 😀".encode()[:-1],
]


@pytest.fixture(scope="session")
def tokens(load):
    """The module token_roms.py."""
    return load("deploy/gameboy/token_roms.py")


def cut_bytes(text: str, most: int = 255) -> str:
    """The characters of `text` that fit in so many bytes."""
    return text.encode()[:most].decode(errors="ignore")


def check_texts(bench, tokenizer, texts):
    for text in texts:
        assert bench.encode(text) == tokenizer.encode(text), text


def break_texts(seed, count):
    """Bytes with UTF-8 in them, and with what is nearly so."""
    draw = random.Random(seed)
    whole = [character.encode() for text in ODD for character in text]
    for _ in range(count):
        parts = draw.choices(whole, k=draw.randint(1, 30))
        raw = bytearray(b"".join(parts))
        for _ in range(draw.randint(1, 4)):
            raw[draw.randrange(len(raw))] = draw.choice([*range(0x7F, 0x100), 0x20])
        yield bytes(raw[:255])


def native(tokenizer):
    if library_path() is None:
        pytest.skip("the C engine is not built")
    return NativeTokenizer(ctypes.CDLL(str(library_path())), tokenizer_image(tokenizer))


@pytest.mark.parametrize("name", ["pocket", "trained here", *REAL])
def test_what_a_person_can_choose_or_type_has_the_ids_of_python(roms, emulators, tokens, request, name):
    if name in REAL:
        tokenizer = load_tokenizer(request.getfixturevalue("shared") / "tokenizers" / name)
    else:
        tokenizer = tokens.shipped("pocket") if name == "pocket" else tokens.trained(300)
    with tokens.EncodeBench(roms, emulators, tokenizer, Front().longest_beginning) as bench:
        check_texts(bench, tokenizer, Front().openings)
        check_texts(bench, tokenizer, tokens.draw_keys(7, 220, bench.longest))
        check_texts(bench, tokenizer, [letter * n for letter in tokens.KEYS for n in (1, 2, 80)])
        check_texts(bench, tokenizer, [cut_bytes(text, bench.longest) for text in ODD])


@pytest.mark.parametrize("kind", ["pocket", "tangled", "without cuts", "SentencePiece, bytes"])
def test_no_text_of_a_keyboard_takes_a_second(roms, emulators, tokens, kind):
    """The slowest are long words, and texts that no cut divides."""
    tokenizer = tokens.shipped("pocket") if kind == "pocket" else tokens.KINDS[kind]
    with tokens.EncodeBench(roms, emulators, tokenizer) as bench:
        for text in ("the" * 85, "a" * 255, " " * 255, ("once upon a time " * 20)[:255]):
            assert bench.encode(text) == tokenizer.encode(text)
            assert bench.cycles < CYCLES_A_SECOND


@pytest.mark.parametrize("kind", ["tangled", "without cuts"])
def test_long_words_merge_in_the_order_of_python(roms, emulators, tokens, kind):
    tokenizer = tokens.KINDS[kind]
    draw = random.Random(23)
    with tokens.EncodeBench(roms, emulators, tokenizer) as bench:
        for letters in ("ab", "the ", "once", "on a") * 25:
            text = "".join(draw.choices(letters, k=draw.randint(200, 255)))
            assert bench.encode(text) == tokenizer.encode(text)


def test_every_kind_of_tokenizer_gives_the_ids_of_python_and_broken_bytes_those_of_the_engine(
    roms, emulators, tokens
):
    for kind, tokenizer in tokens.KINDS.items():
        if kind in tokens.REFUSED:
            continue
        engine = native(tokenizer)
        with tokens.EncodeBench(roms, emulators, tokenizer) as bench:
            check_texts(bench, tokenizer, [cut_bytes(text) for text in ODD])
            check_texts(bench, tokenizer, tokens.draw_keys(11, 20))
            for raw in [*BROKEN, *break_texts(13, 20)]:
                assert bench.encode(raw) == engine.encode(raw), (kind, raw)


@pytest.mark.parametrize("shuffled", [False, True])
def test_long_lists_of_merges_and_several_banks_of_them(roms, emulators, tokens, shuffled):
    tokenizer = tokens.wide(shuffled)
    draw = random.Random(17)
    words = ["".join(draw.choices("AKZabcdefghijklmnopqrstuvwxyz", k=n)) for n in range(1, 80)]
    words += ["".join(draw.choices("AKZ", k=1) + draw.choices("abcxyz", k=2)) * 9 for _ in range(40)]
    with tokens.EncodeBench(roms, emulators, tokenizer) as bench:
        assert bench.tables.ranks_are_ids != shuffled
        assert len(bench.tables.merges.sections) > 1
        check_texts(bench, tokenizer, [*words, " ".join(words[:20])])


@pytest.mark.parametrize("name", ["SentencePiece, collapsing", "SentencePiece, Metaspace", "tok512.model"])
def test_nothing_but_a_space_at_an_end_counts_as_one(roms, emulators, tokens, request, name):
    if name in REAL:
        tokenizer = load_tokenizer(request.getfixturevalue("shared") / "tokenizers" / name)
    else:
        tokenizer = tokens.KINDS[name]
    engine = native(tokenizer)
    with tokens.EncodeBench(roms, emulators, tokenizer) as bench:
        for byte in range(256):
            for raw in (
                bytes([byte]),
                bytes([byte]) + b"a",
                b"a" + bytes([byte]),
                b" a " + bytes([byte, 0x20]),
            ):
                assert bench.encode(raw) == engine.encode(raw), raw


@pytest.mark.parametrize("longest", [1, 20, 254, 255])
def test_of_a_longer_text_the_beginning_counts(roms, emulators, tokens, longest):
    tokenizer = tokens.KINDS["SentencePiece, bytes"]
    text = "".join(tokens.draw_keys(19, 8, 70))
    with tokens.EncodeBench(roms, emulators, tokenizer, longest) as bench:
        for size in (longest - 1, longest, longest + 1, 256, 300, 512):
            assert bench.encode(text[:size]) == tokenizer.encode(text[: min(size, longest)])


def test_a_tokenizer_that_needs_more_is_refused(tokens):
    for kind, reason in tokens.REFUSED.items():
        with pytest.raises(ConfigError, match=reason):
            make_encode_tables("tokens", tokens.KINDS[kind])


def change(tokenizer, **parts):
    document = json.loads(tokenizer.to_json())
    document["model"].update(parts.pop("model", {}))
    return Tokenizer.from_json(json.dumps(document | parts))


def test_bytes_without_an_id_and_added_words_are_refused(tokens):
    base = tokens.trained(300)
    document = json.loads(base.to_json())
    gap = {
        ("<gone>" if piece == "Z" else piece): token for piece, token in document["model"]["vocab"].items()
    }
    with pytest.raises(ConfigError, match="no id for byte 0x5A"):
        make_encode_tables("tokens", change(base, model={"vocab": gap}))
    word = {**document["added_tokens"][0], "id": 300, "content": "zebra", "special": False}
    with pytest.raises(ConfigError, match="added tokens"):
        make_encode_tables("tokens", change(base, added_tokens=[*document["added_tokens"], word]))
    steps = {"normalizer": {"type": "Replace", "pattern": {"String": "a"}, "content": "b"}}
    with pytest.raises(ConfigError, match="cannot have this tokenizer"):
        make_encode_tables("tokens", change(base, **steps))


def test_what_does_not_fit_is_refused(tokens, monkeypatch):
    with pytest.raises(ConfigError, match="the pieces of 16 ids"):
        make_id_table("pieces", [bytes([at]) * 1100 for at in range(16)], "the pieces")
    base = tokens.trained(300)
    tables = make_encode_tables("tokens", base)
    for longest in (0, 256):
        with pytest.raises(ConfigError, match="1 to 255"):
            write_encode("encode", tables=tables, ids=0xC100, scratch=0xC400, longest=longest)
    monkeypatch.setattr(encode_tables, "_MOST_IDS", 299)
    with pytest.raises(ConfigError, match="takes 299"):
        make_encode_tables("tokens", base)
    monkeypatch.undo()
    monkeypatch.setattr(encode_tables, "ROM_BANK_BYTES", 8000)
    with pytest.raises(ConfigError, match="characters and cuts take"):
        make_encode_tables("tokens", base)
