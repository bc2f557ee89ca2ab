import dataclasses

import pytest

from lilliput.errors import DataError
from lilliput.tokens import measure_tokenizer, read_sentencepiece, train_tokenizer


def test_counts_are_those_made_by_hand():
    tokenizer = train_tokenizer(["aaaa"], 260)  # one merge: aa
    measures = measure_tokenizer(tokenizer, ["aaa b", "é"])
    assert dataclasses.asdict(measures) == {
        "stories": 2,
        "bytes": 7,
        "characters": 6,
        "words": 3,
        "tokens": 6,  # aa a space b, two bytes
        "bytes_per_token": 7 / 6,
        "characters_per_token": 1.0,
        "tokens_per_word": 2.0,
        "coverage": 5 / 6,  # é is split
        "unused_ids": 257 - 6,
        "unused_share": 251 / 257,
        "round_trips": 1.0,
        "vocab_size": 260,
        "fingerprint": tokenizer.fingerprint,
    }


def test_coverage_is_whole_where_a_merge_holds_the_character():
    assert measure_tokenizer(train_tokenizer(["éé"], 260), ["é"]).coverage == 1.0


def test_sentencepiece_byte_pieces_and_unknowns_are_not_covered(shared):
    tok512 = read_sentencepiece(shared / "tokenizers/tok512.model")
    measures = measure_tokenizer(tok512, ["a cat\n", "日"])
    assert measures.coverage == 5 / 7  # neither the line feed nor 日
    assert measures.round_trips == 1.0
    tok105 = read_sentencepiece(shared / "tokenizers/tok105.model")
    measures = measure_tokenizer(tok105, ["a cat", "日"])
    assert measures.coverage == 5 / 6
    assert measures.round_trips == 0.5


def test_spaces_that_the_tokenizer_removes_break_the_round_trip(shared):
    tok512 = read_sentencepiece(shared / "tokenizers/tok512.model")
    measures = measure_tokenizer(tok512, ["two  spaces", "one space", ""])
    assert measures.stories == 3
    assert measures.round_trips == 2 / 3
    assert measures.coverage == 19 / 20


def test_texts_are_streamed_in_batches(trained):
    many = measure_tokenizer(trained, (f"story {number}" for number in range(600)))
    assert many.stories == 600
    assert many.words == 1200


@pytest.mark.parametrize("texts", [[], [""], [" \n"]])
def test_nothing_to_measure_is_refused(trained, texts):
    with pytest.raises(DataError, match="no text to measure"):
        measure_tokenizer(trained, texts)


def test_the_known_figures_of_tok512_on_the_validation_stories(shared, valid_stories):
    tok512 = read_sentencepiece(shared / "tokenizers/tok512.model")
    measures = measure_tokenizer(tok512, valid_stories)
    assert measures.stories == 1316
    assert measures.bytes == 1_048_615
    assert measures.tokens + measures.stories == 510_649
