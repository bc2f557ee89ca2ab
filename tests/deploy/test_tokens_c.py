"""The tokenizer inside the exported C: ids and pieces are those of the project's Tokenizer."""

import ctypes
import json
import os
import random
import re
import runpy
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lilliput
from lilliput.deploy.tokens_c import tokens_code, write_tokens
from lilliput.deploy.tokens_read import read_image
from lilliput.errors import ConfigError, FormatError
from lilliput.runtime.native import library_path
from lilliput.runtime.native_tokenizer import NativeTokenizer
from lilliput.stories.world import iter_world
from lilliput.tokens import Tokenizer, load_tokenizer, train_tokenizer
from lilliput.tokens.documents import byte_level_document
from lilliput.tokens.image import tokenizer_image

HERE = Path(__file__).parent
PACKAGE = Path(lilliput.__path__[0])
COMPILER = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]

# every form that a tokenizer image has, from the tests of the C engine
KINDS: dict[str, Tokenizer] = runpy.run_path(str(HERE.parent / "runtime/conftest.py"))["KINDS"]
LEFT_TO_THE_HOST = ("Qwen's", "SentencePiece, a character table")  # texts to normalize are refused
REAL = ["tok105.bin", "tok512.bin", "tok512.model", "tok4096.bin", "llama2-32000.model", "gpt2"]
TEXTS = [
    "",
    " ",
    "   ",
    "\n",
    "\n\n \n",
    "Once upon a time",
    " Once  upon   a time ",
    "“I don't want to,” said Tim. 'They'LL go', he's said; we'd, I'm, you've, it's, 's 't",
    "the ▁ sign ▁▁ of▁space▁",
    "▁",
    "▁ a",
    "<s> </s> <unk> <|bos|> <0x0A> <|endoftext|>",
    "12345 1,000.5 ٣ ½ Ⅷ 一二三",
    "naïve café ﬁancé Ångström A\u030a ß ſ İ ı",
    "नमस्ते दुनिया, আমি বই পড়ি, مرحبا بالعالم, שלום, สวัสดี, 日本語のテキスト, 한국어, Привет, ελληνικά",
    "😀 👩\u200d👩\u200d👧 🏳️\u200d🌈 \U0010ffff \U000e0001 𝒳𝟘 \ufeff\u2028\u200b",
    "a\tb\r\nc\x00d\x7f\xa0e\u3000f",
    "!!!???...—–--- #$%&*()[]{}",
    "a" * 700,
    "the" * 300,
    " " * 300,
    "😀" * 100,
]
BROKEN = [
    b"\xff",
    b"a\xc3",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80 x",
    b"\xc0\x80",
    b"\xe2\x96",
    b"\xf0\xe2\x96\x81",
]
BROKEN += [b" \xe2\x96\x81\xe2", b"\x80\x81 \xfe\xff", bytes(range(256)), "नमस्ते 😀".encode()[:-1]]
FRAGMENTS = st.sampled_from([text for line in TEXTS[:-4] for text in re.findall(r"\S{1,6}|\s+", line)])
TEXT = st.one_of(st.text(max_size=40), st.lists(FRAGMENTS, max_size=12).map("".join))
BYTES = st.lists(st.one_of(st.binary(max_size=3), TEXT.map(str.encode)), max_size=9).map(b"".join)


