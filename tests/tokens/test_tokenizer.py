import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import DataError, FormatError
from lilliput.tokens import Tokenizer, read_sentencepiece, train_tokenizer
from lilliput.tokens.byte_alphabet import ALPHABET, piece_of_bytes

FRAGMENTS = st.sampled_from(
    [
        "<|endoftext|>",
        "<|bos|>",
        "<|pad|>",
        "<|",
        "|>",
        "<s>",
        "</s>",
        "<unk>",
        "<0x0A>",
        "Ġ",
        "▁",
        "the",
        "don't",
        "'s",
        "'LL",
        "12345",
        "é",
        "́",
        "👩\u200d👩\u200d👧",
        "😀",
        "\ufeff",
        "नमस्ते",
        "ﬁ",
        "日本",
        "�",
        "\U0010ffff",
        "\x00",
        "\r\n",
        "\n",
        " ",
        "   ",
        "\t",
        " cat",
        "\u2028",
    ]
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(FRAGMENTS, max_size=12).map("".join))


@settings(deadline=None, max_examples=400)
@given(text=TEXTS)
def test_every_unicode_text_comes_back_exactly(trained, text):
    ids = trained.encode(text)
    assert trained.decode(ids) == text
    assert not trained.special_ids.intersection(ids)
    assert trained.bytes_per_id()[ids].sum() == len(text.encode())


@settings(deadline=None, max_examples=100)
@given(text=TEXTS)
def test_every_unicode_text_comes_back_from_gpt2(gpt2, text):
    assert gpt2.decode(gpt2.encode(text)) == text


@settings(deadline=None, max_examples=200)
@given(text=TEXTS)
def test_llama_2_gives_text_back_except_for_its_sign_of_space(llama2, text):
    assert llama2.decode(llama2.encode(text)) == text.replace("▁", " ")


@settings(deadline=None, max_examples=200)
@given(ids=st.lists(st.integers(0, 319), max_size=30))
def test_a_stream_of_any_ids_gives_the_text_of_decode(trained, ids):
    feed = trained.make_stream_decoder()
    assert "".join(feed(token) for token in [*ids, None]) == trained.decode(ids)


@settings(deadline=None, max_examples=200)
@given(ids=st.lists(st.integers(0, 511), max_size=30))
def test_a_stream_drops_the_dummy_space_exactly_like_decode(tok512, ids):
    feed = tok512.make_stream_decoder()
    assert "".join(feed(token) for token in [*ids, None]) == tok512.decode(ids)
    assert "".join(feed(token) for token in [*ids, None]) == tok512.decode(ids)  # None begins anew


def test_a_stream_never_splits_a_character(trained):
    feed = trained.make_stream_decoder()
    pieces = [feed(3 + byte) for byte in "é😀".encode()]
    assert pieces == ["", "é", "", "", "", "😀"]


def test_a_stream_that_begins_with_bos_drops_the_dummy_space(tok512):
    feed = tok512.make_stream_decoder()
    ids = [tok512.bos, *tok512.encode("Once upon")]
    assert "".join(map(feed, ids)) == tok512.decode(ids) == "Once upon"


def test_the_rest_of_a_stream_is_flushed(trained):
    feed = trained.make_stream_decoder()
    assert feed(3 + 0xE2) == ""
    assert feed(None) == "\ufffd"
    assert feed(None) == ""


def test_bytes_that_are_no_utf8_become_replacement_characters(trained):
    assert trained.decode([3 + 0xFF, 3 + ord("a"), 3 + 0xC3]) == "\ufffda\ufffd"


def test_special_ids_vanish(trained):
    ids = trained.encode("a cat")
    assert trained.decode([trained.bos, *ids, trained.end, trained.pad]) == "a cat"
    assert trained.special_ids == {0, 1, 2}
    assert trained.token_bytes(trained.end) == b""


def test_special_tokens_in_a_story_are_text(trained, gpt2, tok512):
    for tokenizer in (trained, gpt2, tok512):
        for name in ("<|endoftext|>", "<|bos|>", "<s>", "</s>"):
            ids = tokenizer.encode(f"a {name} b")
            assert not tokenizer.special_ids.intersection(ids)
            assert tokenizer.decode(ids) == f"a {name} b"


def test_nothing_is_no_ids(trained, tok512):
    assert trained.encode("") == tok512.encode("") == []
    assert trained.encode_batch([]) == []
    assert trained.decode([]) == ""


