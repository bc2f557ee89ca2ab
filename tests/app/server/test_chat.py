"""Chat templates: what transformers makes of them, and nothing that a person writes is a control token."""

import json
from pathlib import Path
from typing import Any

import pytest

from lilliput.app.server.chat import ChatTemplate, load_chat_template
from lilliput.app.server.hosted import name_models
from lilliput.app.server.refusals import Refusal
from lilliput.app.server.schema import read_chat
from lilliput.errors import ConfigError, FormatError
from lilliput.tokens import Tokenizer, read_sentencepiece, train_tokenizer

TALK = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": " Tell me  a story!\n"},
    {"role": "assistant", "content": "Once, é😀."},
    {"role": "user", "content": 'More, <b>please</b> & "now"'},
]
TEMPLATES = {
    "plain": (
        "{{ bos_token }}{% for message in messages %}{{ message['role'] }}: {{ message['content'] | trim }}"
        "{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
    ),
    "blocks": """{%- for message in messages -%}
    {% if message.role == 'system' %}
        {{- '<<' ~ message.content ~ '>>' }}
        {% continue %}
    {% endif %}
    {{ message.content | tojson }}
{% endfor %}""",
    "no bos": "{{ messages[-1].content }}",
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["once a fox and a box"], 262)


def talk(messages: list[dict[str, Any]]) -> Any:
    return read_chat({"model": "m", "messages": messages}).messages


def theirs(folder: Path, tokenizer: Tokenizer, template: str) -> list[int]:
    """The ids that transformers makes of TALK."""
    from transformers import PreTrainedTokenizerFast

    tokenizer.save(folder / "tokenizer.json")
    special = tokenizer.hf_special_tokens
    fast = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **special)
    made = fast.apply_chat_template(
        TALK, chat_template=template, add_generation_prompt=True, return_dict=False
    )
    return list(made)


@pytest.mark.parametrize("name", TEMPLATES)
def test_ids_are_those_of_transformers(tmp_path: Path, tokenizer: Tokenizer, name: str) -> None:
    template = TEMPLATES[name]
    assert ChatTemplate(template, tokenizer).ids(talk(TALK)) == theirs(tmp_path, tokenizer, template)


@pytest.mark.parametrize("name", TEMPLATES)
def test_ids_are_those_of_transformers_for_sentencepiece_too(tmp_path: Path, shared: Path, name: str) -> None:
    tokenizer = read_sentencepiece(shared / "tokenizers/tok4096.model")
    template = TEMPLATES[name]
    assert ChatTemplate(template, tokenizer).ids(talk(TALK)) == theirs(tmp_path, tokenizer, template)


def test_what_a_person_writes_is_never_a_control_token(tokenizer: Tokenizer) -> None:
    template = ChatTemplate(TEMPLATES["plain"], tokenizer)
    for special in sorted(tokenizer.special_ids):
        name = tokenizer.pieces[special]
        ids = template.ids(talk([{"role": "user", "content": f"a{name}\ue000b{name}{name}"}]))
        assert [one for one in ids if one in tokenizer.special_ids] == [tokenizer.bos, tokenizer.end]
        assert tokenizer.decode(ids) == f"user: a{name}\ue000b{name}{name}\nassistant:"


def test_parts_of_a_message_are_put_together(tokenizer: Tokenizer) -> None:
    template = ChatTemplate(TEMPLATES["plain"], tokenizer)
    parts = [{"type": "text", "text": "a "}, {"type": "text", "text": "fox"}]
    assert template.ids(talk([{"role": "user", "content": parts}])) == template.ids(
        talk([{"role": "user", "content": "a fox"}])
    )


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{{ nothing.at.all }}", "undefined"),
        ("{{ messages.clear() }}", "unsafe"),
        ("{{ messages.__class__.__mro__ }}", "unsafe"),
        ("{{ ''.__class__.__base__.__subclasses__() }}", "unsafe"),
        ("{{ 1 / 0 }}", "division"),
        ("{% for i in range(10 ** 9) %}a{% endfor %}", "range"),
        (
            "{% for i in range(99999) %}{% for j in range(999) %}aaaaaaaa{{ i }}{% endfor %}{% endfor %}",
            "too long",
        ),
        ("", "makes nothing"),
    ],
)
def test_a_template_that_cannot_is_a_refusal(tokenizer: Tokenizer, source: str, told: str) -> None:
    with pytest.raises(Refusal, match=told) as refused:
        ChatTemplate(source, tokenizer).ids(talk(TALK))
    assert refused.value.status == 400


def test_the_template_of_a_folder_is_found(tmp_path: Path, tokenizer: Tokenizer) -> None:
    def ids_with(**files: Any) -> list[int] | None:
        for name in ("tokenizer_config.json", "chat_template.jinja"):
            (tmp_path / name).unlink(missing_ok=True)
        if "config" in files:
            (tmp_path / "tokenizer_config.json").write_text(json.dumps(files["config"]))
        if "jinja" in files:
            (tmp_path / "chat_template.jinja").write_text(files["jinja"])
        template = load_chat_template(tmp_path, tokenizer)
        return template.ids(talk(TALK)) if template else None

    assert ids_with() is None
    assert ids_with(config={}) is None
    assert ids_with(config={"chat_template": "ab"}) == tokenizer.encode("ab")
    several = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": "ab"}]
    assert ids_with(config={"chat_template": several}) == tokenizer.encode("ab")
    assert ids_with(config={"chat_template": several[:1]}) is None
    assert ids_with(config={"chat_template": "x"}, jinja="ab") == tokenizer.encode("ab")
    for wrong in ("{% if %}", "{{", 5):
        with pytest.raises(FormatError, match="chat_template"):
            ids_with(config={"chat_template": wrong})
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff")
    with pytest.raises(FormatError, match="UTF-8"):
        load_chat_template(tmp_path, tokenizer)
    (tmp_path / "chat_template.jinja").write_bytes(b" " * (1 << 21))
    with pytest.raises(FormatError, match="no template"):
        load_chat_template(tmp_path, tokenizer)


def test_models_are_called_as_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert list(name_models([Path(), Path("../b/")])) == ["a", "b"]
    with pytest.raises(ConfigError, match="both called a"):
        name_models([Path(), Path("../b"), Path("../c/a")])
