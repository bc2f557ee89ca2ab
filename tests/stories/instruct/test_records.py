"""Records: the public layout, the protocol's promises, and what is known of stories of every kind."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from lilliput.errors import DataError
from lilliput.stories.instruct import LEARN_AFTER, Built, Meeting, build_records, write_record
from lilliput.stories.sources import open_stories
from lilliput.stories.story import Story, read_jsonl, write_jsonl
from lilliput.stories.wording import split_sentences
from lilliput.stories.world import iter_world

STORY = Story("The fox sat down. Then Tom found a shiny stone! It was warm and lovely. He ran home.")


def build(stories: list[Story], meeting: Meeting = Meeting.maybe, seed: int = 0) -> list[Story]:
    return list(build_records(stories, seed=seed, meeting=meeting, built=Built()))


def test_the_layout_is_the_public_files(shared: Path) -> None:
    text = (shared / "data/other/TinyStories-Instruct.sample.txt").read_text().partition("<|endoftext|>")[0]
    head, _, story = text.partition("Story: \n\n")
    names = {"Random sentence": "sentence", "Features": "features", "Summary": "summary", "Words": "words"}
    instructions = []
    for line in head.strip().split("\n"):
        name, _, value = line.partition(": ")
        instructions.append((names[name], value))
    assert len(instructions) == 3
    assert write_record(instructions, story) == text.strip()  # type: ignore[arg-type]


def test_a_record_of_all_data_is_built_from_its_metadata(shared: Path) -> None:
    path = shared / "data/other/TinyStories_all_data.data00.record0.json"
    known = json.loads(path.read_text())
    assert "prompt:" in known["instruction"]
    stories = list(open_stories([str(path)]).stories)
    asked: dict[str, str] = {}
    for seed in range(40):
        (record,) = build(stories, seed=seed)
        asked |= record.labels["asked"]
        assert record.text.endswith("\nStory: \n\n" + known["story"].strip())
        assert record.labels["instruction"] == known["instruction"]
    assert asked["words"] == "hang, foot, cute"
    assert asked["features"] == "Dialogue"
    assert asked["summary"] == known["summary"]
    assert asked["sentence"] in known["story"]


def test_every_subset_is_drawn_about_as_often_in_every_order() -> None:
    records = build(list(iter_world(5, 1500)))
    kinds = {"words", "features", "summary", "sentence"}
    subsets = Counter(frozenset(record.labels["asked"]) for record in records)
    assert len(subsets) == 15
    assert frozenset() not in subsets
    full = Counter(tuple(record.labels["asked"]) for record in build(list(iter_world(6, 4000))))
    orders = [order for order in full if set(order) == kinds]
    assert len(orders) == 24
    assert max(subsets.values()) < 2 * min(subsets.values())


def test_what_is_asked_is_true_of_the_story() -> None:
    for story, record in zip(iter_world(9, 300), build(list(iter_world(9, 300))), strict=True):
        asked = record.labels["asked"]
        head, _, rest = record.text.partition(LEARN_AFTER)
        assert rest == " \n\n" + story.text
        assert len(head.split("\n")) == len(asked)
        first = split_sentences(story.text)[0]
        if "sentence" in asked:
            assert asked["sentence"] in " ".join(story.text.split())
            assert asked["sentence"] != first
        if "words" in asked:
            assert asked["words"] == ", ".join(story.labels["words"])
        if "features" in asked:
            assert asked["features"] == ", ".join(story.labels["features"])
        assert asked.get("summary", story.labels["summary"]) == story.labels["summary"]


def test_a_plain_story_is_asked_for_words_and_a_sentence_of_its_own() -> None:
    words, sentences = set(), set()
    for seed in range(60):
        (record,) = build([STORY], seed=seed)
        asked = record.labels["asked"]
        assert asked.keys() <= {"words", "sentence"}
        if "words" in asked:
            assert len(set(asked["words"].split(", "))) == 3
            words |= set(asked["words"].split(", "))
        sentences |= {asked.get("sentence", "")}
    assert words == {"found", "shiny", "stone", "warm", "lovely", "home"}
    assert sentences - {""} == {
        "Then Tom found a shiny stone!",
        "It was warm and lovely.",
        "He ran home.",
    }


def test_other_scripts_give_words_and_sentences_too(shared: Path) -> None:
    source = open_stories([str(shared / "data/other/tinystories-ru.3000.jsonl")]).stories
    stories = [story for story, _ in zip(source, range(100), strict=False)]
    built = Built()
    records = list(build_records(stories, seed=1, built=built))
    assert built.records == 100
    for story, record in zip(stories, records, strict=True):
        asked = record.labels["asked"]
        wanted = ", ".join(story.labels[name] for name in ("verb", "noun", "adjective"))
        assert asked.get("words", wanted) == wanted
    hindi = Story("राम सुबह जल्दी उठा। उसने अपनी किताब उठाई। वह पाठशाला गया।")
    asked = {}
    for seed in range(20):
        asked |= build([hindi], seed=seed)[0].labels["asked"]
    assert asked["sentence"] in hindi.text
    assert asked["words"]


def test_words_and_summary_never_meet_or_always_do() -> None:
    stories = list(iter_world(2, 600))
    for meeting, wanted in (
        (Meeting.apart, {False}),
        (Meeting.together, {True}),
        (Meeting.maybe, {True, False}),
    ):
        built = Built()
        records = list(build_records(stories, seed=3, meeting=meeting, built=built))
        meets = [{"words", "summary"} <= record.labels["asked"].keys() for record in records]
        assert set(meets) == wanted
        assert built.met == sum(meets)
        for record, meet in zip(records, meets, strict=True):
            head = record.text.partition(LEARN_AFTER)[0]
            assert (
                bool(re.search("^Words: ", head, re.M)) and bool(re.search("^Summary: ", head, re.M))
            ) == meet
    assert built.kinds["words"] > 0


def test_a_record_depends_on_seed_and_story_alone() -> None:
    stories = list(iter_world(4, 50))
    assert build(stories[::-1]) == build(stories)[::-1]
    assert build(stories, seed=1) != build(stories)


def test_an_instruction_is_one_line_so_that_only_the_story_is_learnt() -> None:
    story = Story(STORY.text, {"summary": "A fox.\nStory: it\n sits.", "words": ["a\nStory:"]})
    for seed in range(20):
        (record,) = build([story], seed=seed)
        assert record.text.partition(LEARN_AFTER)[2] == " \n\n" + story.text


def test_labels_that_say_nothing_are_passed_over() -> None:
    odd = Story(
        STORY.text, {"words": 5, "features": [1, None, " "], "summary": ["x"], "instruction": "write"}
    )
    for seed in range(20):
        (record,) = build([odd], seed=seed)
        assert record.labels["asked"].keys() <= {"words", "sentence"}


def test_stories_that_nothing_can_be_asked_of_are_left_out_and_counted() -> None:
    built = Built()
    records = list(build_records([Story("Ah."), STORY], seed=0, built=built))
    assert (len(records), built.stories, built.left_out) == (1, 2, 1)
    with pytest.raises(DataError, match="too short"):
        build([Story("Ah.")])
    with pytest.raises(DataError, match="has a summary"):
        build([STORY], Meeting.together)


def test_records_are_written_and_read_back(tmp_path: Path) -> None:
    records = build(list(iter_world(4, 5)))
    write_jsonl(tmp_path / "r.jsonl", records)
    assert list(read_jsonl(tmp_path / "r.jsonl")) == records
