"""Hostile images, too little memory, and what the object files need."""

import ctypes
import json
import shutil
import struct
import subprocess
from itertools import accumulate, pairwise
from pathlib import Path

import pytest

from lilliput.errors import DataError, FormatError
from lilliput.runtime.native_tokenizer import NativeTokenizer
from lilliput.tokens import Tokenizer
from lilliput.tokens.image import tokenizer_image

FUZZER = Path(__file__).with_name("fuzz_tokenizer.c")
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
FORMAT, DAMAGED = -1, -2
STORY = "Once upon a time, there was a little dog named Tim.\n\nTim said, “I don't want to go!”\n"


def test_a_byte_without_an_id_is_refused(kinds, tokenizer_library):
    values = json.loads(kinds["trained"].to_json())
    values["model"]["vocab"]["unused"] = values["model"]["vocab"].pop("Ă")  # byte 2
    native = NativeTokenizer(tokenizer_library, tokenizer_image(Tokenizer.from_json(json.dumps(values))))
    with pytest.raises(DataError, match="no id for a byte of the text"):
        native.encode("a\x02b")


def test_mistakes_are_refused_in_one_line(natives, kinds, tokenizer_library):
    native = natives["trained"]
    with pytest.raises(DataError, match="lone surrogate at character 1"):
        native.encode("a\ud800")
    with pytest.raises(DataError, match="more than 64 MiB"):
        native.encode(b"a" * ((1 << 26) + 1))
    for token in (-1, 320, 1 << 40):
        with pytest.raises(DataError, match=f"{token} is no id"):
            native.decode_token(token, first=False)
    with pytest.raises(FormatError, match="no tokenizer image"):
        NativeTokenizer(tokenizer_library, b"")
    with pytest.raises(FormatError, match="damaged"):
        NativeTokenizer(tokenizer_library, tokenizer_image(kinds["trained"])[:-1])


def test_every_error_says_what_to_do(tokenizer_library, natives):
    messages = [tokenizer_library.lp_tokenizer_error(code) for code in range(0, -10, -1)]
    assert len(set(messages)) == 10
    assert messages[0] == b"no error"
    assert messages[9] == b"an unknown error"


def encode_in(
    path: str, image: bytes, raw: bytes, room: int, scratch_bytes: int, shift: int = 0
) -> list[int]:
    """lp_encode with just so much memory, everything `shift` bytes off; the ids, or [a code]."""
    library = ctypes.CDLL(path)  # with no types declared
    blocks = [ctypes.create_string_buffer(bytes(shift) + part) for part in (image, raw, bytes(scratch_bytes))]
    at = [ctypes.c_void_p(ctypes.addressof(block) + shift) for block in blocks]
    struct, ids = ctypes.create_string_buffer(library.lp_tokenizer_size()), (ctypes.c_int32 * max(room, 1))()
    sizes = [ctypes.c_size_t(size) for size in (len(image), len(raw), room, scratch_bytes)]
    assert library.lp_tokenizer_open(struct, at[0], sizes[0]) == 0
    library.lp_encode.restype = ctypes.c_long
    count = library.lp_encode(struct, at[1], sizes[1], ids, sizes[2], at[2], sizes[3])
    return [count] if count < 0 else ids[:count]


@pytest.mark.parametrize("name", ["trained", "without cuts", "SentencePiece, collapsing"])
def test_too_little_room_is_an_error_and_enough_is_enough_at_any_address(tokenizer_library, kinds, name):
    raw, image, ids = STORY.encode(), tokenizer_image(kinds[name]), kinds[name].encode(STORY)
    for shift in range(4):
        assert encode_in(tokenizer_library._name, image, raw, len(ids), 33 * (len(raw) + 1) + 8, shift) == ids
    assert encode_in(tokenizer_library._name, image, raw, len(ids) - 1, 33 * (len(raw) + 1) + 8) == [-3]
    assert encode_in(tokenizer_library._name, image, raw, len(ids), len(raw)) == [-4]
    assert encode_in(tokenizer_library._name, image, raw, len(ids), 0) == [-4]
    short = encode_in(tokenizer_library._name, image, raw, len(ids), len(raw) + 32 + 32 * 10)
    assert short == ([-4] if name == "without cuts" else ids)  # all is one word, or ten bytes at most


