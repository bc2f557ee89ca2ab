"""Grammar and sense of the texts, over thousands of stories."""

import re

import pytest

from lilliput.stories.story import Story
from lilliput.stories.world import iter_world

AN = re.compile(r"\b[Aa] (?!one\b|use)[aeiou]\w*")
A = re.compile(r"\b[Aa]n (?!honest|hour)[^aeiou]\w*")
OBJECT = re.compile(
    r"\b(?:to|for|with|of|at|behind|near|from|made|make|gave|helped|hugged|thanked|asked|told) "
    r"(?:he|she|they)\b"
)
SUBJECT = re.compile(r"(?:^|[.!?] )(?:Him|Them|Himself|Herself) ")
AGREEMENT = re.compile(r"\b(?:[Hh]e|[Ss]he|[Ii]t) (?:were|have|are|do|want|am)\b")
PRESENT = re.compile(
    r"\b(?:He|She|It|he|she) (?:is|has|says|goes|wants|looks|runs|asks|finds|comes|takes|gives|feels|knows)\b"
)
DOUBLED = re.compile(r"\b([a-z]+) \1\b")
MEANT = re.compile(r"\b(had had|that that|again and again|went on and on|scratch, scratch)\b")
INTRODUCED = re.compile(r"(?:friend|neighbor|cousin|sister|brother|named) $")
SENTENCE = re.compile(r"[^.!?]+[.!?]+\"?")


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return list(iter_world(seed=21, count=6000))


def narration(story: Story) -> str:
    """The text in one line, without what is said."""
    return re.sub(r'"[^"]*"', '""', story.text.replace("\n", " "))


def assert_never(pattern: re.Pattern[str], texts: list[str]) -> None:
    found = [(match.group(0), text) for text in texts if (match := pattern.search(text))]
    assert not found, found[:3]


def test_a_and_an_suit_the_word_that_follows(stories: list[Story]) -> None:
    texts = [story.text for story in stories]
    assert_never(AN, texts)
    assert_never(A, texts)


def test_pronouns_are_subjects_and_objects_where_they_should_be(stories: list[Story]) -> None:
    assert_never(OBJECT, [story.text for story in stories])
    assert_never(SUBJECT, [story.text for story in stories])


def test_verbs_agree_and_narration_stays_in_the_past(stories: list[Story]) -> None:
    texts = [narration(story) for story in stories]
    assert_never(AGREEMENT, texts)
    assert_never(PRESENT, [re.sub(r"(?:that|who) .*?[.!?]", "", text) for text in texts])


def test_no_word_is_doubled_and_no_slot_or_space_is_left_over(stories: list[Story]) -> None:
    texts = [story.text for story in stories]
    assert_never(DOUBLED, [MEANT.sub("", text) for text in texts])
    assert_never(re.compile(r"  | \n|\n | [.,!?]|[{}\[\]|<>%_]"), texts)
    summaries = [story.labels["summary"] for story in stories]
    assert_never(re.compile(r"  |[{}\[\]|<>%_\n]"), summaries)


def test_quotes_are_closed_in_each_paragraph_and_sentences_end(stories: list[Story]) -> None:
    for story in stories:
        for paragraph in story.text.split("\n"):
            assert paragraph.count('"') % 2 == 0, paragraph
            assert paragraph.endswith((".", "!", "?", '."', '!"', '?"')), paragraph
            assert paragraph[0].isupper() or paragraph[0] == '"', paragraph
        assert not re.search(r"[.!?,]{2}|[,;] [.!?]", story.text), story.text


def test_sentences_begin_with_a_capital(stories: list[Story]) -> None:
    texts = [re.sub(r"\bMrs?\.", "M", narration(story)) for story in stories]
    assert_never(re.compile(r"[.!?] [a-z]"), texts)


def test_a_name_is_introduced_before_it_acts(stories: list[Story]) -> None:
    for story in stories:
        text = story.text.replace("\n", " ")
        for who in story.labels["truth"]["characters"]:
            if who["role"] in ("hero", "mom", "dad", "grandma", "grandpa"):
                continue
            name = re.search(rf"\b{re.escape(who['name'])}\b", text)
            if name is None:
                continue
            before, after = text[: name.start()], text[name.end() :]
            known = INTRODUCED.search(before) or after.startswith(f" the {who['role']}")
            wild = who["name"] == who["kind"]  # an animal without a name comes with an article
            assert known or (wild and re.search(r"\b[Aa]n? \w+ $", before)), (who["name"], text)


def test_nobody_is_introduced_twice(stories: list[Story]) -> None:
    for story in stories:
        text = story.text.replace("\n", " ")
        for who in story.labels["truth"]["characters"]:
            if who["role"] in ("friend", "best friend", "neighbor", "cousin", "sister", "brother"):
                assert len(re.findall(rf"\b(?:her|his) {who['role']} {who['name']}\b", text)) <= 1, text
            elif who["name"] == who["kind"]:  # an animal without a name
                introductions = re.findall(rf"\b[Aa]n? [a-z]+ {who['kind']}\b(?! [a-z]*ed)", text)
                assert len(introductions) <= 1, text


def test_the_hero_is_introduced_by_kind_in_the_first_two_sentences(stories: list[Story]) -> None:
    for story in stories:
        truth = story.labels["truth"]
        kind = truth["characters"][0]["kind"]
        first = " ".join(SENTENCE.findall(story.text.replace("\n", " "))[:3])
        assert truth["hero"] in first, story.text
        assert kind in first, story.text


def test_every_name_in_a_text_belongs_to_its_cast(stories: list[Story]) -> None:
    known = {"I", "Mom", "Dad", "Grandma", "Grandpa", "Mr", "Mrs", "Monday", "Tuesday", "Wednesday"}
    known |= {"Thursday", "Friday", "Saturday", "Sunday", "Achoo"}
    for story in stories:
        names = {part for who in story.labels["truth"]["characters"] for part in who["name"].split()}
        inner = re.findall(r"(?<=[a-z,] )[A-Z][a-z]*", story.text.replace("\n", " "))
        strange = set(inner) - known - names - {name.rstrip(".") for name in names}
        assert not strange, (strange, story.text)


def test_no_sentence_of_the_narrator_is_told_twice_in_a_row(stories: list[Story]) -> None:
    for story in stories:
        told = SENTENCE.findall(story.text.replace("\n", " "))
        assert all(one != two for one, two in zip(told, told[1:], strict=False)), story.text
