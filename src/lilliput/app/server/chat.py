"""Messages as the text that an instruct model was trained on, by the template in its folder.

Templates come with models, so they are run in a sandbox that can neither reach Python nor change what it
is given. What a person writes is never read as a control token, though it may look like one.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lilliput.app.server.refusals import Refusal
from lilliput.app.server.schema import Message
from lilliput.errors import FormatError
from lilliput.formats.folder import read_json_object
from lilliput.tokens import Tokenizer

_TEMPLATE_LIMIT_BYTES = 1 << 20
_RENDERED_LIMIT_CHARACTERS = 1 << 22  # a body has 1 MB at most; a template that makes more of it is at fault
_PRIVATE_USE = range(0xE000, 0xF900)


class ChatTemplate:
    """Messages to ids."""

    def __init__(self, source: str, tokenizer: Tokenizer, name: str = "the chat template") -> None:
        """Raises FormatError, with `name`, for what is no Jinja template."""
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _raise_exception
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise FormatError(f"{name} is no template that Jinja reads: {error}") from None
        self._tokenizer = tokenizer
        self._special = {tokenizer.pieces[token]: token for token in sorted(tokenizer.special_ids)}
        longest_first = sorted(self._special, key=len, reverse=True)
        self._specials = re.compile("(" + "|".join(map(re.escape, longest_first)) + ")")

    def ids(self, messages: Sequence[Message]) -> list[int]:
        """What the model reads before its answer; the template says whether BOS is among it.

        Raises a Refusal (400) where the template refuses the messages.
        """
        guard = _unused_character(messages)
        guarded = [{"role": one.role, "content": self._guard(one.text, guard)} for one in messages]
        ids: list[int] = []
        for part in self._specials.split(self._render(guarded)):
            token = self._special.get(part)
            ids += [token] if token is not None else self._tokenizer.encode(part.replace(guard, ""))
        if not ids:
            raise Refusal(400, "the model's chat template makes nothing of these messages", param="messages")
        return ids

    def _guard(self, text: str, guard: str) -> str:
        """`text` with each control token's name broken up by `guard`, so that it is not taken for one."""
        return self._specials.sub(lambda match: match[0][:1] + guard + match[0][1:], text)

    def _render(self, messages: Sequence[Mapping[str, str]]) -> str:
        parts, size = [], 0
        try:
            for part in self._template.generate(
                messages=messages,
                add_generation_prompt=True,
                tools=None,
                documents=None,
                **self._tokenizer.hf_special_tokens,
            ):
                parts.append(part)
                size += len(part)
                if size > _RENDERED_LIMIT_CHARACTERS:
                    raise TemplateError("it makes too long a text of them")
        except Exception as error:  # a template may raise what any expression raises
            message = f"the model's chat template refuses these messages: {error}"
            raise Refusal(400, message[:500], param="messages") from None
        return "".join(parts)


def load_chat_template(folder: Path, tokenizer: Tokenizer) -> ChatTemplate | None:
    """The template of a Hugging Face folder: chat_template.jinja, or in tokenizer_config.json; None without.

    Raises FormatError for one that cannot be read.
    """
    file, config = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    if file.is_file():
        if file.stat().st_size > _TEMPLATE_LIMIT_BYTES:
            raise FormatError(f"{file} has more than {_TEMPLATE_LIMIT_BYTES:,} bytes: it is no template")
        try:
            return ChatTemplate(file.read_text(encoding="utf-8"), tokenizer, str(file))
        except UnicodeDecodeError:
            raise FormatError(f"{file} is not UTF-8 text") from None
    given = read_json_object(config).get("chat_template") if config.is_file() else None
    if isinstance(given, list):  # several, by name
        named = {one.get("name"): one.get("template") for one in given if isinstance(one, dict)}
        given = named.get("default")
    if given is None:
        return None
    if not isinstance(given, str):
        raise FormatError(f"{config}: chat_template is no text")
    return ChatTemplate(given, tokenizer, f"{config}: chat_template")


def _unused_character(messages: Sequence[Message]) -> str:
    used = set().union(*(one.text for one in messages))
    free = next((code for code in _PRIVATE_USE if chr(code) not in used), None)
    if free is None:
        raise Refusal(400, "the messages use every private character of Unicode", param="messages")
    return chr(free)


def _to_json(value: Any, indent: int | None = None) -> str:
    """Jinja's own filter escapes for HTML; models were trained on plain JSON."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise_exception(message: str) -> None:
    raise TemplateError(message)
