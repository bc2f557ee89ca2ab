"""vocab.json and merges.txt: GPT-2's own, against transformers and against damage."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import FormatError
from lilliput.tokens import Tokenizer, load_tokenizer, read_gpt2_files


@pytest.fixture(scope="session")
def gpt2_folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpt2")
    for theirs, name in (("gpt2-vocab.json", "vocab.json"), ("gpt2-merges.txt", "merges.txt")):
        (folder / name).symlink_to(shared / "tokenizers" / theirs)
    return folder


def test_gpt2s_files_encode_as_transformers_does(gpt2_folder: Path, valid_stories: list[str]) -> None:
    from transformers import GPT2Tokenizer

    ours, theirs = read_gpt2_files(gpt2_folder), GPT2Tokenizer.from_pretrained(gpt2_folder)
    assert (ours.vocab_size, ours.bos, ours.end) == (50257, 50256, 50256)
    for text in [*valid_stories[:40], "  a\n\n\tb  é😀 don't 12345"]:
        assert ours.encode(text) == theirs(text).input_ids
        assert ours.decode(ours.encode(text)) == text


def test_they_are_the_tokenizer_that_the_tokenizer_json_is(gpt2_folder: Path, gpt2_json: str) -> None:
    assert read_gpt2_files(gpt2_folder).fingerprint == Tokenizer.from_json(gpt2_json).fingerprint


@pytest.fixture
def folder(trained: Tokenizer, tmp_path: Path) -> Path:
    vocabulary = {piece: token for token, piece in enumerate(trained.pieces)}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    merges = "".join(f"{left} {right}\n" for left, right in trained.merges)
    (tmp_path / "merges.txt").write_text("#version: 0.2\n" + merges, encoding="utf-8")
    return tmp_path


def test_a_folder_of_them_is_opened_with_the_roles_of_its_config(
    folder: Path, trained: Tokenizer, story: str
) -> None:
    assert load_tokenizer(folder).end == 2
    assert load_tokenizer(folder).encode(story) == trained.encode(story)
    (folder / "config.json").write_text(json.dumps({"bos_token_id": 1, "eos_token_id": [0, 2]}))
    assert (load_tokenizer(folder).bos, load_tokenizer(folder).end) == (1, 0)
    trained.with_roles(end=1).save(folder / "tokenizer.json")
    (folder / "vocab.json").write_text("{}")  # not looked at beside a tokenizer.json
    assert load_tokenizer(folder).vocab_size == trained.vocab_size


def test_lines_may_end_as_on_windows(folder: Path, trained: Tokenizer, story: str) -> None:
    path = folder / "merges.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_gpt2_files(folder).encode(story) == trained.encode(story)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("vocab.json", "[]", "not a table"),
        ("vocab.json", "{", "not JSON"),
        ("vocab.json", '{"a": 0, "b": 2}', "ids 0 to 1"),
        ("vocab.json", '{"a": 0, "b": 0}', "ids 0 to 1"),
        ("vocab.json", '{"a": "0"}', "not a table"),
        ("vocab.json", '{"a": true}', "not a table"),
        ("vocab.json", "[" * 100_000, "not JSON"),
        ("vocab.json", '{"a": ' + "9" * 5000 + "}", "not JSON"),
        ("merges.txt", "a b\nab", "line 2"),
        ("merges.txt", "no such", "merge 0"),
    ],
)
def test_damaged_ones_are_refused(folder: Path, name: str, content: str, told: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(FormatError, match=told) as caught:
        read_gpt2_files(folder)
    assert "\n" not in str(caught.value)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_damage_is_refused_or_read_and_nothing_else(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, trained: Tokenizer
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    contents = {
        "vocab.json": json.dumps({piece: token for token, piece in enumerate(trained.pieces)}).encode(),
        "merges.txt": "".join(f"{left} {right}\n" for left, right in trained.merges).encode(),
    }
    damaged = data.draw(st.sampled_from(sorted(contents)))
    for name, content in contents.items():
        start = data.draw(st.integers(0, len(content) - 1)) if name == damaged else len(content)
        junk = data.draw(st.binary(max_size=6)) if name == damaged else b""
        (folder / name).write_bytes(content[:start] + junk + content[start + len(junk) :])
    try:
        read_gpt2_files(folder)
    except FormatError as error:
        assert "\n" not in str(error)
