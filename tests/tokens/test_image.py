import json
import struct

import pytest

from lilliput.errors import FormatError
from lilliput.tokens import Tokenizer, load_tokenizer
from lilliput.tokens.image import tokenizer_image

SPLIT = {"type": "Split", "behavior": "Isolated", "invert": False, "pattern": {"Regex": r"\s+"}}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
LEFT = {"type": "Replace", "pattern": {"Regex": r"\A +"}, "content": ""}
RIGHT = {"type": "Replace", "pattern": {"Regex": r"▁+\z"}, "content": ""}


def changed(tokenizer: Tokenizer, **parts) -> Tokenizer:
    document = json.loads(tokenizer.to_json())
    document["model"].update(parts.pop("model", {}))
    return Tokenizer.from_json(json.dumps(document | parts), bos=1, end=2)


def steps(kind: str, *listed: dict) -> dict:
    return {"type": "Sequence", kind: list(listed)}


@pytest.fixture(scope="module")
def spaced() -> Tokenizer:
    """A tokenizer of SentencePiece's kind, of a dozen pieces."""
    pieces = ["<unk>", "<s>", "</s>", "▁", "a", "b", "▁a", "ab"]
    document = {
        "added_tokens": [],
        "normalizer": steps("normalizers", {"type": "Prepend", "prepend": "▁"}, REPLACE),
        "decoder": steps("decoders", {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
        "model": {
            "type": "BPE",
            "unk_token": "<unk>",
            "vocab": {piece: token for token, piece in enumerate(pieces)},
            "merges": [["▁", "a"], ["a", "b"]],
        },
    }
    return Tokenizer.from_json(json.dumps(document), bos=1, end=2)


def head_of(image: bytes) -> tuple[int, ...]:
    return struct.unpack_from("<14I", image, 8)


def test_the_head_says_what_the_tokenizer_is(trained, spaced):
    version, _, vocab, bos, end, pad, unknown, merges, slots, *_ = head_of(tokenizer_image(trained))
    assert (version, vocab, bos, end, pad, unknown, merges) == (1, 320, 1, 2, 0, 2**32 - 1, 320 - 259)
    assert slots >= 2 * 320
    assert slots & (slots - 1) == 0
    version, _, vocab, bos, end, pad, unknown, merges, *_ = head_of(tokenizer_image(spaced))
    assert (version, vocab, bos, end, pad, unknown, merges) == (1, 8, 1, 2, 2**32 - 1, 0, 2)


def test_the_same_tokenizer_has_the_same_image(trained, spaced):
    for tokenizer in (trained, spaced):
        image = tokenizer_image(tokenizer)
        assert tokenizer_image(changed(tokenizer)) == image
        assert tokenizer_image(tokenizer.with_roles(end=tokenizer.bos)) != image


def test_what_decides_ids_is_in_the_image(trained, spaced):
    image = tokenizer_image(trained)
    merges = json.loads(trained.to_json())["model"]["merges"]
    assert tokenizer_image(changed(trained, model={"merges": merges[:-1]})) != image
    assert tokenizer_image(changed(trained, pre_tokenizer=BYTES)) != image
    assert tokenizer_image(changed(trained, normalizer={"type": "NFC"})) != image
    assert tokenizer_image(changed(spaced, model={"fuse_unk": True})) != tokenizer_image(spaced)


def test_the_image_of_512_ids_is_small(shared):
    assert len(tokenizer_image(load_tokenizer(shared / "tokenizers/tok512.bin"))) < 16_000


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}}, '"type": "Strip"'),
        ({"normalizer": {"type": "ByteLevel"}}, '"type": "ByteLevel"'),
        ({"normalizer": steps("normalizers", REPLACE)}, '"type": "Replace"'),
        (
            {"pre_tokenizer": steps("pretokenizers", SPLIT | {"behavior": "Removed"}, BYTES)},
            '"behavior": "Removed"',
        ),
        (
            {"pre_tokenizer": steps("pretokenizers", SPLIT | {"behavior": "Removed", "invert": True}, BYTES)},
            '"behavior": "Removed"',
        ),
        ({"pre_tokenizer": steps("pretokenizers", BYTES, {"type": "Whitespace"})}, '"type": "Whitespace"'),
        ({"pre_tokenizer": steps("pretokenizers", {"type": "Punctuation"}, BYTES)}, '"type": "Punctuation"'),
        ({"pre_tokenizer": steps("pretokenizers", *[SPLIT] * 9, BYTES)}, "9 steps"),
        (
            {"pre_tokenizer": steps("pretokenizers", SPLIT, BYTES | {"add_prefix_space": True})},
            '"add_prefix_space": true',
        ),
        (
            {"pre_tokenizer": steps("pretokenizers", SPLIT | {"pattern": {"Regex": r"\bx"}}, BYTES)},
            r"the escape '\\\\b'",
        ),
    ],
)
def test_steps_that_no_image_can_say_are_refused_by_name(trained, parts, message):
    with pytest.raises(FormatError, match=message):
        tokenizer_image(changed(trained, **parts))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"normalizer": None}, "spaces are not written ▁"),
        ({"normalizer": steps("normalizers", REPLACE, LEFT)}, r"\\\\A \+"),
        (
            {"normalizer": steps("normalizers", REPLACE, RIGHT, {"type": "Prepend", "prepend": "▁"})},
            "Prepend",
        ),
        (
            {"normalizer": steps("normalizers", {"type": "Prepend", "prepend": "x"}, REPLACE)},
            '"prepend": "x"',
        ),
        ({"normalizer": steps("normalizers", REPLACE, {"type": "NFC"})}, '"type": "NFC"'),
        ({"normalizer": steps("normalizers", LEFT, REPLACE), "pre_tokenizer": METASPACE}, "Metaspace"),
        ({"pre_tokenizer": METASPACE | {"replacement": "_"}}, '"replacement": "_"'),
    ],
)
def test_other_ways_with_spaces_are_refused_by_name(spaced, parts, message):
    with pytest.raises(FormatError, match=message):
        tokenizer_image(changed(spaced, **parts))


def test_pieces_that_decode_to_another_text_are_refused_where_their_text_is_looked_up(spaced):
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    with pytest.raises(FormatError, match="'▁' decodes to another text"):
        tokenizer_image(changed(spaced, added_tokens=[{"id": 3, "content": "▁", **plain}]))


def test_tokens_looked_for_in_normalized_text_are_refused(spaced):
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "special"), False) | {"normalized": True}
    with pytest.raises(FormatError, match="'think' is looked for in normalized text"):
        tokenizer_image(changed(spaced, added_tokens=[{"id": 8, "content": "think", **plain}]))


def test_byte_fallback_for_lack_of_bytes_is_refused(trained):
    vocabulary = json.loads(trained.to_json())["model"]["vocab"]
    renamed = {("<2>" if piece == "Ă" else piece): token for piece, token in vocabulary.items()}
    with pytest.raises(FormatError, match="byte_fallback and without all bytes"):
        tokenizer_image(changed(trained, model={"vocab": renamed, "byte_fallback": True}))
