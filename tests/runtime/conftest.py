"""The C tokenizer, compiled for the tests, and tokenizers of every kind that it knows."""

import ctypes
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

import lilliput.runtime
from lilliput.runtime.native_tokenizer import NativeTokenizer
from lilliput.tokens import Tokenizer, train_tokenizer
from lilliput.tokens.byte_alphabet import ALPHABET
from lilliput.tokens.documents import (
    byte_level_document,
    sentencepiece_document,
    sentencepiece_normalizer,
)
from lilliput.tokens.image import tokenizer_image
from lilliput.tokens.scored_pieces import merges_of_scores

SOURCES = Path(lilliput.runtime.__path__[0]) / "c"
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
SPECIAL = ["<|pad|>", "<|bos|>", "<|endoftext|>"]

STORY = (
    "Once upon a time, there was a little dog named Tim.\n\nTim said, “I don't want to go!” "
    "He ran to the big red tree and saw 3 cats. The cats were happy. It's 1234 o'clock, they'll see.\n"
)
SPLIT = {"type": "Split", "behavior": "Isolated", "invert": False}
LAST = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = (
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = (
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    r"[!-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|\s+(?!\S)|\s+",
)


@pytest.fixture(scope="session")
def compiler() -> str:
    """The name of a C compiler; skips where there is none."""
    found = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not found:
        pytest.skip("needs a C compiler")
    return found


@pytest.fixture(scope="session")
def tokenizer_sources() -> list[str]:
    """The paths of the tokenizer's C files."""
    return [str(SOURCES / name) for name in ("tokenizer.c", "tokenizer_encode.c")]


@pytest.fixture(scope="session")
def core_sources(tokenizer_sources) -> list[str]:
    """The paths of the C files that tell a story: the engine's, its host part's, the tokenizer's."""
    kernels = ("plain", "avx2", "avx512", "neon", "neon_dot")
    names = ["model", "forward", "sample", "engine", "host", *(f"kernels_{name}" for name in kernels)]
    return [*(str(SOURCES / f"{name}.c") for name in names), *tokenizer_sources]


@pytest.fixture(scope="session")
def tokenizer_library(compiler, tokenizer_sources, tmp_path_factory) -> ctypes.CDLL:
    """The tokenizer's C files, and nothing else, as a library."""
    out = tmp_path_factory.mktemp("c") / "tokenizer.so"
    subprocess.run([compiler, *STRICT, "-shared", "-fPIC", *tokenizer_sources, "-o", str(out)], check=True)
    return ctypes.CDLL(str(out))


def changed(tokenizer: Tokenizer, **parts) -> Tokenizer:
    """`tokenizer` with other parts of its tokenizer.json."""
    document = json.loads(tokenizer.to_json())
    model = parts.pop("model", {})
    document["model"].update(model)
    return Tokenizer.from_json(json.dumps(document | parts))


def cutters(*steps) -> dict:
    return {"pre_tokenizer": {"type": "Sequence", "pretokenizers": list(steps)}}


def split_by(expression: str, **settings) -> dict:
    return SPLIT | {"pattern": {"Regex": expression}} | settings


def make_byte_level() -> dict[str, Tokenizer]:
    base = train_tokenizer([STORY], 320)
    vocabulary = json.loads(base.to_json())["model"]["vocab"]
    renamed = {"?": "<unk>", "Ã": "<2>"}
    lossy = {renamed.get(piece, piece): token for piece, token in vocabulary.items()}
    lossy_model = {"vocab": lossy, "unk_token": "<unk>"}
    return {
        "trained": base,
        "with a space before": changed(
            base, pre_tokenizer=LAST | {"add_prefix_space": True, "use_regex": True}
        ),
        "without cuts": changed(base, pre_tokenizer=LAST),
        "digits apart": changed(
            base, **cutters({"type": "Digits", "individual_digits": True}, LAST | {"use_regex": True})
        ),
        "digits": changed(base, **cutters({"type": "Digits", "individual_digits": False}, LAST)),
        "Llama 3's": changed(base, **cutters(split_by(LLAMA3), LAST), model={"ignore_merges": True}),
        "GPT-4's": changed(base, **cutters(split_by(LLAMA3, behavior="Removed", invert=True), LAST)),
        "Qwen's": changed(base, **cutters(split_by(LLAMA3), LAST), normalizer={"type": "NFC"}),
        "DeepSeek's": changed(base, **cutters(*map(split_by, DEEPSEEK), LAST)),
        "a cut at a word": changed(base, **cutters(SPLIT | {"pattern": {"String": "the"}}, LAST)),
        "unknown bytes": changed(base, model=lossy_model),
        "unknown bytes fused": changed(base, model=lossy_model | {"fuse_unk": True}),
        "stages that lean on where they begin": changed(
            base, **cutters(split_by("t.."), split_by("t"), LAST)
        ),
        "tangled": make_tangled(),
    }


def make_tangled() -> Tokenizer:
    """Merges in an order that no training gives, so that they overlap and thwart one another.

    `the` is a piece, and the word is `th` + `e`; of "ab" there are pieces at random.
    """
    draw = random.Random(8)  # a seed with which stale pairs come before their time, if they are not dropped
    pieces, merges = ["a", "b"], []
    while len(pieces) < 60:
        pair = draw.choice(pieces), draw.choice(pieces)
        if len("".join(pair)) > 12:
            continue
        if pair not in merges:
            merges.insert(draw.randrange(len(merges) + 1), pair)
        if "".join(pair) not in pieces:
            pieces.append("".join(pair))
    merges += [("t", "h"), ("h", "e"), ("t", "he")]
    all_pieces = [*SPECIAL, *ALPHABET, *pieces[2:], "th", "he", "the"]
    return Tokenizer.from_json(json.dumps(byte_level_document(all_pieces, merges, SPECIAL, SPECIAL[1])))


def make_sentencepiece(
    byte_fallback: bool = True, normalizer: dict | None = None, dummy: bool = True, without: str = "!"
) -> Tokenizer:
    text = STORY.replace(" ", "▁").replace("\n", "")
    words = [f"▁{word}" for word in STORY.split()]
    beginnings = [word[:end] for word in words for end in range(2, len(word) + 1)]
    pieces = list(dict.fromkeys([*beginnings, "▁▁", "▁▁▁▁", *sorted({*text, "é"})]))
    pieces = [piece for piece in pieces if piece not in without]
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)] * byte_fallback
    document = sentencepiece_document(
        ["<unk>", "<s>", "</s>", *bytes_, *pieces],
        merges_of_scores({piece: -float(at) for at, piece in enumerate(pieces)}, "test"),
        ["<unk>", "<s>", "</s>"],
        "<s>",
        unknown="<unk>",
        byte_fallback=byte_fallback,
        normalizer=normalizer or sentencepiece_normalizer(dummy, collapse_spaces=False),
        dummy_prefix=dummy,
    )
    return Tokenizer.from_json(json.dumps(document))