class Compiled:
    """A tokenizer's C, as a library."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def encode(self, text: str | bytes, room: int | None = None) -> list[int] | int:
        raw = text.encode() if isinstance(text, str) else text
        room = len(raw) + 1 if room is None else room
        ids = (ctypes.c_uint16 * room)()
        count = self._library.lp_encode(raw, len(raw), ids, room)
        return ids[:count] if count >= 0 else count

    def piece(self, token: int, first: bool = False) -> bytes:
        out = ctypes.create_string_buffer(4096)
        count = self._library.lp_piece(token, first, out)
        return out.raw[:count]

    def decode(self, ids: list[int]) -> bytes:
        parts: list[bytes] = []
        for token in ids:
            parts.append(self.piece(token, not any(map(self.piece, ids[: len(parts)]))))
        return b"".join(parts)


def source(tokenizer: Tokenizer) -> str:
    declared = "int32_t lp_encode(const char *, int32_t, uint16_t *, int32_t);\n"
    declared += "int32_t lp_piece(int32_t, int32_t, char *);\n"
    return f"#include <stdint.h>\n#define LP_API\n{declared}{write_tokens(tokenizer)}{tokens_code()}"


def run_compiler(text: str, to: Path, *flags: str) -> None:
    code = to.with_suffix(".c")
    code.write_text(text, encoding="utf-8")
    subprocess.run([COMPILER, *STRICT, *flags, str(code), "-o", str(to)], check=True)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The C of a tokenizer, each compiled once."""
    folder = tmp_path_factory.mktemp("tokens")
    made: dict[str, Compiled] = {}

    def of(tokenizer: Tokenizer) -> Compiled:
        text = source(tokenizer)
        if text not in made:
            library = folder / f"{len(made)}.so"
            run_compiler(text, library, "-O2", "-shared", "-fPIC")
            made[text] = Compiled(ctypes.CDLL(str(library)))
        return made[text]

    return of


@cache
def shipped(name: str) -> Tokenizer:
    return Tokenizer.load(PACKAGE / f"shipped/{name}/tokenizer.json")


@cache
def open_real(folder: Path, name: str) -> Tokenizer:
    if name != "gpt2":
        return load_tokenizer(folder / name)
    vocabulary = json.loads((folder / "gpt2-vocab.json").read_text("utf-8"))
    merges = [tuple(line.split(" ")) for line in (folder / "gpt2-merges.txt").read_text("utf-8").splitlines()]
    return Tokenizer.from_json(
        json.dumps(byte_level_document(list(vocabulary), merges, ["<|endoftext|>"], None))
    )


@cache
def trained(vocab_size: int) -> Tokenizer:
    return train_tokenizer([story.text for story in iter_world(5, 200)], vocab_size)


def changed(tokenizer: Tokenizer, **parts) -> Tokenizer:
    document = json.loads(tokenizer.to_json())
    document["model"].update(parts.pop("model", {}))
    return Tokenizer.from_json(json.dumps(document | parts))


def check_texts(c: Compiled, tokenizer: Tokenizer, texts: list[str]) -> None:
    for text, ids in zip(texts, tokenizer.encode_batch(texts), strict=True):
        assert c.encode(text) == ids, text[:100]


@pytest.mark.parametrize("name", ["pocket", "laptop"])
def test_shipped_tokenizers_give_the_ids_of_python_for_stories_of_the_world_and_odd_texts(compiled, name):
    tokenizer = shipped(name)
    c = compiled(tokenizer)
    stories = [story.text for story in iter_world(3, 300)]
    check_texts(c, tokenizer, [*stories, *TEXTS])
    for text in [*stories[:50], *TEXTS]:
        assert c.decode(c.encode(text)) == text.encode()


@pytest.mark.parametrize("name", ["pocket", "tok512.bin", "tok4096.bin"])
def test_real_stories_have_the_ids_of_python(compiled, shared, name):
    tokenizer = shipped(name) if name == "pocket" else open_real(shared / "tokenizers", name)
    text = (shared / "data/tinystories-valid.txt").read_text("utf-8")
    stories = [story.strip() for story in text.split("<|endoftext|>")]
    c = compiled(tokenizer)
    check_texts(c, tokenizer, stories)
    for story in stories[:100]:
        assert c.decode(c.encode(story)).decode() == tokenizer.decode(tokenizer.encode(story))


