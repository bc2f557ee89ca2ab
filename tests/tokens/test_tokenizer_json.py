import json
import random

import pytest

from lilliput.errors import FormatError, LilliputError
from lilliput.tokens import Tokenizer, read_sentencepiece


def test_wordpiece_is_refused_by_name(shared):
    with pytest.raises(FormatError, match=r"WordPiece .*supported are byte-level BPE.*Llama"):
        Tokenizer.load(shared / "tokenizers/simplestories-4096.json")


@pytest.mark.parametrize("kind", ["Unigram", "WordLevel", 7])
def test_other_models_are_refused_by_name(kind):
    with pytest.raises(FormatError, match=f"holds a {kind} tokenizer"):
        Tokenizer.from_json(json.dumps({"model": {"type": kind, "vocab": []}}))


def change_decoder(v):
    v["decoder"] = {"type": "BPEDecoder", "suffix": "</w>"}


def change_suffix(v):
    v["model"]["end_of_word_suffix"] = "</w>"


def change_pre_tokenizer(v):
    v["pre_tokenizer"] = {"type": "Whitespace"}


def leave_a_gap(v):
    v["model"]["vocab"]["a b"] = 400


def leave_a_small_gap(v):
    v["model"]["vocab"]["a b"] = 321


def share_an_id(v):
    v["model"]["vocab"]["a"] = v["model"]["vocab"]["b"]


def take_a_negative_id(v):
    v["model"]["vocab"]["a"] = -5


def take_half_an_id(v):
    v["model"]["vocab"]["a"] = 5.5


def take_a_huge_id(v):
    v["model"]["vocab"]["a"] = 2**80


def move_an_added_token(v):
    v["added_tokens"][0]["id"] = 1


def add_a_token_twice(v):
    v["added_tokens"].append(v["added_tokens"][0])


def add_a_nameless_token(v):
    v["added_tokens"].append({"id": 320})


def merge_the_unknown(v):
    v["model"]["merges"].append(["a", "日"])


def merge_to_nothing(v):
    v["model"]["merges"].append(["z", "z"])


def merge_three(v):
    v["model"]["merges"].append(["a", "b", "c"])


def merge_a_number(v):
    v["model"]["merges"].append(5)


def drop_the_model(v):
    del v["model"]


def drop_the_merges(v):
    del v["model"]["merges"]


def drop_the_roles(v):
    v["added_tokens"] = []


def make_hf_panic(v):
    v["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": "AAEAAAAA"}


def add_a_flag_of_another_type(v):
    v["added_tokens"][0]["lstrip"] = "perhaps"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_decoder, "a BPE that is neither"),
        (change_suffix, "end_of_word_suffix '</w>'"),
        (change_pre_tokenizer, "decodes bytes but does not encode them"),
        (leave_a_gap, "'a b' has id 400, and 321 pieces need the ids 0 to 320 without a gap"),
        (leave_a_small_gap, "'a b' has id 321, and 321 pieces need the ids 0 to 320"),
        (share_an_id, "share the id"),
        (take_a_negative_id, "'a' has id -5"),
        (take_half_an_id, "'a' has id 5.5"),
        (take_a_huge_id, "'a' has id 1208925819614629174706176"),
        (move_an_added_token, "has two ids"),
        (add_a_token_twice, "comes twice"),
        (add_a_nameless_token, "lacks a content or an id"),
        (merge_the_unknown, "merge 61 is not two pieces"),
        (merge_to_nothing, "merge 61 makes a piece that has no id"),
        (merge_three, "merge 61 is not two pieces"),
        (merge_a_number, "merge 61 is not two pieces"),
        (drop_the_model, "it has no model"),
        (drop_the_merges, "no vocab or no merges"),
        (drop_the_roles, "no special token is called .* say bos_token_id"),
        (make_hf_panic, "not a sound tokenizer.json"),
        (add_a_flag_of_another_type, "not a sound tokenizer.json"),
    ],
)
def test_a_faulty_file_is_refused_and_the_fault_named(trained, change, message):
    values = json.loads(trained.to_json())
    change(values)
    with pytest.raises(FormatError, match=f"their file.*{message}"):
        Tokenizer.from_json(json.dumps(values), "their file")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "9" * 5000, '{"model": 3}'])
def test_text_that_is_no_tokenizer_is_refused(text):
    with pytest.raises(FormatError, match=r"tokenizer\.json"):
        Tokenizer.from_json(text)


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_bytes(b"{\xff}")
    with pytest.raises(FormatError, match="not UTF-8"):
        Tokenizer.load(tmp_path / "tokenizer.json")


