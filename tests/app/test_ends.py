"""Where stories end, whoever writes them."""

import json
from pathlib import Path

import pytest

from lilliput.app import ends
from lilliput.app.ends import read_ends
from lilliput.errors import FormatError
from lilliput.tokens import Tokenizer, train_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["a fox and a box"], 262)


def test_every_end_that_a_folder_names_ends_a_story(tmp_path: Path, tokenizer: Tokenizer) -> None:
    assert read_ends(tmp_path, tokenizer, None) == {tokenizer.end}
    (tmp_path / "config.json").write_text('{"eos_token_id": [2, 7]}')
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": 9}')
    assert read_ends(tmp_path, tokenizer, None) == {2, 7, 9}
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": "x"}')
    assert read_ends(tmp_path, tokenizer, None) == {2, 7}


def test_more_ends_than_c_looks_for_are_refused_unless_torch_computes(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in (8, 9):
        named = [tokenizer.end, *range(10, 9 + count)]
        (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": named}))
        assert len(read_ends(tmp_path, tokenizer, "torch")) == count
        if count == 8:
            assert read_ends(tmp_path, tokenizer, "c") == set(named)
    with pytest.raises(FormatError, match=r"names 9 ids that end a story.* use --engine torch"):
        read_ends(tmp_path, tokenizer, "c")
    monkeypatch.setattr(ends, "choose_engine", lambda name, _: name or "torch")  # as where C was not built
    assert len(read_ends(tmp_path, tokenizer, None)) == 9
