"""What became of a request: a story, or one of the ways in which it can fail."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from lilliput.errors import DataError
from lilliput.stories.story import strip_text
from lilliput.stories.writing.protocol import Language
from lilliput.stories.writing.scripts import explain_wrong_script


class Outcome(StrEnum):
    """What became of a request that was sent."""

    story = "story"
    rate_limited = "rate_limited"  # 429
    server_error = "server_error"  # 408, 409, 425, 5xx
    timeout = "timeout"
    connection = "connection"  # not reached, or broken off before the answer's end
    cut = "cut"  # a stream that ended without its end
    broken_body = "broken_body"  # 200, and not what the API answers
    broken_json = "broken_json"  # the model was asked for JSON and wrote none
    refusal = "refusal"
    empty = "empty"
    wrong_script = "wrong_script"
    too_long = "too_long"  # stopped at max_tokens in the middle
    unfit = "unfit"  # no text that a tokenizer can take, or longer than a story may be
    refused_request = "refused_request"  # 400, 401, 403, 404 …: it would fail again
    interrupted = "interrupted"  # the writer was killed or stopped before the answer came


FAILURES = frozenset(
    {
        Outcome.rate_limited, Outcome.server_error, Outcome.timeout, Outcome.connection, Outcome.cut,
        Outcome.broken_body,
    }
)  # fmt: skip
"""Of the endpoint: the same request may do better later. All others but a story are the model's."""


@dataclass(frozen=True)
class Reply:
    """What came back.

    `outcome` is None for an answer that is still to be judged. `usage` has the tokens of prompt and answer
    as the endpoint counts them. `free` where it surely was not charged. `retry_after_s`: how long the
    endpoint asks to be left alone.
    """

    outcome: Outcome | None
    text: str = ""
    finish: str | None = None
    usage: tuple[int, int] | None = None
    free: bool = False
    retry_after_s: float | None = None
    why: str = ""


_FENCE = re.compile(r"\A```(?:json)?\s*\n(?P<inner>.*)\n\s*```\Z", re.DOTALL)
_THOUGHTS = re.compile(
    r"\A\s*<think>.*?</think>", re.DOTALL
)  # of models whose server leaves them in the answer
_REFUSAL_CHARACTERS = 160  # of the beginning of an answer, where a refusal says so


def judge_answer(
    reply: Reply, language: Language, *, as_json: bool, script_share: float, prefix: str = ""
) -> tuple[Outcome, str]:
    """What an answer is, and the story or the reason why there is none. `prefix` is put before the story."""
    text = _THOUGHTS.sub("", reply.text).rstrip()
    fault = _find_fault(text.strip(), reply.finish, language)
    if fault is not None:
        return fault
    if as_json:
        story = _story_in(text.strip())
        if story is None:
            return Outcome.broken_json, text[:_REFUSAL_CHARACTERS]
        text = story.strip()
        if (fault := _find_fault(text, None, language)) is not None:
            return fault
    try:
        text = strip_text(prefix + text, "the story")
    except DataError as error:
        return Outcome.unfit, str(error)
    wrong = explain_wrong_script(text, language.scripts, language.needed, script_share)
    return (Outcome.wrong_script, wrong) if wrong else (Outcome.story, text)


def _find_fault(text: str, finish: str | None, language: Language) -> tuple[Outcome, str] | None:
    """What keeps an answer from being read as a story at all, and why; None if nothing does."""
    if finish == "content_filter":
        return Outcome.refusal, "the endpoint's content filter"
    if not text:
        return Outcome.empty, "no text"
    if begins_as_refusal(text, language):
        return Outcome.refusal, text[:_REFUSAL_CHARACTERS]
    return (Outcome.too_long, "stopped at max_tokens") if finish == "length" else None


def begins_as_refusal(text: str, language: Language) -> bool:
    """Whether a text begins in one of the ways in which models decline, in its language or in English."""
    begin = text.replace("\u2019", "'").lstrip(" \n*`").casefold()
    return begin.startswith(tuple(phrase.casefold() for phrase in language.refusals))


def _story_in(text: str) -> str | None:
    fence = _FENCE.match(text)
    try:
        value = json.loads(fence["inner"] if fence else text, strict=False)  # line feeds inside are harmless
    except (ValueError, RecursionError):
        return None
    story = value.get("story") if isinstance(value, dict) else None
    return story if isinstance(story, str) else None