def test_a_batch_is_the_texts_one_by_one(trained, story):
    texts = [story[at : at + 20] for at in range(0, len(story), 7)]
    assert trained.encode_batch(texts) == [trained.encode(text) for text in texts]


def test_a_lone_surrogate_is_refused_by_name(trained):
    with pytest.raises(DataError, match=r"text 1 .*U\+D800.* character 2"):
        trained.encode_batch(["fine", "ab\ud800"])


def test_what_is_not_text_is_a_type_error(trained):
    with pytest.raises(TypeError):
        trained.encode_batch([3])


@pytest.mark.parametrize("token", [-1, 320, 10**9])
def test_a_number_that_is_no_id_is_refused(trained, token):
    with pytest.raises(DataError, match=f"{token} is no id of a vocabulary of 320"):
        trained.decode([3, token])
    with pytest.raises(DataError, match="is no id"):
        trained.make_stream_decoder()(token)


def test_the_lengths_are_those_of_the_bytes(trained):
    lengths = trained.bytes_per_id()
    assert lengths.dtype == np.int32
    assert lengths.tolist() == [len(trained.token_bytes(token)) for token in range(320)]
    assert lengths[:3].tolist() == [0, 0, 0]


def test_json_round_trip_keeps_everything(trained, gpt2, tok512, story):
    for tokenizer in (trained, gpt2, tok512):
        again = Tokenizer.from_json(tokenizer.to_json())
        assert again.describe() == tokenizer.describe()
        assert again.encode(story) == tokenizer.encode(story)
        assert again.hf_special_tokens == tokenizer.hf_special_tokens


def test_save_and_load_keep_everything(trained, tmp_path):
    trained.save(tmp_path / "tokenizer.json")
    assert Tokenizer.load(tmp_path / "tokenizer.json").fingerprint == trained.fingerprint


def test_describe_says_what_it_is(trained):
    assert trained.describe() == {
        "kind": "byte-level BPE",
        "vocab_size": 320,
        "fingerprint": trained.fingerprint,
        "bos": 1,
        "end": 2,
        "pad": 0,
        "special": {"<|pad|>": 0, "<|bos|>": 1, "<|endoftext|>": 2},
    }
    assert trained.hf_special_tokens == {
        "bos_token": "<|bos|>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|pad|>",
    }


def test_gpt2_gives_the_published_ids(gpt2):
    assert gpt2.encode("Hello world") == [15496, 995]
    assert gpt2.encode("Once upon a time") == [7454, 2402, 257, 640]
    assert gpt2.bos == gpt2.end == 50256
    assert gpt2.pad is None
    assert gpt2.vocab_size == 50257
    assert gpt2.token_bytes(640) == b" time"


def test_the_course_tokenizer_of_10_000_loads(shared, story):
    folder = shared / "tokenizers"
    vocabulary = json.loads((folder / "tinystories-bpe10k-vocab.json").read_text("utf-8"))
    merges = json.loads((folder / "tinystories-bpe10k-merges.json").read_text("utf-8"))

    def spell(piece: str) -> str:  # the course writes pieces as text and bytes from 0x80 as \\u0080
        return ALPHABET[vocabulary[piece]] if piece_id(piece) < 256 else piece_of_bytes(piece.encode())

    def piece_id(piece: str) -> int:
        return vocabulary.get(piece, 10_000)

    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    ids = {spell(piece): at for piece, at in vocabulary.items()}
    sound = [
        [spell(left), spell(right)]
        for left, right in merges
        if {spell(left), spell(right), spell(left) + spell(right)} <= ids.keys()
    ]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    values = {
        "added_tokens": [{"id": 9999, "content": "<|endoftext|>", "special": True, **flags}],
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": ids, "merges": sound},
    }
    tokenizer = Tokenizer.from_json(json.dumps(values))
    assert tokenizer.vocab_size == 10_000
    assert tokenizer.decode(tokenizer.encode(story)) == story
    assert tokenizer.encode("Once upon a time") == [
        vocabulary[piece] for piece in ("Once", " upon", " a", " time")
    ]


def test_other_roles_are_another_tokenizer_with_the_same_ids(tok512, story):
    llama2c = tok512.with_roles(end=tok512.bos)
    assert (llama2c.bos, llama2c.end) == (1, 1)
    assert llama2c.encode(story) == tok512.encode(story)
    assert llama2c.fingerprint != tok512.fingerprint
    assert llama2c.special_ids == tok512.special_ids
    assert llama2c.hf_special_tokens["eos_token"] == "<s>"
    assert llama2c.with_roles(end=2).fingerprint == tok512.fingerprint


