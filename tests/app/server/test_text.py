"""From ids to text: nothing of a stop text, no half characters, whatever the cuts between events."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.app.server.text import Piece, StoryText
from lilliput.errors import LilliputError
from lilliput.generation.batch import Event, Logprob
from lilliput.tokens import Tokenizer, read_sentencepiece, train_tokenizer

TOKENIZER = train_tokenizer(["once upon a time there was a fox and a box"] * 3, 268)


def tell(
    ids: Sequence[int],
    stops: Sequence[str] = (),
    cuts: Sequence[int] = (),
    ending: str = "length",
    tokenizer: Tokenizer = TOKENIZER,
    prompt: Sequence[int] = (1,),
) -> list[Piece]:
    """The pieces of a story handed over in runs that end at `cuts`."""
    text = StoryText(tokenizer, prompt, 0, stops)
    ends = [*sorted(set(cuts) & set(range(1, len(ids)))), len(ids)]
    pieces, begin = [], 0
    for end in ends:
        part = tuple(ids[begin:end])
        logprobs = tuple(Logprob(-float(token), ()) for token in part)
        pieces.append(text.take(Event(0, part, logprobs, ending if end == len(ids) else None)))  # type: ignore[arg-type]
        if pieces[-1].finish:
            break
        begin = end
    return pieces


def joined(pieces: Sequence[Piece]) -> tuple[str, list[int], int, str | None]:
    tokens = [token.id for piece in pieces for token in piece.tokens]
    return "".join(piece.text for piece in pieces), tokens, pieces[-1].written, pieces[-1].finish


some_text = st.text(alphabet="ab é😀", max_size=30)


@settings(deadline=None, max_examples=300)
@given(
    text=some_text,
    stops=st.lists(st.text(alphabet="ab é😀", min_size=1, max_size=4), max_size=4),
    cuts=st.lists(st.integers(1, 60)),
)
def test_how_ids_are_handed_over_changes_nothing(text: str, stops: list[str], cuts: list[int]) -> None:
    ids = [3 + byte for byte in text.encode()]  # a byte an id: characters lie across ids
    whole = joined(tell(ids, stops))
    assert joined(tell(ids, stops, cuts)) == whole
    assert joined(tell(ids, stops, range(100))) == whole
    told, _, written, finish = whole
    assert text.startswith(told)
    assert not any(stop in told for stop in stops)
    if finish == "stop":
        assert any(text.startswith(stop, len(told)) for stop in stops)
        assert written <= len(ids)
    else:
        assert told == text
        assert written == len(ids)


def test_nothing_that_may_begin_a_stop_text_is_given_early() -> None:
    pieces = tell(TOKENIZER.encode("xab") + TOKENIZER.encode("abc!"), ["abc"], range(10))
    assert [piece.text for piece in pieces if piece.text] == ["x", "ab"]
    assert pieces[-1].finish == "stop"


def test_what_was_held_back_is_given_when_the_story_ends() -> None:
    assert joined(tell(TOKENIZER.encode("xab"), ["abc"], range(10)))[0] == "xab"


def test_a_stop_text_may_begin_and_end_inside_tokens() -> None:
    ids = TOKENIZER.encode("there was a fox")
    assert len(ids) < 12
    for stop in ("ere w", "ox", "t", "was a fox"):
        told, tokens, _, finish = joined(tell(ids, [stop]))
        assert (told, finish) == ("there was a fox".partition(stop)[0], "stop")
        assert TOKENIZER.decode(tokens).startswith(told)
        assert len(TOKENIZER.decode(tokens[:-1])) < len(told) or not told


def test_of_two_stop_texts_in_one_token_the_first_counts() -> None:
    token = max(range(TOKENIZER.vocab_size), key=lambda one: len(TOKENIZER.token_bytes(one)))
    text = TOKENIZER.token_bytes(token).decode()
    assert len(text) >= 3
    assert joined(tell([token], [text[2:], text[1], text[2]]))[0] == text[0]


def test_a_stop_text_in_half_a_last_character_counts() -> None:
    half = [3 + "é".encode()[0]]
    assert joined(tell([*TOKENIZER.encode("a"), *half], ["\ufffd"])) == (
        "a", TOKENIZER.encode("a"), 2, "stop",
    )  # fmt: skip


def test_the_storys_own_end_is_a_stop() -> None:
    assert joined(tell(TOKENIZER.encode("a"), ending="end"))[3] == "stop"
    assert joined(tell(TOKENIZER.encode("a"), ending="context"))[3] == "length"
    assert joined(tell([], ending="end")) == ("", [], 0, "stop")


@pytest.mark.parametrize("cuts", [[], [1], [4], [1, 2, 3, 4, 5, 6]])
def test_a_story_that_breaks_is_an_error_unless_a_stop_text_came_first(cuts: list[int]) -> None:
    ids = [3 + byte for byte in b"xyz.xyz"]
    assert joined(tell(ids, ["."], cuts, "broken"))[0] == "xyz"
    with pytest.raises(LilliputError, match="NaN or infinity"):
        tell(ids, ["!"], cuts, "broken")


def test_tokens_know_where_they_begin() -> None:
    pieces = tell([3 + byte for byte in "aéb".encode()], cuts=range(9))
    assert [token.start for piece in pieces for token in piece.tokens] == [0, 1, 1, 2]


@pytest.mark.parametrize("prompt", ["é", "a", "longer than four", "😀"])
def test_half_a_character_of_the_prompt_is_completed(prompt: str) -> None:
    ids = [1, *(3 + byte for byte in prompt.encode())]
    for cut in range(1, len(ids)):
        told = joined(tell(ids[cut:], prompt=ids[:cut]))[0]
        decode = TOKENIZER.make_stream_decoder()
        before = "".join(map(decode, ids[:cut]))
        assert before + told == prompt


def test_the_first_space_goes_only_where_the_story_begins(shared) -> None:
    tokenizer = read_sentencepiece(shared / "tokenizers/tok512.model")
    once = tokenizer.encode("Once")
    assert joined(tell(once, tokenizer=tokenizer, prompt=[1]))[0] == "Once"
    assert joined(tell(once, tokenizer=tokenizer, prompt=[1, *once]))[0] == " Once"
