"""What a request may say, and what is refused by name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.app.server.refusals import Refusal
from lilliput.app.server.schema import ChatBody, CompletionBody, read_chat, read_completion

MESSAGES = [{"role": "user", "content": "hello"}]


def completion(**fields: object) -> CompletionBody:
    return read_completion({"model": "m", **fields})


def chat(**fields: object) -> ChatBody:
    return read_chat({"model": "m", "messages": MESSAGES, **fields})


def refused(read, **fields: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(**fields)
    assert caught.value.status == 400
    return caught.value


def test_what_is_left_out_or_null_is_openais_default() -> None:
    names = [name for name in CompletionBody.model_fields if name != "model"]
    for body in (completion(), completion(**dict.fromkeys(names))):
        assert (body.max_tokens, body.n, body.temperature, body.top_p) == (16, 1, 1.0, 1.0)
        assert body.prompt == [""]
        assert (body.logprobs, body.seed, body.stop, body.stream, body.echo) == (None, None, [], False, False)


MAY = {
    "best_of": [None, 1],
    "frequency_penalty": [0, 0.0, None],
    "logit_bias": [{}, None],
    "logprobs": [0, 5],
    "max_tokens": [0, 10**9],
    "prompt": ["", "x", ["x", "y"], [5, 6], [[5], [6, 7]], ["x", [5]]],
    "seed": [0, -1, 2**63 - 1],
    "stop": [None, [], "a", ["a", "b", "c", "d"]],
    "suffix": [None],
    "temperature": [0, 0.5, 2],
    "top_p": [1, 0.01],
    "user": ["me"],
}
MAY_NOT = {
    "best_of": [3, "1"],
    "frequency_penalty": [0.5, False, "0"],
    "logit_bias": [{"5": 100}, []],
    "logprobs": [6, True, -1],
    "max_tokens": [-1, 1.0, "5"],
    "messages": [[{"role": "user", "content": "x"}]],
    "min_p": [-0.1, 1.1],
    "model": [None, 5],
    "n": [0, 129, 1.5],
    "presence_penalty": [-1],
    "prompt": [[], [[]], [1, "a"], {"a": 1}, [True], 5],
    "repetition_penalty": [0.5, float("inf"), 101],
    "seed": [2**63, 0.5, "7"],
    "stop": [["a"] * 5, "", [1], "a" * 257, 5],
    "stream": ["yes", 1],
    "stream_options": [5, {}, {"include_usage": True}],
    "suffix": ["end"],
    "temperature": [2.1, -1, "1", True, float("nan")],
    "top_k": [-1, 1.5],
    "top_p": [0, 1.1],
}
CHAT_MAY = {
    "logprobs": [True],
    "max_completion_tokens": [5],
    "max_tokens": [5],
    "messages": [
        [{"role": "system", "content": "x"}, {"role": "user", "content": [{"type": "text", "text": "a"}]}],
        [{"role": "assistant", "content": "a", "refusal": None, "tool_calls": None}],
    ],
    "metadata": [{"a": "b"}],
    "modalities": [["text"]],
    "parallel_tool_calls": [True],
    "response_format": [{"type": "text"}],
    "service_tier": ["auto"],
    "store": [False],
    "tool_choice": ["none"],
    "tools": [[]],
}
CHAT_MAY_NOT = {
    "echo": [True],
    "logprobs": [3],
    "max_tokens": [0],
    "messages": [[], None, "hi"],
    "reasoning_effort": ["high"],
    "response_format": [{"type": "json_object"}],
    "store": [True],
    "tools": [[{"type": "function"}]],
    "top_logprobs": [3, 21],
}
TEXT = {"role": "user", "content": "x"}
PICTURE = {"type": "image_url", "image_url": {}}


def cases(table: dict[str, list[object]]) -> list[tuple[str, object]]:
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize(("name", "value"), cases(MAY), ids=str)
def test_a_completion_may_say(name: str, value: object) -> None:
    completion(**{name: value})


@pytest.mark.parametrize(("name", "value"), cases(MAY_NOT), ids=str)
def test_a_completion_may_not_say(name: str, value: object) -> None:
    assert refused(completion, **{name: value}).param == name


@pytest.mark.parametrize(("name", "value"), cases(CHAT_MAY), ids=str)
def test_a_chat_may_say(name: str, value: object) -> None:
    chat(**{name: value})


@pytest.mark.parametrize(("name", "value"), cases(CHAT_MAY_NOT), ids=str)
def test_a_chat_may_not_say(name: str, value: object) -> None:
    assert refused(chat, **{name: value}).param == name


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("hi", ""),
        ({"role": "tool", "content": "x"}, ".role"),
        ({"role": "user"}, ".content"),
        ({"role": "user", "content": 5}, ".content"),
        ({**TEXT, "colour": 1}, ".colour"),
        ({**TEXT, "name": "Al"}, ".name"),
        ({"role": "user", "content": [PICTURE]}, ".content.0.type"),
    ],
)
def test_a_message_that_cannot_be_read_is_named_by_its_place(message: object, place: str) -> None:
    assert refused(chat, messages=[TEXT, message]).param == f"messages.1{place}"


@pytest.mark.parametrize("name", ["include_obfuscation", "other"])
def test_an_unknown_stream_option_is_named(name: str) -> None:
    refusal = refused(completion, stream=True, stream_options={name: True})
    assert refusal.param == f"stream_options.{name}"


def test_fields_that_exclude_each_other_are_refused_together() -> None:
    assert refused(completion, n=64, prompt=["a", "b", "c"]).param == "n"
    assert refused(completion, logprobs=1, echo=True).param == "logprobs"
    assert refused(chat, max_tokens=3, max_completion_tokens=3).param == "max_tokens"
    completion(n=2, best_of=2)
    chat(logprobs=True, top_logprobs=20)
    completion(stream=True, stream_options={"include_usage": True, "include_obfuscation": False})


def test_a_field_misspelt_is_named_with_its_near_miss() -> None:
    refusal = refused(completion, max_token=5)
    assert refusal.message == "unknown field: max_token; did you mean max_tokens?"
    assert refused(completion, zzz=None).message == "unknown field: zzz"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from([*CompletionBody.model_fields, *ChatBody.model_fields, "logit_bias", "tools", "x"])


@settings(deadline=None, max_examples=400)
@given(body=st.dictionaries(names, values, max_size=5) | values)
def test_any_json_is_read_or_refused(body: object) -> None:
    for read in (read_completion, read_chat):
        try:
            read(body)
        except Refusal as refusal:
            assert refusal.status == 400
            assert refusal.message