def test_a_new_bos_is_what_hugging_face_puts_first(trained):
    post_processor = json.loads(trained.with_roles(bos=2).to_json())["post_processor"]
    assert post_processor["single"][0]["SpecialToken"]["id"] == "<|endoftext|>"


def test_a_role_for_an_ordinary_id_makes_it_special(trained):
    changed = trained.with_roles(end=300)
    assert 300 in changed.special_ids
    assert changed.token_bytes(300) == b""


@pytest.mark.parametrize("token", [-1, 320])
def test_a_role_for_no_id_is_refused(trained, token):
    with pytest.raises(FormatError, match=f"end = {token} is no id of a vocabulary of 320"):
        trained.with_roles(end=token)


def test_a_config_beside_the_file_gives_the_roles(tok512, tmp_path):
    llama2c = tok512.with_roles(end=1)
    llama2c.save(tmp_path / "tokenizer.json")
    assert Tokenizer.load(tmp_path / "tokenizer.json").end == 2  # by its name alone
    (tmp_path / "config.json").write_text('{"bos_token_id": 1, "eos_token_id": [1, 2]}')
    assert Tokenizer.load(tmp_path / "tokenizer.json").fingerprint == llama2c.fingerprint


@pytest.mark.parametrize("config", ["", "[]", "{", '{"eos_token_id": null, "bos_token_id": true}'])
def test_a_config_that_says_nothing_leaves_the_names(trained, tmp_path, config):
    trained.save(tmp_path / "tokenizer.json")
    (tmp_path / "config.json").write_text(config)
    assert Tokenizer.load(tmp_path / "tokenizer.json").fingerprint == trained.fingerprint


def test_the_fingerprint_changes_with_whatever_decides_ids(trained):
    values = json.loads(trained.to_json())
    fingerprints = {trained.fingerprint}
    for change in (
        lambda v: v["model"]["merges"].pop(),
        lambda v: v["model"]["merges"].reverse(),
        lambda v: v["pre_tokenizer"].update(add_prefix_space=True),
        lambda v: v.update(normalizer={"type": "NFC"}),
        lambda v: v["model"].update(ignore_merges=True),
    ):
        copy = json.loads(json.dumps(values))
        change(copy)
        fingerprints.add(Tokenizer.from_json(json.dumps(copy)).fingerprint)
    assert len(fingerprints) == 6


def test_the_fingerprint_ignores_what_decides_nothing(trained):
    values = json.loads(trained.to_json())
    values["post_processor"] = None
    values["truncation"] = {
        "direction": "Right",
        "max_length": 2,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    values["model"]["dropout"] = 0.5
    cleaned = Tokenizer.from_json(json.dumps(values))
    assert cleaned.fingerprint == trained.fingerprint
    assert cleaned.encode("the cats were happy") == trained.encode("the cats were happy")


def test_a_fingerprint_once_given_stays():
    # shards on people's disks carry it: a change here makes all of them unreadable
    assert train_tokenizer(["a cat sat"], 261).fingerprint == "71b379ecad219034"


def test_bytes_without_an_id_are_refused_when_met(trained):
    values = json.loads(trained.to_json())
    values["model"]["vocab"]["unused"] = values["model"]["vocab"].pop("Ă")  # byte 2
    tokenizer = Tokenizer.from_json(json.dumps(values), "theirs.json")
    assert tokenizer.decode(tokenizer.encode("a cat")) == "a cat"
    with pytest.raises(DataError, match=r"theirs\.json has no id for byte 0x02"):
        tokenizer.encode("a\x02b")


def test_importing_the_room_needs_no_torch_and_no_sentencepiece():
    code = "import sys, lilliput.tokens as t; print({'torch', 'sentencepiece'} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert run.stdout.strip() == "set()"


@pytest.fixture(scope="session")
def gpt2(gpt2_json) -> Tokenizer:
    return Tokenizer.from_json(gpt2_json)


@pytest.fixture(scope="session")
def tok512(shared) -> Tokenizer:
    return read_sentencepiece(shared / "tokenizers/tok512.model")


@pytest.fixture(scope="session")
def llama2(shared) -> Tokenizer:
    return read_sentencepiece(shared / "tokenizers/llama2-32000.model")
