from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import Regex, pre_tokenizers

from lilliput.errors import FormatError
from lilliput.tokens.character_sets import NUMERIC, members_of
from lilliput.tokens.cuts import MATCH, START, Cuts, compile_cuts
from lilliput.tokens.expression import literal, parse_expression

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
    r"\s+(?!\S)|\s+"
)
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PARTS = [
    "the",
    "'s",
    "'LL",
    "'ſ",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "1234",
    "٣",
    "!?",
    "é",
    "\u0301",
    "日本",
    "😀",
    "ABCdef",
    "\x1c",
]
TEXTS = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(PARTS), max_size=10).map("".join))


def cut(cuts: Cuts, text: str) -> list[str]:
    """The parts of `text`, by the words of the docstring of cuts.py, as slow as you please."""
    ends = [0]
    at = 0
    while at < len(text):
        end = find_end(cuts, text, at)
        if end > at:
            ends += [at, end]
        at = max(end, at + 1)
    ends = sorted({*ends, len(text)})
    return [text[first:end] for first, end in pairwise(ends)]


def find_end(cuts: Cuts, text: str, at: int) -> int:
    state, best = START, at
    for end in range(at, len(text) + 1):
        column = cuts.n_atoms if end == len(text) else cuts.atoms[ord(text[end])]
        cell = int(cuts.tables[0][state, column])
        best = end if cell & MATCH else best
        state = cell & ~MATCH
        if state == 0:
            break
    return best


def cut_by_hf(expression: str, text: str) -> list[str]:
    pieces = pre_tokenizers.Split(Regex(expression), "isolated").pre_tokenize_str(text)
    return [piece for piece, _ in pieces]


@pytest.mark.parametrize("expression", [GPT2, LLAMA3, GPT4O, r"\p{N}{1,3}", r"\s?\S", "[一-龥]+|the"])
def test_cuts_of_every_text_are_those_of_hf(expression):
    cuts = compile_cuts([parse_expression(expression)])

    @settings(deadline=None, max_examples=200)
    @given(text=TEXTS)
    def check(text: str) -> None:
        assert cut(cuts, text) == cut_by_hf(expression, text)

    check()


SETS = st.sampled_from(["a", "b", " ", r"\s", r"\p{L}", "[^a]", "[ab]", r"\S", r"\."])
LOOKS = st.builds("{}(?{}{})".format, SETS, st.sampled_from("!="), st.sampled_from(["[ab]", r"\s", r"\S"]))
EXPRESSIONS = st.recursive(
    st.one_of(SETS, SETS, LOOKS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["?", "*", "+", "{2}", "{1,2}", "{2,}"])),
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=400)
@given(expression=EXPRESSIONS, text=st.text("aab. 1\n", max_size=12))
def test_cuts_of_random_expressions_are_those_of_hf(expression, text):
    try:
        cuts = compile_cuts([parse_expression(expression)])
    except FormatError:
        assume(False)
    assert cut(cuts, text) == cut_by_hf(expression, text)


def test_stages_share_their_classes(story):
    both = compile_cuts([parse_expression(GPT2), parse_expression("[0-9]")])
    assert len(both.tables) == 2
    assert {table.shape[1] for table in both.tables} == {both.n_atoms + 1}
    assert cut(both, story) == cut_by_hf(GPT2, story)


def test_one_character_can_stand_for_another():
    cuts = compile_cuts([parse_expression("▁[^▁]*")], (ord(" "), ord("▁")))
    assert cut(cuts, "a b  c") == ["a", " b", " ", " c"]


def test_it_is_known_whether_matches_cover_every_text():
    cuts = compile_cuts(list(map(parse_expression, (GPT2, LLAMA3, r"\p{N}", r"\s|\S", r"\s\s|\S"))))
    assert [cuts.covers(stage) for stage in range(5)] == [True, True, False, True, False]


def test_a_literal_is_no_expression():
    assert cut(compile_cuts([literal("a.b")]), "axb a.b") == ["axb ", "a.b"]


@pytest.mark.parametrize(
    "expression", [r"\p{L}", r"\p{N}", r"\s", r"[^\s\p{L}\p{N}]", r"\p{M}", "(?i:s)", "."]
)
def test_members_are_those_that_hf_matches_among_all_characters(expression):
    points = [*range(0xD800), *range(0xE000, 0x110000)]
    split = pre_tokenizers.Split(Regex(expression), "removed")
    others = reduce(
        str.__add__, (piece for piece, _ in split.pre_tokenize_str("".join(map(chr, points)))), ""
    )
    expected = np.zeros(0x110000, dtype=bool)
    expected[points] = True
    expected[np.frombuffer(others.encode("utf-32-le"), dtype=np.uint32)] = False
    assert np.array_equal(members_of(expression)[points], expected[points])


def test_digits_are_those_that_hf_takes_out():
    points = [*range(0xD800), *range(0xE000, 0x110000)]
    pieces = pre_tokenizers.Digits(individual_digits=False).pre_tokenize_str("".join(map(chr, points)))
    digits = {
        ord(character) for piece, _ in pieces[1::2] for character in piece
    }  # between others: first is U+0000
    assert {point for point in points if members_of(NUMERIC)[point]} == digits


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a*", "matches the empty text"),
        ("(?:a|)", "matches the empty text"),
        ("a+?", "lazy, possessive"),
        ("a++", "lazy, possessive"),
        ("(?:a*)+", "may be empty"),
        ("^a", "'\\^' at 0"),
        ("a$", r"'\$' at 1"),
        (r"\Aa", r"the escape '\\\\A'"),
        (r"(a)\1", r"the escape '\\\\1'"),
        ("(?<x>a)", "of a kind that is not supported"),
        ("(?<!a)b", "of a kind that is not supported"),
        ("(?>a)", "of a kind that is not supported"),
        ("(?!ab)c", "more than one set"),
        ("(a", "not closed"),
        ("a)", "unexpected '\\)'"),
        ("[a", "not closed"),
        ("a\\", "ends in a backslash"),
        ("[z-a]", "the set '\\[z-a\\]'"),
        (r"\p{Nothing}", "the set"),
        ("a{1000}", "1000 to 1000 times"),
        ("a{2,1}", "2 to 1 times"),
        ("(?i:straße)", "letters that some fonts join"),
        ("(" * 30 + "a" + ")" * 30, "too deep"),
        ("a" * 3000, "too long"),
        ("(?:(?:a{100}){100}){100}", "too large"),
        ("(?:a|b)*a(?:a|b){14}", "too many states"),
        ("|".join(map(chr, range(0x4E00, 0x4E00 + 70))), "70 sets"),
    ],
)
def test_what_no_table_can_say_is_refused_by_name(expression, message):
    with pytest.raises(FormatError, match=message):
        compile_cuts([parse_expression(expression)])