def metaspace(scheme: str, split: bool) -> dict:
    step = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
    return {"normalizer": None, "pre_tokenizer": step, "decoder": step}


def make_sentencepiece_kinds() -> dict[str, Tokenizer]:
    base, lossy = make_sentencepiece(), make_sentencepiece(byte_fallback=False)
    vocabulary = json.loads(base.to_json())["model"]["vocab"]
    few = json.loads(lossy.to_json())["model"]["vocab"]
    gap = {("<gone>" if piece == "<0xA9>" else piece): at for piece, at in vocabulary.items()}
    at_spaces = SPLIT | {"pattern": {"String": " "}, "behavior": "MergedWithPrevious"}
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    across = json.loads(base.to_json())["model"]["merges"] + [["e", "▁"]]
    return {
        "bytes": base,
        "no bytes": lossy,
        "no bytes, unfused": changed(lossy, model={"fuse_unk": False}),
        "a byte missing": changed(base, model={"vocab": gap}),
        "collapsing": make_sentencepiece(normalizer=sentencepiece_normalizer(True, True)),
        "collapsing, no space before": make_sentencepiece(
            normalizer=sentencepiece_normalizer(False, True), dummy=False
        ),
        "no space before": make_sentencepiece(dummy=False),
        "Metaspace": changed(base, **metaspace("always", True)),
        "Metaspace, whole": changed(lossy, **metaspace("first", False)),
        "Metaspace, never": changed(base, **metaspace("never", True)),
        "Gemma's": changed(base, normalizer=replace, pre_tokenizer=at_spaces),
        "digits apart": changed(base, pre_tokenizer={"type": "Digits", "individual_digits": True}),
        "cut at what is not a letter": changed(base, pre_tokenizer=split_by(r"[^\p{L}]|\S\s")),
        "merges across words": changed(
            base, model={"merges": across, "vocab": vocabulary | {"e▁": len(vocabulary)}}
        ),
        "words first": changed(
            lossy, model={"ignore_merges": True, "vocab": few | {"▁tiny": len(few), "▁a▁cat": len(few) + 1}}
        ),
        "the space unknown": make_sentencepiece(byte_fallback=False, without="!▁"),
        "a character table": changed(
            base, normalizer={"type": "NFKC"}, pre_tokenizer=metaspace("always", False)["pre_tokenizer"]
        ),
    }


KINDS = {
    **make_byte_level(),
    **{f"SentencePiece, {name}": kind for name, kind in make_sentencepiece_kinds().items()},
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `kind` runs with the name of each."""
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", KINDS)


@pytest.fixture(scope="session")
def kinds() -> dict[str, Tokenizer]:
    """A tokenizer of every kind, by name."""
    return KINDS


@pytest.fixture(scope="session")
def natives(tokenizer_library) -> dict[str, NativeTokenizer]:
    """The same in C."""
    return {name: NativeTokenizer(tokenizer_library, tokenizer_image(kind)) for name, kind in KINDS.items()}
