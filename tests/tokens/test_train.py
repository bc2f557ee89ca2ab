import os
import random
import subprocess
import sys

import pytest
from tokenizers import Tokenizer as HFTokenizer
from tokenizers import models, pre_tokenizers, trainers

from lilliput.errors import ConfigError, DataError
from lilliput.tokens import train, train_tokenizer
from lilliput.tokens.byte_alphabet import ALPHABET
from lilliput.tokens.train import _CHUNK, _Chunks


def test_the_layout_is_specials_then_bytes_then_merges(trained):
    assert trained.pieces[:3] == ("<|pad|>", "<|bos|>", "<|endoftext|>")
    assert (trained.pad, trained.bos, trained.end) == (0, 1, 2)
    assert [trained.token_bytes(3 + byte) for byte in range(256)] == [bytes([byte]) for byte in range(256)]
    assert list(trained.pieces[259:]) == [left + right for left, right in trained.merges]


def test_the_first_merge_is_the_most_frequent_pair():
    tokenizer = train_tokenizer(["xyxyxy ab"], 260)
    assert tokenizer.token_bytes(259) == b"xy"


def test_the_smallest_vocabulary_is_the_bytes():
    tokenizer = train_tokenizer(["a cat"], 259)
    assert tokenizer.vocab_size == 259
    assert tokenizer.encode("é\n") == [3 + 0xC3, 3 + 0xA9, 3 + 10]


def test_ids_are_those_of_hf_trained_directly(story):
    theirs = HFTokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=297, initial_alphabet=list(ALPHABET), show_progress=False)
    theirs.train_from_iterator([story], trainer)
    ours = train_tokenizer([story], 300)
    assert [ours.pieces[token] for token in ours.encode(story)] == theirs.encode(story).tokens


@pytest.mark.parametrize("size", [-1, 0, 258, 50_258])
def test_a_size_out_of_range_is_refused(size):
    with pytest.raises(ConfigError, match="259"):
        train_tokenizer(["text"], size)


def test_a_size_beyond_the_text_names_both_numbers():
    with pytest.raises(DataError, match=r"300 ids was asked.* supports 261"):
        train_tokenizer(["abc"], 300)
    assert train_tokenizer(["abc"], 261).vocab_size == 261
    assert train_tokenizer(["abc"], 300, at_most=True).vocab_size == 261


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_no_text_is_refused(texts):
    with pytest.raises(DataError, match="no text"):
        train_tokenizer(texts, 259)


def test_text_that_is_no_unicode_is_refused():
    with pytest.raises(DataError, match="text 1 holds a lone surrogate"):
        train_tokenizer(["fine", "bad \udcff"], 259)


def test_an_error_of_the_source_comes_through():
    def broken():
        yield "a story"
        raise DataError("line 7 is broken")

    with pytest.raises(DataError, match="line 7 is broken"):
        train_tokenizer(broken(), 259)


def test_threads_do_not_change_the_tokenizer(story):
    # many pairs as frequent as one another: an order of threads would show
    code = (
        "import random; from lilliput.tokens import train_tokenizer; rng = random.Random(1);"
        "words = [''.join(rng.choices('abcdefgh', k=5)) for _ in range(3000)];"
        "print(train_tokenizer([' '.join(words[i:i+9]) for i in range(3000)], 900).fingerprint)"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **threads},
        ).stdout
        for threads in (
            {"RAYON_NUM_THREADS": "1"},
            {"RAYON_NUM_THREADS": "7"},
            {"TOKENIZERS_PARALLELISM": "false"},
        )
    }
    assert len(prints) == 1


def test_chunks_put_together_are_the_text(monkeypatch):
    monkeypatch.setattr(train, "_CHUNK", 40)
    rng = random.Random(0)
    for _ in range(200):
        text = "".join(rng.choices(["a", "word", " ", "  ", "\n", "x" * 30, " " * 300], k=30))
        chunks = list(_Chunks([text]))
        assert "".join(chunks) == text
        assert max(map(len, chunks)) <= 40


def test_cutting_a_text_changes_no_word(monkeypatch, story):
    text = (story + "  two  spaces\t\n\n and 'quoted' words    four     five ") * 40
    cutter = pre_tokenizers.ByteLevel(add_prefix_space=False)
    whole = [word for word, _ in cutter.pre_tokenize_str(text)]
    monkeypatch.setattr(train, "_CHUNK", 50)
    chunks = list(_Chunks([text]))
    assert len(chunks) > 50
    assert [word for chunk in chunks for word, _ in cutter.pre_tokenize_str(chunk)] == whole


def test_one_large_text_trains_like_many_small_ones(story):
    large = story.replace("“", "").replace("”", "") * 1000
    assert len(large) > 2 * _CHUNK
    assert (
        train_tokenizer([large], 300).fingerprint
        == train_tokenizer(
            (large[at : at + len(large) // 1000] for at in range(0, len(large), len(large) // 1000)),
            300,
        ).fingerprint
    )


def test_text_without_spaces_is_learned_from_within_a_budget(monkeypatch):
    monkeypatch.setattr(train, "_RUN_BUDGET", 1000)
    word = "".join(random.Random(0).choices("abcd", k=100_000))
    chunks = list(_Chunks(["a story with words ", word, " after it", "日" * 30, "b" * 24]))
    assert sum(map(len, chunks)) == len("a story with words  after it") + 24 + 768 + 30
    assert all(len(chunk) <= 256 for chunk in chunks)
    assert "a story with words " in chunks


def test_the_iterator_is_never_held():
    held = 0
    peak = 0

    class Text(str):
        def __init__(self, _):
            nonlocal held, peak
            held += 1
            peak = max(peak, held)

        def __del__(self):
            nonlocal held
            held -= 1

    train_tokenizer((Text(f"story number {number % 50}") for number in range(5_000)), 280)
    assert peak < 1_000
