import pytest

from lilliput.errors import FormatError
from lilliput.tokens import load_tokenizer, write_tokenizer_bin
from lilliput.tokens.bounded import read_bounded


def test_each_kind_is_known_by_its_content(shared, trained, tmp_path):
    trained.save(tmp_path / "a.bin")
    write_tokenizer_bin(trained, tmp_path / "b.json")
    (tmp_path / "c.txt").write_bytes((shared / "tokenizers/tok512.model").read_bytes())
    assert load_tokenizer(tmp_path / "a.bin").fingerprint == trained.fingerprint
    assert load_tokenizer(tmp_path / "b.json").fingerprint == trained.fingerprint
    assert load_tokenizer(tmp_path / "c.txt").vocab_size == 512


def test_all_public_files_are_told_apart(shared):
    for name, size in {"tok105": 105, "tok512": 512, "tok4096": 4096}.items():
        for suffix in ("model", "bin"):
            assert load_tokenizer(shared / f"tokenizers/{name}.{suffix}").vocab_size == size


def test_a_byte_order_mark_and_white_space_are_no_hindrance(trained, tmp_path):
    (tmp_path / "t").write_bytes(b"\xef\xbb\xbf\n " + trained.to_json().encode())
    assert load_tokenizer(tmp_path / "t").fingerprint == trained.fingerprint


def test_a_folder_means_its_tokenizer_json(trained, tmp_path):
    trained.with_roles(end=1).save(tmp_path / "tokenizer.json")
    (tmp_path / "config.json").write_text('{"bos_token_id": 1, "eos_token_id": 1}')
    assert load_tokenizer(tmp_path).end == 1


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"none\.json: no such file"):
        load_tokenizer(tmp_path / "none.json")
    with pytest.raises(FormatError, match=r"tokenizer\.json: no such file"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("data", [b"", b"abc", b"PK\x03\x04", b"Once upon a time", b"\x80\x02}q"])
def test_other_files_are_refused(tmp_path, data):
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(FormatError, match="is no tokenizer file"):
        load_tokenizer(tmp_path / "file")


def test_a_file_too_large_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 11)
    assert read_bounded(tmp_path / "file", 11, "a thing") == b"x" * 11
    with pytest.raises(FormatError, match="over 10 bytes, too large to be a thing"):
        read_bounded(tmp_path / "file", 10, "a thing")


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_bounded(tmp_path, 10, "a thing")