@pytest.mark.parametrize("optimize", ["-O2", "-O3"])
def test_the_core_needs_nothing_but_memcpy_and_memset(compiler, tokenizer_sources, tmp_path, optimize):
    for source in tokenizer_sources:
        out = tmp_path / (Path(source).stem + ".o")
        freestanding = ["-std=c99", optimize, "-ffreestanding", "-nostdlib", "-c", source, "-o", str(out)]
        subprocess.run([compiler, *freestanding], check=True)
    if not shutil.which("nm"):
        pytest.skip("needs nm")
    listing = subprocess.run(["nm", *tmp_path.glob("*.o")], capture_output=True, text=True, check=True).stdout
    symbols = [line.split()[-2:] for line in listing.splitlines() if line.split()[-2:-1]]
    undefined = {name for kind, name in symbols if kind == "U" and not name.startswith("lp_")}
    assert undefined <= {"memcpy", "memset", "memmove"}
    assert not [name for kind, name in symbols if kind in ("B", "b", "D", "d", "C")]  # no globals


def words_of(image: bytes) -> dict[str, int]:
    """Where each section of an image begins."""
    _, _, vocab, *_, merges, slots, ranges, foreign, text, foreign_text, _ = struct.unpack_from(
        "<14I", image, 8
    )
    sizes = {
        "byte_ids": 1024,
        "offsets": 4 * (vocab + 1),
        "first": 4 * (vocab + 1),
        "merges": 12 * merges,
        "slots": 4 * slots,
        "ranges": 4 * ranges,
        "foreign_offsets": 4 * (foreign + 1),
        "ascii": 128,
        "foreign_starts": 32,
        "marks": vocab,
        "texts": text,
        "foreign_texts": foreign_text,
        "tables": 0,
    }
    starts = accumulate(sizes.values(), initial=64)
    return {"head": 0, **dict(zip(sizes, starts, strict=False))}


NONE = 0xFFFFFFFF
VOCAB = 320
CONTRADICTIONS = {  # section: words at which place, with which value
    "a flag that is not known": ("head", 3, 1 << 10),
    "no ids": ("head", 4, 0),
    "a bos that is no id": ("head", 5, VOCAB),
    "an end that is no id": ("head", 6, NONE),
    "a pad that is no id": ("head", 7, VOCAB),
    "an unknown that is no id": ("head", 8, VOCAB),
    "a merge more": ("head", 9, 320 - 259 + 1),
    "a billion merges": ("head", 9, 1 << 30),
    "no ranges": ("head", 11, 0),
    "a text more": ("head", 12, 1),
    "no classes": ("head", 15, 1 << 16),
    "128 classes": ("head", 15, 1 << 16 | 128),
    "no stages": ("head", 15, 12),
    "a byte's id that is none": ("byte_ids", 7, VOCAB),
    "texts from behind the beginning": ("offsets", 0, 1),
    "texts that go back": ("offsets", 5, 1 << 20),
    "texts that end too late": ("offsets", VOCAB, 1 << 20),
    "merges that go back": ("first", 5, 1 << 20),
    "a merge with no id": ("merges", 3 * 60, VOCAB),
    "a rank that there is not": ("merges", 1, 320 - 259),
    "a merge to no id": ("merges", 2, VOCAB),
    "a text's id that is none": ("slots", 9, VOCAB),
    "a first range that is not the first": ("ranges", 0, 1 << 8),
    "ranges that go back": ("ranges", 3, 0),
    "a range of a class that there is not": ("ranges", 0, 100),
    "an ASCII character of a class that there is not": ("ascii", 5, 0x64646464),
    "foreign texts that end too late": ("foreign_offsets", 0, 5),
    "one state": ("tables", 0, 1),
    "a million states": ("tables", 0, 1_000_000),
    "a state more": ("tables", 0, 28),
    "a state that there is not": ("tables", 3, 0x7FFF7FFF),
}


def opens(library: ctypes.CDLL, image: bytes) -> int:
    return library.lp_tokenizer_open(ctypes.create_string_buffer(1024), image, len(image))


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_an_image_that_contradicts_itself_is_refused(natives, kinds, tokenizer_library, name):
    image = bytearray(tokenizer_image(kinds["trained"]))
    section, place, value = CONTRADICTIONS[name]
    struct.pack_into("<I", image, words_of(image)[section] + 4 * place, value)
    assert opens(tokenizer_library, bytes(image)) == DAMAGED


