"""What is a story, and what is not."""

import json

import pytest

from lilliput.stories.writing.answers import Outcome, Reply, judge_answer
from lilliput.stories.writing.protocol import load_asker

ENGLISH = load_asker("tinystories", "en", None, None)[0].language
HINDI = load_asker("tinystories", "hi", None, None)[0].language
TALE = 'A fox saw a box.\n\n"Hello," said the fox.'


def judge(text: str, finish: str = "stop", as_json: bool = True) -> tuple[Outcome, str]:
    return judge_answer(Reply(None, text, finish), ENGLISH, as_json=as_json, script_share=0.9)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"story": TALE}),
        json.dumps({"title": "The fox", "story": f"  {TALE}\n"}, indent=2),
        "```json\n" + json.dumps({"story": TALE}) + "\n```",
        "<think>\nA fox {and} a box?\n</think>\n\n" + json.dumps({"story": TALE}),
        '{"story": "' + TALE.replace('"', '\\"') + '"}',  # with line feeds as they are
    ],
)
def test_a_story_comes_out_of_its_json(text: str) -> None:
    assert judge(text) == (Outcome.story, TALE)


@pytest.mark.parametrize(
    ("text", "finish", "outcome"),
    [
        (TALE, "stop", Outcome.broken_json),
        (json.dumps({"story": TALE})[:-2], "stop", Outcome.broken_json),
        (json.dumps({"story": [TALE]}), "stop", Outcome.broken_json),
        ("[" * 100_000, "stop", Outcome.broken_json),
        (json.dumps({"story": TALE})[:-2], "length", Outcome.too_long),
        ("", "length", Outcome.empty),
        (json.dumps({"story": "\n"}), "stop", Outcome.empty),
        (json.dumps({"story": TALE}), "content_filter", Outcome.refusal),
        ("I’m sorry, but I can’t help with that.", "stop", Outcome.refusal),
        (json.dumps({"story": "I cannot write such a story."}), "stop", Outcome.refusal),
        (json.dumps({"story": "Лиса увидела коробку."}), "stop", Outcome.wrong_script),
        (json.dumps({"story": "1, 2, 3."}), "stop", Outcome.wrong_script),
        ('{"story": "A \\ud83d fox."}', "stop", Outcome.unfit),
        ('{"story": "A fox\\u0000."}', "stop", Outcome.unfit),
    ],
)
def test_what_cannot_serve_is_named(text: str, finish: str, outcome: Outcome) -> None:
    assert judge(text, finish)[0] is outcome


def test_a_story_may_begin_with_an_apology() -> None:
    tale = '"I\'m sorry," said the fox to the hen. "I ate your bread."'
    assert judge(tale, as_json=False) == (Outcome.story, tale)


def test_a_refusal_in_another_language() -> None:
    reply = Reply(None, "माफ़ कीजिए, मैं यह नहीं लिख सकता।", "stop")
    assert judge_answer(reply, HINDI, as_json=False, script_share=0.9)[0] is Outcome.refusal


def test_a_beginning_and_its_answer_are_one_story() -> None:
    reply = Reply(None, " and ran.\n", "stop")
    told = judge_answer(reply, ENGLISH, as_json=False, script_share=0.9, prefix="The fox saw it")
    assert told == (Outcome.story, "The fox saw it and ran.")