@pytest.mark.parametrize("name", REAL)
def test_real_tokenizers_have_the_ids_and_pieces_of_python(compiled, shared, name):
    tokenizer = open_real(shared / "tokenizers", name)
    c = compiled(tokenizer)
    check_texts(c, tokenizer, TEXTS)
    ids = range(0, tokenizer.vocab_size, 1 + tokenizer.vocab_size // 5000)
    assert [c.piece(token) for token in ids] == [tokenizer.token_bytes(token) for token in ids]


@pytest.mark.parametrize("vocab_size", [260, 300, 700, 2900])
def test_tokenizers_trained_here_have_the_ids_and_pieces_of_python(compiled, vocab_size):
    tokenizer = trained(vocab_size)
    c = compiled(tokenizer)
    check_texts(c, tokenizer, [*TEXTS, *(story.text for story in iter_world(9, 60))])
    ids = range(tokenizer.vocab_size)
    assert [c.piece(token) for token in ids] == [tokenizer.token_bytes(token) for token in ids]


@pytest.mark.parametrize("kind", KINDS)
def test_every_unicode_text_has_the_ids_of_python_with_every_kind(compiled, kind):
    tokenizer = KINDS[kind]
    c = compiled(tokenizer)

    def agrees(text: str) -> bool:
        ids = c.encode(text)
        return ids == tokenizer.encode(text) or (ids == -2 and kind in LEFT_TO_THE_HOST)

    assert agrees("Once upon a time")
    assert c.encode("Once upon") != -2
    for text in TEXTS:
        assert agrees(text), text

    @settings(deadline=None, max_examples=80)
    @given(text=TEXT)
    def check(text: str) -> None:
        assert agrees(text)

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_every_id_has_the_bytes_of_python_with_every_kind(compiled, kind):
    tokenizer = KINDS[kind]
    c = compiled(tokenizer)
    ids = range(tokenizer.vocab_size)
    assert [c.piece(token) for token in ids] == [tokenizer.token_bytes(token) for token in ids]
    assert [c.piece(token) for token in (-1, tokenizer.vocab_size, 65_535, 1 << 30)] == [b""] * 4
    dropped = [raw.removeprefix(b" ") if tokenizer.dummy_prefix else raw for raw in map(c.piece, ids)]
    assert [c.piece(token, first=True) for token in ids] == dropped


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_that_are_no_utf8_have_the_ids_of_the_engine(compiled, kind):
    if library_path() is None:
        pytest.skip("the C engine is not built")
    native = NativeTokenizer(ctypes.CDLL(str(library_path())), tokenizer_image(KINDS[kind]))
    c = compiled(KINDS[kind])
    for raw in BROKEN:
        assert c.encode(raw) == (-2 if (ids := native.encode(raw)) is None else ids), raw

    @settings(deadline=None, max_examples=60)
    @given(raw=BYTES)
    def check(raw: bytes) -> None:
        assert c.encode(raw) == (-2 if (ids := native.encode(raw)) is None else ids)

    check()


@pytest.mark.parametrize("kind", ["without cuts", "tangled", "SentencePiece, merges across words"])
def test_long_words_merge_in_the_order_of_python(compiled, kind):
    draw = random.Random(5)
    texts = [
        "".join(draw.choices(letters, k=n)) for letters in ("ab", "the ", "once") for n in (5, 20, 80, 600)
    ]
    check_texts(compiled(KINDS[kind]), KINDS[kind], texts)


def test_characters_at_the_edges_of_all_classes_are_cut_as_in_python(compiled):
    """A letter, a digit or a sign merges with what follows it exactly if no cut comes between."""
    alphabet = [*json.loads(trained(260).to_json())["model"]["vocab"]][3:259]
    later = [piece for byte, piece in enumerate(alphabet) if byte >= 0x80 or byte in b"aZ1!"]
    merges = [(left, right) for left in "a1!" for right in later]
    special = ["<|pad|>", "<|bos|>", "<|endoftext|>"]
    pieces = [*special, *alphabet, *(left + right for left, right in merges)]
    telling = Tokenizer.from_json(json.dumps(byte_level_document(pieces, merges, special, special[1])))
    edges = {first + step for first, _ in read_image(tokenizer_image(telling)).ranges for step in (-1, 0, 1)}
    points = sorted({*edges, *range(0, 0x30000, 97), 0x10FFFF} - {-1} - {*range(0xD800, 0xE000)})
    for at in range(0, len(points), 1000):
        text = "".join(f"a{c}1{c}!{c}" for c in map(chr, points[at : at + 1000]))
        assert compiled(telling).encode(text) == telling.encode(text)


def test_too_little_room_is_said_and_nothing_is_written_behind_it(compiled):
    c = compiled(shipped("pocket"))
    ids = shipped("pocket").encode("Once upon a time")
    assert len(ids) == 4
    assert [c.encode("Once upon a time", room) for room in (0, 3, 16)] == [-1, -1, ids]
    assert compiled(KINDS["SentencePiece, bytes"]).encode("é", 0) == -1


def test_a_byte_without_an_id_is_said(compiled):
    vocabulary = json.loads(KINDS["trained"].to_json())["model"]["vocab"]
    gap = {("<gone>" if piece == "Z" else piece): token for piece, token in vocabulary.items()}
    c = compiled(changed(KINDS["trained"], model={"vocab": gap}))
    assert c.encode("a Zebra") == -2
    assert isinstance(c.encode("a zebra"), list)


def test_words_that_are_pieces_are_so_at_once_where_the_tokenizer_says_so(compiled):
    base = trained(300)
    vocabulary = json.loads(base.to_json())["model"]["vocab"]
    grown = {"vocab": vocabulary | {"Ġzebra": 300, "zebr": 301}, "ignore_merges": True}
    tokenizer = changed(base, model=grown)
    c = compiled(tokenizer)
    assert c.encode("a zebra") == tokenizer.encode("a zebra")
    assert c.encode("a zebra")[-1] == 300
    check_texts(c, tokenizer, ["zebr", "zebra", " zebra!", "zebr zebra zebras", *TEXTS])
    assert c.piece(300) == b" zebra"


@pytest.mark.parametrize(
    "kind", ["trained", "tangled", "Llama 3's", "SentencePiece, a byte missing", "Qwen's"]
)
def test_the_sanitizers_find_nothing(kind, tmp_path):
    tokenizer = KINDS[kind]
    flags = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    program = tmp_path / "tokens"
    try:
        run_compiler("int main(void) { return 0; }\n", program, *flags)
    except subprocess.CalledProcessError:
        pytest.skip("this compiler has no sanitizers")
    run_compiler(source(tokenizer) + (HERE / "tokens_main.c").read_text("utf-8"), program, *flags)
    raws = [*map(str.encode, TEXTS), *BROKEN]
    given = b"".join(struct.pack("<I", len(raw)) + raw for raw in raws)
    done = subprocess.run([program], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().split("\n")
    for text, line in zip(TEXTS, lines, strict=False):
        assert line == "-2" or list(map(int, line.split())) == tokenizer.encode(text)
    pieces = [tokenizer.token_bytes(token).hex() for token in range(tokenizer.vocab_size)]
    assert lines[len(raws) :] == ["", *pieces, "", ""]


def test_a_buffer_that_is_too_short_for_a_piece_does_not_compile(tmp_path):
    text = write_tokens(KINDS["SentencePiece, bytes"])
    longest = int(KINDS["SentencePiece, bytes"].bytes_per_id().max())
    assert f"#define LP_LONGEST_PIECE {longest}\n" in text
    code = tmp_path / "short.c"
    for room, returned in ((longest - 1, 1), (longest, 0)):
        code.write_text(
            f"#include <stdint.h>\n#define LP_LONGEST_PIECE {room}\n{text}{tokens_code()}", "utf-8"
        )
        command = [COMPILER, "-std=c99", "-c", str(code), "-o", str(tmp_path / "short.o")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == returned
        assert ("#error a piece has" in done.stderr) == bool(returned)


def test_the_arrays_are_small():
    def count_bytes(text: str) -> int:
        arrays = re.findall(r"static const (\w+) lp_tokens_\w+\[(\d+)\]", text)
        return sum(int(n) * {"uint16_t": 2, "uint32_t": 4}.get(kind, 1) for kind, n in arrays)

    assert count_bytes(write_tokens(shipped("pocket"))) < 8_000


@pytest.mark.parametrize(("name", "most"), [("pocket", 12_000), ("tok512.bin", 4_000)])
def test_code_and_arrays_are_small_on_a_cortex_m_and_need_no_library(request, name, most, tmp_path):
    compiler, size, names = (shutil.which(f"arm-none-eabi-{tool}") for tool in ("gcc", "size", "nm"))
    if not (compiler and size and names):
        pytest.skip("needs gcc-arm-none-eabi")
    folder = None if name == "pocket" else request.getfixturevalue("shared") / "tokenizers"
    tokenizer = open_real(folder, name) if folder else shipped(name)
    code, made = tmp_path / "tokens.c", tmp_path / "tokens.o"
    code.write_text(source(tokenizer), "utf-8")
    flags = [*STRICT, "-Os", "-mcpu=cortex-m0", "-mthumb", "-ffreestanding"]
    subprocess.run([compiler, *flags, "-c", str(code), "-o", str(made)], check=True)
    table = subprocess.run([size, str(made)], check=True, capture_output=True, text=True).stdout
    text, data, zeros = map(int, table.splitlines()[1].split()[:3])
    assert text < most
    assert data == zeros == 0  # all of it can lie in flash
    assert subprocess.run([names, "-u", str(made)], check=True, capture_output=True).stdout == b""


def test_the_source_names_nothing_but_lp_and_divides_nowhere(compiled):
    text = source(shipped("pocket"))
    names = re.findall(r"^#define (\w+)|^(?:static|LP_API)[^(=;\[]*?(\w+)(?=[(\[])", text, re.MULTILINE)
    assert {(a or b)[:3].lower() for a, b in names} == {"lp_"}
    without_comments = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert not re.search(r"[/%]", without_comments)
    assert "malloc" not in text


@pytest.mark.parametrize("vocab_size", [65_536, 65_537])
def test_ids_of_16_bits_are_the_limit(compiled, vocab_size):
    vocabulary = json.loads(trained(260).to_json())["model"]["vocab"]
    many = vocabulary | {f"x{at}": at for at in range(len(vocabulary), vocab_size - 2)}
    many |= {"zq": vocab_size - 2, "qz": vocab_size - 1}
    tokenizer = changed(trained(260), model={"vocab": many, "merges": [["z", "q"], ["q", "z"]]})
    if vocab_size > 65_536:
        with pytest.raises(ConfigError, match="65,537 ids"):
            write_tokens(tokenizer)
        return
    c = compiled(tokenizer)
    assert c.encode("qzq") == tokenizer.encode("qzq")
    assert c.encode("qz") == [65_535]
    assert [c.piece(token) for token in (65_534, 65_535, 300)] == [b"zq", b"qz", b"x300"]


def test_tokenizers_that_c_cannot_hold_are_refused_by_name():
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    base = KINDS["trained"]
    added = json.loads(base.to_json())["added_tokens"]
    with pytest.raises(ConfigError, match="added tokens that are looked for"):
        write_tokens(changed(base, added_tokens=[*added, {"id": 320, "content": "<think>", **plain}]))
    strip = {"type": "Strip", "strip_left": True, "strip_right": True}
    with pytest.raises(ConfigError, match=r"cannot be written as C.*Strip"):
        write_tokens(changed(base, normalizer=strip))
    vocabulary = json.loads(base.to_json())["model"]["vocab"]
    with pytest.raises(ConfigError, match="128 bytes that no merge makes"):
        write_tokens(changed(base, model={"vocab": vocabulary | {"x" * 128: 320}}))
    with pytest.raises(ConfigError, match="a piece of 1,025 bytes"):
        write_tokens(changed(base, model={"vocab": vocabulary | {"x" * 1025: 320}}))
    with pytest.raises(FormatError):
        changed(base, model={"type": "WordPiece"})