def test_spliced_images_are_refused(natives, kinds, tokenizer_library):
    image = tokenizer_image(kinds["trained"])
    at, slots = words_of(image), struct.unpack_from("<I", image, 40)[0]
    assert opens(tokenizer_library, image) == 0
    assert opens(tokenizer_library, image[:7]) == opens(tokenizer_library, b"X" + image[1:]) == FORMAT
    assert opens(tokenizer_library, image[:8] + b"\2" + image[9:]) == FORMAT  # another version
    assert opens(tokenizer_library, image + b"\0") == DAMAGED
    for end in range(64, len(image), 97):
        assert opens(tokenizer_library, image[:end]) == DAMAGED

    fewer = bytearray(image[: at["slots"]] + image[at["slots"] + 4 :])  # no power of two
    struct.pack_into("<I", fewer, 40, slots - 1)
    assert opens(tokenizer_library, bytes(fewer)) == DAMAGED
    bare = bytearray(image[: at["ranges"]] + image[at["foreign_offsets"] :])
    struct.pack_into("<I", bare, 44, 0)
    assert opens(tokenizer_library, bytes(bare)) == DAMAGED
    for first, count, answer in (
        (100, 257, DAMAGED),
        (-200, 300, DAMAGED),
        (0, slots, DAMAGED),
        (-64, 128, 0),
    ):
        crowded = bytearray(image)
        for place in range(first, first + count):
            struct.pack_into("<I", crowded, at["slots"] + 4 * (place % slots), 5)
        assert opens(tokenizer_library, bytes(crowded)) == answer
    merges = [image[at["merges"] + 12 * k :][:12] for k in range((at["slots"] - at["merges"]) // 12)]
    firsts = struct.unpack_from(f"<{VOCAB + 1}I", image, at["first"])
    k = next(start for start, end in pairwise(firsts) if end - start > 1)  # two of the same left id
    merges[k : k + 2] = merges[k + 1], merges[k]
    swapped = image[: at["merges"]] + b"".join(merges) + image[at["slots"] :]
    assert opens(tokenizer_library, swapped) == DAMAGED
    stages = bytearray(image + image[at["tables"] :] * 8)
    (classes,) = struct.unpack_from("<I", image, 60)
    struct.pack_into("<I", stages, 60, (classes & 0xFFFF) | 9 << 16)
    assert opens(tokenizer_library, bytes(stages)) == DAMAGED
    struct.pack_into("<I", stages, 60, (classes & 0xFFFF) | 8 << 16)
    assert opens(tokenizer_library, bytes(stages[: -(len(image) - at["tables"])])) == 0


def test_a_table_that_goes_on_behind_the_end_of_the_text_ends_there(natives, kinds, tokenizer_library):
    image = bytearray(tokenizer_image(kinds["trained"]))
    tables, columns = words_of(image)["tables"], struct.unpack_from("<H", image, 60)[0] + 1
    for state in range(1, struct.unpack_from("<I", image, tables)[0]):
        struct.pack_into("<H", image, tables + 4 + 2 * (columns * state + columns - 1), 0x8001)
    assert NativeTokenizer(tokenizer_library, bytes(image)).encode("the") == kinds["trained"].encode("the")


def with_added_tokens(kinds: dict[str, Tokenizer]) -> Tokenizer:
    values = json.loads(kinds["trained"].to_json())
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    values["added_tokens"] += [
        {"id": 320, "content": "<think>", **flags},
        {"id": 321, "content": "the dog", **flags},
    ]
    return Tokenizer.from_json(json.dumps(values))


def test_hostile_images_never_crash_hang_or_read_outside(compiler, tokenizer_sources, kinds, tmp_path):
    program = tmp_path / "fuzz"
    sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    build = [
        compiler,
        *STRICT,
        "-g",
        *sanitize,
        f"-I{Path(tokenizer_sources[0]).parent}",
        str(FUZZER),
        *tokenizer_sources,
        "-o",
        str(program),
    ]
    made = subprocess.run(build, capture_output=True, text=True, check=False)
    if made.returncode and "sanitize" in made.stderr + made.stdout:
        pytest.skip("needs the compiler's sanitizers")
    assert made.returncode == 0, made.stderr
    names = ["trained", "tangled", "Qwen's", "DeepSeek's", "unknown bytes fused"]
    names += ["SentencePiece, collapsing", "SentencePiece, no bytes", "SentencePiece, a byte missing"]
    images = [tokenizer_image(kinds[name]) for name in names] + [tokenizer_image(with_added_tokens(kinds))]
    paths = [tmp_path / f"{number}.image" for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        path.write_bytes(image)
    run = subprocess.run([program, "1500", *paths], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    tried, opened, encoded = map(int, run.stdout.split())
    assert tried == 1500 * len(images)
    assert tried / 20 < opened < tried * 0.9  # some mutations are harmless, or change ids only; most are seen
    assert encoded > opened