def test_a_llama_kind_that_would_lose_text_is_refused(shared):
    values = json.loads(read_sentencepiece(shared / "tokenizers/tok105.model").to_json())
    values["model"]["unk_token"] = None
    with pytest.raises(FormatError, match="text would be lost"):
        Tokenizer.from_json(json.dumps(values))


def test_a_metaspace_tokenizer_is_sentencepiece_like(shared, story):
    # how Hugging Face writes newer Llama-like files: one component instead of the replacements
    tokenizer = read_sentencepiece(shared / "tokenizers/llama2-32000.model")
    values = json.loads(tokenizer.to_json())
    values["normalizer"] = None
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    values["pre_tokenizer"] = metaspace
    values["decoder"] = metaspace
    again = Tokenizer.from_json(json.dumps(values))
    assert again.encode(story) == tokenizer.encode(story)
    assert again.decode(again.encode(story)) == story
    assert again.fingerprint != tokenizer.fingerprint


def test_merges_written_as_one_string_are_read(trained, story):
    values = json.loads(trained.to_json())
    values["model"]["merges"] = [" ".join(pair) for pair in values["model"]["merges"]]
    assert Tokenizer.from_json(json.dumps(values)).fingerprint == trained.fingerprint


def test_an_added_token_that_is_not_special_is_its_text(trained):
    values = json.loads(trained.to_json())
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    values["added_tokens"].append({"id": 320, "content": "éé", **flags})
    tokenizer = Tokenizer.from_json(json.dumps(values))
    assert tokenizer.encode("éé") == [320]
    assert tokenizer.decode([320]) == "éé"
    assert tokenizer.token_bytes(320) == "éé".encode()


def test_an_end_token_not_marked_as_special_is_special_all_the_same(trained):
    values = json.loads(trained.to_json())
    values["added_tokens"][2]["special"] = False
    tokenizer = Tokenizer.from_json(json.dumps(values))
    assert tokenizer.fingerprint == trained.fingerprint
    assert tokenizer.encode("<|endoftext|>") == trained.encode("<|endoftext|>")


ODD_VALUES = [None, 0, -1, 3, 2**70, 1.5, "", "x", [], {}, [[]], [None], True, "a b", "\ud800"]
ODD_VALUES += [{"type": "ByteLevel"}, {"type": "Sequence", "decoders": 5}, {"type": ["a"]}]
ODD_VALUES += [{"type": "Precompiled", "precompiled_charsmap": "AAEAAAAA"}, {"type": "Lowercase"}]
ODD_VALUES += [{"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": False}]
ODD_VALUES += [{"type": "Strip", "content": " ", "start": -1, "stop": 0}]


def places(values, path=()):
    yield path
    if isinstance(values, dict):
        children = values.items()
    elif isinstance(values, list):
        children = enumerate(values)
    else:
        return
    for key, child in children:
        yield from places(child, (*path, key))


@pytest.mark.parametrize("seed", range(3))
def test_odd_values_anywhere_are_refused_or_harmless(trained, seed):
    rng = random.Random(seed)
    text = trained.to_json()
    everywhere = [path for path in places(json.loads(text)) if path]
    outside_the_model = [path for path in everywhere if len(path) < 3 or path[0] != "model"]
    refused = 0
    for _ in range(150):
        values = json.loads(text)
        path = rng.choice(rng.choice([everywhere, outside_the_model]))
        part = values
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = rng.choice(ODD_VALUES)
        try:
            tokenizer = Tokenizer.from_json(json.dumps(values))
            tokenizer.decode(tokenizer.encode("a cat é😀\x00"))
        except LilliputError as error:
            refused += 1
            assert 0 < len(str(error)) < 1000
    assert refused > 30


@pytest.mark.parametrize("seed", range(2))
def test_flipped_bits_and_cuts_are_refused_or_harmless(trained, tmp_path, seed):
    rng = random.Random(seed)
    data = trained.to_json().encode()
    path = tmp_path / "tokenizer.json"
    for trial in range(150):
        damaged = bytearray(data if trial % 3 else data[: rng.randrange(len(data))])
        for _ in range(rng.randrange(1, 4) if damaged else 0):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            tokenizer = Tokenizer.load(path)
            tokenizer.decode(tokenizer.encode("a cat é😀\x00"))
        except LilliputError:
            pass
